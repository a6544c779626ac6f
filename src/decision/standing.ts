// The rules that are asked of a client's requests whatever host they name, in order: worked out once for a method, a port and an hour, then
// kept for all clients of the same groups. Danger prevented: requests that each look through the whole of a long policy for the few rules that
// can speak of them.
import { ruleBits, rulesIn } from './host-index.ts'
import type { RuleBits } from './host-index.ts'
import type { WebIndex } from './web-index.ts'
import { liveOf } from './web-rule.ts'
import type { ReadyWebRule } from './web-rule.ts'

/** What a list is for, added up. */
export const NUMERIC = 1
/** with the dormant rules */
export const WHOLE = 2
/** no expression of any `uri` is found, or of any `user-agent` */
export const NO_URI = 4
export const NO_AGENT = 8
/** a CONNECT whose inside is parsed: its requests may have any method */
export const INSIDE = 16
/** no list of a standing rule holds the target */
export const NO_LIST = 32
const VARIANTS = 64

/** One method and one port; an entry a variant, made when it is first wanted. */
interface Kept {
  readonly methods: RuleBits
  readonly ports: RuleBits
  readonly lists: (Int32Array | undefined)[]
}

const MOST_KEPT = 8
/** Numbers in all lists of a policy together; with more, they are all made anew. */
const MOST_NUMBERS = 2 << 20

/** All lists of a policy, so that they stay within bounds. */
export class Standings {
  readonly #all = new Set<Standing>()
  #numbers = 0

  count(standing: Standing, numbers: number): void {
    this.#numbers += numbers
    if (this.#numbers > MOST_NUMBERS) this.clear()
    this.#all.add(standing)
  }

  clear(): void {
    for (const each of this.#all) each.forget()
    this.#all.clear()
    this.#numbers = 0
  }
}

/** Of the clients whose rules by `from` are these. */
export class Standing {
  readonly #mine: RuleBits
  readonly #kept: Kept[] = []
  #oldest = 0
  #asksUri: boolean | undefined
  #asksAgent: boolean | undefined
  #lists: readonly number[] | undefined

  constructor(mine: RuleBits) {
    this.#mine = mine
  }

  forget(): void {
    this.#kept.length = 0
    this.#oldest = 0
  }

  /** One of the standing rules has a `uri`. */
  asksUri(web: WebIndex): boolean {
    return (this.#asksUri ??= this.#any(web, web.withUri))
  }

  asksAgent(web: WebIndex): boolean {
    return (this.#asksAgent ??= this.#any(web, web.withAgent))
  }

  /** The lists that standing rules name. */
  lists(web: WebIndex): readonly number[] {
    if (this.#lists !== undefined) return this.#lists
    const lists = new Set<number>()
    const mine = web.withList.map((each, word) => each & (this.#mine[word] ?? 0))
    if (this.#any(web, web.withList)) for (const rule of rulesIn(mine)) for (const list of web.rules[rule]?.lists ?? []) lists.add(list)
    this.#lists = [...lists]
    return this.#lists
  }

  #any(web: WebIndex, bits: RuleBits): boolean {
    return bits.some((each, word) => (each & (this.#mine[word] ?? 0) & ((web.unhosted[word] ?? 0) | (web.numeric[word] ?? 0) | (web.dormant[word] ?? 0))) !== 0)
  }

  /** Indices of rules, ascending. The bits are of the request's method and port, and of its hour. */
  list(web: WebIndex, variant: number, methods: RuleBits, ports: RuleBits, hours: RuleBits): Int32Array {
    const { lists } = this.#find(methods, ports)
    const known = lists[variant]
    if (known !== undefined) return known
    const made = this.#make(web, variant, methods, ports, hours)
    web.standings.count(this, made.length)
    lists[variant] = made
    return made
  }

  #find(methods: RuleBits, ports: RuleBits): Kept {
    for (const kept of this.#kept) if (kept.methods === methods && kept.ports === ports) return kept
    const kept: Kept = { methods, ports, lists: new Array<Int32Array | undefined>(VARIANTS).fill(undefined) }
    if (this.#kept.length < MOST_KEPT) this.#kept.push(kept)
    else {
      this.#kept[this.#oldest] = kept
      this.#oldest = (this.#oldest + 1) % MOST_KEPT
    }
    return kept
  }

  #make(web: WebIndex, variant: number, methods: RuleBits, ports: RuleBits, hours: RuleBits): Int32Array {
    const bits = ruleBits(web.rules.length)
    const open = (variant & NUMERIC) !== 0 ? web.numeric : web.unhosted
    for (let word = 0; word < bits.length; word++) {
      let held = (open[word] ?? 0) | ((variant & WHOLE) !== 0 ? (web.dormant[word] ?? 0) : 0)
      held &= (this.#mine[word] ?? 0) & (ports[word] ?? 0) & (hours[word] ?? 0)
      if ((variant & INSIDE) === 0) held &= methods[word] ?? 0
      if ((variant & NO_URI) !== 0) held &= ~(web.withUri[word] ?? 0)
      if ((variant & NO_AGENT) !== 0) held &= ~(web.withAgent[word] ?? 0)
      if ((variant & NO_LIST) !== 0) held &= ~(web.withList[word] ?? 0)
      bits[word] = held
    }
    const rules: number[] = []
    for (const rule of rulesIn(bits)) {
      rules.push(rule)
      if (decides(web.rules[rule], variant)) break
    }
    return Int32Array.from(rules)
  }
}

/** Nothing is left to ask of it: no request for which the list is comes past it. */
function decides(ready: ReadyWebRule | undefined, variant: number): boolean {
  if (ready === undefined || !liveOf(ready, 0).settled || ready.toAddresses !== undefined) return false
  const { rule } = ready
  if ((variant & INSIDE) !== 0 && rule.methods !== undefined) return false
  return rule.uri === undefined && rule.userAgents === undefined && rule.lists === undefined && rule.contentTypes === undefined
}
