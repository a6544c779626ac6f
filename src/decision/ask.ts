// A question in an admin's words (`GET http://host/`, `https://host/`, `host:443`, `tcp/25` and an address) read into the facts that traffic
// would give. Policy tests and explanations share it. Danger prevented: a test that asks something else than the wire would.
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { octetsFromText } from '../net/octets.ts'
import { authorityText, parseAuthority } from '../net/target.ts'
import type { Parsed, Target } from '../net/target.ts'
import { canonicalUri, parseHttpUri } from '../net/uri.ts'
import type { Policy, ServicePart } from '../policy/policy.ts'
import { parseServiceLiteral, service } from '../policy/services.ts'
import type { PacketFacts } from './facts.ts'

export interface WebAsk {
  readonly kind: 'web'
  readonly method: string
  readonly target: Target
  readonly uri: string
  readonly tunnel: boolean
  /** what the person who asks should know of how it was read */
  readonly told: string | undefined
}

export type PacketAsk = Pick<PacketFacts, 'protocol' | 'port' | 'sourcePort' | 'to'>

const HTTP_PORT = 80
const HTTPS_PORT = 443

/** `method`: where the person named one. */
export function parseWebAsk(written: string, method?: string): Parsed<WebAsk> {
  const text = octetsFromText(written) // a person writes letters, a client sends their UTF-8
  const secure = /^(?:https|wss):\/\//i.exec(text)
  if (secure !== null) {
    const authority = /^[^/?#]*/.exec(text.slice(secure[0].length))?.[0] ?? ''
    return connect(authority, HTTPS_PORT, 'an https URL reaches the proxy as a CONNECT: its path, and what else runs inside TLS, is not seen')
  }
  const plain = /^ws:\/\//i.test(text) ? `http${text.slice(2)}` : text
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(plain)
  if (method === 'CONNECT') {
    const authority = hasScheme ? (/^[^/?#]*/.exec(plain.slice(plain.indexOf('//') + 2))?.[0] ?? '') : plain
    return connect(authority, hasScheme ? HTTP_PORT : undefined, undefined)
  }
  if (!hasScheme && method === undefined && /:\d+$/.test(plain)) return connect(plain, undefined, 'HOST:PORT is asked as a CONNECT: paths, and what else runs inside TLS, are not seen')
  const uri = parseHttpUri(hasScheme ? plain : `http://${plain}`)
  if (!uri.ok) return uri
  const { target, path } = uri.value
  return { ok: true, value: { kind: 'web', method: method ?? 'GET', target, uri: canonicalUri(target, path), tunnel: false, told: undefined } }
}

function connect(authority: string, defaultPort: number | undefined, told: string | undefined): Parsed<WebAsk> {
  const target = parseAuthority(authority, defaultPort)
  if (!target.ok) return target
  // a CONNECT to port 80 is no blind tunnel: what runs inside is parsed (wire rule 20)
  const tunnel = target.value.port !== HTTP_PORT
  return { ok: true, value: { kind: 'web', method: 'CONNECT', target: target.value, uri: authorityText(target.value), tunnel, told: tunnel ? told : 'inside a CONNECT to port 80 each plain request is decided by itself' } }
}

/** A service name may mean several packets (`dns`: udp and tcp). */
export function parsePacketAsk(policy: Policy, proxyPort: number, what: string, to: string): Parsed<readonly PacketAsk[]> {
  const address = parseIp(to.replace(/^\[(.*)\]$/, '$1'))
  if (address === undefined) return { ok: false, problem: `\`${to}\` is no address: a packet goes to one` }
  const literal = parseServiceLiteral(what)
  const parts = policy.services.get(what)?.parts ?? service(what) ?? (literal.ok ? literal.parts : undefined)
  if (parts === undefined) return { ok: false, problem: literal.ok || literal.problem === undefined ? `\`${what}\` is no service: write tcp/25, icmp/echo-request or dns` : literal.problem }
  const packets: PacketAsk[] = []
  for (const part of parts) {
    const packet = packetOf(part, address, proxyPort)
    if (packet === undefined) return { ok: false, problem: `\`${what}\` is more than one port: ask for one` }
    if (packet !== 'other family') packets.push(packet)
  }
  return packets.length === 0 ? { ok: false, problem: `\`${what}\` is not in IPv${address.family}` } : { ok: true, value: packets }
}

function packetOf(part: ServicePart, to: Ip, proxyPort: number): PacketAsk | 'other family' | undefined {
  switch (part.protocol) {
    case 'proxy': return { protocol: 'tcp', port: proxyPort, to }
    case 'ip': return { protocol: part.number, port: undefined, to }
    case 'icmp': {
      if (part.all === true) return { protocol: 'icmp', port: undefined, to }
      const type = to.family === 4 ? part.v4 : part.v6
      return type === undefined ? 'other family' : { protocol: 'icmp', port: type, to }
    }
    default:
      if (part.first !== part.last) return undefined
      return { protocol: part.protocol, port: part.first, to, ...(part.sourcePort === undefined ? {} : { sourcePort: part.sourcePort }) }
  }
}
