// Web rules: the conditions of a request. Danger prevented: a condition that can never be true (a method in lower case, a media
// type without a slash), in a rule that is thought to deny.
import { EVERYTHING, networkSet, type Range } from '../net/network.ts'
import { parseHostPattern } from '../net/pattern.ts'
import { entries, severalHint } from './address.ts'
import type { Place } from './diagnostic.ts'
import { nearest } from './nearest.ts'
import type { WebRule } from './policy.ts'
import { readSlowing } from './rate.ts'
import { readPorts } from './ports.ts'
import { readBase, readFrom, type Setting, tellEmpty } from './rule-base.ts'
import type { WebRuleDraft, Words } from './schema.ts'
import type { Path } from './source.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const KNOWN_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND', 'REPORT', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'SEARCH']
/** RFC 6838 4.2 */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,126})$/

function readHost(setting: Setting, words: Words, path: Path): NonNullable<WebRule['host']> {
  const { report, addresses } = setting
  let numeric = false
  const patterns = entries(report, words, path).flatMap(({ text, at }) => {
    if (text === 'numeric') {
      numeric = true
      return []
    }
    if (addresses.names.has(text)) {
      const set = addresses.names.use(text, at)
      if (set !== undefined && (set.ranges.length > 0 || set.macs.length > 0 || set.any || set.green || set.internet || set.gateway)) {
        report.error('pattern', at, `\`${text}\` holds addresses, and \`host\` is the name that was asked for`, `write \`to: ${text}\`, which knows both`)
      }
      return set?.hosts ?? []
    }
    const parsed = parseHostPattern(text)
    if (!parsed.ok) {
      report.error('pattern', at, parsed.problem, severalHint(text) ?? parsed.hint)
      return []
    }
    const meant = text.includes('.') ? undefined : (addresses.names.near(text) ?? nearest(text, ['numeric']))
    if (meant !== undefined) report.warning('broad-pattern', at, `\`${text}\` is taken as the host of that name`, `did you mean \`${meant}\`?`)
    else if (parsed.warning !== undefined) report.warning('broad-pattern', at, parsed.warning, parsed.hint)
    return [parsed.pattern]
  })
  return { numeric, patterns }
}

function readExpressions(setting: Setting, words: Words, path: Path, key: string, places: Map<string, Place>): string[] {
  return entries(setting.report, words, path).flatMap(({ text, at }, index) => {
    if (text === '') {
      setting.report.error('expression', at, 'an empty expression is found in every request', 'remove it')
      return []
    }
    places.set(`${key}[${index}]`, setting.report.source.value(at).place)
    return [text]
  })
}

function readContentTypes(setting: Setting, words: Words, path: Path): string[] {
  return entries(setting.report, words, path).flatMap(({ text, at }) => {
    const type = (text.split(';')[0] ?? '').trim().toLowerCase()
    if (MEDIA_TYPE.test(type)) return [type]
    setting.report.error('content-type', at, `\`${text}\` is no media type`, severalHint(text) ?? (/^(?:audio|application|font|image|model|text|video)$/.test(type) ? `write \`${type}/*\`` : /^[a-z0-9+.-]+$/.test(type) ? `write \`application/${type}\`, if that is it` : 'write `application/zip`, or `video/*`'))
    return []
  })
}

function readMethods(setting: Setting, words: Words, path: Path): string[] {
  return entries(setting.report, words, path).flatMap(({ text, at }) => {
    const known = KNOWN_METHODS.includes(text.toUpperCase()) ? text.toUpperCase() : undefined
    if (!TOKEN.test(text)) setting.report.error('method', at, `\`${text}\` is no method`, severalHint(text) ?? 'write `GET`, `POST`, `CONNECT`, ...')
    else if (known !== undefined && known !== text) setting.report.error('method', at, `\`${text}\` is never sent: methods tell upper case from lower`, `write \`${known}\``)
    else return [text]
    return []
  })
}

