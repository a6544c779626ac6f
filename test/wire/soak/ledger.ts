// The gateway's log against what was asked of it: every line parses and holds no control octet, every request has one record and no record is of a request
// that nobody made, each verdict is that of the policy under which it was judged. The log is read as it grows, over its rotations.
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { DOOMED, UNSEEN } from './stage.ts'
import type { Edition } from './stage.ts'

/** A record and its asker's word come by two ways; after this both must be there. */
const PATIENCE_MS = 60_000
const CHUNK = 1 << 20

export interface Line {
  readonly event: string
  readonly time: string
  readonly generation?: number
  readonly hash?: string
  readonly worker?: number
  readonly method?: string
  readonly target?: string
  readonly host?: string
  readonly client?: string
  readonly clientPort?: number
  readonly verdict?: string
  readonly rule?: string
  readonly status?: number
  readonly error?: string
  readonly fault?: string
  readonly duration?: number
  readonly [field: string]: unknown
}

interface Row {
  least: number
  most: number
  seen: number
  since: number
  line: string
  /** one of its records came from a time when something was killed */
  rough: boolean
  /** when it was last told of */
  askedAt: number
}

/** Follows a file that is renamed and begun anew. */
export class Tail {
  readonly #path: string
  #fd: number
  #rest: Buffer = Buffer.alloc(0)
  #next = false
  readonly #chunk = Buffer.alloc(CHUNK)

  constructor(path: string) {
    this.#path = path
    this.#fd = openSync(path, 'r')
  }

  /** The file has another name now, and a new one will be there; the old one is read to its end first. */
  rotated(): void {
    this.#next = true
  }

