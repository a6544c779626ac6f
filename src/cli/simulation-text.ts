// A simulated packet as people and as programs read it. `firewall simulate` and `explain` tell it in the same words. Danger prevented: two
// commands that name one line in two ways.
import { answerName } from '../proof/chain-path.ts'
import type { ToldStep } from '../proof/chain-path.ts'
import type { Packet } from '../proof/packet.ts'
import { serviceText } from '../proof/service.ts'
import type { Simulation } from '../proof/simulate.ts'
import type { Place } from '../policy/diagnostic.ts'
import { table } from './table.ts'

export function placeText(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`
}

function stateText({ state, reply }: Packet): string {
  return reply ? 'reply' : state
}

/** `192.168.51.5 (green0) → 203.0.113.25 (red0), tcp/25, new`. */
export function packetLine(packet: Packet): string {
  const { in: entry, out, source, destination, mac, service, hook, uid } = packet
  const from = `${source.text}${mac === undefined ? '' : ` ${mac}`}${entry === '' ? '' : ` through ${entry}`}`
  const to = `${destination.text}${out === '' ? '' : ` through ${out}`}`
  return `${serviceText(service)} from ${from} to ${to}, ${stateText(packet)}, ${hook}${uid === undefined ? '' : `, user ${uid}`}`
}

/** `accept by mail (office.yaml:26:5), masqueraded`. */
export function verdictLine({ verdict, answer, rule, place, line, masquerade, logs }: Simulation): string {
  const by = `${verdict} by ${rule}${place === undefined ? '' : ` (${placeText(place)})`}`
  const more = [
    ...(line === undefined || line === rule || line.endsWith(`:${rule}`) ? [] : [`gg:${line}`]),
    ...(answer === undefined ? [] : [`answered with ${answerName(answer)}`]),
    ...(masquerade ? ['masqueraded'] : []),
    ...logs.map((log) => `logged as \`${log}\``),
  ]
  return [by, ...more].join(', ')
}

/** What `firewall simulate` asks the same by. */
export function simulateWords(packet: Packet): string {
  const { source, mac, in: entry, uid, destination, service, hook } = packet
  const state = stateText(packet)
  return [
    `--from ${source.text}`, ...(mac === undefined ? [] : [`--mac ${mac}`]), ...(hook === 'output' ? [] : [`--in ${entry}`]), ...(state === 'new' ? [] : [`--state ${state}`]),
    ...(uid === undefined ? [] : [`--uid ${uid}`]), serviceText(service), destination.text,
  ].join(' ')
}

function stepRow({ chain, line, action, comment, passed }: ToldStep): readonly string[] {
  return [`  ${chain} ${line}`, comment === undefined ? '' : `gg:${comment}`, action, passed === true ? 'and on' : '']
}

/** One line each; what was only passed says so. */
export function pathText(path: readonly ToldStep[]): string {
  const [first, ...rest] = path.map(stepRow)
  return first === undefined ? '  no line speaks of it: the chains\' own policy lets it by\n' : table(first, rest)
}

export function packetJson(packet: Packet): Readonly<Record<string, string | number | undefined>> {
  const { hook, in: entry, out, source, destination, mac, service, uid } = packet
  return {
    hook, in: entry === '' ? undefined : entry, out: out === '' ? undefined : out, from: source.text, mac, to: destination.text, service: serviceText(service), state: stateText(packet), user: uid,
  }
}

export function simulationJson(packet: Packet, simulation: Simulation): Readonly<Record<string, unknown>> {
  const { verdict, answer, rule, place, line, path, logs, masquerade } = simulation
  return {
    packet: packetJson(packet), verdict, answer: answer === undefined ? undefined : answerName(answer), rule, place: place === undefined ? undefined : placeText(place), line, masquerade, logs, path,
  }
}
