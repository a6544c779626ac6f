// `greengate firewall usage`: packets and bytes for each rule by name, when it was hit last, and which were never hit, over every reload. Danger
// prevented: a rule that is removed as unused because the counters were young, or kept for years because nobody can tell.
import type { Command } from 'commander'
import { safeId } from '../firewall/rule-id.ts'
import { timeText } from '../firewall/standing.ts'
import type { RuleUsage, Usage } from '../firewall/usage.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { PacketRule, Policy } from '../policy/policy.ts'
import { takeReading, usageFile } from '../plane/usage.ts'
import { placesIn } from '../plane/places.ts'
import { loadedOf } from './compiled.ts'
import { failure } from './exit.ts'
import { portOption } from './options.ts'
import { say, sayError, sayJson } from './say.ts'
import { table } from './table.ts'

interface UsageOptions {
  readonly policy?: string
  readonly port?: number
  readonly state?: string
  readonly json?: true
}

interface UsageRow {
  /** the rule's id, or what the line is called: `serve`, `blocks:apps`, `default-deny` */
  readonly name: string
  readonly rule?: PacketRule
  readonly usage: RuleUsage | undefined
  readonly hint?: string
}

/** What a rule's lines are commented with. */
function commentOf(rule: PacketRule): string {
  return `rule:${safeId(rule.id)}`
}

/** As the file says it. */
function actionOf(rule: PacketRule): string {
  return rule.limit === undefined ? rule.action : 'limit'
}

function hintOf(rule: PacketRule, usage: RuleUsage | undefined, diagnostics: readonly Diagnostic[]): string | undefined {
  if (!rule.enabled) return 'disabled'
  if (rule.via === 'proxy') return 'for what the proxy fetches: no packets'
  const shadow = diagnostics.find((each) => each.code === 'shadowed' && each.place.line === rule.place.line && each.place.column === rule.place.column)
  return shadow?.message ?? (usage === undefined ? 'not in the rules that are loaded' : undefined)
}

function rowsOf(policy: Policy, usage: Usage, diagnostics: readonly Diagnostic[]): { readonly rules: readonly UsageRow[]; readonly others: readonly UsageRow[]; readonly gone: readonly UsageRow[] } {
  const rules = policy.rules.map((rule): UsageRow => {
    const own = usage.rules.get(commentOf(rule))
    const hint = hintOf(rule, own, diagnostics)
    return { name: rule.id, rule, usage: own, ...(hint === undefined ? {} : { hint }) }
  })
  const known = new Set(policy.rules.map(commentOf))
  const rest = [...usage.rules].filter(([comment]) => !known.has(comment)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    rules,
    others: rest.filter(([comment]) => !comment.startsWith('rule:')).map(([name, own]) => ({ name, usage: own })),
    gone: rest.filter(([comment]) => comment.startsWith('rule:')).map(([comment, own]) => ({ name: comment.slice('rule:'.length), usage: own, hint: 'no more in the policy' })),
  }
}

function cells(row: UsageRow, timezone: string): readonly string[] {
  const time = (at: number): string => timeText(at, timezone).slice(0, 19).replace('T', ' ')
  const { usage, rule } = row
  const last = usage === undefined ? '-' : usage.last === undefined ? `never since ${time(usage.since)}` : time(usage.last.to)
  return [row.name, rule === undefined ? '' : actionOf(rule), String(usage?.packets ?? 0), String(usage?.bytes ?? 0), last, row.hint ?? rule?.remark ?? '']
}

function json(row: UsageRow): unknown {
  const { name, rule, usage, hint } = row
  const iso = (at: number): string => new Date(at).toISOString()
  return {
    name,
    ...(rule === undefined ? {} : { action: actionOf(rule), enabled: rule.enabled, place: `${rule.place.file}:${rule.place.line}:${rule.place.column}`, remark: rule.remark }),
    packets: usage?.packets ?? 0,
    bytes: usage?.bytes ?? 0,
    lastHit: usage?.last === undefined ? null : { notBefore: iso(usage.last.from), notAfter: iso(usage.last.to) },
    since: usage === undefined ? null : iso(usage.since),
    hint,
  }
}

async function usageAction(options: UsageOptions): Promise<void> {
  const loaded = await loadedOf(options, { lint: true })
  if (loaded === undefined) return
  if (process.getuid?.() !== 0) return failure('the kernel tells its counters to root alone', 'run it as root: `sudo greengate firewall usage`')
  const { usage, problem } = await takeReading(usageFile(placesIn(options.state).state))
  if (problem !== undefined) sayError(`note: the sums could not be kept: ${problem}\n`)
  const { policy } = loaded.source
  const { rules, others, gone } = rowsOf(policy, usage, loaded.diagnostics)
  if (usage.rules.size === 0) return failure('the kernel has no rules of ours', 'load them: `greengate firewall apply`')
  if (options.json === true) return sayJson({ read: new Date(usage.read).toISOString(), rules: rules.map(json), others: others.map(json), gone: gone.map(json) }, 2)
  const { timezone } = policy.gateway
  say(table(['rule', 'action', 'packets', 'bytes', 'last hit', 'remark'], [...rules, ...gone].map((row) => cells(row, timezone))))
  say(`\n${table(['beside the rules', '', 'packets', 'bytes', 'last hit', ''], others.filter(({ usage: own }) => (own?.packets ?? 0) > 0).map((row) => cells(row, timezone)))}`)
}

export function firewallUsage(firewall: Command): void {
  firewall
    .command('usage')
    .description('packets and bytes for each rule by name, last hit and never hit, over every reload')
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .option('--state <folder>', 'where the sums are kept (default: /var/lib/greengate/firewall)')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
A rule that allows counts what opens a flow; what follows in the flow takes the short path. The last hit lies between two readings: each \`usage\`,
each \`apply\`, and every minute of \`greengate firewall watch\`; --json tells both.

Example:
  $ sudo greengate firewall usage --policy office.yaml`)
    .action(usageAction)
}
