// What the store's thread writes: records, and their sums by the hour, in one transaction, so that a report and the records beneath it cannot disagree.
// Danger prevented: a batch that is half written when the power goes.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { LineFact, Verdict } from '../report/fact.ts'
import { factOf } from '../report/fact.ts'
import { siteOf } from '../report/site.ts'
import { Sums } from '../report/sums.ts'
import type { Sum } from '../report/sums.ts'

export const VERDICTS: readonly Verdict[] = ['allow', 'deny', 'error']

/** Words whose number is remembered; more are looked up anew. */
const MOST_WORDS = 200_000
const HOUR_MS = 3_600_000

/** Which requests are kept themselves, beside the sums: of the denied only what a report tells of them. */
export type Raws = 'all' | 'denied' | 'none'

/** Of those that are kept for one report. */
const MOST_DENIED = 500_000
const EVER = { since: 0, until: Number.MAX_SAFE_INTEGER }

interface Raw {
  readonly time: number
  readonly client: string
  readonly verdict: number
  readonly line: string
}

const GROW = 'requests = requests + excluded.requests, bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out, ms = ms + excluded.ms'

function adding(table: string, keys: readonly string[]): string {
  const columns = [...keys, 'requests', 'bytes_in', 'bytes_out', 'ms']
  return `INSERT INTO ${table}(${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT(${keys.join(', ')}) DO UPDATE SET ${GROW}`
}

function sumOf({ requests, bytesIn, bytesOut, ms }: Sum): [number, number, number, number] {
  return [requests, bytesIn, bytesOut, ms]
}

export class StoreWriter {
  readonly #db: DatabaseSync
  readonly #raw: Raws
  readonly #range: { readonly since: number; readonly until: number }
  readonly #sums = new Sums()
  readonly #words = new Map<string, number>()
  readonly #hosts = new Map<string, number>()
  readonly #statements: Readonly<Record<'word' | 'wordId' | 'host' | 'hostId' | 'sums' | 'client' | 'site' | 'kind' | 'spread' | 'minute' | 'lost' | 'record', StatementSync>>
  #records: Raw[] = []
  #lost = new Map<number, number>()
  #denied = 0

