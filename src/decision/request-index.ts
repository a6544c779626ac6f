// Which web rules a request's method, port and hour leave over, as bits that are worked out once and kept. Danger prevented: a policy of
// thousands of rules of which each request asks every one that names no host.
import { idle } from './activity.ts'
import type { Calendar } from './activity.ts'
import { ruleBits, setBit } from './host-index.ts'
import type { RuleBits } from './host-index.ts'
import { hasPort } from './port-set.ts'
import type { ReadyWebRule } from './web-rule.ts'

export class MethodIndex {
  readonly #named = new Map<string, RuleBits>()
  /** rules that name no method */
  readonly #any: RuleBits

  constructor(rules: readonly ReadyWebRule[]) {
    this.#any = ruleBits(rules.length)
    for (const { rule, index } of rules) if (rule.methods === undefined) setBit(this.#any, index)
    for (const { rule, index } of rules) {
      for (const method of rule.methods ?? []) {
        let bits = this.#named.get(method)
        if (bits === undefined) {
          bits = this.#any.slice()
          this.#named.set(method, bits)
        }
        setBit(bits, index)
      }
    }
  }

  of(method: string): RuleBits {
    return this.#named.get(method) ?? this.#any
  }
}

/** Between two ends of ranges all ports are alike; so many of these spans are kept. */
const MOST_SPANS = 256

export class PortIndex {
  readonly #rules: readonly ReadyWebRule[]
  readonly #any: RuleBits
  /** ports at which the answer may change, ascending */
  readonly #edges: Int32Array
  readonly #spans = new Map<number, RuleBits>()

  constructor(rules: readonly ReadyWebRule[]) {
    this.#rules = rules.filter(({ rule }) => rule.ports !== undefined)
    this.#any = ruleBits(rules.length)
    for (const { rule, index } of rules) if (rule.ports === undefined) setBit(this.#any, index)
    const edges = new Set(this.#rules.flatMap(({ rule }) => (rule.ports ?? []).flatMap(({ first, last }) => [first, last + 1])))
    this.#edges = Int32Array.from(edges).sort()
  }

  of(port: number): RuleBits {
    if (this.#edges.length === 0) return this.#any
    const span = this.#span(port)
    const known = this.#spans.get(span)
    if (known !== undefined) return known
    const bits = this.#any.slice()
    for (const { rule, index } of this.#rules) if (rule.ports !== undefined && hasPort(rule.ports, port)) setBit(bits, index)
    if (this.#spans.size >= MOST_SPANS) this.#spans.clear()
    this.#spans.set(span, bits)
    return bits
  }

  #span(port: number): number {
    let low = 0
    let high = this.#edges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#edges[middle] ?? 0) <= port) low = middle + 1
      else high = middle
    }
    return low
  }
}

export class HourIndex {
  readonly #timed: readonly ReadyWebRule[]
  readonly #calendar: Calendar
  readonly #bits: RuleBits
  /** `#bits` hold from `#since` until before `#until` */
  #since = 0
  #until: number
  readonly #turned: () => void

  /** `turned`: what was worked out by the bits no longer holds. */
  constructor(rules: readonly ReadyWebRule[], calendar: Calendar, turned: () => void) {
    this.#turned = turned
    this.#timed = rules.filter(({ timing }) => !timing.always)
    this.#calendar = calendar
    this.#bits = ruleBits(rules.length)
    for (const { timing, index } of rules) if (timing.always) setBit(this.#bits, index)
    this.#until = this.#timed.length === 0 ? Number.POSITIVE_INFINITY : 0
  }

  /** Valid until the next call. */
  at(now: number): RuleBits {
    if (now < this.#since || now >= this.#until) this.#turn(now)
    return this.#bits
  }

  #turn(now: number): void {
    for (const { timing, index } of this.#timed) {
      const word = index >> 5
      const bit = 1 << (index & 31)
      this.#bits[word] = idle(timing, now) === undefined ? (this.#bits[word] ?? 0) | bit : (this.#bits[word] ?? 0) & ~bit
    }
    this.#turned()
    this.#since = now
    this.#until = this.#calendar.nextEdge(now) ?? Number.POSITIVE_INFINITY
  }
}
