// What gives a destination away as the far end of a tunnel, in points, each with its reason. Danger prevented: a suspicion that nobody can check, or that
// falls on everybody; and one that a fair front page takes away.
import type { Destination } from './suspect-sums.ts'
import { isRandomName } from './random-name.ts'
import { ownDomain } from './site.ts'

export interface Reason {
  readonly points: number
  readonly text: string
}

/** Of whom so many points are told. */
export const SUSPECT = 5

export interface Whole {
  readonly clients: number
  /** epoch milliseconds */
  readonly first: number
  readonly last: number
}

const DAY_MS = 86_400_000
const FEW_BEATS = 8

/** Share of the gaps between starts that are near the median; and that median, in ms. Bursts count once. */
export function beatOf(starts: readonly number[]): { readonly share: number; readonly gapMs: number; readonly beats: number } {
  const sorted = starts.toSorted((a, b) => a - b)
  const gaps = sorted.flatMap((at, index) => (index === 0 || at - (sorted[index - 1] ?? at) < 500 ? [] : [at - (sorted[index - 1] ?? at)]))
  const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
  return { share: gaps.length === 0 ? 0 : gaps.filter((gap) => Math.abs(gap - median) <= median * 0.15 + 100).length / gaps.length, gapMs: median, beats: gaps.length }
}

function size(octets: number): string {
  return octets < 10_240 ? `${octets} B` : octets < 10_485_760 ? `${Math.round(octets / 1024)} KiB` : `${Math.round(octets / 1_048_576)} MiB`
}

function span(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

function byName({ host, numeric }: Destination): readonly Reason[] {
  if (numeric) return [{ points: 3, text: 'asked by number: it has no name' }]
  const domain = ownDomain(host)
  if (!host.includes('.')) return [{ points: 2, text: 'a name without a domain' }]
  return isRandomName(host, domain?.replace(/^[^.]+\./, '') ?? '') ? [{ points: 2, text: 'a random-looking name' }] : []
}

function byTunnels(to: Destination): readonly Reason[] {
  const reasons: Reason[] = []
  if (to.closed > 0) reasons.push({ points: 4, text: `${to.closed} of ${to.tunnels} tunnels closed by the gateway: no TLS, or to another name` })
  if (to.nameless > 0) reasons.push(to.numeric ? { points: 2, text: `${to.nameless} of ${to.tunnels} tunnels say no server name: no TLS, or TLS to a number` } : { points: 4, text: `${to.nameless} of ${to.tunnels} tunnels are no TLS, or TLS without a name` })
  if (to.misnamed > 0) reasons.push({ points: 3, text: `${to.misnamed} of ${to.tunnels} tunnels are TLS to another name` })
  const share = to.busyIn / Math.max(1, to.busyIn + to.busyOut)
  if (to.busy > 0 && share >= 0.15) reasons.push({ points: 2, text: `long tunnels busy both ways: up to ${span(to.longestTunnelMs)}, ${size(to.busyIn)} out, ${size(to.busyOut)} in` })
  return reasons
}

function byPlain(to: Destination): readonly Reason[] {
  const reasons: Reason[] = []
  if (to.plain === 0) return reasons
  // httptunnel sends all it has in one POST that lasts
  if (to.posts > 0 && to.posts * 3 >= to.plain && to.plainIn >= 4096 && to.plainIn * 4 >= to.plainOut) reasons.push({ points: 2, text: `mostly uploads: ${to.posts} of ${to.plain} plain requests, ${size(to.plainIn)} out, ${size(to.plainOut)} in` })
  if (to.longestPlainMs >= 15_000) reasons.push({ points: 1, text: `plain requests that last ${span(to.longestPlainMs)}` })
  const most = Math.max(0, ...to.paths.values())
  if (most >= 2 && most * 10 >= to.plain * 9) reasons.push({ points: 1, text: `the same path ${most} times of ${to.plain}, no page beside` })
  return reasons
}

export function reasonsFor(to: Destination, whole: Whole): readonly Reason[] {
  const reasons = [...byName(to), ...byTunnels(to), ...byPlain(to)]
  const { share, gapMs, beats } = beatOf(to.starts)
  if (beats >= FEW_BEATS && share >= 0.8) reasons.push({ points: 2, text: `a steady beat: ${Math.round(share * 100)} % of ${beats} gaps near ${span(gapMs)}` })
  if (to.agentless * 2 > to.requests) reasons.push({ points: 1, text: 'no User-Agent' })
  else if (to.foreignAgents * 2 > to.requests) reasons.push({ points: 1, text: `no browser: ${[...to.agents].slice(0, 2).map((agent) => agent.slice(0, 40)).join(', ')}` })
  const odd = [...to.ports].filter((port) => port !== 80 && port !== 443)
  if (odd.length > 0) reasons.push({ points: 1, text: `port ${odd.slice(0, 3).join(', ')}` })
  // nothing follows from being alone where everybody is
  if (whole.clients >= 5 && to.clients.size <= 2) reasons.push({ points: 1, text: `${to.clients.size} of ${whole.clients} clients ask for it` })
  if (whole.last - whole.first >= 3 * DAY_MS && whole.last - to.first < DAY_MS) reasons.push({ points: 1, text: 'never asked for before the last day' })
  // what many ask for is a site
  if (to.clients.size >= 5 && to.clients.size * 5 >= whole.clients) reasons.push({ points: -2, text: `${to.clients.size} of ${whole.clients} clients ask for it` })
  return reasons
}

export function pointsOf(reasons: readonly Reason[]): number {
  return reasons.reduce((sum, { points }) => sum + points, 0)
}