  #take(lines: Buffer[]): void {
    for (;;) {
      const octets = readSync(this.#fd, this.#chunk, 0, CHUNK, null)
      if (octets === 0) return
      let data = Buffer.concat([this.#rest, this.#chunk.subarray(0, octets)])
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
        lines.push(data.subarray(0, end))
        data = data.subarray(end + 1)
      }
      this.#rest = data
    }
  }

  /** Whole lines without their ends. */
  lines(): Buffer[] {
    const lines: Buffer[] = []
    this.#take(lines)
    if (this.#next && existsSync(this.#path)) {
      // it was opened anew after the last write to the old one was handed to the kernel
      this.#next = false
      const old = this.#fd
      setTimeout(() => {
        this.#take(this.#late)
        closeSync(old)
        this.#fd = openSync(this.#path, 'r')
      }, 1_000)
    }
    return [...this.#late.splice(0), ...lines]
  }

  readonly #late: Buffer[] = []

  /** octets of a line that never came to its end */
  get unfinished(): number {
    return this.#rest.length
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** from an answer to its record, and to the word of who asked */
const TOLD_MS = 2_000

export class Ledger {
  readonly #rows = new Map<string, Row>()
  /** by the hash that each record carries */
  readonly #editions = new Map<string, Edition>()
  readonly #finding: (text: string) => void
  readonly #rough: (readonly [from: number, to: number])[] = []
  #roughSince: number | undefined
  /** when an edition that denies the host `live` came into force */
  readonly #liveDenied: number[] = []
  records = 0
  lines = 0
  readonly verdicts: Record<string, number> = {}
  readonly errors: Record<string, number> = {}
  /** waits for the gateway's own events */
  onEvent: (line: Line) => void = () => {}

  constructor(finding: (text: string) => void) {
    this.#finding = finding
  }

  /** Records with this hash were judged by that edition. */
  judgedBy(hash: string, edition: Edition): void {
    this.#editions.set(hash, edition)
    if (edition.live) this.#liveDenied.push(Date.now())
  }

  rough(begins: boolean): void {
    if (begins) this.#roughSince = Date.now()
    else if (this.#roughSince !== undefined) {
      this.#rough.push([this.#roughSince, Date.now()])
      this.#roughSince = undefined
    }
  }

  #wasRough(from: number, to: number): boolean {
    return (this.#roughSince !== undefined && to >= this.#roughSince) || this.#rough.some(([begin, end]) => to >= begin - 100 && from <= end + 100)
  }

  asked(key: string, least: number, most: number): void {
    const row = this.#row(key, 'never recorded')
    row.least += least
    row.most += most
    row.askedAt = Date.now()
  }

  #row(key: string, line: string): Row {
    let row = this.#rows.get(key)
    if (row === undefined) {
      row = { least: 0, most: 0, seen: 0, since: performance.now(), line, rough: false, askedAt: 0 }
      this.#rows.set(key, row)
    }
    // a client's port may be used again: what is told of its second use, and the second's record, belong to one row
    row.since = performance.now()
    return row
  }

  take(raw: Buffer): void {
    this.lines++
    for (let at = 0; at < raw.length; at++) {
      const octet = raw[at] ?? 0
      // C1 is two octets in UTF-8
      if (octet < 0x20 || octet === 0x7f || (octet === 0xc2 && (raw[at + 1] ?? 0) < 0xa0)) {
        this.#finding(`the log: control octet ${octet} in ${JSON.stringify(raw.toString('latin1', 0, 300))}`)
        break
      }
    }
    let line: Line
    try {
      line = JSON.parse(raw.toString('utf8')) as Line
    } catch {
      return this.#finding(`the log: no JSON: ${JSON.stringify(raw.toString('latin1', 0, 300))}`)
    }
    if (line.event === 'request') this.#record(line, raw)
    else this.onEvent(line)
  }

  #record(line: Line, raw: Buffer): void {
    this.records++
    const verdict = line.verdict ?? ''
    this.verdicts[verdict] = (this.verdicts[verdict] ?? 0) + 1
    if (line.error !== undefined) this.errors[line.error] = (this.errors[line.error] ?? 0) + 1
    const text = raw.toString('utf8', 0, 700)
    const from = Date.parse(line.time)
    const rough = this.#wasRough(from, from + (line.duration ?? 0))
    if ((line.error ?? '').startsWith('proxy_internal_error') || line.status === 500) this.#finding(`a fault of the gateway: ${text}`)
    this.#judge(line, from, text)
    const id = /\/(i-[0-9a-z]+)\//.exec(line.target ?? '')?.[1]
    if (line.client === DOOMED || (id === undefined && line.client === UNSEEN)) return
    const row = this.#row(id ?? `${line.client}:${line.clientPort}`, text)
    row.seen++
    row.line = text
    row.rough ||= rough
  }

  #judge(line: Line, from: number, text: string): void {
    if (/smuggled/.test(line.target ?? '') && line.verdict === 'allow') this.#finding(`a smuggled request was allowed: ${text}`)
    const edition = this.#editions.get(line.hash ?? '')
    if (edition === undefined) return this.#finding(`judged by a policy that never was: ${text}`)
    if (line.error === 'client_closed') return
    const target = line.target ?? ''
    if (line.verdict === 'deny' && line.rule === 'limits') return
    if (/^http:\/\/www\.soak\.test:\d+\/flip\//.test(target) && edition.flip !== (line.rule === 'flip')) this.#finding(`generation ${line.generation} says otherwise: ${text}`)
    if (line.host === 'closed.soak.test' && line.rule !== 'closed') this.#finding(`closed, and yet: ${text}`)
    if (line.host === 'keep.soak.test' && line.verdict === 'deny') this.#finding(`a reload ended what it does not forbid: ${text}`)
    if (line.host === 'live.soak.test' && line.rule === 'live' && !edition.live) {
      const to = from + (line.duration ?? 0)
      if (!this.#liveDenied.some((at) => at >= from - 1_000 && at <= to + 15_000)) this.#finding(`denied by a policy that was not in force: ${text}`)
    }
  }

  /** What is old enough must fit; `all`: everything must. */
  sweep(all: boolean): void {
    const now = performance.now()
    for (const [key, row] of this.#rows) {
      if (!all && now - row.since < PATIENCE_MS) continue
      // a connection of an hour is told of at its end
      if (!all && row.most === 0 && row.seen === 0) continue
      this.#rows.delete(key)
      // a worker that is killed takes with it what it had answered a moment before and not yet told
      if (row.seen < row.least && !this.#wasRough(row.askedAt - TOLD_MS, row.askedAt + TOLD_MS)) this.#finding(`${key}: ${row.seen} records of ${row.least} requests; ${row.line}`)
      if (row.seen > row.most && !row.rough) this.#finding(`${key}: ${row.seen} records of ${row.most} requests; ${row.line}`)
    }
  }
}
