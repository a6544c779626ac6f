// Octets that both ends can make from a number: a body is right when it is, from its first octet to its last, the one of its own request. Danger
// prevented: an answer with the right length and another request's content, which a length or a status alone would not show.
const BLOCK = 1 << 20
const LONGEST = 1 << 16

const doubled = Buffer.alloc(BLOCK + LONGEST)
{
  let state = 0x9e3779b9
  for (let at = 0; at < BLOCK; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    doubled.writeInt32LE(state, at)
  }
  doubled.copy(doubled, BLOCK, 0, LONGEST)
}

/** A part of the content of this number, at most 64 KiB of it. Not to be written to. */
export function piece(id: number, at: number, length: number): Buffer {
  const from = (id * 7_919 + at) % BLOCK
  return doubled.subarray(from, from + Math.min(length, LONGEST))
}

export function* pieces(id: number, length: number, each = LONGEST): Generator<Buffer> {
  for (let at = 0; at < length; at += each) yield piece(id, at, Math.min(each, length - at))
}

export function whole(id: number, length: number): Buffer {
  return Buffer.concat([...pieces(id, length)])
}

/** Takes a body as it comes. */
export class Checker {
  readonly #id: number
  octets = 0
  right = true

  constructor(id: number) {
    this.#id = id
  }

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.right; at += LONGEST) {
      const part = chunk.subarray(at, at + LONGEST)
      if (!piece(this.#id, this.octets + at, part.length).equals(part)) this.right = false
    }
    this.octets += chunk.length
  }
}

/** mulberry32: the same traffic from the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** in [0, 1) */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  below(most: number): number {
    return Math.floor(this.next() * most)
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  chance(of: number): boolean {
    return this.next() < of
  }

  /** mostly small, now and then large: 0 to `most` */
  size(most: number): number {
    return Math.floor(most ** this.next()) - 1
  }

  bytes(length: number): Buffer {
    const made = Buffer.alloc(length)
    for (let at = 0; at < length; at++) made[at] = this.below(256)
    return made
  }
}