  /** `range`: epoch milliseconds of the requests that count. */
  constructor(db: DatabaseSync, raw: Raws, range = EVER) {
    this.#range = range
    this.#db = db
    this.#raw = raw
    this.#statements = {
      word: db.prepare('INSERT INTO words(text) VALUES (?) ON CONFLICT DO NOTHING'),
      wordId: db.prepare('SELECT id FROM words WHERE text = ?'),
      host: db.prepare('INSERT INTO hosts(host, site) VALUES (?, ?) ON CONFLICT DO NOTHING'),
      hostId: db.prepare('SELECT id FROM hosts WHERE host = ?'),
      sums: db.prepare(adding('sums', ['client', 'hour', 'site', 'rule', 'verdict', 'method', 'type', 'status', 'grp'])),
      client: db.prepare(adding('by_client', ['hour', 'client', 'grp', 'verdict'])),
      site: db.prepare(adding('by_host', ['hour', 'host', 'verdict'])),
      kind: db.prepare(adding('by_kind', ['hour', 'rule', 'verdict', 'method', 'type', 'status'])),
      spread: db.prepare(adding('spread', ['hour', 'what', 'step'])),
      minute: db.prepare(`INSERT INTO minutes(minute, requests, bytes_out, most, second) VALUES (?, ?, ?, ?, ?) ON CONFLICT(minute) DO UPDATE SET
        requests = requests + excluded.requests, bytes_out = bytes_out + excluded.bytes_out,
        second = CASE WHEN excluded.most > most THEN excluded.second ELSE second END, most = max(most, excluded.most)`),
      lost: db.prepare('INSERT INTO lost(hour, count) VALUES (?, ?) ON CONFLICT(hour) DO UPDATE SET count = count + excluded.count'),
      record: db.prepare('INSERT INTO records(time, client, verdict, line) VALUES (?, ?, ?, ?)'),
    }
  }

  /** Combinations that wait to be written. */
  get waiting(): number {
    return this.#sums.size
  }

  /** False: it is no line of a log. */
  line(line: string): boolean {
    const fact = factOf(line)
    if (fact === undefined) return false
    this.fact(fact, line)
    return true
  }

  /** `line`: what it was read from. */
  fact(fact: LineFact, line: string): void {
    if (fact.kind !== 'other' && (fact.time < this.#range.since || fact.time >= this.#range.until)) return
    if (fact.kind === 'request') {
      this.#sums.add(fact)
      const { time, client, verdict, target, rule, reason } = fact
      if (this.#raw === 'all') this.#records.push({ time, client, verdict: VERDICTS.indexOf(verdict), line })
      else if (this.#raw === 'denied' && verdict === 'deny' && this.#denied++ < MOST_DENIED) this.#records.push({ time, client, verdict: VERDICTS.indexOf(verdict), line: JSON.stringify({ target, rule, reason }) })
    } else if (fact.kind === 'left-out') this.#sums.leftOut(fact)
    else if (fact.kind === 'lost') this.lost(fact.time, fact.count)
  }

  lost(time: number, count: number): void {
    const hour = Math.floor(time / HOUR_MS)
    this.#lost.set(hour, (this.#lost.get(hour) ?? 0) + count)
  }

  /** All that waits, or nothing of it: then it throws, and what waits is kept. */
  commit(): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      this.#write()
      this.#db.exec('COMMIT')
    } catch (error) {
      // numbers that were given out are taken back
      this.#words.clear()
      this.#hosts.clear()
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
    this.#records = []
    this.#lost = new Map()
    this.#sums.clear()
  }

  /** Words may have been taken out of the file. */
  forget(): void {
    this.#words.clear()
    this.#hosts.clear()
  }

  #write(): void {
    const { sums, spread, minute, lost, record } = this.#statements
    const clients = new Map<string, { readonly keys: readonly number[]; readonly sum: Sum }>()
    const hosts: typeof clients = new Map()
    const kinds: typeof clients = new Map()
    for (const cell of this.#sums.cells.values()) {
      const { hour, status } = cell
      const verdict = VERDICTS.indexOf(cell.verdict)
      const client = this.#word(cell.client)
      const group = this.#word(cell.group)
      const rule = this.#word(cell.rule)
      const method = this.#word(cell.method)
      const type = this.#word(cell.type)
      sums.run(client, hour, this.#word(siteOf(cell.host)), rule, verdict, method, type, status, group, ...sumOf(cell))
      gather(clients, [hour, client, group, verdict], cell)
      gather(hosts, [hour, this.#host(cell.host), verdict], cell)
      gather(kinds, [hour, rule, verdict, method, type, status], cell)
    }
    for (const [statement, cells] of [[this.#statements.client, clients], [this.#statements.site, hosts], [this.#statements.kind, kinds]] as const) {
      for (const { keys, sum } of cells.values()) statement.run(...keys, ...sumOf(sum))
    }
    for (const cell of this.#sums.spread.values()) spread.run(cell.hour, cell.what, cell.step, ...sumOf(cell))
    for (const each of this.#sums.minutes.values()) minute.run(each.minute, each.requests, each.bytesOut, each.most, each.second)
    for (const [hour, count] of this.#lost) lost.run(hour, count)
    for (const each of this.#records) record.run(each.time, this.#word(each.client), each.verdict, each.line)
  }

  #word(text: string): number {
    const known = this.#words.get(text)
    if (known !== undefined) return known
    const { word, wordId } = this.#statements
    const id = idOf(word.run(text), wordId, text)
    if (this.#words.size >= MOST_WORDS) this.#words.clear()
    this.#words.set(text, id)
    return id
  }

  #host(text: string): number {
    const known = this.#hosts.get(text)
    if (known !== undefined) return known
    const { host, hostId } = this.#statements
    const id = idOf(host.run(text, this.#word(siteOf(text))), hostId, text)
    if (this.#hosts.size >= MOST_WORDS) this.#hosts.clear()
    this.#hosts.set(text, id)
    return id
  }
}

function idOf(ran: { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }, known: StatementSync, text: string): number {
  return ran.changes === 1 ? Number(ran.lastInsertRowid) : Number(known.get(text)?.['id'])
}

function gather(cells: Map<string, { readonly keys: readonly number[]; readonly sum: Sum }>, keys: readonly number[], more: Sum): void {
  const name = keys.join()
  const found = cells.get(name)
  if (found === undefined) {
    cells.set(name, { keys, sum: { requests: more.requests, bytesIn: more.bytesIn, bytesOut: more.bytesOut, ms: more.ms } })
    return
  }
  found.sum.requests += more.requests
  found.sum.bytesIn += more.bytesIn
  found.sum.bytesOut += more.bytesOut
  found.sum.ms += more.ms
}
