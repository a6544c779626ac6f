// What packet rules and web rules share: name, remark, schedule, expiry, mode, and who asks. Danger prevented: two rules of one
// name, of which a log line could mean either.
import { networkSet } from '../net/network.ts'
import { type Addresses, ANY_ADDRESS, NO_ADDRESSES } from './address.ts'
import { NAME, NAME_FORM } from './names.ts'
import type { AddressSet, GreenNetwork, Rule, RuleBase } from './policy.ts'
import type { Report } from './report.ts'
import { parseTime } from './schedule.ts'
import type { Schedules } from './schedule-set.ts'
import type { RuleDraft, WebRuleDraft } from './schema.ts'
import type { Services } from './service-set.ts'
import type { Path, Spot } from './source.ts'

/** What the rules of a file are read with. */
export interface Setting {
  readonly report: Report
  readonly addresses: Addresses
  readonly services: Services
  readonly schedules: Schedules
  readonly lists: ReadonlySet<string>
  readonly usedLists: Set<string>
  readonly green: readonly GreenNetwork[]
  readonly proxyPort: number
  /** of `gateway.default`: what `deny` does */
  readonly fallback: 'drop' | 'reject'
  readonly timezone: string
  /** where each name of a rule stands, over both lists */
  readonly ruleNames: Map<string, Spot>
  /** where each rule stands in the file, for what is told of it later */
  readonly paths: Map<Rule, Path>
}

/** The answers to "by what" that are no rule. */
export const RESERVED_RULE_NAMES: ReadonlySet<string> = new Set([
  'default', 'web.default', 'ports', 'connect-ports', 'private', 'server-name', 'limits', 'admin', 'serve', 'blocks',
])

function readName(setting: Setting, path: Path, draft: RuleDraft | WebRuleDraft): string | undefined {
  const { report, ruleNames } = setting
  if (draft.name === undefined) return undefined
  const at = [...path, 'name']
  const name = report.source.text(at)
  const first = ruleNames.get(name)
  if (RESERVED_RULE_NAMES.has(name)) report.error('reserved-name', at, `\`${name}\` is reserved: it answers "by what" where no rule decided`, 'choose another name')
  else if (!NAME.test(name)) report.error('name', at, `\`${name}\` is no name of a rule`, NAME_FORM)
  else if (first !== undefined) report.error('duplicate-name', at, `another rule is called \`${name}\` (line ${first.place.line})`, 'a rule\'s name is unique over `rules` and `web.rules`')
  else ruleNames.set(name, report.source.value(at))
  return name
}

function readExpiry(setting: Setting, path: Path): number | undefined {
  const at = [...path, 'expires']
  const text = setting.report.source.text(at)
  const time = parseTime(text, setting.timezone)
  if (time === undefined) setting.report.error('time', at, `\`${text}\` is no date or time`, 'write `2027-01-31`, `2027-01-31T18:00` or `2027-01-31T18:00+01:00`')
  return time
}

/** Address and MAC together: the known words are turned into their networks where they have any. */
function pinned(setting: Setting, path: Path, from: AddressSet): AddressSet {
  const { report, green } = setting
  const ranges = networkSet([...from.ranges, ...(from.green ? green.map((network) => network.network) : [])]).ranges
  const wrong = from.any || from.internet || from.gateway
  if (wrong || from.macs.length === 0 || ranges.length === 0) {
    const lacks = wrong ? 'the addresses must be networks or `green`' : from.macs.length === 0 ? '`from` holds no MAC' : '`from` holds no address'
    report.error('pin', [...path, 'pin'], `\`pin: true\` holds an address and a MAC together, and ${lacks}`, 'give `from` both, or remove `pin`')
    return from
  }
  return { ...NO_ADDRESSES, pins: [{ ranges, macs: from.macs }], text: from.text }
}

/** `undefined` where the author names nobody; nobody where what is named was told to be wrong. */
export function readFrom(setting: Setting, path: Path, draft: RuleDraft | WebRuleDraft): AddressSet | undefined {
  const from = draft.from === undefined ? undefined : setting.addresses.set(draft.from, [...path, 'from'], { hosts: false, macs: true })
  if (from === undefined && draft.from !== undefined) return NO_ADDRESSES
  if (draft.pin !== true) return from
  return pinned(setting, path, from ?? ANY_ADDRESS)
}

export function readBase(setting: Setting, section: string, index: number, path: Path, draft: RuleDraft | WebRuleDraft): RuleBase {
  const { report } = setting
  const name = readName(setting, path, draft)
  const schedules = draft.schedule === undefined ? undefined : (setting.schedules.list(draft.schedule, [...path, 'schedule']) ?? [])
  const expires = draft.expires === undefined ? undefined : readExpiry(setting, path)
  return {
    id: name ?? `${section}[${index}]`, named: name !== undefined, index, place: report.source.value(path).place,
    enabled: draft.enabled ?? true, mode: draft.mode ?? 'enforce',
    ...(draft.remark === undefined ? {} : { remark: report.source.text([...path, 'remark']) }),
    ...(draft.reason === undefined ? {} : { reason: report.source.text([...path, 'reason']) }),
    ...(schedules === undefined ? {} : { schedules }),
    ...(expires === undefined ? {} : { expires }),
    ...(draft.log === undefined ? {} : { log: draft.log }),
  }
}

/** A list that is there and empty: nothing fits it. */
export function tellEmpty(setting: Setting, path: Path, draft: RuleDraft | WebRuleDraft): void {
  for (const [key, value] of Object.entries(draft)) {
    if (Array.isArray(value) && value.length === 0) setting.report.keyWarning('empty', [...path, key], `\`${key}\` is an empty list: the rule matches nothing`, 'remove the key to leave it open, or fill the list')
  }
}
