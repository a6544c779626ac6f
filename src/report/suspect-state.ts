// What is kept of suspects from day to day: the probes and the person's word. Pure: text in, text out. Danger prevented: a damaged file read as "nobody is
// confirmed", and a verdict that the next run forgets.
import type { Reason } from './suspect-score.ts'

/** What a plain browser got: a page; something else that a web server sends; nothing, or nothing that it could show. */
export type Answer = 'page' | 'other' | 'error' | 'garbage' | 'nothing' | 'closed'

export interface Probed {
  readonly url: string
  readonly answer: Answer
  readonly detail: string
}

export interface Probe {
  readonly at: string
  readonly base: Probed
  readonly full?: Probed
}

export interface Kept {
  readonly mark?: 'innocent' | 'confirmed'
  readonly note?: string
  readonly markedAt?: string
  readonly probes?: readonly Probe[]
}

export type State = ReadonlyMap<string, Kept>

const MOST_PROBES = 20

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Throws where the text is no state. */
export function readState(text: string): State {
  const parsed: unknown = JSON.parse(text)
  if (!isRecord(parsed) || parsed['version'] !== 1 || !isRecord(parsed['hosts'])) throw new Error('it is no state of `greengate suspects`')
  return new Map(Object.entries(parsed['hosts']).filter(([, kept]) => isRecord(kept)) as [string, Kept][])
}

export function stateText(state: State): string {
  return `${JSON.stringify({ version: 1, hosts: Object.fromEntries([...state].sort(([a], [b]) => (a < b ? -1 : 1))) }, undefined, 2)}\n`
}

export function withProbe(kept: Kept | undefined, probe: Probe): Kept {
  return { ...kept, probes: [...(kept?.probes ?? []), probe].slice(-MOST_PROBES) }
}

function isBad({ base }: Probe): boolean {
  return base.answer === 'nothing' || base.answer === 'garbage' || base.answer === 'error'
}

/** A good page lowers, and absolves nobody; a bad base page on two days is what the hunt looks for. */
export function reasonsOfProbes(kept: Kept | undefined): readonly Reason[] {
  const probes = (kept?.probes ?? []).filter(({ base }) => base.answer !== 'closed')
  const last = probes.at(-1)
  if (last === undefined) return []
  if (!isBad(last)) {
    const full = last.full === undefined || last.full.answer === 'page' || last.full.answer === 'other'
    return [{ points: full ? -2 : -1, text: `a browser gets ${last.base.answer === 'page' ? 'a page' : 'an answer'} (${last.base.detail}) on ${last.at.slice(0, 10)}: that absolves nobody` }]
  }
  const days = [...new Set(probes.filter(isBad).map(({ at }) => at.slice(0, 10)))]
  return days.length > 1
    ? [{ points: 4, text: `a browser gets no page from it, on ${days.length} days, the last ${days.at(-1) ?? ''} (${last.base.detail})` }]
    : [{ points: 1, text: `a browser gets no page from it (${last.base.detail}): ask again on another day` }]
}
