// A set of millions of short texts in shared memory: built once, read by every worker. Texts lie end to end, an open-addressing index points at
// them, and every hit is compared in full. Danger prevented: a Set of a million strings a worker (100 MB each), and an answer from a hash
// alone, which blocks a host that is on no list.

/** Octet by octet from the right for names, so that each suffix at a dot has its hash in one walk; from the left for URIs. */
export type Direction = 'backward' | 'forward'

/** Both are shared between threads, not copied. Texts: each its length, then its octets; what is behind the last one was never used. */
export interface TableBuffers {
  readonly index: SharedArrayBuffer
  readonly texts: SharedArrayBuffer
}

/** The head of the index, in 32-bit words. Behind it: for each slot where its text begins and 1, 0 for none; then one octet of hash a slot. */
const SEED = 0
const SLOTS = 1
const COUNT = 2
const LONGEST = 3
const USED = 4
const HEAD_WORDS = 5
const MOST_LENGTH = 4096
/** A length below is one octet; this one says that two more follow. */
const LONG = 255
const LENGTH_OCTETS = 3
const LEAST_OCTETS = 256
/** Put in place together: their slots are fetched from memory at the same time, not one after the other. */
const BATCH = 512

export class TableBuilder {
  #buffer: SharedArrayBuffer
  /** for who writes plain texts itself, after `reserve`: `texts` from `at` on, then `wrote` */
  texts: Uint8Array
  at = 0
  #entries = 0
  #longest = 0

