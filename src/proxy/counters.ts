// Counters that all workers share: how many connections and tunnels each client has, and in all, and when the next new one is due. Each
// worker writes its own region only and reads the others': no locks, and what a worker that died had counted is forgotten with its region.
// Dangers prevented: a limit that holds for each worker instead of the machine; a table that grows with the addresses that attack.
import { randomInt } from 'node:crypto'
import type { Ip } from '../net/ip.ts'
import { BUCKET_BYTES, unlockBuckets } from './buckets.ts'
import { REFUSAL_BYTES } from './refusals.ts'

/** Clients a worker can tell apart at once. A client beyond that is held by the limits in all alone. */
const SLOTS = 16_384
const PROBES = 16
/** key 16, connections 4, tunnels 4, next due 8 */
const SLOT = 32
const REGION_HEAD = 32
const REGION = REGION_HEAD + SLOTS * SLOT
const HEADER = 16

export interface Layout {
  readonly buffer: SharedArrayBuffer
  readonly workers: number
  readonly seed: number
}

/** Made once by the main thread and given to every worker. */
export function limitBuffer(workers: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(HEADER + workers * REGION + REFUSAL_BYTES + BUCKET_BYTES)
  const header = new Uint32Array(buffer, 0, 2)
  header[0] = workers
  header[1] = randomInt(2 ** 32)
  return buffer
}

export function layoutOf(buffer: SharedArrayBuffer): Layout {
  const header = new Uint32Array(buffer, 0, 2)
  return { buffer, workers: header[0] ?? 0, seed: header[1] ?? 0 }
}

export function refusalsAt(layout: Layout): number {
  return HEADER + layout.workers * REGION
}

export function bucketsAt(layout: Layout): number {
  return refusalsAt(layout) + REFUSAL_BYTES
}

/** The main thread calls it when a worker ended, before its successor starts: its connections are closed. */
export function forgetWorker(buffer: SharedArrayBuffer, worker: number): void {
  new Uint8Array(buffer, HEADER + worker * REGION, REGION).fill(0)
  unlockBuckets(buffer, bucketsAt(layoutOf(buffer)), worker)
}

export type Count = 'connections' | 'tunnels'
const INDEX = { connections: 0, tunnels: 1 } as const

type Words = readonly [number, number, number, number]

interface Others {
  of(): readonly (readonly [region: number, at: number])[]
}

const NOBODY: readonly (readonly [number, number])[] = []
const NO_OTHERS: Others = { of: () => NOBODY }

/** A client's four words: an IPv4 address is kept mapped, so that families never meet; zero is no client. */
function key(ip: Ip): Words {
  if (ip.family === 4) return [0, 0, 0xffff, Number(ip.value)]
  return [Number(ip.value >> 96n), Number((ip.value >> 64n) & 0xffffffffn), Number((ip.value >> 32n) & 0xffffffffn), Number(ip.value & 0xffffffffn)]
}

function hash(words: Words, seed: number): number {
  let h = seed
  for (const word of words) {
    h = Math.imul(h ^ word, 0x9e3779b1)
    h ^= h >>> 15
  }
  return h >>> 0
}

/** One worker's view: counts of its own region by reference, of all by sum. */
export class Counters {
  readonly #own: number
  readonly #ints: Int32Array[] = []
  readonly #words: Uint32Array[] = []
  readonly #times: Float64Array[] = []
  readonly #seed: number

  constructor(layout: Layout, worker: number) {
    this.#own = worker
    this.#seed = layout.seed
    for (let i = 0; i < layout.workers; i++) {
      const at = HEADER + i * REGION
      this.#ints.push(new Int32Array(layout.buffer, at, REGION / 4))
      this.#words.push(new Uint32Array(layout.buffer, at, REGION / 4))
      this.#times.push(new Float64Array(layout.buffer, at, REGION / 8))
    }
  }

