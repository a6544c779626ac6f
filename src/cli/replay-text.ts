// What `greengate replay` found, for people and for programs. Danger prevented: numbers without the requests that they stand for.
import { timeText } from '../firewall/standing.ts'
import type { Place } from '../policy/diagnostic.ts'
import type { Flip, Replayed } from '../report/replay.ts'
import { table } from './table.ts'

export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

export function counted(value: number, one: string): string {
  return `${thousands(value)} ${one}${value === 1 ? '' : 's'}`
}

function placeText(place: Place | undefined): string {
  return place === undefined ? '' : ` (${place.file}:${place.line})`
}

function sumOf(flips: readonly Flip[]): number {
  return flips.reduce((sum, { requests }) => sum + requests, 0)
}

const MOST_TARGET = 100

function exampleText({ client, method, target }: Flip['examples'][number]): string {
  return `${method} ${target.length > MOST_TARGET ? `${target.slice(0, MOST_TARGET)}…` : target} by ${client}`
}

function groupText(title: string, flips: readonly Flip[]): string {
  if (flips.length === 0) return ''
  const rows = flips.flatMap((flip) => flip.examples.map((example, index) => (index === 0
    ? [flip.oldRule, `${flip.newRule}${placeText(flip.place)}`, thousands(flip.requests), thousands(flip.clients), exampleText(example)]
    : ['', '', '', '', exampleText(example)])))
  return `\n${title}\n${table(['old rule', 'new rule', 'requests', 'clients', 'examples'], rows)}`
}

export function replayText(result: Replayed, timezone: string, observes: boolean): string {
  const { flips, requests, clients, first, last, same, otherRule, asked, left } = result
  if (first === undefined || last === undefined) return 'no request in the log\n'
  const time = (at: number): string => timeText(at, timezone).slice(0, 16).replace('T', ' ')
  const denied = flips.filter(({ to }) => to === 'deny')
  const allowed = flips.filter(({ to }) => to === 'allow')
  const assumed = flips.reduce((sum, flip) => sum + flip.assumed, 0)
  const lines = [
    `${counted(requests, 'request')} of ${counted(clients, 'client')}, ${time(first)} to ${time(last)}; ${counted(asked, 'different question')} asked`,
    `would be denied now: ${thousands(sumOf(denied))}; would be allowed now: ${thousands(sumOf(allowed))}; as before: ${thousands(same)}${otherRule === 0 ? '' : ` (${thousands(otherRule)} by another rule)`}`,
  ]
  const notes = [
    ...(observes ? ['the policy is in mode observe: told is what it would do when enforced'] : []),
    ...(assumed === 0 ? [] : [`of ${counted(assumed, 'request')} told above no address is on record: judged as if the name had a public one`]),
    ...[...left].map(([why, count]) => `not judged anew: ${counted(count, 'request')}: ${why}`),
  ]
  return [
    ...lines.map((line) => `${line}\n`), groupText('would be denied', denied), groupText('would be allowed', allowed),
    ...(notes.length === 0 ? [] : ['\n', ...notes.map((note) => `note: ${note}\n`)]),
  ].join('')
}

export function replayJson({ first, last, flips, left, ...counts }: Replayed): unknown {
  return {
    ...counts, first: first === undefined ? undefined : new Date(first).toISOString(), last: last === undefined ? undefined : new Date(last).toISOString(),
    flips: flips.map(({ place, examples, ...flip }) => ({
      ...flip, place: place === undefined ? undefined : `${place.file}:${place.line}`, examples: examples.map(({ time, ...example }) => ({ time: new Date(time).toISOString(), ...example })),
    })),
    left: Object.fromEntries(left),
  }
}
