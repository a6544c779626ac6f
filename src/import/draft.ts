// A policy as an import makes it, and its text. Every importer fills this and none writes YAML. Danger prevented: two importers of which one
// forgets to quote.
import type { Finding, Origin } from './finding.ts'
import { comment, scalar, words } from './scalar.ts'

export interface RuleDraft {
  readonly name: string
  readonly action: 'allow' | 'deny' | 'drop' | 'reject'
  readonly from?: readonly string[]
  readonly to?: readonly string[]
  /** absent: every one */
  readonly services?: readonly string[]
  readonly enabled?: false
  readonly direct?: true
  readonly log?: true
  readonly remark?: string
  readonly origin?: Origin
  /** for the reader of the policy */
  readonly note?: string
}

export interface WebRuleDraft {
  readonly name: string
  readonly action: 'allow' | 'deny'
  readonly enabled?: false
  readonly from?: readonly string[]
  readonly to?: readonly string[]
  readonly host?: readonly string[]
  readonly uri?: readonly string[]
  readonly contentType?: readonly string[]
  readonly methods?: readonly string[]
  readonly ports?: readonly string[]
  readonly list?: readonly string[]
  readonly schedule?: readonly string[]
  readonly userAgent?: readonly string[]
  readonly reason?: string
  readonly origin?: Origin
  /** for the reader of the policy */
  readonly note?: string
}

export interface SideDraft {
  readonly interface: string
  /** with the prefix length; of green alone */
  readonly addresses?: readonly string[]
  readonly masquerade?: false
}

export interface GatewayDraft {
  readonly green: readonly SideDraft[]
  readonly red: readonly SideDraft[]
  readonly proxyPort?: number
  readonly admin?: { readonly mac: string }
  readonly serve?: readonly string[]
  readonly output?: 'allow' | 'drop'
  readonly default?: { readonly action: 'drop' | 'reject'; readonly log: boolean }
}

export interface PolicyDraft {
  /** comments before all else */
  readonly head: readonly string[]
  readonly name: string
  readonly gateway?: GatewayDraft
  readonly addresses?: readonly (readonly [name: string, entries: readonly string[]])[]
  readonly schedules?: readonly (readonly [name: string, windows: readonly string[]])[]
  readonly lists?: readonly { readonly name: string; readonly hosts?: string; readonly domains?: string; readonly urls?: string; readonly expressions?: string }[]
  readonly blocks?: readonly { readonly name: string; readonly file: string; readonly services?: readonly string[]; readonly note?: string }[]
  readonly rules?: readonly RuleDraft[]
  readonly web?: { readonly default: 'allow' | 'deny'; readonly ports?: readonly string[]; readonly connectPorts?: readonly string[]; readonly rules: readonly WebRuleDraft[] }
}

/** A file that the policy names, by its path from the policy's folder. */
export interface FileDraft {
  readonly path: string
  readonly text: string
}

export interface Imported {
  readonly draft: PolicyDraft
  readonly files: readonly FileDraft[]
  readonly findings: readonly Finding[]
  /** what came along, for the summary: `23 rules` */
  readonly carried: string
}

