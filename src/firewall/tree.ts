// A long list of addresses as a tree of chains, for iptables, which has no sets of its own: a packet goes down by the prefixes that hold its
// address, past some dozens of lines in place of all of them. Danger prevented: a block file of 100,000 clients that costs every packet milliseconds.
import type { Family } from '../net/ip.ts'
import { blockOf } from '../net/network.ts'
import type { Range } from '../net/network.ts'

/** `leaf`: the range itself; else the chain of what lies in `range`. */
export type Branch = { readonly range: Range; readonly leaf: true } | { readonly range: Range; readonly leaf: false; readonly inner: readonly Branch[] }

/** Lines of one chain: more chains cost the tool that loads them, more lines the packet that passes them. */
const MOST_LINES = 512
const FEWEST = 16

/** The prefix by which the ranges fall into about as many groups as each then has lines; undefined: none parts them. */
function prefixFor(ranges: readonly Range[], from: number, bits: number): number | undefined {
  const wanted = Math.min(MOST_LINES, Math.max(FEWEST, Math.ceil(Math.sqrt(ranges.length))))
  let best: number | undefined
  for (let prefix = from + 1; prefix <= bits; prefix++) {
    const shift = BigInt(bits - prefix)
    let groups = 0
    let last: bigint | undefined
    for (const { first } of ranges) {
      const group = first >> shift
      if (group !== last) groups++
      last = group
    }
    if (groups > wanted && best !== undefined) return best
    if (groups > MOST_LINES) return undefined
    if (groups > 1) best = prefix
  }
  return best
}

/** Of one family, sorted and apart. */
export function branches(ranges: readonly Range[], family: Family, from = 0): readonly Branch[] {
  const bits = family === 4 ? 32 : 128
  const prefix = ranges.length <= MOST_LINES ? undefined : prefixFor(ranges, from, bits)
  if (prefix === undefined) return ranges.map((range) => ({ range, leaf: true }))
  const out: Branch[] = []
  let at = 0
  while (at < ranges.length) {
    const range = ranges[at]
    if (range === undefined) break
    const block = blockOf({ family, value: range.first }, prefix)
    let end = at
    while (end < ranges.length && (ranges[end]?.last ?? block.last + 1n) <= block.last) end++
    // one that reaches past its block is a line of this chain
    if (end - at < 2) {
      out.push({ range, leaf: true })
      at++
      continue
    }
    out.push({ range: block, leaf: false, inner: branches(ranges.slice(at, end), family, prefix) })
    at = end
  }
  return out
}
