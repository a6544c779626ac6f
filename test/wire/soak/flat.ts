// Is it flat? The figures of a run against its own beginning: descriptors, sockets, threads and timers exactly, memory within stated bounds and without a
// trend. A bound that is never reached says nothing: each check carries what was seen.
import { slope } from './measure.ts'
import type { Figures } from './measure.ts'
import type { ThreadFigures } from './probe.ts'

export interface Sample extends Figures {
  /** seconds since the traffic began; the first one is from before it */
  readonly at: number
  /** garbage was collected just before */
  readonly collected: boolean
  readonly heaps: readonly ThreadFigures[]
}

export interface Check {
  readonly what: string
  readonly right: boolean
  readonly seen: string
}

const MiB = 2 ** 20
/** what the whole process may be larger at the end than after its warm-up */
const RSS_SHARE = 0.3
const RSS_MORE = 32 * MiB
/** what it may grow by from the middle of the run to its end, by the line through the samples */
const RSS_DRIFT = 24 * MiB
/** in a shorter run what grows is a process that warms up: compiled code, pools, the allocator's arenas; the bounds hold all the same */
const TREND_S = 600
/** live data of all threads together, after a collection */
const HEAP_MORE = 12 * MiB
const HEAP_DRIFT = 8 * MiB

const mib = (octets: number): string => `${(octets / MiB).toFixed(1)} MiB`
const live = (sample: Sample): number => sample.heaps.reduce((sum, { heapUsed, external }) => sum + heapUsed + external, 0)

/** What keeps the process awake, all threads together, counted by kind. */
export function resources(heaps: readonly ThreadFigures[]): Readonly<Record<string, number>> {
  const all: Record<string, number> = {}
  for (const { resources } of heaps) for (const [kind, count] of Object.entries(resources)) all[kind] = (all[kind] ?? 0) + count
  return all
}

export function told(record: Readonly<Record<string, number>>): string {
  return Object.entries(record).sort().map(([kind, count]) => `${kind} ${count}`).join(', ')
}

export function judge(samples: readonly Sample[], seconds: number, trend: boolean): Check[] {
  const [first] = samples
  const last = samples.at(-1)
  if (first === undefined || last === undefined || samples.length < 3) return [{ what: 'there are figures', right: false, seen: `${samples.length} samples` }]
  const checks: Check[] = []
  const check = (what: string, right: boolean, seen: string): void => void checks.push({ what, right, seen })
  check('descriptors are those of the start', last.fds === first.fds && told(last.kinds) === told(first.kinds), `${first.fds} → ${last.fds} (${told(last.kinds)}); most ${Math.max(...samples.map(({ fds }) => fds))}`)
  check('no socket but the listening ones', told(last.sockets) === told(first.sockets), told(last.sockets))
  check('threads are those of the start', last.threads === first.threads, `${first.threads} → ${last.threads}`)
  check('timers and handles are those of the start', told(resources(last.heaps)) === told(resources(first.heaps)), `${told(resources(first.heaps))} → ${told(resources(last.heaps))}`)
  if (!trend) return checks
  const during = samples.slice(1, -1)
  const warm = during.filter(({ at }) => at >= seconds * 0.1)
  const second = during.filter(({ at }) => at >= seconds / 2)
  const half = seconds / 2
  const from = warm[0]
  if (from !== undefined) {
    const bound = from.rss * (1 + RSS_SHARE) + RSS_MORE
    check('resident memory at the end is within its bound', last.rss <= bound, `${mib(from.rss)} at 10%, ${mib(last.rss)} at the end, bound ${mib(bound)}, most ${mib(Math.max(...samples.map(({ rss }) => rss)))}`)
  }
  const drift = slope(second.map(({ at, rss }) => [at, rss])) * half
  if (seconds >= TREND_S) check('resident memory has no trend', drift <= RSS_DRIFT, `${mib(drift)} over the second half, bound ${mib(RSS_DRIFT)}`)
  const collected = warm.filter((sample) => sample.collected)
  const early = collected[0]
  if (early !== undefined) check('live data at the end is within its bound', live(last) - live(early) <= HEAP_MORE, `${mib(live(early))} at ${early.at.toFixed(0)}s, ${mib(live(last))} at the end, bound ${mib(HEAP_MORE)} more`)
  const heapDrift = slope(collected.filter(({ at }) => at >= half).map((sample) => [sample.at, live(sample)])) * half
  if (seconds >= TREND_S) check('live data has no trend', heapDrift <= HEAP_DRIFT, `${mib(heapDrift)} over the second half, bound ${mib(HEAP_DRIFT)}`)
  return checks
}
