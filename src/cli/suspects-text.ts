// Suspects for people and for programs, and the rule against those who were confirmed. Danger prevented: a host's name that becomes a rule's syntax, and
// a score without its reasons.
import { scalar } from '../import/scalar.ts'
import { parseIp } from '../net/ip.ts'
import type { Destinations } from '../report/suspect-sums.ts'
import type { Suspect } from '../report/suspects.ts'
import type { State } from '../report/suspect-state.ts'
import { counted } from './replay-text.ts'

const MOST_SHOWN = 50

function uriText({ to }: Suspect): string {
  if (to.plain === 0) return 'full URIs: none on record, since all of it ran inside tunnels'
  return `full URIs (plain requests only${to.tunnels > 0 ? `; none of its ${counted(to.tunnels, 'tunnel')}` : ''}): ${to.uris.map((uri) => (uri.length > 100 ? `${uri.slice(0, 100)}…` : uri)).join(' ')}`
}

function suspectText(suspect: Suspect, number: number, time: (atMs: number) => string): string {
  const { to, score, reasons, kept } = suspect
  const mark = kept?.mark === undefined ? '' : `  ${kept.mark}${kept.note === undefined ? '' : `: ${kept.note}`}`
  const clients = [...to.clients]
  return [
    `${number}. ${to.host}  score ${score}${mark}`,
    `   ${counted(to.plain, 'plain request')}, ${counted(to.tunnels, 'tunnel')} of ${clients.slice(0, 3).join(', ')}${clients.length > 3 ? ` and ${clients.length - 3} more` : ''}, first ${time(to.first)}, last ${time(to.last)}`,
    ...reasons.map(({ points, text }) => `   ${points > 0 ? '+' : ''}${points} ${text}`),
    `   ${uriText(suspect)}`,
  ].map((line) => `${line}\n`).join('')
}

export function suspectsText(destinations: Destinations, suspects: readonly Suspect[], innocent: number, time: (atMs: number) => string): string {
  const { requests, all, clients, lost } = destinations
  return [
    `${counted(requests, 'request')} of ${counted(clients.size, 'client')} to ${counted(all.size, 'destination')}: ${suspects.length === 0 ? 'no suspect' : counted(suspects.length, 'suspect')}${innocent === 0 ? '' : `, and ${innocent} marked innocent`}\n`,
    ...suspects.slice(0, MOST_SHOWN).map((suspect, index) => `\n${suspectText(suspect, index + 1, time)}`),
    ...(suspects.length > MOST_SHOWN ? [`\n... ${suspects.length - MOST_SHOWN} more\n`] : []),
    ...(lost === 0 ? [] : [`\nnote: ${counted(lost, 'request')} to destinations beyond what can be held at once: look at less at a time (--since)\n`]),
  ].join('')
}

export function suspectsJson(destinations: Destinations, suspects: readonly Suspect[], innocent: number): unknown {
  return {
    requests: destinations.requests, clients: destinations.clients.size, destinations: destinations.all.size, innocent, lost: destinations.lost,
    suspects: suspects.map(({ to, score, reasons, kept }) => ({
      host: to.host, score, reasons, plain: to.plain, tunnels: to.tunnels, clients: [...to.clients], ports: [...to.ports], first: new Date(to.first).toISOString(), last: new Date(to.last).toISOString(),
      uris: to.uris, fullUris: to.plain === 0 ? 'none: tunnels' : to.tunnels > 0 ? 'of plain requests only' : 'all', ...(kept === undefined ? {} : { kept }),
    })),
  }
}

export interface Confirmed {
  readonly names: readonly string[]
  readonly addresses: readonly string[]
}

export function confirmedOf(state: State): Confirmed {
  const hosts = [...state].filter(([, { mark }]) => mark === 'confirmed').map(([host]) => host)
  const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1')
  return { names: hosts.filter((host) => parseIp(bare(host)) === undefined), addresses: hosts.map(bare).filter((host) => parseIp(host) !== undefined) }
}

/** In the layout of a hosts list: a name a line. Addresses stand in the rule. */
export function listText({ names }: Confirmed): string {
  return `# confederates of HTTP tunnels, confirmed; written by \`greengate suspects confirmed\`\n${names.map((name) => `${name}\n`).join('')}`
}

/** `file`: how the policy would name the list. */
export function ruleText({ names, addresses }: Confirmed, file: string): string {
  const reason = 'The far end of an HTTP tunnel'
  return [
    ...(names.length === 0 ? [] : ['lists:', `  confederates: { hosts: ${scalar(file)} }`]),
    'web:', '  rules:',
    ...(names.length === 0 ? [] : [`    - { name: confederates, action: deny, list: [confederates], reason: ${scalar(reason)} }`]),
    ...(addresses.length === 0 ? [] : [`    - { name: confederates-by-number, action: deny, to: [${addresses.map(scalar).join(', ')}], reason: ${scalar(reason)} }`]),
  ].map((line) => `${line}\n`).join('')
}
