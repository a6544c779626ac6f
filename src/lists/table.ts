// A set of millions of short texts in one SharedArrayBuffer: built once, read by every worker. Texts lie end to end, an open-addressing
// index points at them, and every hit is compared in full. Danger prevented: a Set of a million strings a worker (100 MB each),
// and an answer from a hash alone, which blocks a host that is on no list.

/** Octet by octet from the right for names, so that each suffix at a dot has its hash in one walk; from the left for URIs. */
export type Direction = 'backward' | 'forward'

/** Of a table in 32-bit words. */
const SEED = 0
const SLOTS = 1
const COUNT = 2
const LONGEST = 3
const HEAD_WORDS = 4
const PAGE = 1 << 20
/** An entry is its length in two octets, then its text. */
const MOST_LENGTH = 4096

export class TableBuilder {
  #pages: Uint8Array[] = []
  #used: number[] = []
  #page = new Uint8Array(0)
  #at = 0
  #entries = 0
  #longest = 0

  /** False when it is too long to be one. Octets `from` to `to` of `source`. */
  add(source: Uint8Array, from: number, to: number): boolean {
    const length = to - from
    if (length > MOST_LENGTH) return false
    this.#reserve(length)
    const page = this.#page
    let at = this.#at
    page[at++] = length & 0xff
    page[at++] = length >>> 8
    for (let i = from; i < to; i++) page[at++] = source[i] ?? 0
    this.#at = at
    this.#entries++
    if (length > this.#longest) this.#longest = length
    return true
  }

  /** Latin1 text. */
  addText(text: string): boolean {
    return this.add(Buffer.from(text, 'latin1'), 0, text.length)
  }

  #reserve(length: number): void {
    if (this.#at + length + 2 <= this.#page.length) return
    this.#closePage()
    this.#page = new Uint8Array(PAGE)
  }

  #closePage(): void {
    if (this.#page.length > 0) {
      this.#pages.push(this.#page)
      this.#used.push(this.#at)
    }
    this.#at = 0
  }

  /** The table; the builder is empty then. `seed` keeps the author of a list from choosing names that all share a slot. */
  finish(direction: Direction, seed: number): SharedArrayBuffer {
    this.#closePage()
    this.#page = new Uint8Array(0)
    let octets = 0
    for (const used of this.#used) octets += used
    let slots = 8
    while (slots * 2 < this.#entries * 3) slots *= 2
    const buffer = new SharedArrayBuffer((HEAD_WORDS + slots) * 4 + octets)
    const words = new Uint32Array(buffer, 0, HEAD_WORDS + slots)
    const texts = new Uint8Array(buffer, (HEAD_WORDS + slots) * 4)
    let at = 0
    // Each page is let go as soon as it is copied, so that the peak is little over the table itself.
    for (let page = this.#pages.shift(), used = this.#used.shift(); page !== undefined; page = this.#pages.shift(), used = this.#used.shift()) {
      texts.set(page.subarray(0, used), at)
      at += used ?? 0
    }
    words[SEED] = seed
    words[SLOTS] = slots
    words[LONGEST] = this.#longest
    words[COUNT] = index(words, texts, direction)
    this.#entries = 0
    this.#longest = 0
    return buffer
  }
}

/** Puts each text into its slot, once; returns how many different ones there are. */
function index(words: Uint32Array, texts: Uint8Array, direction: Direction): number {
  const seed = words[SEED] ?? 0
  const mask = (words[SLOTS] ?? 0) - 1
  let count = 0
  for (let at = 0; at < texts.length; ) {
    const length = (texts[at] ?? 0) | ((texts[at + 1] ?? 0) << 8)
    const start = at + 2
    let hash = seed
    if (direction === 'forward') for (let i = start; i < start + length; i++) hash = hashStep(hash, texts[i] ?? 0)
    else for (let i = start + length - 1; i >= start; i--) hash = hashStep(hash, texts[i] ?? 0)
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = words[HEAD_WORDS + slot] ?? 0
      if (entry === 0) {
        words[HEAD_WORDS + slot] = at + 1
        count++
        break
      }
      if (sameOctets(texts, entry - 1, at, length + 2)) break
    }
    at = start + length
  }
  return count
}

function sameOctets(texts: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (texts[a + i] !== texts[b + i]) return false
  return true
}

export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193) ^ (hash >>> 15)
}

function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

export class Table {
  readonly count: number
  readonly longest: number
  readonly seed: number
  readonly #words: Uint32Array
  readonly #texts: Uint8Array
  readonly #mask: number

  constructor(buffer: SharedArrayBuffer) {
    const slots = new Uint32Array(buffer, 0, HEAD_WORDS)[SLOTS] ?? 0
    this.#words = new Uint32Array(buffer, 0, HEAD_WORDS + slots)
    this.#texts = new Uint8Array(buffer, (HEAD_WORDS + slots) * 4)
    this.#mask = slots - 1
    this.seed = this.#words[SEED] ?? 0
    this.count = this.#words[COUNT] ?? 0
    this.longest = this.#words[LONGEST] ?? 0
  }

  /** Is `text` from `start` to `end`, whose hash is given, in the set? Its characters are octets. */
  has(text: string, start: number, end: number, hash: number): boolean {
    const words = this.#words
    for (let slot = spread(hash) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = words[HEAD_WORDS + slot] ?? 0
      if (entry === 0) return false
      if (this.#equals(entry - 1, text, start, end)) return true
    }
  }

  #equals(at: number, text: string, start: number, end: number): boolean {
    const texts = this.#texts
    const length = end - start
    if (((texts[at] ?? 0) | ((texts[at + 1] ?? 0) << 8)) !== length) return false
    for (let i = 0; i < length; i++) if (texts[at + 2 + i] !== text.charCodeAt(start + i)) return false
    return true
  }
}
