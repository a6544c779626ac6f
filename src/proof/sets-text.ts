// Sets of addresses, services and MACs in an admin's words: a name of the policy where one says the same, else ranges. Danger prevented: a list
// of eleven ranges that nobody recognises as the internet.
import type { Family } from '../net/ip.ts'
import { intersect, networkSet, rangeText, subtract } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import type { Side } from './box.ts'
import { joined } from './cut.ts'
import type { Piece } from './cut.ts'
import { PORTS, protocolSpan, typeSpan } from './service.ts'

/** A set that has a name. */
export type Named = readonly [name: string, set: NetworkSet]

function same(a: NetworkSet, b: NetworkSet): boolean {
  return subtract(a, b).empty && subtract(b, a).empty
}

/** The fewest words; `domain`: what can stand here at all. */
export function addressWords(side: Side, family: Family, domain: readonly Piece[], named: readonly Named[]): readonly string[] {
  const setOf = (pieces: readonly Piece[]): NetworkSet => networkSet(pieces.map(({ first, last }) => ({ family, first, last })))
  const whole = setOf(domain)
  if (side === undefined) return ['any']
  const set = setOf(side.pieces)
  if (same(set, whole)) return ['any']
  for (const [name, known] of named) if (!known.empty && same(intersect(known, whole), set)) return [name]
  return set.ranges.map(rangeText)
}

const PROTOCOLS: readonly (readonly [string, { readonly first: number; readonly last: number }])[] = [
  ['tcp', PORTS.tcp], ['udp', PORTS.udp], ['icmp', typeSpan(4)], ['icmpv6', typeSpan(6)],
]

/** `tcp/25`, `tcp/5900-5910`, `udp`, `ip/47`; `family`: what the other one alone carries is left out. */
export function serviceWords(side: Side, family: Family, domain: readonly Piece[]): readonly string[] {
  if (side === undefined) return ['any']
  const missing = joined(domain).filter(({ first, last }) => !side.pieces.some((piece) => piece.first <= first && last <= piece.last))
  if (missing.length === 0) return ['any']
  const words: string[] = []
  for (const [name, { first, last }] of PROTOCOLS) {
    if (name === (family === 4 ? 'icmpv6' : 'icmp')) continue
    for (const piece of side.pieces) {
      const from = piece.first > BigInt(first) ? Number(piece.first) : first
      const to = piece.last < BigInt(last) ? Number(piece.last) : last
      if (from > to) continue
      words.push(from === first && to === last ? name : `${name}/${from - first}${from === to ? '' : `-${to - first}`}`)
    }
  }
  const others = protocolSpan(2).first - 2
  for (const { first, last } of side.pieces) {
    if (last < BigInt(others)) continue
    const from = Math.max(Number(first), others) - others
    const to = Number(last) - others
    words.push(from === 0 && to === 255 ? 'every other protocol' : `ip/${from}${from === to ? '' : `-${to}`}`)
  }
  return words
}

function macText(value: bigint): string {
  return (value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':')
}

const MACS = 1n << 48n
/** More than that is no list, but the rest of one. */
const FEW = 64n

/** Of senders whose MAC matters: `02:51:00:00:00:ad`, or `any MAC but ...`. */
export function macWords(side: Side): readonly string[] {
  if (side === undefined) return []
  const size = side.pieces.reduce((sum, { first, last }) => sum + last - first + 1n, 0n)
  if (size <= FEW) return [...side.pieces.flatMap(({ first, last }) => Array.from({ length: Number(last - first) + 1 }, (_, index) => macText(first + BigInt(index)))), ...(side.none === true ? ['no MAC'] : [])]
  if (size === MACS) return []
  const out: string[] = []
  let next = 0n
  for (const { first, last } of [...side.pieces, { first: MACS, last: MACS }]) {
    for (let value = next; value < first && out.length < Number(FEW); value++) out.push(macText(value))
    next = last + 1n
  }
  return [`any MAC but ${out.join(', ')}`]
}
