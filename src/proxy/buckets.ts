// Token buckets that all workers share: what a rule, or a client of a rule, may still move in one direction. Each octet is taken from the one
// count by an atomic subtraction, whichever worker moved it, so a group's rate is exact over workers. Dangers prevented: a rate that holds
// for each worker instead of the machine; a table that grows with the clients that ask.
import type { Ip } from '../net/ip.ts'

/** Buckets in use at once; who finds none has one in its worker alone. */
const SLOTS = 8_192
const PROBES = 16
/** client 4, rule 2, tokens, filled at, remainder, life, rate; the rest is to spare: a line of the cache */
const SLOT = 16
const TOKENS = 6
const FILLED = 7
const REST = 8
/** how often the slot has changed hands */
const LIFE = 9
const RATE = 10
const HEAD = 16

export const BUCKET_BYTES = (HEAD + SLOTS * SLOT) * 4

/** A bucket that nobody asked for so long may be another's, once it is full. */
const FORGOTTEN_MS = 30_000

/** A clock of whole milliseconds for all threads, that nobody sets (CLOCK_MONOTONIC); it goes round, and differences do not. */
const [seconds, nanoseconds] = process.hrtime()
const OFFSET = seconds * 1000 + nanoseconds / 1e6 - performance.now()

export function sharedMs(): number {
  return (performance.now() + OFFSET) | 0
}

/** A difference beyond this is none that threads have: the clock has gone round since. */
const HALF_ROUND = 2 ** 30

/** What may be moved at once after a rest: a quarter of a second's worth. */
export function burstOf(rate: number): number {
  return Math.max(1, Math.floor(rate / 4))
}

export interface BucketKey {
  /** of the rule, its rate and the direction: two words that nobody shares by chance */
  readonly words: readonly [number, number]
  /** undefined: one for all */
  readonly client: Ip | undefined
}

function clientWords(ip: Ip | undefined): readonly [number, number, number, number] {
  if (ip === undefined) return [0, 0, 0, 0]
  if (ip.family === 4) return [0, 0, 0xffff, Number(ip.value)]
  return [Number(ip.value >> 96n), Number((ip.value >> 64n) & 0xffffffffn), Number((ip.value >> 32n) & 0xffffffffn), Number(ip.value & 0xffffffffn)]
}

/** One worker's view of the table. */
export class Buckets {
  readonly #ints: Int32Array
  readonly #worker: number
  readonly #seed: number

  constructor(buffer: SharedArrayBuffer, at: number, worker: number, seed: number) {
    this.#ints = new Int32Array(buffer, at, BUCKET_BYTES / 4)
    this.#worker = worker
    this.#seed = seed
  }

  bucket(key: BucketKey, rate: number): Bucket {
    return new Bucket(this, [...clientWords(key.client), ...key.words].map((word) => word | 0), rate)
  }

  get ints(): Int32Array {
    return this.#ints
  }

  /** Where the bucket stands; -1: nowhere, the table is full of others' in use. */
  place(words: readonly number[], rate: number): number {
    let h = this.#seed
    for (const word of words) {
      h = Math.imul(h ^ word, 0x9e3779b1)
      h ^= h >>> 15
    }
    this.#lock()
    try {
      return this.#found(words, h >>> 0, rate)
    } finally {
      Atomics.store(this.#ints, 0, 0)
    }
  }

  #found(words: readonly number[], start: number, rate: number): number {
    const ints = this.#ints
    const now = sharedMs()
    let free = -1
    for (let probe = 0; probe < PROBES; probe++) {
      const at = HEAD + ((start + probe) % SLOTS) * SLOT
      if (words.every((word, index) => ints[at + index] === word)) return at
      if (free < 0 && this.#forgotten(at, now)) free = at
    }
    if (free < 0) return -1
    words.forEach((word, index) => (ints[free + index] = word))
    Atomics.store(ints, free + TOKENS, burstOf(rate))
    Atomics.store(ints, free + FILLED, now)
    ints[free + REST] = 0
    ints[free + RATE] = rate
    Atomics.add(ints, free + LIFE, 1)
    return free
  }

  /** Never used, or idle and full again: what was owed is paid. */
  #forgotten(at: number, now: number): boolean {
    const ints = this.#ints
    const idle = (now - (ints[at + FILLED] ?? 0)) | 0
    if (ints[at + LIFE] === 0 || idle <= -HALF_ROUND) return true
    const rate = ints[at + RATE] ?? 0
    return idle > FORGOTTEN_MS && (ints[at + TOKENS] ?? 0) + (rate * idle) / 1000 >= burstOf(rate)
  }

