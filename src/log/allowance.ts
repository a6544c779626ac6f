// How many lines a client may still have in the log: two token buckets a client, one of refusals and failures and one of all, each holding half a
// minute's worth, in memory that all workers share. Dangers prevented: a client that fills the disk with its own refusals; a bound that
// each worker gives anew; a table that grows with the addresses that attack.
import { randomInt } from 'node:crypto'

export interface LogRates {
  readonly refusalsLoggedPerSecondPerClient: number
  readonly requestsLoggedPerSecondPerClient: number
}

/** What a bucket holds, in seconds of its rate: as much as journald allows at once. */
export const BURST_S = 30

/** Clients that can be told apart at once; one beyond that shares a bucket with all others of that kind. */
const SLOTS = 8192
const PROBES = 8
/** tag of the client, second of the last refill, tokens of refusals, tokens of all */
const SLOT = 4
const HEAD = 4
const SHARED = HEAD + SLOTS * SLOT
const REFUSALS = 2
const ALL = 3

/** Made once by the main thread and given to every worker. */
export function allowanceBuffer(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer((SHARED + SLOT) * 4)
  const ints = new Int32Array(buffer)
  // chosen anew at each start, so that no client chooses whose slot it takes
  ints[0] = randomInt(2 ** 32) | 0
  ints[SHARED] = 1
  return buffer
}

/** Where a client's buckets were found; another may have taken the slot since. */
export interface Place {
  readonly hash: number
  readonly tag: number
  at: number
}

/** FNV-1a, finished so that near addresses fall far apart. */
function hashOf(text: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

export class Allowance {
  readonly #ints: Int32Array
  readonly #seed: number

  constructor(buffer: SharedArrayBuffer) {
    this.#ints = new Int32Array(buffer)
    this.#seed = this.#ints[0] ?? 0
  }

  place(client: string): Place {
    // zero is nobody, and one is all who found no place
    return { hash: hashOf(client, this.#seed) >>> 0, tag: hashOf(client, ~this.#seed) | 2, at: 0 }
  }

  /** Takes a token of all, and where it is a refusal one of those too. `second`: of a clock that all workers share. */
  take(place: Place, refusal: boolean, second: number, rates: LogRates): boolean {
    const ints = this.#ints
    if (place.at === 0 || Atomics.load(ints, place.at) !== place.tag) this.#find(place, second, rates)
    const { at } = place
    const last = Atomics.load(ints, at + 1)
    if (last !== second) this.#refill(at, last, second, rates)
    if (refusal && Atomics.sub(ints, at + REFUSALS, 1) <= 0) return false
    return Atomics.sub(ints, at + ALL, 1) > 0
  }

  #find(place: Place, second: number, rates: LogRates): void {
    const ints = this.#ints
    let free = 0
    for (let probe = 0; probe < PROBES; probe++) {
      const at = HEAD + ((place.hash + probe) % SLOTS) * SLOT
      const tag = Atomics.load(ints, at)
      if (tag === place.tag) {
        place.at = at
        return
      }
      // whose slot rests so long has full buckets: nothing is forgotten with it
      if (free === 0 && (tag === 0 || Math.abs(second - Atomics.load(ints, at + 1)) > BURST_S)) free = at
    }
    place.at = SHARED
    if (free === 0) return
    const tag = Atomics.load(ints, free)
    if (Atomics.compareExchange(ints, free, tag, place.tag) !== tag) return
    Atomics.store(ints, free + REFUSALS, rates.refusalsLoggedPerSecondPerClient * BURST_S)
    Atomics.store(ints, free + ALL, rates.requestsLoggedPerSecondPerClient * BURST_S)
    Atomics.store(ints, free + 1, second)
    place.at = free
  }

  /** By the first who sees the new second. A clock that was set back counts as one second. */
  #refill(at: number, last: number, second: number, rates: LogRates): void {
    if (Atomics.compareExchange(this.#ints, at + 1, last, second) !== last) return
    const passed = last === 0 ? BURST_S : second < last ? 1 : Math.min(BURST_S, second - last)
    this.#fill(at + REFUSALS, rates.refusalsLoggedPerSecondPerClient, passed)
    this.#fill(at + ALL, rates.requestsLoggedPerSecondPerClient, passed)
  }

  #fill(at: number, rate: number, passed: number): void {
    const tokens = Atomics.load(this.#ints, at)
    const filled = Math.min(rate * BURST_S, Math.max(0, tokens) + rate * passed)
    // what others take meanwhile stays taken
    Atomics.add(this.#ints, at, filled - tokens)
  }
}
