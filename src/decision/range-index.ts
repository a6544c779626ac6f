// Which of many sets of networks hold an address: by binary search over all their ranges at once. Danger prevented: thousands of sets, each
// asked of each new client.
import type { Family, Ip } from '../net/ip.ts'
import type { Range } from '../net/network.ts'

interface Owned extends Range {
  readonly owner: number
}

export class RangeIndex {
  readonly #byFamily: { readonly [F in Family]: Tree }

  /** `sets[i]`: the ranges of owner `i`. */
  constructor(sets: readonly (readonly Range[])[]) {
    const owned = sets.flatMap((ranges, owner) => ranges.map((range) => ({ ...range, owner })))
    this.#byFamily = { 4: new Tree(owned.filter(({ family }) => family === 4)), 6: new Tree(owned.filter(({ family }) => family === 6)) }
  }

  /** Tells the owner of each range that holds the address. */
  each(ip: Ip, tell: (owner: number) => void): void {
    const tree = this.#byFamily[ip.family]
    tree.each(ip.value, 0, tree.size, tell)
  }
}

/** Sorted by first address; the middle of a span is its root, and knows how far the span reaches. */
class Tree {
  readonly #ranges: readonly Owned[]
  readonly #reach: readonly bigint[]

  constructor(ranges: readonly Owned[]) {
    this.#ranges = ranges.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
    const reach: bigint[] = this.#ranges.map(({ last }) => last)
    const far = (low: number, high: number): bigint => {
      if (low >= high) return -1n
      const middle = (low + high) >>> 1
      let most = reach[middle] ?? -1n
      for (const side of [far(low, middle), far(middle + 1, high)]) if (side > most) most = side
      reach[middle] = most
      return most
    }
    far(0, reach.length)
    this.#reach = reach
  }

  get size(): number {
    return this.#ranges.length
  }

  each(value: bigint, low: number, high: number, tell: (owner: number) => void): void {
    if (low >= high) return
    const middle = (low + high) >>> 1
    if ((this.#reach[middle] ?? -1n) < value) return
    this.each(value, low, middle, tell)
    const range = this.#ranges[middle]
    if (range === undefined || range.first > value) return
    if (value <= range.last) tell(range.owner)
    this.each(value, middle + 1, high, tell)
  }
}
