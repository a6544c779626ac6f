// Products of sets, and what is left of one when others are taken away: how it is proven that earlier rules leave a later one nothing.
// Danger prevented: a warning from samples; either every point is covered, or nothing is said.
import { intersect, subtract } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'

/** A set along one dimension: ranges of addresses or numbers, or words, listed or all but the listed. */
export type Side =
  | { readonly kind: 'ranges'; readonly set: NetworkSet }
  | { readonly kind: 'words'; readonly except: boolean; readonly words: ReadonlySet<string> }

export type Box = readonly Side[]

export const EVERY_WORD: Side = { kind: 'words', except: true, words: new Set() }

export function words(...listed: readonly string[]): Side {
  return { kind: 'words', except: false, words: new Set(listed) }
}

export function numbers(ranges: readonly { readonly first: number; readonly last: number }[], make: (ranges: { family: 4; first: bigint; last: bigint }[]) => NetworkSet): Side {
  return { kind: 'ranges', set: make(ranges.map(({ first, last }) => ({ family: 4, first: BigInt(first), last: BigInt(last) }))) }
}

/** Beyond this many pieces nothing is proven. */
const MOST_PIECES = 2000

/** What of `boxes` lies outside all of `others`; undefined where that takes too long to say. */
export function remainder(boxes: readonly Box[], others: readonly Box[]): readonly Box[] | undefined {
  let left = boxes
  for (const other of others) {
    if (left.length === 0) break
    left = left.flatMap((box) => without(box, other))
    if (left.length > MOST_PIECES) return undefined
  }
  return left
}

export function meets(a: Box, b: Box): boolean {
  for (const [at, side] of a.entries()) {
    const other = b[at]
    if (other === undefined || (side.kind === 'ranges' && other.kind === 'ranges' && apart(side.set, other.set))) return false
  }
  return a.every((side, at) => {
    const other = b[at]
    return other === side || (other !== undefined && !isEmpty(meet(side, other)))
  })
}

/** Told at once of most pairs: one ends before the other begins. */
export function apart(a: NetworkSet, b: NetworkSet): boolean {
  return endsBefore(a, b) || endsBefore(b, a)
}

function endsBefore(a: NetworkSet, b: NetworkSet): boolean {
  const last = a.ranges.at(-1)
  const first = b.ranges[0]
  if (last === undefined || first === undefined) return true
  return last.family === first.family ? last.last < first.first : last.family < first.family
}

function without(box: Box, other: Box): readonly Box[] {
  if (!meets(box, other)) return [box]
  const pieces: Box[] = []
  let rest: Box = box
  for (const [at, side] of box.entries()) {
    const cut = other[at]
    if (cut === undefined) continue
    const outside = minus(side, cut)
    if (!isEmpty(outside)) pieces.push(rest.with(at, outside))
    rest = rest.with(at, meet(side, cut))
  }
  return pieces
}

export function isEmpty(side: Side): boolean {
  return side.kind === 'ranges' ? side.set.empty : !side.except && side.words.size === 0
}

function meet(a: Side, b: Side): Side {
  if (a === b) return a
  if (a.kind === 'ranges' && b.kind === 'ranges') return a.set === b.set ? a : { kind: 'ranges', set: intersect(a.set, b.set) }
  if (a.kind !== 'words' || b.kind !== 'words') throw new Error('sides of two dimensions')
  if (a.except && b.except) return { kind: 'words', except: true, words: new Set([...a.words, ...b.words]) }
  const [listed, other] = a.except ? [b, a] : [a, b]
  return { kind: 'words', except: false, words: new Set([...listed.words].filter((word) => other.words.has(word) !== other.except)) }
}

function minus(a: Side, b: Side): Side {
  if (a.kind === 'ranges' && b.kind === 'ranges') return { kind: 'ranges', set: subtract(a.set, b.set) }
  if (b.kind !== 'words') throw new Error('sides of two dimensions')
  return meet(a, { kind: 'words', except: !b.except, words: b.words })
}
