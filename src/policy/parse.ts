// From the text of a policy file to the resolved policy, or to all that is wrong with it. No input and no output: the files that
// it names are only named. Danger prevented: half a policy. There is a whole one, or none.
import { basename } from 'node:path'
import { newAddresses } from './address.ts'
import type { Diagnostic } from './diagnostic.ts'
import { readGateway } from './gateway.ts'
import { readLimits } from './limits.ts'
import { readLists } from './list-sources.ts'
import { NAME, NAME_FORM } from './names.ts'
import type { BlockSource, Policy, Rule } from './policy.ts'
import { readTest } from './policy-tests.ts'
import { readPorts } from './ports.ts'
import { newReport, type Report } from './report.ts'
import type { Setting } from './rule-base.ts'
import { readRule } from './rules.ts'
import { newSchedules } from './schedule-set.ts'
import type { Draft } from './schema.ts'
import { newServices, type Services } from './service-set.ts'
import { readSource, type Path, type Spot } from './source.ts'
import { readStructure } from './structure.ts'
import { tellWarnings } from './warnings.ts'
import { readTunnels, readWebRule } from './web-rules.ts'
import { isTimezone, machineTimezone } from './zone.ts'

export interface Parsed {
  /** undefined when there is any error */
  readonly policy: Policy | undefined
  /** what could be read in spite of errors, to look for more of them; never to be put in force */
  readonly partial: Policy | undefined
  /** sorted by place */
  readonly diagnostics: readonly Diagnostic[]
}

const DEFAULT_PORTS = [{ first: 80, last: 80 }, { first: 443, last: 443 }, { first: 1025, last: 65535 }]
const DEFAULT_CONNECT_PORTS = [{ first: 443, last: 443 }]

function readTimezone(report: Report, draft: Draft): string {
  if (draft.gateway?.timezone === undefined) return machineTimezone()
  const at = ['gateway', 'timezone']
  const name = report.source.text(at)
  if (isTimezone(name)) return name
  report.error('timezone', at, `\`${name}\` is no time zone`, 'write the name of the IANA table: `Europe/Berlin`')
  return 'UTC'
}

/** A name that holds nothing makes every rule that uses it match nothing, without a word at the rule. */
function tellEmptyNames(report: Report, draft: Draft): void {
  for (const section of ['addresses', 'services', 'schedules'] as const) {
    for (const [name, words] of Object.entries(draft[section] ?? {})) {
      if (Array.isArray(words) && words.length === 0) report.keyWarning('empty', [section, name], `\`${name}\` is an empty list: a rule that names it alone matches nothing`, 'fill the list, or remove the name')
    }
  }
  for (const [name, { services }] of Object.entries(draft.blocks ?? {})) {
    if (Array.isArray(services) && services.length === 0) report.keyWarning('empty', ['blocks', name, 'services'], '`services` is an empty list: the file blocks nothing', 'remove the key to block every port, or fill the list')
  }
}

function readBlocks(report: Report, draft: Draft, services: Services): BlockSource[] {
  return Object.entries(draft.blocks ?? {}).map(([name, block]) => {
    const path: Path = ['blocks', name]
    if (!NAME.test(name)) report.keyError('name', path, `\`${name}\` is no name`, NAME_FORM)
    const written = report.source.text([...path, 'file'])
    if (written === '') report.error('file', [...path, 'file'], 'an empty text is no file', 'name the file of the clients')
    const set = block.services === undefined ? undefined : services.set(block.services, [...path, 'services'])
    return { name, place: report.source.value([...path, 'file']).place, file: report.source.path(written), ...(set === undefined ? {} : { services: set }) }
  })
}

