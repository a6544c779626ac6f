// The gateway's figures, summed over its workers, those that died included. Danger prevented: a figure that goes down when a worker is replaced, and a
// table that grows with every policy that was ever loaded.
import type { StoreFigures } from './store.ts'
import type { Standing, Tally } from './tally.ts'

export type GatewayState = 'starting' | 'ready' | 'draining'

export interface ReloadEnd {
  /** epoch milliseconds */
  readonly at: number
  readonly ok: boolean
}

type Named = 'observed' | 'errors' | 'limits' | 'lists' | 'dns' | 'allow' | 'deny' | 'error'
const NAMED: readonly Named[] = ['allow', 'deny', 'error', 'observed', 'errors', 'limits', 'lists', 'dns']

/** Rules of one policy, many times over; what comes after is counted together. */
const MOST_NAMES = 20_000
const REST = 'other'

export class Stats {
  readonly startedAt = Date.now()
  readonly names: Readonly<Record<Named, Map<string, number>>> = {
    allow: new Map(), deny: new Map(), error: new Map(), observed: new Map(), errors: new Map(), limits: new Map(), lists: new Map(), dns: new Map(),
  }
  readonly #standings = new Map<number, Standing>()
  dialled = 0
  reused = 0
  bytesIn = 0
  bytesOut = 0
  logLost = 0
  workersLost = 0
  readonly reloads = { loaded: 0, refused: 0 }
  lastReload: ReloadEnd | undefined
  draining = false

  take(worker: number, tally: Tally, standing: Standing): void {
    for (const kind of NAMED) {
      const all = this.names[kind]
      for (const [name, count] of tally[kind]) {
        const known = all.has(name) || all.size < MOST_NAMES ? name : REST
        all.set(known, (all.get(known) ?? 0) + count)
      }
    }
    this.dialled += tally.dialled
    this.reused += tally.reused
    this.bytesIn += tally.bytesIn
    this.bytesOut += tally.bytesOut
    this.#standings.set(worker, standing)
  }

  forget(worker: number): void {
    this.workersLost++
    this.#standings.delete(worker)
  }

  reloaded(ok: boolean): void {
    this.reloads[ok ? 'loaded' : 'refused']++
    this.lastReload = { at: Date.now(), ok }
  }

  standing(): Standing {
    const sum = { waiting: 0, pool: 0, dnsAsking: 0, dnsWaiting: 0, dnsKnown: 0 }
    for (const each of this.#standings.values()) for (const key of Object.keys(sum) as (keyof Standing)[]) sum[key] += each[key]
    return sum
  }
}

/** All figures at one moment, as `greengate status --json` and the metrics tell them. */
export interface Figures {
  readonly state: GatewayState
  readonly version: string
  readonly pid: number
  /** epoch milliseconds */
  readonly startedAt: number
  readonly uptimeS: number
  readonly policy: { readonly name: string; readonly file: string; readonly mode: string; readonly generation: number; readonly hash: string }
  readonly port: number
  readonly workers: { readonly running: number; readonly wanted: number; readonly lost: number }
  readonly requests: readonly { readonly verdict: 'allow' | 'deny' | 'error'; readonly rule: string; readonly count: number }[]
  readonly observed: readonly { readonly rule: string; readonly count: number }[]
  readonly errors: readonly { readonly fault: string; readonly error: string; readonly count: number }[]
  readonly limits: readonly { readonly limit: string; readonly count: number }[]
  readonly bytes: { readonly in: number; readonly out: number }
  readonly connections: { readonly open: number; readonly waiting: number }
  readonly tunnels: number
  readonly pool: { readonly idle: number; readonly dialled: number; readonly reused: number }
  readonly dns: { readonly asking: number; readonly waiting: number; readonly known: number; readonly cached: number; readonly resolved: number; readonly timeout: number; readonly error: number }
  readonly log: { readonly queued: number; readonly lost: number }
  /** absent: there is none */
  readonly store?: StoreFigures
  readonly reloads: { readonly loaded: number; readonly refused: number; readonly last?: ReloadEnd }
  readonly lists: readonly { readonly list: string; readonly entries: number; readonly hits: number }[]
}

/** What is known apart from the counts. */
export type Around = Pick<Figures, 'state' | 'version' | 'policy' | 'port' | 'tunnels'> & {
  readonly workers: { readonly running: number; readonly wanted: number }
  readonly open: number
  readonly logQueued: number
  readonly store: StoreFigures | undefined
  readonly lists: readonly { readonly name: string; readonly entries: number }[]
}

function most<T extends { readonly count: number }>(all: readonly T[]): readonly T[] {
  return [...all].sort((a, b) => b.count - a.count)
}

export function figures(stats: Stats, around: Around): Figures {
  const { names } = stats
  const now = stats.standing()
  const { open, logQueued, store, lists, workers, ...rest } = around
  const dns = (name: string): number => names.dns.get(name) ?? 0
  return {
    ...rest,
    pid: process.pid,
    startedAt: stats.startedAt,
    uptimeS: Math.round((Date.now() - stats.startedAt) / 100) / 10,
    workers: { ...workers, lost: stats.workersLost },
    requests: most((['allow', 'deny', 'error'] as const).flatMap((verdict) => [...names[verdict]].map(([rule, count]) => ({ verdict, rule, count })))),
    observed: most([...names.observed].map(([rule, count]) => ({ rule, count }))),
    errors: most([...names.errors].map(([key, count]) => ({ fault: key.slice(0, key.indexOf(' ')), error: key.slice(key.indexOf(' ') + 1), count }))),
    limits: most([...names.limits].map(([limit, count]) => ({ limit, count }))),
    bytes: { in: stats.bytesIn, out: stats.bytesOut },
    connections: { open, waiting: now.waiting },
    pool: { idle: now.pool, dialled: stats.dialled, reused: stats.reused },
    dns: { asking: now.dnsAsking, waiting: now.dnsWaiting, known: now.dnsKnown, cached: dns('cached'), resolved: dns('resolved'), timeout: dns('timeout'), error: dns('error') },
    log: { queued: logQueued, lost: stats.logLost },
    ...(store === undefined ? {} : { store }),
    reloads: { ...stats.reloads, ...(stats.lastReload === undefined ? {} : { last: stats.lastReload }) },
    lists: lists.map(({ name, entries }) => ({ list: name, entries, hits: names.lists.get(name) ?? 0 })),
  }
}
