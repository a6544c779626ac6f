// Which records are written and which only counted: a client has a bounded number of lines, and what is left out is told in one line of its own.
// Dangers prevented: a log that one client fills; a request that leaves no trace, not even in a number.
import { Allowance, type LogRates, type Place } from './allowance.ts'
import type { RequestRecord } from './record.ts'

/** What was left out for one client since it was told last. */
export interface LeftOut {
  /** the client's address; of IPv6 its /64, since who has one address there has all */
  readonly client: string
  /** epoch milliseconds of the first and the last */
  readonly from: number
  to: number
  allow: number
  deny: number
  error: number
  bytesIn: number
  bytesOut: number
}

interface Known {
  readonly client: string
  readonly place: Place
  left: LeftOut | undefined
}

/** Clients whose place is remembered here; more are looked up anew. */
const MOST_KNOWN = 4096
/** While it lasts it is told so often, ... */
const TELL_MS = 10_000
/** ... and at its end: when for so long every line of the client was written, or there was none. */
const OVER_MS = 1_000

/** Under which name a client is counted. `address`: its canonical text. */
export function countedAs(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::', 2)
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const all = tail === undefined ? groups : [...groups, ...Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0'), ...rest]
  const network = all.slice(0, 4)
  while (network.at(-1) === '0') network.pop()
  return `${network.join(':')}::/64`
}

function isDue({ from, to }: LeftOut, now: number): boolean {
  return now - from >= TELL_MS || now - to >= OVER_MS || now < from
}

export class Quota {
  readonly #allowance: Allowance
  readonly #tell: (left: LeftOut) => void
  readonly #known = new Map<string, Known>()
  readonly #pending = new Set<Known>()
  #lastAddress = ''
  #last: Known | undefined

  constructor(buffer: SharedArrayBuffer, tell: (left: LeftOut) => void) {
    this.#allowance = new Allowance(buffer)
    this.#tell = tell
  }

  /** Something was left out and is not told yet. */
  get waiting(): boolean {
    return this.#pending.size > 0
  }

  /** May it be written? If not, it is counted. */
  admits(record: RequestRecord, rates: LogRates, now: number): boolean {
    const known = record.client === this.#lastAddress && this.#last !== undefined ? this.#last : this.#of(record.client)
    const refusal = record.verdict !== 'allow' || record.error !== undefined
    if (!this.#allowance.take(known.place, refusal, Math.floor(now / 1000) | 0, rates)) {
      this.#leaveOut(known, record, now)
      return false
    }
    if (known.left !== undefined && isDue(known.left, now)) this.#told(known)
    return true
  }

  /** Tells what waits long enough, or all of it. */
  flush(now: number, all: boolean): void {
    for (const known of this.#pending) if (all || known.left === undefined || isDue(known.left, now)) this.#told(known)
  }

  #of(address: string): Known {
    const client = countedAs(address)
    let known = this.#known.get(client)
    if (known === undefined) {
      if (this.#known.size >= MOST_KNOWN) this.#forgetOldest()
      known = { client, place: this.#allowance.place(client), left: undefined }
      this.#known.set(client, known)
    }
    this.#lastAddress = address
    this.#last = known
    return known
  }

  /** Its tokens are kept elsewhere: what would be lost here is what was counted, and that is told. */
  #forgetOldest(): void {
    for (const [client, known] of this.#known) {
      this.#known.delete(client)
      if (known.left !== undefined) this.#told(known)
      return
    }
  }

  #leaveOut(known: Known, record: RequestRecord, now: number): void {
    let { left } = known
    if (left === undefined) {
      left = { client: known.client, from: now, to: now, allow: 0, deny: 0, error: 0, bytesIn: 0, bytesOut: 0 }
      known.left = left
      this.#pending.add(known)
    }
    left.to = now
    left[record.verdict]++
    left.bytesIn += record.bytesIn
    left.bytesOut += record.bytesOut
  }

  #told(known: Known): void {
    this.#pending.delete(known)
    const { left } = known
    known.left = undefined
    if (left !== undefined) this.#tell(left)
  }
}