function readWeb(setting: Setting, draft: NonNullable<Draft['web']>): Policy['web'] {
  const { report } = setting
  const connect = draft['connect-ports']
  return {
    default: draft.default ?? 'deny',
    ports: draft.ports === undefined ? DEFAULT_PORTS : readPorts(report, draft.ports, ['web', 'ports']),
    connectPorts: connect === undefined ? DEFAULT_CONNECT_PORTS : readPorts(report, connect, ['web', 'connect-ports']),
    tunnels: { requireTls: true, serverName: 'match', ech: 'allow', ...(draft.tunnels === undefined ? {} : readTunnels(draft.tunnels)) },
    ...(draft.contact === undefined ? {} : { contact: report.source.text(['web', 'contact']) }),
    via: draft.via ?? true,
    forwardedFor: draft['forwarded-for'] ?? 'delete',
    rules: (draft.rules ?? []).flatMap((rule, index) => (rule === null ? [] : [readWebRule(setting, rule, index)])),
  }
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** `nowMs` is for telling which rules have expired, and for nothing else. */
export function parsePolicy(text: string, file: string, nowMs: number = Date.now()): Parsed {
  const report = newReport(readSource(text, file))
  const structure = readStructure(report)
  if (structure === undefined) return { policy: undefined, partial: undefined, diagnostics: report.sorted() }
  const { draft, mentioned, guessed } = structure

  const timezone = readTimezone(report, draft)
  const gatewayDraft = draft.gateway ?? {}
  // whether they are given at all: what is wrong inside them is told there, not at each use
  const given = (report.source.data as { gateway?: { green?: unknown; red?: unknown } | null }).gateway
  const hasGreen = given?.green != null
  const addresses = newAddresses(report, draft.addresses ?? {}, { green: hasGreen, internet: hasGreen || (given?.red != null && !isEmpty(given.red)) })
  const services = newServices(report, draft.services ?? {})
  const schedules = newSchedules(report, draft.schedules ?? {}, timezone)
  const gateway = readGateway(report, gatewayDraft, { addresses, services, timezone })
  const lists = readLists(report, draft)
  const setting: Setting = {
    report, addresses, services, schedules, green: gateway.green, proxyPort: gateway.proxy.port, fallback: gateway.default.action, timezone, lists: new Set(Object.keys(draft.lists ?? {})),
    usedLists: new Set(), ruleNames: new Map<string, Spot>(), paths: new Map<Rule, Path>(),
  }
  // what the packet filter calls rules without a name, in its counters and its log
  for (const [index, rule] of (draft.rules ?? []).entries()) if (rule !== null && rule.name === undefined) setting.ruleNames.set(`rules-${index}`, report.source.value(['rules', index]))
  const rules = (draft.rules ?? []).flatMap((rule, index) => (rule === null ? [] : [readRule(setting, rule, index)]))
  const web = readWeb(setting, draft.web ?? {})
  const blocks = readBlocks(report, draft, services)
  const limits = readLimits(report, draft.limits ?? {})
  const ids = new Set([...rules, ...web.rules].map((rule) => rule.id))
  for (const word of mentioned) ids.add(word)
  const tests = (draft.tests ?? []).flatMap((test, index) => (test === null ? [] : (readTest({ report, timezone, ids, gateway, services: services.names.all() }, test, index) ?? [])))

  const policy: Policy = {
    version: 1, file, name: draft.name === undefined ? basename(file).replace(/\.ya?ml$/i, '') : report.source.text(['name']), mode: draft.mode ?? 'enforce',
    gateway, addresses: addresses.names.all(), services: services.names.all(), lists, blocks, rules, web, limits, tests,
  }
  const sound = (rule: Rule): boolean => !guessed.some((path) => path.join() === setting.paths.get(rule)?.join())
  tellEmptyNames(report, draft)
  tellWarnings(setting, { ...policy, rules: rules.filter(sound), web: { ...web, rules: web.rules.filter(sound) } }, nowMs)
  for (const names of [addresses.names, services.names, schedules.names]) names.tellUnused(mentioned)
  for (const { name } of lists) if (!setting.usedLists.has(name) && !mentioned.has(name)) report.keyWarning('unused', ['lists', name], `nothing uses the list \`${name}\``, 'remove it, or use it in a web rule')
  return { policy: report.failed ? undefined : policy, partial: policy, diagnostics: report.sorted() }
}
