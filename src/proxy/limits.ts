// How much of the gateway one client may take, and all together (wire rule 24): connections, tunnels, new connections a second; over all
// workers. Dangers prevented: one client that starves the others; a flood that ends the process; a limit that nobody is told of.
import type { Cause } from '../decision/facts.ts'
import type { Ip } from '../net/ip.ts'
import type { Limits } from '../policy/policy.ts'
import { Buckets } from './buckets.ts'
import { bucketsAt, type ClientCounts, type Count, Counters, layoutOf, refusalsAt } from './counters.ts'
import { descriptorCapacity } from './descriptors.ts'
import { Paces } from './pace.ts'
import { RefusalRing } from './refusals.ts'

export type LimitName = 'connections' | 'tunnels' | 'new-per-second' | 'connections-per-client' | 'tunnels-per-client' | 'new-per-second-per-client'

/** Answered with 429 and Retry-After. */
export interface LimitRefusal {
  readonly limit: LimitName
  readonly retryAfterS: number
  readonly cause: Cause
}

export interface Admission {
  readonly refused: LimitRefusal | undefined
  /** when the connection or tunnel is closed; any number of times */
  release(): void
}

/** Bucket of one second's worth, as the time at which it will be full again (GCRA): one number, no refilling. */
export function takeToken(due: number, perSecond: number, now: number): { readonly due: number } | { readonly waitMs: number } {
  const stepMs = 1000 / perSecond
  // a time further ahead than a full bucket can be is another rate's: begin anew
  const base = due > now + 1000 + stepMs ? now : Math.max(due, now)
  const waitMs = base + stepMs - now - Math.max(1000, stepMs)
  return waitMs > 1e-6 ? { waitMs } : { due: base + stepMs }
}

/** One clock for all threads of the process, that nobody sets (CLOCK_MONOTONIC). */
function sharedNow(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

function refusal(limit: LimitName, allowed: number, retryAfterS: number): LimitRefusal {
  const whose = limit.endsWith('-per-client') ? 'this client' : 'all clients together'
  const what = limit.startsWith('new-') ? 'new connections a second' : limit.startsWith('tunnels') ? 'tunnels' : 'connections'
  return { limit, retryAfterS, cause: { by: 'limits', kind: 'limits', reason: `${whose} may have ${allowed} ${what} (limits.${limit})` } }
}

/** One connection or tunnel that is counted. */
class Counted implements Admission {
  refused: LimitRefusal | undefined
  readonly #counters: Counters
  readonly #counts: ClientCounts | undefined
  readonly #count: Count
  #open = true

  constructor(counters: Counters, counts: ClientCounts | undefined, count: Count) {
    this.#counters = counters
    this.#counts = counts
    this.#count = count
    counters.addTotal(count, 1)
    counts?.add(count, 1)
  }

  release(): void {
    if (!this.#open) return
    this.#open = false
    this.#counters.addTotal(this.#count, -1)
    this.#counts?.add(this.#count, -1)
  }
}

/** Not counted. */
function turnedAway(refused: LimitRefusal): Admission {
  return { refused, release: () => {} }
}

export class LimitCounters {
  /** what the page "why was I blocked?" tells; shared over workers as the counters are */
  readonly refusals: RefusalRing
  /** how fast what is limited may go; the buckets are shared over workers too */
  readonly paces: Paces
  readonly #counters: Counters
  readonly #capacity = descriptorCapacity()

  constructor(buffer: SharedArrayBuffer, worker: number) {
    const layout = layoutOf(buffer)
    this.#counters = new Counters(layout, worker)
    this.refusals = new RefusalRing(buffer, refusalsAt(layout), layout.seed)
    this.paces = new Paces(new Buckets(buffer, bucketsAt(layout), worker, layout.seed))
  }

  get connections(): number {
    return this.#counters.total('connections')
  }

  get tunnels(): number {
    return this.#counters.total('tunnels')
  }

  /** How many accepted connections may wait unserved. */
  get waitingRoom(): number {
    return this.#capacity.waiting
  }

  /** Whether one more connection may be served now; else accepted ones wait. */
  hasRoom(limits: Limits): boolean {
    return this.#counters.total('connections') < Math.min(limits.connections, this.#capacity.connections)
  }

  /** Counts a connection that begins to be served. A refused one counts too, since it is open until it has been told. */
  connection(client: Ip, limits: Limits): Admission {
    const now = sharedNow()
    const counts = this.#counters.client(client, now)
    const admission = new Counted(this.#counters, counts, 'connections')
    admission.refused = this.#overConnections(counts, limits, now)
    return admission
  }

  #overConnections(counts: ClientCounts | undefined, limits: Limits, now: number): LimitRefusal | undefined {
    if (counts !== undefined) {
      if (counts.total('connections') > limits.connectionsPerClient) return refusal('connections-per-client', limits.connectionsPerClient, 1)
      const token = takeToken(counts.due(), limits.newPerSecondPerClient, now)
      if ('waitMs' in token) return refusal('new-per-second-per-client', limits.newPerSecondPerClient, Math.ceil(token.waitMs / 1000))
      counts.setDue(token.due)
    }
    const token = takeToken(this.#counters.due(), limits.newPerSecond, now)
    if ('waitMs' in token) return refusal('new-per-second', limits.newPerSecond, Math.ceil(token.waitMs / 1000))
    this.#counters.setDue(token.due)
    return undefined
  }

  /** Counts a tunnel (or an upgraded connection); a refused one is not counted. */
  tunnel(client: Ip, limits: Limits): Admission {
    const counts = this.#counters.client(client, sharedNow())
    if (counts !== undefined && counts.total('tunnels') >= limits.tunnelsPerClient) return turnedAway(refusal('tunnels-per-client', limits.tunnelsPerClient, 1))
    if (this.#counters.total('tunnels') >= limits.tunnels) return turnedAway(refusal('tunnels', limits.tunnels, 1))
    return new Counted(this.#counters, counts, 'tunnels')
  }
}
