// What `greengate learn` made and what it left out, for people and for programs. Danger prevented: a learned policy whose reader does not know what it
// does not hold.
import type { Fact, Gathering } from '../report/learn-gather.ts'
import type { Made } from './learn-make.ts'
import type { LearnedPackets } from './learn-packets.ts'
import { counted, thousands } from './replay-text.ts'
import { table } from './table.ts'

export interface Learned {
  readonly made: Made
  readonly gathering: Gathering
  readonly packets: LearnedPackets | undefined
  readonly facts: readonly Fact[]
  readonly written: string | undefined
}

const MOST_ROWS = 30

function leftRows({ gathering, packets }: Learned): readonly (readonly string[])[] {
  const web = [...new Set(gathering.left.values())].map(({ host, why, kind, requests, clients }) => ({ host, why, kind: kind as string | undefined, count: requests, clients: clients.size }))
  const drops = (packets?.left ?? []).map(({ what, why, packets: count }) => ({ host: what, why, kind: undefined, count, clients: 1 }))
  const rows = [...web, ...drops].sort((a, b) => b.count - a.count)
  const shown = rows.slice(0, MOST_ROWS).map(({ host, why, kind, count, clients }) => [host === '' ? '-' : host, thousands(count), String(clients), `${why}${kind === undefined ? '' : ` (--include ${kind})`}`])
  return rows.length > MOST_ROWS ? [...shown, [`... ${rows.length - MOST_ROWS} more`]] : shown
}

export function learnedText(learned: Learned, _time: (atMs: number) => string): string {
  const { made, gathering, packets, facts, written } = learned
  const rules = made.entries.length + (made.proxy === undefined ? 0 : 1) + (packets?.rules.length ?? 0)
  const held = facts.reduce((sum, { requests }) => sum + requests, 0)
  const left = leftRows(learned)
  const from = [...(gathering.requests === 0 ? [] : [`${thousands(held)} of ${counted(gathering.requests, 'request')}`]), ...(packets === undefined ? [] : [counted(packets.packets, 'dropped packet')])].join(' and ')
  return [
    rules === 0 ? `nothing is missing: the policy allows what was observed (${from === '' ? 'which is nothing' : from})\n` : `${counted(rules, 'rule')} learned from ${from}${written === undefined ? '' : `, written to ${written}`}\n`,
    ...(left.length === 0 ? [] : [`\nnot learned:\n${table(['place', 'times', 'clients', 'because'], left)}`]),
    ...(gathering.lost === 0 ? [] : [`\nnote: ${counted(gathering.lost, 'request')} beyond what can be held at once: learn from less at a time (--since)\n`]),
    ...made.failing.slice(0, MOST_ROWS).map(({ what, by }) => `note: would still be denied, by ${by}: ${what}\n`),
  ].join('')
}

export function learnedJson({ made, gathering, packets, written }: Learned): unknown {
  return {
    written, policy: made.text, requests: gathering.requests, packets: packets?.packets ?? 0, lost: gathering.lost,
    rules: made.entries.map(({ name, rule, evidence }) => ({
      name, hosts: rule.hosts, clients: rule.clients, methods: rule.methods, ports: rule.ports, beside: rule.beside, requests: evidence.requests,
      first: new Date(evidence.first).toISOString(), last: new Date(evidence.last).toISOString(),
    })),
    packetRules: (packets?.rules ?? []).map(({ name, packets: count }) => ({ name, packets: count })), proxyRule: made.proxy,
    left: [...new Set(gathering.left.values())].map(({ host, why, kind, requests, clients }) => ({ host, why, kind, requests, clients: clients.size })),
    leftPackets: packets?.left ?? [], failing: made.failing,
  }
}
