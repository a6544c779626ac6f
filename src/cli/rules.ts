// `greengate rules`: the rules as BlockOutTraffic's page had them, on or off, from, to, services, action, remark, and how often each was hit; and their edits. Danger prevented: a table
// that shows the rules otherwise than they are judged: order and names are the file's.
import type { Command } from 'commander'
import { loadUsage, usageFile } from '../plane/usage.ts'
import { placesIn } from '../plane/places.ts'
import { safeId } from '../firewall/rule-id.ts'
import { askFigures } from '../gateway/control.ts'
import { findGateway } from '../gateway/plane-proxy.ts'
import { ruleHits } from '../gateway/store-hits.ts'
import type { Rule, WebRule } from '../policy/policy.ts'
import { loadedOf } from './compiled.ts'
import { usageError } from './exit.ts'
import { logPlace } from './log-place.ts'
import { hint } from './rule-hint.ts'
import { editCommands } from './rules-edit.ts'
import { say, sayJson } from './say.ts'
import { table } from './table.ts'

interface RulesOptions {
  readonly policy?: string
  readonly pidFile?: string
  readonly store?: string
  readonly json?: true
}

export interface RuleRow {
  readonly rule: Rule
  /** packets that the kernel counted, requests that the gateway decided; undefined: nobody tells */
  readonly packets: number | undefined
  readonly requests: number | undefined
}

function hitsOf({ packets, requests }: RuleRow): string {
  const parts = [packets === undefined ? '' : `${packets} packets`, requests === undefined ? '' : `${requests} requests`].filter((each) => each !== '')
  return parts.length === 0 ? '-' : parts.join(', ')
}

async function requestCounts(file: string, pidFile: string | undefined): Promise<ReadonlyMap<string, number> | undefined> {
  const found = await findGateway(file, pidFile)
  if (found.kind !== 'same') return undefined
  const counts = new Map<string, number>()
  try {
    for (const { verdict, rule, count } of (await askFigures(found.gateway.socket)).requests) if (verdict !== 'error') counts.set(rule, (counts.get(rule) ?? 0) + count)
  } catch {
    return undefined
  }
  return counts
}

/** undefined: told, and the exit code is set. */
async function storedCounts(store: string): Promise<ReadonlyMap<string, number> | undefined> {
  const place = await logPlace({ store }, undefined, '--store')
  if (place?.kind !== 'store') return undefined
  const counts = ruleHits(place.db)
  place.db.close()
  return counts
}

async function rowsOf(options: RulesOptions): Promise<{ readonly text: string; readonly rows: readonly RuleRow[] } | undefined> {
  const loaded = await loadedOf(options)
  if (loaded === undefined) return undefined
  const { policy } = loaded.source
  const requests = options.store === undefined ? await requestCounts(policy.file, options.pidFile) : await storedCounts(options.store)
  if (options.store !== undefined && requests === undefined) return undefined
  const usage = loadUsage(usageFile(placesIn(undefined).state))?.rules
  const rows = [...policy.rules, ...policy.web.rules].map((rule): RuleRow => ({
    rule, packets: rule.kind === 'packet' ? usage?.get(`rule:${safeId(rule.id)}`)?.packets : undefined,
    requests: requests === undefined ? undefined : rule.kind === 'web' ? requests.get(rule.id) ?? 0 : requests.get(rule.id),
  }))
  return { text: loaded.text, rows }
}

function extras(rule: Rule): string {
  return [
    rule.mode === 'observe' ? 'observed' : '', rule.schedules === undefined ? '' : 'by schedule', rule.expires === undefined ? '' : `until ${new Date(rule.expires).toISOString()}`, rule.log === true ? 'logged' : '',
  ].filter((each) => each !== '').join(', ')
}

/** The conditions of a web rule, as its author wrote them. */
function conditions(rule: WebRule): string {
  const parts: string[] = []
  const add = (key: string, words: readonly string[] | undefined): void => {
    if (words !== undefined && words.length > 0) parts.push(`${key} ${words.join(', ')}`)
  }
  add('to', rule.to?.text)
  add('host', rule.host === undefined ? undefined : [...(rule.host.numeric ? ['numeric'] : []), ...rule.host.patterns.map(({ text }) => text)])
  add('uri', rule.uri)
  add('content-type', rule.contentTypes)
  add('methods', rule.methods)
  add('ports', rule.ports?.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)))
  add('list', rule.lists)
  add('user-agent', rule.userAgents)
  if (rule.resolvesTo !== undefined) parts.push('resolves-to')
  return parts.length === 0 ? 'any' : parts.join('; ')
}

