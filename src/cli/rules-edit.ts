// `greengate rules copy|move|enable|disable|remove|add`: one edit of the policy's file, its comments kept. Danger prevented: a policy written that would not load, or whose tests fail: what is
// written is what `check` takes, in one piece.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { words, scalar } from '../import/scalar.ts'
import { loadPolicy } from '../gateway/load.ts'
import { unreadablePolicy } from '../gateway/load-diagnostics.ts'
import { machineNow } from '../gateway/machine.ts'
import { readBounded } from '../gateway/read-bounded.ts'
import { editRules } from '../policy/edit.ts'
import type { Edit } from '../policy/edit.ts'
import type { Section } from '../policy/rule-lines.ts'
import { parsePolicy } from '../policy/parse.ts'
import type { Policy, Rule } from '../policy/policy.ts'
import { EXIT, failure, usageError } from './exit.ts'
import { policyOption } from './options.ts'
import { withBar } from './progress.ts'
import { replaceFile } from './replace-file.ts'
import { diagnosticJson, tellDiagnostics } from './report.ts'
import { hint } from './rule-hint.ts'
import { say, sayError, sayJson } from './say.ts'

interface Where {
  readonly before?: string
  readonly after?: string
  readonly first?: true
  readonly last?: true
}

interface EditOptions extends Where {
  readonly policy?: string
  readonly dryRun?: true
  readonly json?: true
}

interface AddOptions extends EditOptions {
  readonly web?: true
  readonly name?: string
  readonly action?: string
  readonly from?: readonly string[]
  readonly to?: readonly string[]
  readonly services?: readonly string[]
  readonly remark?: string
  readonly yaml?: string
}

type Made = Edit | { readonly problem: string; readonly hint: string }

const MOST_BYTES = 16 << 20

function sectionOf(rule: Rule): Section {
  return rule.kind === 'packet' ? 'rules' : 'web'
}

function rulesOf(policy: Policy, section: Section): readonly Rule[] {
  return section === 'rules' ? policy.rules : policy.web.rules
}

function ruleNamed(policy: Policy, name: string): Rule | { readonly problem: string; readonly hint: string } {
  const all = [...policy.rules, ...policy.web.rules]
  const found = all.find((rule) => rule.id === name)
  return found ?? { problem: `no rule is called \`${name}\``, hint: hint(name, all.map(({ id }) => id)) }
}

/** The index that a rule gets; `moved` has left its own place. */
function placeOf(policy: Policy, section: Section, where: Where, otherwise: number, moved?: Rule): number | { readonly problem: string; readonly hint: string } {
  const said = [where.before, where.after, where.first, where.last].filter((each) => each !== undefined)
  if (said.length > 1) return { problem: 'one place is enough', hint: 'one of `--before RULE`, `--after RULE`, `--first`, `--last`' }
  const count = rulesOf(policy, section).length - (moved === undefined ? 0 : 1)
  if (where.first === true) return 0
  if (where.last === true) return count
  const name = where.before ?? where.after
  if (name === undefined) return otherwise
  const beside = ruleNamed(policy, name)
  if ('problem' in beside) return beside
  if (sectionOf(beside) !== section) return { problem: `\`${name}\` is in the other list of rules`, hint: 'packet rules and web rules have each an order of their own' }
  if (beside === moved) return { problem: 'a rule does not stand before or after itself', hint: 'name another rule' }
  const index = beside.index - (moved !== undefined && moved.index < beside.index ? 1 : 0)
  return where.before === undefined ? index + 1 : index
}

async function edit(options: EditOptions, make: (policy: Policy) => Made, told: (made: Edit) => string): Promise<void> {
  const file = policyOption(options.policy)
  if (file === undefined) return
  let text: string
  try {
    text = await readBounded(file, MOST_BYTES)
  } catch (error) {
    tellDiagnostics([unreadablePolicy(file, error)])
    process.exitCode = EXIT.policy
    return
  }
  const { partial, diagnostics } = parsePolicy(text, file)
  if (partial === undefined) {
    tellDiagnostics(diagnostics)
    process.exitCode = EXIT.policy
    return
  }
  const made = make(partial)
  if ('problem' in made) return usageError(made.problem, made.hint)
  const edited = editRules(text, made)
  if (!edited.ok) return failure(edited.problem)
  const loaded = await withBar((step) => loadPolicy(file, machineNow(0), { text: edited.text, lint: true, step }))
  if (!loaded.ok) {
    process.exitCode = EXIT.policy
    if (options.json === true) return sayJson({ ok: false, written: false, diagnostics: loaded.diagnostics.map(diagnosticJson) }, 2)
    tellDiagnostics(loaded.diagnostics)
    sayError('greengate: nothing is written: the policy would not hold\n')
    return
  }
  const same = edited.text === text
  const problem = options.dryRun === true || same ? undefined : replaceFile(file, text, edited.text)
  if (problem !== undefined) return failure(`${file} is not written: ${problem.why}`, problem.mend)
  const written = options.dryRun !== true && !same
  if (options.json === true) return sayJson({ ok: true, written, ...(options.dryRun === true ? { policy: edited.text } : {}), diagnostics: loaded.diagnostics.map(diagnosticJson) }, 2)
  tellDiagnostics(loaded.diagnostics)
  if (options.dryRun === true) return say(edited.text)
  say(same ? `${told(made)}: it stands so already\n` : `${told(made)} in ${file}\n`)
  if (written) sayError('next: greengate reload\n')
}

