// Facts added up by the hour, in memory, until they are written: for each combination of who, where, by what and of which kind, how many, how much, how
// long. Danger prevented: a report that has to read every request of a month.
import { Bounds, OTHERS } from './bounds.ts'
import type { Fact, LeftOutFact, Verdict } from './fact.ts'
import { SIZE_STEPS, TIME_STEPS, stepOf } from './spread.ts'

export const HOUR_MS = 3_600_000
export const MINUTE_MS = 60_000

/** What has no line of its own in the log: its rule in the sums. */
export const LEFT_OUT = '(left out)'

export interface Sum {
  requests: number
  bytesIn: number
  bytesOut: number
  ms: number
}

export interface Cell extends Sum {
  /** hours since the epoch */
  readonly hour: number
  readonly client: string
  readonly group: string
  readonly host: string
  readonly rule: string
  readonly verdict: Verdict
  readonly method: string
  readonly type: string
  readonly status: number
}

export interface SpreadCell extends Sum {
  readonly hour: number
  readonly what: 'size' | 'time'
  readonly step: number
}

export interface Minute {
  readonly minute: number
  requests: number
  bytesOut: number
  /** requests of its busiest second */
  most: number
  second: number
}

/** Seconds behind the newest whose number is still known. */
const SECONDS_KEPT = 180

export class Sums {
  cells = new Map<string, Cell>()
  spread = new Map<string, SpreadCell>()
  minutes = new Map<number, Minute>()
  readonly #bounds = new Bounds()
  readonly #seconds = new Map<number, number>()
  #newest = 0

  get size(): number {
    return this.cells.size
  }

  /** What was added since the last time is written; the seconds and the bounds of the hour stay. */
  clear(): void {
    this.cells = new Map()
    this.spread = new Map()
    this.minutes = new Map()
    for (const second of this.#seconds.keys()) if (second < this.#newest - SECONDS_KEPT) this.#seconds.delete(second)
  }

  add(fact: Fact): void {
    const { time, group, rule, verdict, status } = fact
    const hour = Math.floor(time / HOUR_MS)
    const { client, host, method, type } = this.#bounds.words(fact)
    const more: Sum = { requests: 1, bytesIn: fact.bytesIn, bytesOut: fact.bytesOut, ms: fact.duration }
    this.#cell({ ...more, hour, client, group, host, rule, verdict, method, type, status })
    this.#step(hour, 'size', stepOf(SIZE_STEPS, fact.bytesOut), more)
    this.#step(hour, 'time', stepOf(TIME_STEPS, fact.duration), more)
    this.#minute(time, fact.bytesOut)
  }

  leftOut({ time, client, bytesIn, bytesOut, ...counts }: LeftOutFact): void {
    const hour = Math.floor(time / HOUR_MS)
    let octets = { bytesIn, bytesOut }
    for (const verdict of ['allow', 'deny', 'error'] as const) {
      if (counts[verdict] === 0) continue
      this.#cell({ requests: counts[verdict], ...octets, ms: 0, hour, client, group: '-', host: OTHERS, rule: LEFT_OUT, verdict, method: '-', type: '-', status: 0 })
      octets = { bytesIn: 0, bytesOut: 0 }
    }
  }

  #cell(cell: Cell): void {
    const key = `${cell.hour}\n${cell.client}\n${cell.host}\n${cell.rule}\n${cell.verdict}\n${cell.method}\n${cell.type}\n${cell.status}\n${cell.group}`
    const found = this.cells.get(key)
    if (found === undefined) this.cells.set(key, cell)
    else grow(found, cell)
  }

  #step(hour: number, what: SpreadCell['what'], step: number, more: Sum): void {
    const key = `${hour} ${what} ${step}`
    const found = this.spread.get(key)
    if (found === undefined) this.spread.set(key, { ...more, hour, what, step })
    else grow(found, more)
  }

  #minute(time: number, bytesOut: number): void {
    const second = Math.floor(time / 1000)
    const minute = Math.floor(time / MINUTE_MS)
    const count = (this.#seconds.get(second) ?? 0) + 1
    this.#seconds.set(second, count)
    if (second > this.#newest) this.#newest = second
    const found = this.minutes.get(minute)
    if (found === undefined) this.minutes.set(minute, { minute, requests: 1, bytesOut, most: count, second })
    else {
      found.requests += 1
      found.bytesOut += bytesOut
      if (count > found.most) {
        found.most = count
        found.second = second
      }
    }
  }
}

function grow(sum: Sum, more: Sum): void {
  sum.requests += more.requests
  sum.bytesIn += more.bytesIn
  sum.bytesOut += more.bytesOut
  sum.ms += more.ms
}
