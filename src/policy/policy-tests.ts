// The tests that a policy carries: what is asked, by whom, and what must come of it. They are run elsewhere (decision/); here
// they are read. Danger prevented: a test that passes because it asks something else than its author thinks.
import { parseMac } from '../net/mac.ts'
import { type Ip, ipFromSocket, ipFromValue, parseIp } from '../net/ip.ts'
import { scopeOf } from '../net/scope.ts'
import { octetsFromText } from '../net/octets.ts'
import { parseAuthority, type Target } from '../net/target.ts'
import { parseHttpUri } from '../net/uri.ts'
import { entries } from './address.ts'
import { nearest } from './nearest.ts'
import type { Gateway, PolicyTest, ServiceSet } from './policy.ts'
import type { Report } from './report.ts'
import { RESERVED_RULE_NAMES } from './rule-base.ts'
import { parseTime } from './schedule.ts'
import type { TestDraft } from './schema.ts'
import { parseServiceLiteral, service } from './services.ts'
import type { Path } from './source.ts'

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

interface Known {
  readonly report: Report
  readonly timezone: string
  readonly ids: ReadonlySet<string>
  readonly gateway: Gateway
  readonly services: ReadonlyMap<string, ServiceSet>
}

/** An address of the gateway, as the file tells: its own in a green network, else loopback. */
function ownAddress({ green }: Gateway): string {
  const first = green.find((network) => network.family === 4) ?? green[0]
  return first === undefined ? '127.0.0.1' : ipFromValue(first.family, first.address).text
}

function isOwn({ green }: Gateway, ip: Ip): boolean {
  return green.some((network) => network.family === ip.family && network.address === ip.value) || scopeOf(ip) === 'loopback'
}

function readRequest(known: Known, path: Path, method: string | undefined, resolved: boolean): PolicyTest['ask'] | undefined {
  const { report } = known
  const at = [...path, 'request']
  const words = report.source.text(at).trim().split(/\s+/)
  const wrong = (problem: string, hint?: string): undefined => report.error('test', at, problem, hint) as undefined
  if (words.length > 2) return wrong('a request is a method and a URL', 'write "GET http://example.com/" or "CONNECT example.com:443"')
  if (words.length === 2 && method !== undefined) return wrong('the method stands twice', 'write it in `request`, or as `method`')
  const named = words.length === 2 ? (words[0] ?? '') : (method ?? 'GET')
  const url = words.at(-1) ?? ''
  if (!METHOD.test(named)) return wrong(`\`${named}\` is no method`, 'write "GET http://example.com/" or "CONNECT example.com:443"')
  if (named === named.toLowerCase() && /[a-z]/.test(named)) return wrong(`\`${named}\` is never sent: methods tell upper case from lower`, `write \`${named.toUpperCase()}\``)
  const asked = (target: Target): void => {
    if (resolved && target.host.kind === 'address') report.keyError('test', [...path, 'address'], '`address` says what a name resolves to, and the test asks a numeric host', 'remove it, or ask a name')
  }
  if (named === 'CONNECT') {
    const target = parseAuthority(octetsFromText(url), undefined)
    if (target.ok) asked(target.value)
    return target.ok ? { kind: 'request', method: named, url } : wrong(`\`${url}\`: ${target.problem}`, 'a CONNECT names host and port: "CONNECT example.com:443"')
  }
  const secure = /^https:\/\/([^/?#]*)/i.exec(url)
  if (secure !== null) {
    // the client asks for a tunnel: it is judged as a CONNECT to that host
    const target = parseAuthority(octetsFromText(secure[1] ?? ''), 443)
    if (target.ok) asked(target.value)
    return target.ok ? { kind: 'request', method: named, url } : wrong(`\`${url}\`: ${target.problem}`, 'write "GET https://example.com/" or "CONNECT example.com:443"')
  }
  const uri = parseHttpUri(octetsFromText(url))
  if (uri.ok) asked(uri.value.target)
  return uri.ok ? { kind: 'request', method: named, url } : wrong(`\`${url}\`: ${uri.problem}`, 'write "GET http://example.com/" or "CONNECT example.com:443"')
}

function readPacket({ report, gateway, services }: Known, path: Path): PolicyTest['ask'] | undefined {
  const at = [...path, 'packet']
  const text = report.source.text(at).trim()
  const form = 'write "tcp/110 to 203.0.113.25"'
  const match = /^(\S+)(?:\s+to)?\s+(\S+)$/.exec(text)
  if (match === null) return void report.error('test', at, `\`${text}\` is no packet`, form) as undefined
  const [, protocol = '', to = ''] = match
  const literal = parseServiceLiteral(protocol)
  const parts = services.get(protocol)?.parts ?? service(protocol) ?? (literal.ok ? literal.parts : undefined)
  if (parts === undefined) return void report.error('test', at, literal.ok || literal.problem === undefined ? `\`${protocol}\` is no service` : literal.problem, literal.ok ? form : (literal.hint ?? form)) as undefined
  if (parts.some((part) => 'first' in part && part.first !== part.last)) {
    return void report.error('test', at, `\`${protocol}\` is more than one packet`, `a test asks one: ${parts.map((part) => ('first' in part ? `\`${part.protocol}/${part.first}\`` : `\`${part.protocol}\``)).join(' or ')}`) as undefined
  }
  const target = parseIp(to === 'gateway' ? ownAddress(gateway) : to.replace(/^\[(.*)\]$/, '$1'))
  if (target === undefined) return void report.error('test', at, `\`${to}\` is no address`, 'a packet goes to an address, or to `gateway`: names are resolved before it is sent') as undefined
  // the proxy's port by number on the gateway means the port in use
  const proxy = parts.every((part) => part.protocol === 'tcp' && part.first === gateway.proxy.port) && isOwn(gateway, target)
  return { kind: 'packet', protocol: proxy ? 'proxy' : protocol, to: target.text }
}