  total(count: Count): number {
    const index = INDEX[count]
    let sum = 0
    for (let at = 0; at < this.#ints.length; at++) sum += Atomics.load(this.#ints[at] as Int32Array, index)
    return sum
  }

  addTotal(count: Count, by: 1 | -1): void {
    const ints = this.#ints[this.#own]
    if (ints !== undefined) Atomics.add(ints, INDEX[count], by)
  }

  /** Milliseconds at which the next new connection of all is due, on the clock that all workers share. */
  due(): number {
    let latest = 0
    for (let at = 0; at < this.#times.length; at++) latest = Math.max(latest, this.#times[at]?.[1] ?? 0)
    return latest
  }

  setDue(at: number): void {
    const times = this.#times[this.#own]
    if (times !== undefined) times[1] = at
  }

  client(ip: Ip, now: number): ClientCounts | undefined {
    const words = key(ip)
    const start = hash(words, this.#seed)
    const slot = this.#place(words, start, now)
    if (slot === undefined) return undefined
    return new ClientCounts(this.#ints, this.#times, this.#own, slot, this.#others(words, start))
  }

  #find(region: number, words: Words, start: number): number | undefined {
    const table = this.#words[region]
    if (table === undefined) return undefined
    for (let probe = 0; probe < PROBES; probe++) {
      const at = (REGION_HEAD + ((start + probe) % SLOTS) * SLOT) / 4
      if (table[at + 3] === words[3] && table[at + 2] === words[2] && table[at + 1] === words[1] && table[at] === words[0]) return at
    }
    return undefined
  }

  /** Where the other workers count the client; looked up anew each time, since they may begin or forget. */
  #others(words: Words, start: number): Others {
    return this.#ints.length === 1 ? NO_OTHERS : { of: () => this.#elsewhere(words, start) }
  }

  #elsewhere(words: Words, start: number): readonly (readonly [region: number, at: number])[] {
    const found: [number, number][] = []
    for (let region = 0; region < this.#words.length; region++) {
      if (region === this.#own) continue
      const at = this.#find(region, words, start)
      if (at !== undefined) found.push([region, at])
    }
    return found
  }

  /** The client's slot in the own region; a slot whose client has nothing open and nothing due is taken over. */
  #place(words: Words, start: number, now: number): number | undefined {
    const known = this.#find(this.#own, words, start)
    if (known !== undefined) return known
    const ints = this.#ints[this.#own]
    const table = this.#words[this.#own]
    const times = this.#times[this.#own]
    if (ints === undefined || table === undefined || times === undefined) return undefined
    for (let probe = 0; probe < PROBES; probe++) {
      const at = (REGION_HEAD + ((start + probe) % SLOTS) * SLOT) / 4
      if (ints[at + 4] !== 0 || ints[at + 5] !== 0 || (times[(at + 6) / 2] ?? 0) > now) continue
      times[(at + 6) / 2] = 0
      table.set(words, at)
      return at
    }
    return undefined
  }
}

/** What one client has open, over all workers. Kept as long as something of it is open. */
export class ClientCounts {
  readonly #ints: readonly Int32Array[]
  readonly #times: readonly Float64Array[]
  readonly #own: number
  readonly #at: number
  readonly #others: Others

  constructor(ints: readonly Int32Array[], times: readonly Float64Array[], own: number, at: number, others: Others) {
    this.#ints = ints
    this.#times = times
    this.#own = own
    this.#at = at
    this.#others = others
  }

  total(count: Count): number {
    let sum = Atomics.load(this.#ints[this.#own] as Int32Array, this.#at + 4 + INDEX[count])
    for (const [region, at] of this.#others.of()) sum += Atomics.load(this.#ints[region] as Int32Array, at + 4 + INDEX[count])
    return sum
  }

  add(count: Count, by: 1 | -1): void {
    Atomics.add(this.#ints[this.#own] as Int32Array, this.#at + 4 + INDEX[count], by)
  }

  due(): number {
    let latest = this.#times[this.#own]?.[(this.#at + 6) / 2] ?? 0
    for (const [region, at] of this.#others.of()) latest = Math.max(latest, this.#times[region]?.[(at + 6) / 2] ?? 0)
    return latest
  }

  setDue(at: number): void {
    const times = this.#times[this.#own]
    if (times !== undefined) times[(this.#at + 6) / 2] = at
  }
}
