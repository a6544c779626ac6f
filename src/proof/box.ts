// Many cells as few boxes: what differs in one dimension alone becomes one, so that an admin reads ranges and not ten thousand packets.
import { joined } from './cut.ts'
import type { Piece } from './cut.ts'

/** Numbers of an address, a MAC, a service; undefined: whichever. `none`: of a MAC, that there is none, too. */
export type Side = { readonly pieces: readonly Piece[]; readonly none?: true } | undefined

export interface Box {
  readonly ways: ReadonlySet<string>
  readonly source: Side
  readonly destination: Side
  readonly service: Side
  readonly mac: Side
  readonly uids: ReadonlySet<number> | undefined
  readonly sourcePorts: ReadonlySet<number> | undefined
}

const SIDES = ['service', 'destination', 'source', 'mac'] as const

function sideText(side: Side): string {
  return side === undefined ? 'any' : `${side.pieces.map(({ first, last }) => `${first}-${last}`).join()}${side.none === true ? ' none' : ''}`
}

const NUMBERS = ['uids', 'sourcePorts'] as const

function numbersText(numbers: ReadonlySet<number> | undefined): string {
  return numbers === undefined ? 'any' : [...numbers].sort((a, b) => a - b).join()
}

function unionNumbers(a: ReadonlySet<number> | undefined, b: ReadonlySet<number> | undefined): ReadonlySet<number> | undefined {
  return a === undefined || b === undefined ? undefined : new Set([...a, ...b])
}

function without(box: Box, on: (typeof SIDES)[number] | (typeof NUMBERS)[number] | 'ways'): string {
  const rest = SIDES.filter((side) => side !== on).map((side) => sideText(box[side]))
  return [...(on === 'ways' ? [] : [...box.ways].sort()), ...rest, ...NUMBERS.filter((each) => each !== on).map((each) => numbersText(box[each]))].join('|')
}

function unionSide(a: Side, b: Side): Side {
  if (a === undefined || b === undefined) return undefined
  return { pieces: joined([...a.pieces, ...b.pieces]), ...(a.none === true || b.none === true ? { none: true } : {}) }
}

function union(a: Box, b: Box): Box {
  return {
    ways: new Set([...a.ways, ...b.ways]), source: unionSide(a.source, b.source), destination: unionSide(a.destination, b.destination), service: unionSide(a.service, b.service), mac: unionSide(a.mac, b.mac),
    uids: unionNumbers(a.uids, b.uids), sourcePorts: unionNumbers(a.sourcePorts, b.sourcePorts),
  }
}

/** `T`: what goes with a box, kept of the first of those that are merged. */
export function merged<T>(boxes: readonly (readonly [Box, T])[]): readonly (readonly [Box, T])[] {
  let current = boxes
  for (;;) {
    const before = current.length
    for (const on of [...SIDES, ...NUMBERS, 'ways'] as const) {
      const alike = new Map<string, readonly [Box, T]>()
      for (const [box, more] of current) {
        const key = without(box, on)
        const known = alike.get(key)
        alike.set(key, known === undefined ? [box, more] : [union(known[0], box), known[1]])
      }
      current = [...alike.values()]
    }
    if (current.length === before) return current
  }
}