  /** `octets`: about what will be added, such as the size of the file. Memory that is not written to costs nothing. */
  constructor(octets = LEAST_OCTETS) {
    this.#buffer = new SharedArrayBuffer(Math.max(octets, LEAST_OCTETS))
    this.texts = new Uint8Array(this.#buffer)
  }

  get entries(): number {
    return this.#entries
  }

  /** Room for so many octets more, lengths included. */
  reserve(octets: number): void {
    if (this.at + octets <= this.texts.length) return
    const larger = new SharedArrayBuffer(Math.max(this.at + octets, this.texts.length * 2))
    const texts = new Uint8Array(larger)
    texts.set(this.texts.subarray(0, this.at))
    this.#buffer = larger
    this.texts = texts
  }

  /** One text stands at `at + 1`, its length is below `LONG`. */
  wrote(length: number): void {
    this.texts[this.at] = length
    this.at += 1 + length
    this.#entries++
    if (length > this.#longest) this.#longest = length
  }

  /** False when it is too long to be one. Latin1 text. */
  addText(text: string): boolean {
    const { length } = text
    if (length > MOST_LENGTH) return false
    this.reserve(length + LENGTH_OCTETS)
    const { texts } = this
    let at = this.at
    if (length < LONG) texts[at++] = length
    else {
      texts[at++] = LONG
      texts[at++] = length & 0xff
      texts[at++] = length >>> 8
    }
    for (let i = 0; i < length; i++) texts[at++] = text.charCodeAt(i)
    this.at = at
    this.#entries++
    if (length > this.#longest) this.#longest = length
    return true
  }

  /** The table. `seed` keeps the author of a list from choosing names that all share a slot. */
  finish(direction: Direction, seed: number): TableBuffers {
    let slots = 8
    while (slots * 2 < this.#entries * 3) slots *= 2
    const index = new SharedArrayBuffer((HEAD_WORDS + slots) * 4 + slots)
    const words = new Uint32Array(index, 0, HEAD_WORDS + slots)
    words[SEED] = seed
    words[SLOTS] = slots
    words[LONGEST] = this.#longest
    words[USED] = this.at
    words[COUNT] = fill(words, new Uint8Array(index, (HEAD_WORDS + slots) * 4), this.texts.subarray(0, this.at), direction)
    return { index, texts: this.#buffer }
  }
}

/** Octets in memory, once for all threads. */
export function tableOctets({ index }: TableBuffers): number {
  return index.byteLength + (new Uint32Array(index, 0, HEAD_WORDS)[USED] ?? 0)
}

/** Puts each text into its slot, once; returns how many different ones there are. */
function fill(words: Uint32Array, tags: Uint8Array, texts: Uint8Array, direction: Direction): number {
  const seed = words[SEED] ?? 0
  const mask = tags.length - 1
  const hashes = new Int32Array(BATCH)
  const places = new Uint32Array(BATCH)
  let count = 0
  let fetched = 0
  for (let at = 0; at < texts.length;) {
    let batch = 0
    for (; batch < BATCH && at < texts.length; batch++) {
      const start = textStart(texts, at)
      const end = start + textLength(texts, at)
      let hash = seed
      if (direction === 'forward') for (let i = start; i < end; i++) hash = hashStep(hash, texts[i] ?? 0)
      else for (let i = end - 1; i >= start; i--) hash = hashStep(hash, texts[i] ?? 0)
      hash = spread(hash)
      hashes[batch] = hash
      places[batch] = at
      fetched ^= tags[hash & mask] ?? 0
      at = end
    }
    for (let i = 0; i < batch; i++) if (put(words, tags, texts, hashes[i] ?? 0, places[i] ?? 0)) count++
  }
  // never so: it keeps the engine from leaving the reads out
  return fetched === -1 ? -1 : count
}

function put(words: Uint32Array, tags: Uint8Array, texts: Uint8Array, hash: number, at: number): boolean {
  const mask = tags.length - 1
  const tag = tagOf(hash)
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const held = tags[slot] ?? 0
    if (held === 0) {
      tags[slot] = tag
      words[HEAD_WORDS + slot] = at + 1
      return true
    }
    if (held === tag && sameText(texts, (words[HEAD_WORDS + slot] ?? 0) - 1, at)) return false
  }
}

function textStart(texts: Uint8Array, at: number): number {
  return texts[at] === LONG ? at + LENGTH_OCTETS : at + 1
}

function textLength(texts: Uint8Array, at: number): number {
  const short = texts[at] ?? 0
  return short === LONG ? (texts[at + 1] ?? 0) | ((texts[at + 2] ?? 0) << 8) : short
}

function sameText(texts: Uint8Array, a: number, b: number): boolean {
  const end = textStart(texts, a) + textLength(texts, a)
  for (let i = a, j = b; i < end; i++, j++) if (texts[i] !== texts[j]) return false
  return true
}

export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193) ^ (hash >>> 15)
}

function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

/** Of the bits that the slot is not chosen by; 0 is an empty slot. */
function tagOf(hash: number): number {
  return (hash >>> 24) || 1
}

export class Table {
  readonly count: number
  readonly longest: number
  readonly seed: number
  readonly #words: Uint32Array
  readonly #tags: Uint8Array
  readonly #texts: Uint8Array
  readonly #mask: number

  constructor({ index, texts }: TableBuffers) {
    const slots = new Uint32Array(index, 0, HEAD_WORDS)[SLOTS] ?? 0
    this.#words = new Uint32Array(index, 0, HEAD_WORDS + slots)
    this.#tags = new Uint8Array(index, (HEAD_WORDS + slots) * 4)
    this.#texts = new Uint8Array(texts)
    this.#mask = slots - 1
    this.seed = this.#words[SEED] ?? 0
    this.count = this.#words[COUNT] ?? 0
    this.longest = this.#words[LONGEST] ?? 0
  }

  /** Is `text` from `start` to `end`, whose hash is given, in the set? Its characters are octets. */
  has(text: string, start: number, end: number, hash: number): boolean {
    const mixed = spread(hash)
    const tag = tagOf(mixed)
    const mask = this.#mask
    const tags = this.#tags
    for (let slot = mixed & mask; ; slot = (slot + 1) & mask) {
      const held = tags[slot] ?? 0
      if (held === 0) return false
      if (held === tag && this.#equals((this.#words[HEAD_WORDS + slot] ?? 0) - 1, text, start, end)) return true
    }
  }

  #equals(at: number, text: string, start: number, end: number): boolean {
    const texts = this.#texts
    const length = end - start
    if (textLength(texts, at) !== length) return false
    const from = textStart(texts, at)
    for (let i = 0; i < length; i++) if (texts[from + i] !== text.charCodeAt(start + i)) return false
    return true
  }
}
