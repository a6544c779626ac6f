// Sets of addresses and their algebra. Danger prevented: two rules about overlapping networks that are compared network by
// network, where only the addresses count.
import type { Family, Ip } from './ip.ts'
import type { Range } from './network.ts'

export interface NetworkSet {
  /** merged and sorted: IPv4 before IPv6, none touching the next */
  readonly ranges: readonly Range[]
  readonly empty: boolean
  has(ip: Ip): boolean
}

const NO_FIRSTS4 = new Uint32Array(0)
const NO_FIRSTS6 = new BigUint64Array(0)

const LAST = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n } as const

export function networkSet(ranges: readonly Range[]): NetworkSet {
  return new SortedSet(merged(ranges))
}

/** Looked up for every packet and request: IPv4 in typed arrays, so that only the first conversion touches a bigint. Made when first asked. */
class SortedSet implements NetworkSet {
  readonly ranges: readonly Range[]
  readonly empty: boolean
  #ready = false
  #firsts4 = NO_FIRSTS4
  #lasts4 = NO_FIRSTS4
  #firsts6 = NO_FIRSTS6
  #ranges6: readonly Range[] = []

  constructor(ranges: readonly Range[]) {
    this.ranges = ranges
    this.empty = ranges.length === 0
  }

  has(ip: Ip): boolean {
    if (!this.#ready) this.#index()
    return ip.family === 4 ? this.#has4(Number(ip.value)) : this.#has6(ip.value)
  }

  #index(): void {
    const four = this.ranges.filter((range) => range.family === 4)
    if (four.length > 0) {
      this.#firsts4 = Uint32Array.from(four, (range) => Number(range.first))
      this.#lasts4 = Uint32Array.from(four, (range) => Number(range.last))
    }
    if (four.length < this.ranges.length) {
      this.#ranges6 = this.ranges.filter((range) => range.family === 6)
      this.#firsts6 = BigUint64Array.from(this.#ranges6, (range) => range.first >> 64n)
    }
    this.#ready = true
  }

  #has4(value: number): boolean {
    const firsts = this.#firsts4
    let low = 0
    let high = firsts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((firsts[middle] ?? 0) <= value) low = middle + 1
      else high = middle
    }
    return low > 0 && value <= (this.#lasts4[low - 1] ?? -1)
  }

  #has6(value: bigint): boolean {
    if (this.#ranges6.length === 0) return false
    const upper = value >> 64n
    let low = 0
    let high = this.#firsts6.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#firsts6[middle] ?? 0n) <= upper) low = middle + 1
      else high = middle
    }
    // Several ranges may begin in one /64: walk back to the one that begins at or before the value.
    while (low > 0) {
      const range = this.#ranges6[low - 1]
      if (range !== undefined && range.first <= value) return value <= range.last
      low--
    }
    return false
  }
}

function merged(ranges: readonly Range[]): readonly Range[] {
  if (ranges.length === 0) return ranges
  const sorted = ranges.toSorted((a, b) => a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const out: Range[] = []
  let current: Range | undefined
  for (const range of sorted) {
    if (current !== undefined && current.family === range.family && range.first <= current.last + 1n) {
      if (range.last > current.last) current = { family: current.family, first: current.first, last: range.last }
      continue
    }
    if (current !== undefined) out.push(current)
    current = range
  }
  if (current !== undefined) out.push(current)
  return out
}

export const NOTHING: NetworkSet = networkSet([])

/** Every address of both families. */
export const EVERYTHING: NetworkSet = networkSet([
  { family: 4, first: 0n, last: LAST[4] },
  { family: 6, first: 0n, last: LAST[6] },
])

export function union(a: NetworkSet, b: NetworkSet): NetworkSet {
  if (a.empty) return b
  if (b.empty) return a
  return networkSet([...a.ranges, ...b.ranges])
}

export function complement(set: NetworkSet): NetworkSet {
  const out: Range[] = []
  for (const family of [4, 6] as const) {
    let next = 0n
    for (const range of set.ranges) {
      if (range.family !== family) continue
      if (range.first > next) out.push({ family, first: next, last: range.first - 1n })
      next = range.last + 1n
    }
    if (next <= LAST[family]) out.push({ family, first: next, last: LAST[family] })
  }
  return new SortedSet(out)
}

export function intersect(a: NetworkSet, b: NetworkSet): NetworkSet {
  const out: Range[] = []
  for (let i = 0, j = 0; ;) {
    const x = a.ranges[i]
    const y = b.ranges[j]
    if (x === undefined || y === undefined) break
    if (x.family === y.family) {
      const first = x.first > y.first ? x.first : y.first
      const last = x.last < y.last ? x.last : y.last
      if (first <= last) out.push({ family: x.family, first, last })
    }
    if (endsBefore(x, y)) i++
    else j++
  }
  return new SortedSet(out)
}

export function subtract(a: NetworkSet, b: NetworkSet): NetworkSet {
  return a.empty || b.empty ? a : intersect(a, complement(b))
}

function endsBefore(x: { readonly family: Family; readonly last: bigint }, y: { readonly family: Family; readonly last: bigint }): boolean {
  return x.family === y.family ? x.last < y.last : x.family < y.family
}