function pairs(entries: readonly (readonly [key: string, value: string | undefined])[]): string {
  return `{ ${entries.flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`])).join(', ')} }`
}

function side(each: SideDraft): string {
  return pairs([['interface', scalar(each.interface)], ['address', each.addresses && words(each.addresses)], ['masquerade', each.masquerade === undefined ? undefined : 'false']])
}

function sides(key: string, all: readonly SideDraft[]): string[] {
  const [first] = all
  if (first === undefined) return []
  return all.length === 1 ? [`  ${key}: ${side(first)}`] : [`  ${key}:`, ...all.map((each) => `    - ${side(each)}`)]
}

function gatewayLines({ green, red, proxyPort, admin, serve, output, default: last }: GatewayDraft): string[] {
  const lines = [...sides('green', green), ...sides('red', red)]
  if (proxyPort !== undefined) lines.push(`  proxy: { port: ${proxyPort} }`)
  if (admin !== undefined) lines.push(`  admin: ${pairs([['mac', `"${admin.mac}"`], ['ports', '[445, 222]']])}`)
  if (serve !== undefined) lines.push(`  serve: [${serve.map(scalar).join(', ')}]`)
  if (output !== undefined) lines.push(`  output: { action: ${output} }`)
  if (last !== undefined) lines.push(`  default: { action: ${last.action}, log: ${last.log} }`)
  return lines.length === 0 ? [] : ['', 'gateway:', ...lines]
}

/** A rule a line, as the shipped policies have them; where it came from above it. */
function ruleLines(rule: RuleDraft): string[] {
  const { origin, note } = rule
  const text = pairs([
    ['name', scalar(rule.name)], ['action', rule.action], ['from', rule.from && words(rule.from)], ['to', rule.to && words(rule.to)], ['services', rule.services && words(rule.services)],
    ['enabled', rule.enabled === undefined ? undefined : 'false'], ['direct', rule.direct === undefined ? undefined : 'true'], ['log', rule.log === undefined ? undefined : 'true'],
    ['remark', rule.remark === undefined ? undefined : scalar(rule.remark)],
  ])
  const from = [...(origin === undefined ? [] : [`${origin.file}:${origin.line}`]), ...(note === undefined ? [] : [note])].join(': ')
  return [...(from === '' ? [] : [`  ${comment(from)}`]), `  - ${text}`]
}

function webRuleLines(rule: WebRuleDraft): string[] {
  const { origin, note } = rule
  const text = pairs([
    ['name', scalar(rule.name)], ['action', rule.action], ['enabled', rule.enabled === undefined ? undefined : 'false'], ['from', rule.from && words(rule.from)], ['to', rule.to && words(rule.to)],
    ['host', rule.host && words(rule.host)], ['uri', rule.uri && words(rule.uri)], ['content-type', rule.contentType && words(rule.contentType)], ['methods', rule.methods && `[${rule.methods.map(scalar).join(', ')}]`],
    ['ports', rule.ports && `[${rule.ports.join(', ')}]`], ['list', rule.list && `[${rule.list.map(scalar).join(', ')}]`], ['schedule', rule.schedule && words(rule.schedule)], ['user-agent', rule.userAgent && words(rule.userAgent)],
    ['reason', rule.reason === undefined ? undefined : scalar(rule.reason)],
  ])
  const from = [...(origin === undefined ? [] : [`${origin.file}:${origin.line}`]), ...(note === undefined ? [] : [note])].join(': ')
  return [...(from === '' ? [] : [`    ${comment(from)}`]), `    - ${text}`]
}

export function policyText(draft: PolicyDraft): string {
  const lines = [...draft.head.map(comment), 'version: 1', `name: ${scalar(draft.name)}`]
  if (draft.gateway !== undefined) lines.push(...gatewayLines(draft.gateway))
  const section = (title: string, entries: readonly string[]): void => {
    if (entries.length > 0) lines.push('', `${title}:`, ...entries)
  }
  section('addresses', (draft.addresses ?? []).map(([name, entries]) => `  ${scalar(name)}: [${entries.map(scalar).join(', ')}]`))
  section('schedules', (draft.schedules ?? []).map(([name, windows]) => `  ${scalar(name)}: [${windows.map(scalar).join(', ')}]`))
  section('lists', (draft.lists ?? []).map(({ name, hosts, domains, urls, expressions }) => `  ${scalar(name)}: ${pairs([['domains', domains && scalar(domains)], ['urls', urls && scalar(urls)], ['expressions', expressions && scalar(expressions)], ['hosts', hosts && scalar(hosts)]])}`))
  section('blocks', (draft.blocks ?? []).flatMap(({ name, file, services, note }) => [
    ...(note === undefined ? [] : [`  ${comment(note)}`]), `  ${scalar(name)}: ${pairs([['file', scalar(file)], ['services', services && words(services)]])}`,
  ]))
  section('rules', (draft.rules ?? []).flatMap(ruleLines))
  if (draft.web !== undefined) {
    const { default: last, ports, connectPorts, rules } = draft.web
    section('web', [
      `  default: ${last}`, ...(ports === undefined ? [] : [`  ports: [${ports.join(', ')}]`]), ...(connectPorts === undefined ? [] : [`  connect-ports: [${connectPorts.join(', ')}]`]),
      rules.length === 0 ? '  rules: []' : '  rules:', ...rules.flatMap(webRuleLines),
    ])
  }
  return `${lines.join('\n')}\n`
}