  /** Held for a few steps without a wait between them; a worker that is ended within them is let go by `unlockBuckets`. */
  #lock(): void {
    while (Atomics.compareExchange(this.#ints, 0, 0, this.#worker + 1) !== 0) { /* another worker looks one up */ }
  }
}

/** The main thread calls it when a worker ended. */
export function unlockBuckets(buffer: SharedArrayBuffer, at: number, worker: number): void {
  Atomics.compareExchange(new Int32Array(buffer, at, 1), 0, worker + 1, 0)
}

export class Bucket {
  readonly rate: number
  readonly #table: Buckets
  readonly #words: readonly number[]
  readonly #burst: number
  #ints: Int32Array
  #at: number
  #life: number

  constructor(table: Buckets, words: readonly number[], rate: number) {
    this.rate = rate
    this.#table = table
    this.#words = words
    this.#burst = burstOf(rate)
    this.#ints = table.ints
    this.#at = -1
    this.#life = 0
    this.#settle()
  }

  #settle(): void {
    const at = this.#table.place(this.#words, this.rate)
    if (at < 0) {
      // a limit all the same, in this worker alone
      this.#ints = new Int32Array(SLOT)
      this.#at = 0
      this.#ints[TOKENS] = this.#burst
      this.#ints[FILLED] = sharedMs()
    } else {
      this.#ints = this.#table.ints
      this.#at = at
    }
    this.#life = this.#ints[this.#at + LIFE] ?? 0
  }

  /** Takes what was moved, all of it, and says what is left: nothing more is to be moved while that is not above zero. */
  take(octets: number): number {
    if (this.#ints[this.#at + LIFE] !== this.#life) this.#settle()
    const left = Atomics.sub(this.#ints, this.#at + TOKENS, octets) - octets
    return left > 0 ? left : this.left()
  }

  /** What may be moved now, after what has come in meanwhile. */
  left(): number {
    if (this.#ints[this.#at + LIFE] !== this.#life) this.#settle()
    const ints = this.#ints
    const at = this.#at
    const now = sharedMs()
    const filled = Atomics.load(ints, at + FILLED)
    const passed = (now - filled) | 0
    const before = Atomics.load(ints, at + TOKENS)
    // another thread has filled it, by a clock that is a moment ahead
    if (passed <= 0 && passed > -HALF_ROUND) return before
    // one of all workers fills it for the time that has passed
    if (Atomics.compareExchange(ints, at + FILLED, filled, now) !== filled) return Atomics.load(ints, at + TOKENS)
    const owed = passed < 0 ? Number.POSITIVE_INFINITY : this.rate * passed + (ints[at + REST] ?? 0)
    const room = this.#burst - before
    const whole = Math.min(room, Math.floor(owed / 1000))
    ints[at + REST] = whole === room ? 0 : owed - whole * 1000
    const after = Atomics.add(ints, at + TOKENS, whole) + whole
    // two that filled it for two moments at once
    if (after > this.#burst) Atomics.sub(ints, at + TOKENS, after - this.#burst)
    return Math.min(after, this.#burst)
  }

  /** Milliseconds until something may be moved again, as far as this worker knows. */
  waitMs(left: number): number {
    return left > 0 ? 0 : Math.ceil((1 - left) * 1000 / this.rate)
  }
}