function readLists(setting: Setting, words: Words, path: Path): string[] {
  return entries(setting.report, words, path).flatMap(({ text, at }) => {
    setting.usedLists.add(text)
    if (setting.lists.has(text)) return [text]
    const meant = nearest(text, setting.lists)
    setting.report.error('undefined-name', at, `nothing defines the list \`${text}\``, meant === undefined ? (severalHint(text) ?? 'define it under `lists`') : `did you mean \`${meant}\`?`)
    return []
  })
}

function readResolvesTo(setting: Setting, words: Words, path: Path): readonly Range[] {
  const { report, green } = setting
  const set = setting.addresses.set(words, path, { hosts: false, macs: false })
  if (set?.internet === true || set?.gateway === true) {
    report.error('resolves-to', path, `\`resolves-to\` opens networks: \`${set.internet ? 'internet' : 'gateway'}\` is none`, set.internet ? 'what is public is open as it is' : 'write the networks themselves')
  }
  if (set === undefined) return []
  return set.any ? EVERYTHING.ranges : networkSet([...set.ranges, ...(set.green ? green.map(({ network }) => network) : [])]).ranges
}

export function readTunnels(draft: NonNullable<WebRuleDraft['tunnels']>): NonNullable<WebRule['tunnels']> {
  return {
    ...(draft['require-tls'] === undefined ? {} : { requireTls: draft['require-tls'] }),
    ...(draft['server-name'] === undefined ? {} : { serverName: draft['server-name'] }),
    ...(draft.ech === undefined ? {} : { ech: draft.ech }),
  }
}

export function readWebRule(setting: Setting, draft: WebRuleDraft, index: number): WebRule {
  const path = ['web', 'rules', index]
  const { report } = setting
  const base = readBase(setting, 'web.rules', index, path, draft)
  const places = new Map<string, Place>()
  const from = readFrom(setting, path, draft)
  const to = draft.to === undefined ? undefined : setting.addresses.set(draft.to, [...path, 'to'], { hosts: true, macs: false })
  if (draft.action === 'deny' && draft['resolves-to'] !== undefined) {
    report.keyError('resolves-to', [...path, 'resolves-to'], '`resolves-to` opens what is closed: it stands in allow rules alone', 'to deny networks write `to`')
  }
  const agents = draft['user-agent']
  const type = draft['content-type']
  const resolvesTo = draft['resolves-to']
  tellEmpty(setting, path, draft)
  const slowing = readSlowing(report, path, draft)
  if (slowing?.low === true) report.keyError('limit', [...path, 'priority'], '`priority` is of packets: the proxy keeps rates', 'write `rate: 500kB/s`, or a packet rule')
  const rule: WebRule = {
    ...base, kind: 'web', action: draft.action === 'limit' ? 'allow' : draft.action,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(draft.host === undefined ? {} : { host: readHost(setting, draft.host, [...path, 'host']) }),
    ...(draft.uri === undefined ? {} : { uri: readExpressions(setting, draft.uri, [...path, 'uri'], 'uri', places) }),
    ...(type === undefined ? {} : { contentTypes: readContentTypes(setting, type, [...path, 'content-type']) }),
    ...(draft.methods === undefined ? {} : { methods: readMethods(setting, draft.methods, [...path, 'methods']) }),
    ...(draft.ports === undefined ? {} : { ports: readPorts(report, draft.ports, [...path, 'ports']) }),
    ...(draft.list === undefined ? {} : { lists: readLists(setting, draft.list, [...path, 'list']) }),
    ...(agents === undefined ? {} : { userAgents: readExpressions(setting, agents, [...path, 'user-agent'], 'user-agent', places) }),
    ...(resolvesTo === undefined ? {} : { resolvesTo: readResolvesTo(setting, resolvesTo, [...path, 'resolves-to']) }),
    ...(draft.tunnels === undefined ? {} : { tunnels: readTunnels(draft.tunnels) }),
    ...(slowing?.rate === undefined ? {} : { limit: { ...slowing, rate: slowing.rate, per: draft.per ?? 'group' } }),
    places,
  }
  setting.paths.set(rule, path)
  return rule
}