function readFrom({ report }: Known, path: Path): string {
  const text = report.source.text([...path, 'from']).trim()
  // as the proxy's sockets tell a client: one that no rule could name would be denied whatever the rules say
  const ip = parseIp(text) === undefined ? undefined : ipFromSocket(text)
  if (ip !== undefined) return ip.text
  if (text !== 'gateway') report.error('test', [...path, 'from'], `\`${text}\` is no client: a test asks for one address`, 'write 192.168.51.35, or `gateway` for what the gateway sends itself')
  return text
}

export function readTest(known: Known, draft: TestDraft, index: number): PolicyTest | undefined {
  const { report } = known
  const path = ['tests', index]
  const text = (key: string): string => report.source.text([...path, key]).trim()
  const from = readFrom(known, path)
  if ((draft.request === undefined) === (draft.packet === undefined)) {
    report.error('test', path, draft.request === undefined ? 'the test asks nothing' : 'the test asks two things', 'give it a `request` or a `packet`')
    return undefined
  }
  const method = draft.method === undefined ? undefined : text('method')
  const ask = draft.request === undefined ? readPacket(known, path) : readRequest(known, path, method, draft.address !== undefined)
  if (draft.packet !== undefined) {
    for (const key of ['method', 'content-type', 'response-type', 'server-name', 'address'] as const) {
      if (draft[key] !== undefined) report.keyError('test', [...path, key], `\`${key}\` is of requests, and the test asks a packet`, 'remove it')
    }
  }
  const mac = draft.mac === undefined ? undefined : parseMac(text('mac'))
  if (draft.mac !== undefined && mac === undefined) report.error('mac', [...path, 'mac'], `\`${text('mac')}\` is no MAC address`, 'six groups of two hexadecimal digits: "00:1a:2b:3c:4d:5e"')
  const at = draft.at === undefined ? undefined : parseTime(text('at'), known.timezone)
  if (draft.at !== undefined && at === undefined) report.error('time', [...path, 'at'], `\`${text('at')}\` is no date or time`, 'write `2027-01-31T18:00` or `2027-01-31T18:00+01:00`')
  const by = draft.by === undefined ? undefined : text('by')
  if (by !== undefined && !RESERVED_RULE_NAMES.has(by) && !known.ids.has(by)) {
    const meant = nearest(by, [...known.ids, ...RESERVED_RULE_NAMES])
    report.error('undefined-name', [...path, 'by'], `nothing is called \`${by}\``, meant === undefined ? `a rule's name, or one of ${[...RESERVED_RULE_NAMES].join(', ')}` : `did you mean \`${meant}\`?`)
  }
  const addresses = draft.address === undefined ? undefined : entries(report, draft.address, [...path, 'address']).flatMap((entry) => {
    const ip = parseIp(entry.text)
    if (ip === undefined) report.error('address', entry.at, `\`${entry.text}\` is no address`, 'the address that the name is taken to have: 203.0.113.5')
    return ip === undefined ? [] : [ip.text]
  })
  for (const key of ['content-type', 'response-type'] as const) {
    // one that no rule can name makes an `expect: allow` true whatever the rules say
    if (draft[key] !== undefined && !/^[^\s/;*]+\/[^\s/;*]+\s*(?:;|$)/.test(text(key))) report.error('content-type', [...path, key], `\`${text(key)}\` is no media type`, 'write one as a header carries it: `application/zip`')
  }
  if (ask === undefined) return undefined
  return {
    index, place: report.source.value(path).place, from, ask, expect: draft.expect,
    ...(mac === undefined ? {} : { mac }), ...(at === undefined ? {} : { at }), ...(by === undefined ? {} : { by }),
    ...(addresses === undefined ? {} : { address: addresses }),
    ...(draft['content-type'] === undefined ? {} : { contentType: text('content-type').split(';')[0]?.trim().toLowerCase() ?? '' }),
    ...(draft['response-type'] === undefined ? {} : { responseType: text('response-type').split(';')[0]?.trim().toLowerCase() ?? '' }),
    ...(draft['server-name'] === undefined ? {} : { serverName: text('server-name').toLowerCase().replace(/\.$/, '') }),
  }
}