function cells(row: RuleRow): readonly string[] {
  const { rule } = row
  const remark = [rule.remark ?? rule.reason ?? '', extras(rule)].filter((each) => each !== '').join('; ')
  const common = (what: readonly string[]): readonly string[] => [String(rule.index + 1), rule.enabled ? 'on' : 'off', rule.id, ...what, rule.action, hitsOf(row), remark]
  return rule.kind === 'packet' ? common([rule.from.text.join(', ') || 'any', rule.to.text.join(', ') || 'any', rule.services.text.join(', ') || 'any']) : common([rule.from?.text.join(', ') ?? 'any', conditions(rule)])
}

function ruleJson(row: RuleRow): Readonly<Record<string, unknown>> {
  const { rule, packets, requests } = row
  return {
    name: rule.id, kind: rule.kind, number: rule.index + 1, enabled: rule.enabled, action: rule.action, from: rule.from?.text ?? ['any'],
    ...(rule.kind === 'packet' ? { to: rule.to.text, services: rule.services.text } : { conditions: conditions(rule) }),
    remark: rule.remark, reason: rule.reason, place: `${rule.place.file}:${rule.place.line}:${rule.place.column}`, hits: { packets: packets ?? null, requests: requests ?? null },
  }
}

async function list(options: RulesOptions): Promise<void> {
  const found = await rowsOf(options)
  if (found === undefined) return
  if (options.json === true) return sayJson({ rules: found.rows.map(ruleJson) }, 2)
  const of = (kind: Rule['kind']): (readonly string[])[] => found.rows.filter(({ rule }) => rule.kind === kind).map(cells)
  const packets = of('packet')
  const web = of('web')
  if (packets.length + web.length === 0) return say('the policy has no rules: nothing passes\n')
  if (packets.length > 0) say(table(['nr', '', 'rule', 'from', 'to', 'services', 'action', 'hits', 'remark'], packets))
  if (web.length > 0) say(`${packets.length > 0 ? '\n' : ''}${table(['nr', '', 'web rule', 'from', 'what', 'action', 'hits', 'remark'], web)}`)
}

async function show(name: string, options: RulesOptions): Promise<void> {
  const found = await rowsOf(options)
  if (found === undefined) return
  const row = found.rows.find(({ rule }) => rule.id === name)
  if (row === undefined) return usageError(`no rule is called \`${name}\``, hint(name, found.rows.map(({ rule }) => rule.id)))
  if (options.json === true) return sayJson(ruleJson(row), 2)
  const { place } = row.rule
  say(`${place.file}:${place.line}  ${row.rule.enabled ? 'on' : 'off'}, hits: ${hitsOf(row)}\n\n`)
  for (const line of sourceLines(found.text, place.line)) say(`${line}\n`)
}

/** From its first line on, to the next that stands no further in. */
function sourceLines(text: string, line: number): readonly string[] {
  const lines = text.split(/\r?\n/)
  const first = lines[line - 1] ?? ''
  const rest = lines.slice(line)
  const inside = first.search(/[^\s-]/)
  const end = rest.findIndex((each) => each.trim() === '' || each.search(/\S/) < inside)
  return [first, ...rest.slice(0, end < 0 ? undefined : end)]
}

function withOptions(command: Command): Command {
  return command
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--pid-file <file>', 'of the gateway whose hits are shown (default: the one that serves this policy)')
    .option('--store <file>', 'a store of `serve --store`: hits are those that it keeps, whoever runs')
    .option('--json', 'as one JSON object')
}

export function rulesCommand(program: Command): void {
  const rules = withOptions(program.command('rules').description('the rules as a table: on or off, from, to, services, action, hits; and their edits'))
    .addHelpText('after', '\nWithout a sub-command: `list`. An edit keeps the file\'s comments, and is written only where `check` takes it.\n\nExamples:\n  $ greengate rules --policy office.yaml\n  $ greengate rules disable mail --policy office.yaml')
    .action(list)
  withOptions(rules.command('list').description('the table of all rules')).addHelpText('after', '\nExample:\n  $ greengate rules list --policy office.yaml').action(list)
  withOptions(rules.command('show').argument('<rule>', 'its name').description('one rule as it stands in the file')).addHelpText('after', '\nExample:\n  $ greengate rules show mail --policy office.yaml').action(show)
  editCommands(rules)
}
