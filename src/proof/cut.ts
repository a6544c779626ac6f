// A line of numbers cut at every end of every set that some judge asks of it; pieces that lie in the same sets are one class, and one value
// speaks for all of it. Danger prevented: a sample between two constants that nobody ever tries.
import { createHash } from 'node:crypto'

export interface Piece {
  readonly first: bigint
  readonly last: bigint
}

export interface Class {
  readonly pieces: readonly Piece[]
  readonly sample: bigint
}

export class Cut {
  readonly #first: bigint
  readonly #last: bigint
  readonly #known = new Set<string>()
  /** at each end, which sets begin or cease to hold, as one number */
  readonly #ends = new Map<bigint, bigint>()

  constructor(first: bigint, last: bigint) {
    this.#first = first
    this.#last = last
  }

  /** A set that somebody tests. */
  add(set: readonly Piece[]): void {
    const pieces = joined(set)
    const key = pieces.map(({ first, last }) => `${first}-${last}`).join()
    if (this.#known.has(key)) return
    this.#known.add(key)
    // 128 bits of a hash for each set: two classes of other sets do not meet
    const own = BigInt(`0x${createHash('sha256').update(key).digest('hex').slice(0, 32)}`)
    const toggle = (at: bigint): unknown => this.#ends.set(at, (this.#ends.get(at) ?? 0n) ^ own)
    for (const { first, last } of pieces) {
      toggle(first)
      toggle(last + 1n)
    }
  }

  /** In the order of their first pieces. */
  classes(): readonly Class[] {
    const found = new Map<bigint, Piece[]>()
    let signature = this.#ends.get(this.#first) ?? 0n
    let first = this.#first
    const close = (end: bigint): void => {
      const pieces = found.get(signature)
      if (pieces === undefined) found.set(signature, [{ first, last: end }])
      else pieces.push({ first, last: end })
      first = end + 1n
    }
    for (const at of [...this.#ends.keys()].filter((each) => each > this.#first && each <= this.#last).sort((a, b) => (a < b ? -1 : 1))) {
      close(at - 1n)
      signature ^= this.#ends.get(at) ?? 0n
    }
    close(this.#last)
    return [...found.values()].map((pieces) => ({ pieces, sample: sampleOf(pieces) }))
  }
}

/** Sorted; what overlaps or touches is one. */
export function joined(pieces: readonly Piece[]): readonly Piece[] {
  const out: Piece[] = []
  for (const piece of pieces.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = out.at(-1)
    if (before === undefined || piece.first > before.last + 1n) out.push(piece)
    else if (piece.last > before.last) out[out.length - 1] = { first: before.first, last: piece.last }
  }
  return out
}

/** The second value of the first piece that has one: 192.168.51.1 is read more easily than 192.168.51.0, and is in the same sets. */
function sampleOf(pieces: readonly Piece[]): bigint {
  const wide = pieces.find(({ first, last }) => last > first + 1n)
  return wide === undefined ? (pieces[0]?.first ?? 0n) : wide.first + 1n
}
