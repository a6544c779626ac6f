// Shorewall's files into a policy: `params`, `zones`, `interfaces` and `hosts` say who is who, `policy` the defaults, `rules` the rest. Danger
// prevented: one file read as another, so that a policy's line is taken for a rule.
import { posix } from 'node:path'
import type { Imported } from '../draft.ts'
import { Findings } from '../finding.ts'
import { NameMaker } from '../names.ts'
import { notText } from '../source.ts'
import type { ImportFile, ImportProblem } from '../source.ts'
import { isAction } from './actions.ts'
import { readParams } from './params.ts'
import { isPolicyWord, readPolicies } from './policies.ts'
import { column, rowsOf } from './rows.ts'
import type { Row } from './rows.ts'
import { RuleReader } from './rules.ts'
import { readZones } from './zones.ts'

/** In the order in which they are read, whatever the order on the command line. */
export const SHOREWALL_FILES = ['params', 'zones', 'interfaces', 'hosts', 'policy', 'blrules', 'rules', 'snat', 'masq'] as const
type Kind = (typeof SHOREWALL_FILES)[number]

function kindByName(name: string): Kind | undefined {
  const base = posix.basename(name.replaceAll('\\', '/')).toLowerCase()
  const word = /(?:^|[^a-z])(params|zones|interfaces|hosts|polic(?:y|ies)|blrules|rules|snat|masq)(?:[^a-z]|$)/.exec(base)?.[1]
  return word === 'policies' ? 'policy' : (word as Kind | undefined)
}

/** Where the name does not say it, each row does. */
function kindOfRow({ columns }: Row): Kind | undefined {
  const [first = '', second = '', third = ''] = columns
  if (isPolicyWord(third) && !isAction(first)) return 'policy'
  if (isAction(first) && columns.length >= 3) return 'rules'
  if (columns.length >= 2 && /^(?:ipv[46]|ip|firewall|ipsec|bport|vserver|loopback|local)$/.test(second)) return 'zones'
  return undefined
}

export function importShorewall(files: readonly ImportFile[]): Imported | ImportProblem {
  const findings = new Findings()
  const variables = new Map([['FW', 'fw'], ['LOG_LEVEL', 'info']])
  const kinds = files.map((file) => ({ file, kind: kindByName(file.name) }))
  for (const { file, kind } of kinds) if (kind === 'params') readParams(file, variables, findings)
  const rows = new Map<Kind, Row[]>(SHOREWALL_FILES.map((kind) => [kind, []]))
  for (const { file, kind } of [...kinds].sort((a, b) => orderOf(a.kind) - orderOf(b.kind))) {
    if (kind === 'params' || notText(file) !== undefined) continue
    for (const row of rowsOf(file, variables, findings)) {
      const what = kind ?? kindOfRow(row)
      if (what === undefined) findings.lost(row.line, 'neither the file\'s name nor the line says which file of Shorewall\'s this is', 'name it as Shorewall does: `policy`, `rules`, `zones`, `interfaces`, `hosts`, `params`')
      else rows.get(what)?.push(row)
    }
    // `$FW` is what the file `zones` calls the firewall
    if (kind === 'zones') variables.set('FW', rows.get('zones')?.find((row) => column(row, 1) === 'firewall')?.columns[0] ?? 'fw')
  }
  const of = (kind: Kind): readonly Row[] => rows.get(kind) ?? []
  const deciding = [...of('policy'), ...of('blrules'), ...of('rules')]
  const [firstFile] = files
  if (firstFile === undefined || deciding.length === 0) {
    const [first] = findings.all
    return { file: firstFile?.name ?? '', message: 'no line of a policy and no rule is in it', hint: first === undefined ? 'name the files `policy` and `rules`' : `line ${first.origin.line}: ${first.message}` }
  }
  const named = [...of('policy').flatMap((row) => row.columns.slice(0, 2).flatMap((each) => each.replace(/!.*$/, '').split(/[,+]/))), ...[...of('blrules'), ...of('rules')].flatMap((row) => row.columns.slice(1, 3).flatMap((each) => (each.includes(':') ? [each] : each.split(/[,!]/))))]
  const where = deciding[0]?.line.origin.file ?? firstFile.name
  const zones = readZones({ zones: of('zones'), interfaces: of('interfaces'), hosts: of('hosts'), named }, where, findings)
  const reader = new RuleReader(zones, findings, new NameMaker())
  for (const row of [...of('blrules').map((each) => ({ ...each, section: 'BLACKLIST' })), ...of('rules')]) reader.read(row)
  const { output, default: last } = readPolicies(of('policy'), zones, reader, findings)
  if (of('policy').length === 0) findings.assumed(where, 'no file `policy` was given: what no rule decides is dropped', 'name that file too')
  const translates = masquerades([...of('snat'), ...of('masq')], findings)
  const red = zones.red.map((each) => (translates ? each : { ...each, masquerade: false as const }))
  const count = reader.rules.length
  return {
    draft: {
      head: [
        'Made from the files of a Shorewall. `loc` is green, `net` the internet, `fw` the gateway. The internet leaves out what is private;',
        '`red: { private: true }` admits it. Replies pass by the state of the connection, and what comes in through red is closed.',
      ],
      name: 'shorewall',
      gateway: { green: zones.green, red, serve: zones.dhcp ? ['dhcp'] : [], ...(output === undefined ? {} : { output }), default: last ?? { action: 'drop', log: true } },
      addresses: zones.addresses.filter(([name]) => reader.rules.some((rule) => [...(rule.from ?? []), ...(rule.to ?? [])].includes(name))),
      rules: reader.rules,
    },
    files: [], findings: findings.all, carried: `${count} ${count === 1 ? 'rule' : 'rules'}`,
  }
}

function orderOf(kind: Kind | undefined): number {
  return kind === undefined ? SHOREWALL_FILES.length : SHOREWALL_FILES.indexOf(kind)
}

/** Where neither file is given nothing is known, and the language's own default holds. */
function masquerades(rows: readonly Row[], findings: Findings): boolean {
  if (rows.length === 0) return true
  for (const row of rows) if (/^(?:SNAT|LOG|CONTINUE)/i.test(row.columns[0] ?? '')) findings.lost(row.line, 'a translation to a fixed address is not made', 'red masquerades with the address that it has')
  return rows.some((row) => !/^(?:CONTINUE|LOG)/i.test(row.columns[0] ?? ''))
}
