// The hunt put together: destinations scored, with what is kept of them, the worst first. What a browser gets lowers a score and takes nobody off the
// list. Danger prevented: a confederate with a fair front page that is never looked at again.
import type { Destination, Destinations } from './suspect-sums.ts'
import { SUSPECT, pointsOf, reasonsFor } from './suspect-score.ts'
import type { Reason } from './suspect-score.ts'
import { reasonsOfProbes } from './suspect-state.ts'
import type { Kept, State } from './suspect-state.ts'

export interface Suspect {
  readonly to: Destination
  readonly score: number
  readonly reasons: readonly Reason[]
  readonly kept: Kept | undefined
}

export function suspectsOf(destinations: Destinations, state: State): { readonly suspects: readonly Suspect[]; readonly innocent: number } {
  const whole = { clients: destinations.clients.size, first: destinations.first, last: destinations.last }
  const found: Suspect[] = []
  let innocent = 0
  for (const to of destinations.all.values()) {
    const own = reasonsFor(to, whole)
    const kept = state.get(to.host)
    if (pointsOf(own) < SUSPECT && kept?.mark !== 'confirmed') continue
    if (kept?.mark === 'innocent') innocent += 1
    else {
      const reasons = [...own, ...reasonsOfProbes(kept)]
      found.push({ to, score: pointsOf(reasons), reasons, kept })
    }
  }
  return { suspects: found.sort((a, b) => b.score - a.score || b.to.requests - a.to.requests), innocent }
}

/** What to ask for in a browser: the base, and a full URI where there is one (what runs inside a tunnel has none on record). */
export function urlsOf(to: Destination): { readonly base: string; readonly full: string | undefined } {
  const [full] = to.uris
  const slash = full === undefined ? -1 : full.indexOf('/', 7)
  if (full !== undefined && slash > 0) return { base: full.slice(0, slash + 1), full: slash + 1 === full.length ? undefined : full }
  const port = to.ports.has(443) ? 443 : ([...to.ports][0] ?? 443)
  if (to.plain > 0) return { base: `http://${to.host}${port === 80 ? '' : `:${port}`}/`, full: undefined }
  return { base: `https://${to.host}${port === 443 ? '' : `:${port}`}/`, full: undefined }
}
