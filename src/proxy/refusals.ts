// The last refusals of each client, for the page "why was I blocked?", in memory that all workers share. Sets of sixteen places by the
// client's hash: a noisy client pushes out its set's, never everybody's. Dangers prevented: memory that grows with clients; one
// client's page that shows another's requests.
import type { Ip } from '../net/ip.ts'

export interface KeptRefusal {
  /** epoch milliseconds */
  readonly time: number
  readonly status: number
  readonly rule: string
  readonly reason: string
  readonly what: string
  readonly id: string
}

const SETS = 256
const WAYS = 16
const CELL = 768
/** sequence (odd while written), length, then the text */
const HEAD = 8
const CELLS_AT = SETS * 4
export const REFUSAL_BYTES = CELLS_AT + SETS * WAYS * CELL

/** FNV-1a over the canonical text; the seed keeps a client from choosing its neighbours. */
function setOf(client: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < client.length; i++) hash = Math.imul(hash ^ client.charCodeAt(i), 0x01000193) >>> 0
  return ((hash ^ (hash >>> 15)) >>> 0) % SETS
}

export class RefusalRing {
  readonly #buffer: SharedArrayBuffer
  readonly #offset: number
  readonly #seed: number
  readonly #next: Int32Array

  /** `offset` is a multiple of 8, with REFUSAL_BYTES behind it */
  constructor(buffer: SharedArrayBuffer, offset: number, seed: number) {
    this.#buffer = buffer
    this.#offset = offset
    this.#seed = seed
    this.#next = new Int32Array(buffer, offset, SETS)
  }

  add(client: Ip, refusal: KeptRefusal): void {
    const bytes = encode(client.text, refusal)
    const set = setOf(client.text, this.#seed)
    const way = (Atomics.add(this.#next, set, 1) >>> 0) % WAYS
    const at = this.#cell(set, way)
    const head = new Int32Array(this.#buffer, at, 2)
    const sequence = Atomics.load(head, 0)
    // two workers in one place would mix two clients' texts: the later one leaves its own out
    if ((sequence & 1) === 1 || Atomics.compareExchange(head, 0, sequence, sequence + 1) !== sequence) return
    new Uint8Array(this.#buffer, at + HEAD, CELL - HEAD).set(bytes)
    head[1] = bytes.length
    Atomics.store(head, 0, sequence + 2)
  }

  /** The client's own, newest first. */
  of(client: Ip): KeptRefusal[] {
    const set = setOf(client.text, this.#seed)
    const found: KeptRefusal[] = []
    for (let way = 0; way < WAYS; way++) {
      const kept = this.#read(this.#cell(set, way))
      if (kept !== undefined && kept.client === client.text) found.push(kept.refusal)
    }
    return found.sort((a, b) => b.time - a.time)
  }

  #cell(set: number, way: number): number {
    return this.#offset + CELLS_AT + (set * WAYS + way) * CELL
  }

  #read(at: number): { client: string; refusal: KeptRefusal } | undefined {
    const head = new Int32Array(this.#buffer, at, 2)
    const before = Atomics.load(head, 0)
    if (before === 0 || (before & 1) === 1) return undefined
    const bytes = Buffer.from(new Uint8Array(this.#buffer, at + HEAD, Math.min(head[1] ?? 0, CELL - HEAD)).slice())
    // another worker wrote it meanwhile: leave it out
    if (Atomics.load(head, 0) !== before) return undefined
    try {
      const [client, time, status, rule, reason, what, id] = JSON.parse(bytes.toString('utf8')) as [string, number, number, string, string, string, string]
      return { client, refusal: { time, status, rule, reason, what, id } }
    } catch {
      return undefined
    }
  }
}

/** As long as the cell allows: the request's text is cut first, then the reason. */
function encode(client: string, { time, status, rule, reason, what, id }: KeptRefusal): Buffer {
  for (const [longest, longestReason] of [[400, 300], [200, 150], [100, 60], [30, 20], [0, 0]] as const) {
    const bytes = Buffer.from(JSON.stringify([client, time, status, rule, cut(reason, longestReason), cut(what, longest), id]), 'utf8')
    if (bytes.length <= CELL - HEAD) return bytes
  }
  return Buffer.from(JSON.stringify([client, time, status, '', '', '', '']), 'utf8')
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}...`
}
