// What `greengate firewall missing` found, for people and for programs. Danger prevented: a rule to paste that is not told apart from what it would
// open beside.
import type { CompiledPolicy } from '../decision/compile.ts'
import { serviceNames } from '../decision/service-names.ts'
import type { LedgerEntry } from '../firewall/ledger-read.ts'
import { portText, protocolText } from '../log/firewall-line.ts'
import type { Against } from '../report/drop-reason.ts'
import type { Proposal } from '../report/missing.ts'
import { table } from './table.ts'

export interface Refused {
  readonly entries: readonly LedgerEntry[]
  readonly group: string | undefined
  readonly against: Against
}

export interface Missing {
  readonly backend: 'nft' | 'ipset'
  readonly packets: number
  readonly proposals: readonly Proposal[]
  readonly refused: readonly Refused[]
  readonly unread: number
}

/** A line for each is read; more are a number. */
const MOST_ROWS = 40

function few(words: readonly string[]): string {
  return words.length <= 4 ? words.join(', ') : `${words.slice(0, 3).join(', ')} and ${words.length - 3} more`
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`
}

function proposalText(proposal: Proposal, number: number, time: (atMs: number) => string): string {
  const { from, to, services, clients, groups, packets, last, yaml, opens, notes } = proposal
  const who = clients === 0 ? 'the gateway itself' : `${few(from)} (${count(clients, 'client')}, ${groups.length === 0 ? 'in no group' : few(groups)})`
  return [
    `${number}. ${who} → ${few(to)}: ${few(services)}, ${count(packets, 'packet')}, the last ${time(last)}`,
    '', ...yaml.trimEnd().split('\n'), '',
    `   would also open: ${opens.length === 0 ? 'nothing else' : opens.join('; ')}`,
    ...notes.map((note) => `   note: ${note}`),
  ].map((line) => `${line}\n`).join('')
}

function whatText(entry: LedgerEntry, compiled: CompiledPolicy): string {
  const { target, protocol, port } = entry
  if (target === undefined || protocol === undefined) return '-'
  return `${protocolText(protocol)} ${portText({ protocol, ...(port === undefined ? {} : { port }) }, serviceNames(compiled, { to: target, protocol, port }))}`
}

function refusedRows(refused: readonly Refused[], compiled: CompiledPolicy): readonly (readonly string[])[] {
  const rows = refused.flatMap(({ entries, group, against }) => entries.map((entry) => ({ entry, group, against })))
    .toSorted((a, b) => b.entry.packets - a.entry.packets)
  const shown = rows.slice(0, MOST_ROWS).map(({ entry, group, against }) => [
    entry.source.text, group ?? '-', entry.target?.text ?? '-', whatText(entry, compiled), String(entry.packets), against.text,
  ])
  return rows.length > MOST_ROWS ? [...shown, [`... ${rows.length - MOST_ROWS} more`]] : shown
}

export function missingText(missing: Missing, compiled: CompiledPolicy, time: (atMs: number) => string): string {
  const { proposals, refused, packets, backend, unread } = missing
  const answered = proposals.reduce((sum, each) => sum + each.packets, 0)
  // noise is a number: nobody wants to read it
  const told = refused.filter(({ against }) => against.kind !== 'noise')
  const noise = refused.filter(({ against }) => against.kind === 'noise').flatMap(({ entries }) => entries).reduce((sum, entry) => sum + entry.packets, 0)
  const head = `${count(packets, 'packet')} in the drop ledger (${backend}); ${proposals.length === 0 ? 'no rule is missing' : `${count(proposals.length, 'rule')} would let ${answered} pass`}\n`
  return [
    head,
    ...proposals.map((proposal, index) => `\n${proposalText(proposal, index + 1, time)}`),
    ...(told.length === 0 ? [] : [`\nnot proposed:\n${table(['client', 'group', 'destination', 'dst port', 'packets', 'because'], refusedRows(told, compiled))}`]),
    ...(noise === 0 ? [] : [`\n${count(noise, 'packet')} of noise (NetBIOS, SSDP, mDNS, LLMNR) left out\n`]),
    ...(unread === 0 ? [] : [`\n${count(unread, 'entry')} could not be read\n`.replace('entrys', 'entries')]),
  ].join('')
}

function entryJson(entry: LedgerEntry): Readonly<Record<string, unknown>> {
  const { source, target, protocol, port, packets, bytes, last, first } = entry
  return {
    client: source.text, target: target?.text, protocol: typeof protocol === 'number' ? `ip/${protocol}` : protocol, port, packets, bytes,
    last: new Date(last).toISOString(), first: first === undefined ? undefined : new Date(first).toISOString(),
  }
}

export function missingJson({ backend, packets, proposals, refused, unread }: Missing): unknown {
  return {
    ledger: backend,
    packets,
    proposals: proposals.map(({ name, from, to, services, groups, clients, packets: own, last, yaml, opens, notes, entries }) => ({
      name, from, to, services, groups, clients, packets: own, last: new Date(last).toISOString(), yaml, opensElse: opens, notes, drops: entries.map(({ entry }) => entryJson(entry)),
    })),
    notProposed: refused.flatMap(({ entries, group, against }) => entries.map((entry) => ({ ...entryJson(entry), group, kind: against.kind, because: against.text }))),
    unread,
  }
}
