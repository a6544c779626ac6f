// What the decision's tests share: a policy's text compiled for a machine, and questions in one line each.
import { compilePolicy } from '../../src/decision/compile.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { parseWebAsk, parsePacketAsk } from '../../src/decision/ask.ts'
import type { Client, Denial, Leave, PacketDecision, Permit, RequestFacts, TraceStep } from '../../src/decision/facts.ts'
import { decide } from '../../src/decision/decide.ts'
import { guard } from '../../src/decision/guard.ts'
import { nearestVia } from '../../src/decision/nearest-via.ts'
import { decidePacket } from '../../src/decision/packet.ts'
import { readBlocks } from '../../src/lists/blocks.ts'
import { openList, listTables } from '../../src/lists/list.ts'
import type { OpenList } from '../../src/lists/list.ts'
import { ListReader } from '../../src/lists/reader.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parseMac } from '../../src/net/mac.ts'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'

export const NOW = Date.parse('2026-06-03T10:00:00Z')

export interface Files {
  /** by list's name: the text of its `domains` file */
  readonly domains?: Readonly<Record<string, string>>
  readonly urls?: Readonly<Record<string, string>>
  readonly blocks?: Readonly<Record<string, string>>
  readonly addresses?: readonly string[]
  readonly port?: number
}

export function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(`no address: ${text}`)
  return parsed
}

function list(name: string, files: Files): OpenList {
  const parts = (['domains', 'urls'] as const).flatMap((layout) => {
    const text = files[layout]?.[name]
    if (text === undefined) return []
    const reader = new ListReader(layout)
    reader.push(Buffer.from(text))
    return [{ file: name, part: reader.end() }]
  })
  return openList(listTables(name, parts))
}

/** Of a policy without `version`. */
export function compile(yaml: string, files: Files = {}): CompiledPolicy {
  const { policy, diagnostics } = parsePolicy(`version: 1\n${yaml}`, 'test.yaml')
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  const lists = new Map(policy.lists.map(({ name }) => [name, list(name, files)]))
  const blocks = new Map(policy.blocks.map(({ name }) => [name, readBlocks(files.blocks?.[name] ?? '').entries]))
  const addresses = ['127.0.0.1', '::1', ...(files.addresses ?? ['192.168.51.254', '198.18.7.7'])].map(ip)
  return compilePolicy(policy, { lists, blocks, machine: { addresses, proxyPort: files.port ?? policy.gateway.proxy.port } })
}

/** `192.168.51.35`, or with a MAC: `192.168.51.35 00:16:3e:5e:6c:01`. */
export function client(text: string): Client {
  const [address = '', mac] = text.split(' ')
  return { address: ip(address), mac: mac === undefined ? undefined : parseMac(mac) }
}

export interface Also {
  readonly now?: number
  readonly via?: string
  readonly userAgent?: string
  readonly contentType?: string
}

/** `GET http://example.com/`, `CONNECT example.com:443`, `https://example.com/`. */
export function facts(compiled: CompiledPolicy, from: string, request: string, also: Also = {}): RequestFacts {
  const words = request.split(' ')
  const asked = parseWebAsk(words.at(-1) ?? '', words.length > 1 ? words[0] : undefined)
  if (!asked.ok) throw new Error(asked.problem)
  const { method, target, uri, tunnel } = asked.value
  const who = client(from)
  const via = also.via === undefined ? nearestVia(compiled, who.address) : ip(also.via)
  return { client: who, via, now: also.now ?? NOW, method, target, uri, tunnel, userAgent: also.userAgent, contentType: also.contentType }
}

/** `open`, or `deny by X`. */
export function decided(compiled: CompiledPolicy, from: string, request: string, also: Also = {}): string {
  const asked = facts(compiled, from, request, also)
  const decision = decide(compiled, asked)
  const trace: TraceStep[] = []
  const told = decide(compiled, asked, trace)
  if (text(told) !== text(decision)) throw new Error(`a trace changes the judgement: ${text(decision)}, traced ${text(told)}`)
  return text(decision)
}

/** `allow by X`, or `deny by X`, by decide and guard. */
export function judged(compiled: CompiledPolicy, from: string, request: string, addresses: readonly string[] = ['93.184.215.14'], also: Also = {}): string {
  const leave = decide(compiled, facts(compiled, from, request, also))
  if (leave.verdict === 'deny') return text(leave)
  const { host } = leave.facts.target
  return text(guard(compiled, leave, host.kind === 'address' ? [host.address] : addresses.map(ip)))
}

export function text(decision: Denial | Leave | Permit | undefined): string {
  if (decision === undefined) return 'allow'
  if (decision.verdict === 'open') return 'open'
  return decision.verdict === 'deny' ? `deny by ${decision.cause.by}` : `allow by ${decision.endpoints[0]?.cause.by}`
}

/** `tcp/25 to 203.0.113.9` */
export function packet(compiled: CompiledPolicy, from: string, what: string, now = NOW): PacketDecision {
  const [service = '', , to = ''] = what.split(' ')
  const asked = parsePacketAsk(compiled.policy, compiled.machine.proxyPort, service, to)
  const first = asked.ok ? asked.value[0] : undefined
  if (first === undefined) throw new Error(what)
  return decidePacket(compiled, { from: from === 'gateway' ? 'gateway' : client(from), now, ...first })
}

export function packetJudged(compiled: CompiledPolicy, from: string, what: string, now = NOW): string {
  const { action, cause } = packet(compiled, from, what, now)
  return `${action} by ${cause.by}`
}

/** The office of the article: two groups, an admin, and the rules in their order. */
export const OFFICE = `
gateway:
  green: { interface: eth0, address: 192.168.51.254/24 }
  red: { interface: eth1 }
  admin: { mac: "00:1a:2b:3c:4d:5e", ports: [445, 222] }
  serve: [dns, dhcp, ping]
addresses:
  MailAccess: [192.168.51.0/27]
  WebAccess: [192.168.51.32/27]
  Director: ["00:16:3e:5e:6c:01"]
  Staff: [WebAccess, Director]
services:
  MailingServices: [pop3, smtp]
rules:
  - { name: mail, action: allow, from: MailAccess, to: internet, services: MailingServices }
  - { name: web-through-the-proxy, action: allow, from: Staff, to: gateway, services: proxy }
`