function toggle(enabled: boolean) {
  return (name: string, options: EditOptions): Promise<void> => edit(options, (policy) => {
    const rule = ruleNamed(policy, name)
    return 'problem' in rule ? rule : { kind: 'set-enabled', rule: { section: sectionOf(rule), index: rule.index }, enabled }
  }, () => `${name} is ${enabled ? 'on' : 'off'}`)
}

function remove(name: string, options: EditOptions): Promise<void> {
  return edit(options, (policy) => {
    const rule = ruleNamed(policy, name)
    return 'problem' in rule ? rule : { kind: 'remove', rule: { section: sectionOf(rule), index: rule.index } }
  }, () => `${name} removed`)
}

function move(name: string, options: EditOptions): Promise<void> {
  return edit(options, (policy) => {
    const rule = ruleNamed(policy, name)
    if ('problem' in rule) return rule
    const to = placeOf(policy, sectionOf(rule), options, -1, rule)
    if (typeof to !== 'number') return to
    if (to < 0) return { problem: 'where to?', hint: 'add `--before RULE`, `--after RULE`, `--first` or `--last`' }
    return { kind: 'move', rule: { section: sectionOf(rule), index: rule.index }, to }
  }, () => `${name} moved`)
}

function copy(name: string, as: string, options: EditOptions): Promise<void> {
  return edit(options, (policy) => {
    const rule = ruleNamed(policy, name)
    if ('problem' in rule) return rule
    const to = placeOf(policy, sectionOf(rule), options, rule.index + 1)
    return typeof to !== 'number' ? to : { kind: 'copy', rule: { section: sectionOf(rule), index: rule.index }, to, name: as }
  }, () => `${as} made, a copy of ${name},`)
}

/** One line; what is wrong with it the check of the whole tells. */
function ruleText(options: AddOptions): string | { readonly problem: string; readonly hint: string } {
  const { yaml, name, action, from, to, services, remark } = options
  if (yaml !== undefined) {
    if ([name, action, from, to, services, remark].some((each) => each !== undefined)) return { problem: '`--yaml` is the whole rule', hint: 'write the other keys into it' }
    const inner = yaml.trim().replace(/^\{([^]*)\}$/, '$1').trim()
    return /[\r\n]/.test(inner) ? { problem: 'the rule of `--yaml` is one line', hint: "like `--yaml 'name: mail, action: allow, from: MailAccess, to: internet, services: smtp'`" } : `{ ${inner} }`
  }
  if (action === undefined) return { problem: 'a rule needs an action', hint: '`--action allow`, or the whole rule by `--yaml`' }
  const parts = [
    name === undefined ? '' : `name: ${scalar(name)}`, `action: ${scalar(action)}`, from === undefined ? '' : `from: ${words(from)}`, to === undefined ? '' : `to: ${words(to)}`,
    services === undefined ? '' : `services: ${words(services)}`, remark === undefined ? '' : `remark: ${scalar(remark)}`,
  ]
  return `{ ${parts.filter((part) => part !== '').join(', ')} }`
}

function add(options: AddOptions): Promise<void> {
  return edit(options, (policy) => {
    const section: Section = options.web === true ? 'web' : 'rules'
    const text = ruleText(options)
    if (typeof text !== 'string') return text
    const to = placeOf(policy, section, options, rulesOf(policy, section).length)
    return typeof to !== 'number' ? to : { kind: 'add', section, to, text }
  }, () => `${options.name ?? 'the rule'} added`)
}

function nameOption(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(text)) throw new InvalidArgumentError('a name has letters, digits, _ and -, 40 at most')
  return text
}

function listOption(text: string): readonly string[] {
  return text.split(',').map((each) => each.trim()).filter((each) => each !== '')
}

export function editCommands(rules: Command): void {
  const command = (name: string, description: string, example: string): Command => rules.command(name).description(description)
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--dry-run', 'print the policy as it would be, and write nothing')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `\nExit code 4: the policy would not hold with it; what is wrong is told, and nothing is written.\n\nExample:\n  $ greengate rules ${example}`)
  const placed = (made: Command): Command => made
    .option('--before <rule>', 'put it before this one').option('--after <rule>', 'put it behind this one').option('--first', 'put it before all').option('--last', 'put it behind all')
  command('enable', 'switch a rule on', 'enable mail --policy office.yaml').argument('<rule>', 'its name').action(toggle(true))
  command('disable', 'switch a rule off', 'disable mail --policy office.yaml').argument('<rule>', 'its name').action(toggle(false))
  command('remove', 'take a rule out, with the comment right above it', 'remove mail --policy office.yaml').argument('<rule>', 'its name').action(remove)
  placed(command('move', 'give a rule another place: the first that matches decides', 'move mail --before web --policy office.yaml')).argument('<rule>', 'its name').action(move)
  placed(command('copy', 'make a rule like another, behind it', 'copy mail mail-2 --policy office.yaml')).argument('<rule>', 'its name').argument('<name>', 'of the copy', nameOption).action(copy)
  placed(command('add', 'write a new rule, behind all others', 'add --name time --action allow --from green --to internet --services ntp --policy office.yaml'))
    .option('--web', 'a web rule').option('--name <name>', 'its name', nameOption).option('--action <action>', 'allow, deny, drop, reject').option('--from <list>', 'who, by commas', listOption)
    .option('--to <list>', 'where to, by commas', listOption).option('--services <list>', 'by commas', listOption).option('--remark <text>', 'for the reader').option('--yaml <text>', 'the whole rule on one line, in place of these').action(add)
}
