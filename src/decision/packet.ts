// The judgement of a packet: what no policy may change, then blocks, serve, the rules in file order, and the default. What the printed
// rules do in the kernel, as one function. Danger prevented: an explanation that the packet filter does not keep.
import type { Ip } from '../net/ip.ts'
import { ipFromValue } from '../net/ip.ts'
import { scopeOf } from '../net/scope.ts'
import type { RejectWith } from '../policy/policy.ts'
import type { Slowing } from '../policy/rate.ts'
import { answerOf } from '../policy/reject.ts'
import { CAUGHT_PORTS } from '../policy/transparent.ts'
import { idle } from './activity.ts'
import { blockedPacket, blocksOf } from './blocks.ts'
import { Notes, reserved } from './cause.ts'
import { holdsClient } from './client-set.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Cause, Client, PacketDecision, PacketFacts, TraceStep } from './facts.ts'
import { nearestVia } from './nearest-via.ts'
import type { ReadyPacketRule } from './packet-rule.ts'
import { holdsPacket } from './port-set.ts'
import { packetText } from './packet-text.ts'
import { idleDetail, tell, tellRule } from './trace.ts'
import type { Trace } from './trace.ts'

type Verdict = Omit<PacketDecision, 'observed'>

function accept(cause: Cause, limit?: Slowing): Verdict {
  return { verdict: 'allow', action: 'accept', cause, ...(limit === undefined ? {} : { limit }) }
}

function drop(cause: Cause): Verdict {
  return { verdict: 'deny', action: 'drop', cause }
}

/** Without a word of the author's a reset for TCP, else that the port is not there. */
function reject({ protocol, to }: PacketFacts, cause: Cause, answer: RejectWith = 'tcp-reset'): Verdict {
  return { verdict: 'deny', action: 'reject', answer: answerOf(answer, to.family, protocol === 'tcp' || protocol === 6), cause }
}

/** As `gateway.default` says. */
function asDefault({ policy }: CompiledPolicy, facts: PacketFacts, cause: Cause, answer?: RejectWith): Verdict {
  const { action, rejectWith } = policy.gateway.default
  return action === 'drop' ? drop(cause) : reject(facts, cause, answer ?? rejectWith)
}

/** As enforced: what a policy in observe mode would drop is told as dropped. */
export function decidePacket(compiled: CompiledPolicy, facts: PacketFacts, trace?: TraceStep[]): PacketDecision {
  const notes = new Notes()
  const verdict = facts.from === 'gateway' ? fromGateway(compiled, facts, notes, trace) : fromClient(compiled, facts, facts.from, notes, trace)
  return { ...verdict, observed: notes.observed }
}

function fromClient(compiled: CompiledPolicy, facts: PacketFacts, client: Client, notes: Notes, trace: Trace): Verdict {
  return fixed(compiled, facts, client, trace) ?? blocked(compiled, facts, client, trace) ?? served(compiled, facts, trace) ??
    (isSpoken(compiled, client) ? byRules(compiled, facts, client, notes, trace) ?? caught(compiled, facts, client, notes, trace) : undefined) ?? last(compiled, facts, client, trace)
}

/** Rules speak of the families that green has: a neighbour's link-local address is served, and no rule is meant for it elsewhere. */
function isSpoken(compiled: CompiledPolicy, client: Client): boolean {
  const { green } = compiled.policy.gateway
  return green.length === 0 || green.some(({ family }) => family === client.address.family)
}

/** What no policy may change. */
function fixed(compiled: CompiledPolicy, facts: PacketFacts, client: Client, trace: Trace): Verdict | undefined {
  const { gateway } = compiled.policy
  if (gateway.green.length > 0 && !compiled.known.green.has(client.address) && !isNeighbour(client) && !asksForAddress(facts, client)) {
    tell(trace, 'anti-spoofing', 'match', `${client.address.text} is in no green network`)
    return { ...drop(reserved('default', `${client.address.text} does not come in through green: what comes in through red or elsewhere is closed`)), firm: true }
  }
  if (gateway.green.length > 0 && scopeOf(facts.to) === 'loopback' && scopeOf(client.address) !== 'loopback') {
    tell(trace, 'anti-spoofing', 'match', `${facts.to.text} is loopback`)
    return { ...drop(reserved('default', `${facts.to.text} is loopback, which nobody reaches over a wire`)), firm: true }
  }
  const toOwn = compiled.known.own.has(facts.to)
  if (gateway.admin !== undefined && client.mac !== undefined && gateway.admin.macs.includes(client.mac) && toOwn && facts.protocol === 'tcp' && gateway.admin.ports.includes(facts.port ?? -1)) {
    tell(trace, 'gateway.admin', 'match', `${client.mac} reaches ${packetText(facts)}`)
    return accept(reserved('admin', 'the admin\'s machine always reaches these ports: nobody locks it out'))
  }
  if (facts.to.family === 6 && facts.protocol === 'icmp' && NEIGHBOURS.has(facts.port ?? -1) && (toOwn || onLink(facts.to) || scopeOf(facts.to) === 'multicast')) {
    tell(trace, 'neighbour discovery', 'match')
    return accept(reserved('default', 'IPv6 does not work without neighbour discovery'))
  }
  if (facts.protocol === 'icmp' && facts.port !== undefined && beginsNothing(facts.to, facts.port, toOwn)) {
    tell(trace, 'state', 'match', packetText(facts))
    return { ...drop(reserved('default', `${packetText(facts)} begins nothing: it passes only as an answer to a flow that passed, or as an error of one`)), firm: true }
  }
  return undefined
}

/** ICMP that the kernel takes for the first packet of a flow (queries), or does not track at all (RFC 4861, 2710, 3810). */
const BEGINS: Readonly<Record<4 | 6, ReadonlySet<number>>> = { 4: new Set([8, 13, 15, 17]), 6: new Set([128, 139, 130, 131, 132, 133, 134, 135, 136, 143]) }
const ROUTER_ADVERTISEMENT = 134

/** Answers, errors and redirects belong to a flow, or to nobody. An advertised router is nobody's either: green has one already. */
function beginsNothing(to: Ip, type: number, toOwn: boolean): boolean {
  return !BEGINS[to.family].has(type) || (to.family === 6 && type === ROUTER_ADVERTISEMENT && (toOwn || onLink(to) || scopeOf(to) === 'multicast'))
}

/** fe80::/10 and the unspecified address: what neighbours on green's link speak from beside their addresses in its networks. */
function isNeighbour({ address }: Client): boolean {
  return address.family === 6 && (address.value >> 118n === 0x3fan || address.value === 0n)
}

/** Router solicitation, neighbour solicitation and advertisement (RFC 4861 4). */
const NEIGHBOURS: ReadonlySet<number> = new Set([133, 135, 136])

/** What a host sends: the above, its router's advertisements, and its multicast memberships (RFC 4861, 2710, 3810). */
const SENT: ReadonlySet<number> = new Set([131, 132, 133, 134, 135, 136, 143])

/** fe80::/10 and link-local multicast ff02::/16. */
function onLink(ip: Ip): boolean {
  return ip.value >> 118n === 0x3fan || ip.value >> 112n === 0xff02n
}

const BROADCAST = ipFromValue(4, 0xffffffffn).text

/** DHCP before there is an address (RFC 2131 4.1). */
function asksForAddress(facts: PacketFacts, client: Client): boolean {
  return client.address.text === '0.0.0.0' && facts.to.text === BROADCAST && facts.protocol === 'udp' && facts.port === 67 && (facts.sourcePort ?? 68) === 68
}

/** Of all, or of a green network. */
function isBroadcast(compiled: CompiledPolicy, to: Ip): boolean {
  if (to.family === 6) return false
  return to.text === BROADCAST || compiled.policy.gateway.green.some(({ family, network }) => family === 4 && network.last - network.first > 1n && to.value === network.last)
}

function blocked(compiled: CompiledPolicy, facts: PacketFacts, client: Client, trace: Trace): Verdict | undefined {
  const block = blockedPacket(blocksOf(compiled.blocks, client.address), facts, compiled.machine.proxyPort)
  if (block === undefined) return undefined
  const { cause } = block.refused
  trace?.push({ what: 'blocks', result: 'match', detail: cause.reason, ...(cause.place === undefined ? {} : { place: cause.place }) })
  return drop(cause)
}

function served(compiled: CompiledPolicy, facts: PacketFacts, trace: Trace): Verdict | undefined {
  const { serve } = compiled.policy.gateway
  const asksGateway = compiled.known.own.has(facts.to) || (isBroadcast(compiled, facts.to) && facts.protocol === 'udp' && facts.port === 67)
  if (!asksGateway || !holdsPacket(serve, facts, compiled.machine.proxyPort)) return undefined
  tell(trace, 'gateway.serve', 'match', packetText(facts))
  return accept(reserved('serve', `the gateway serves ${serve.text.join(', ')} to every Green client`))
}

function byRules(compiled: CompiledPolicy, facts: PacketFacts, from: Client | 'gateway', notes: Notes, trace: Trace): Verdict | undefined {
  for (const ready of compiled.packets) {
    const { rule } = ready
    const mismatch = packetMismatch(compiled, ready, facts, from)
    if (mismatch !== undefined) {
      tellRule(trace, rule, 'no match', mismatch)
      continue
    }
    const why = idle(ready.timing, facts.now)
    if (why !== undefined) {
      tellRule(trace, rule, 'skipped', idleDetail(rule, why))
      continue
    }
    if (ready.observed !== undefined) {
      tellRule(trace, rule, 'observed')
      notes.add(ready.observed)
      continue
    }
    tellRule(trace, rule, 'match')
    const { cause } = ready.refused
    if (rule.action === 'allow') return accept(cause, rule.limit)
    if (rule.action === 'deny') return asDefault(compiled, facts, cause, rule.rejectWith)
    return rule.action === 'drop' ? drop(cause) : reject(facts, cause, rule.rejectWith)
  }
  return undefined
}

/** Which condition keeps the rule from speaking of this packet. `from: any` means who comes in; the gateway itself is named. */
function packetMismatch(compiled: CompiledPolicy, ready: ReadyPacketRule, facts: PacketFacts, from: Client | 'gateway'): string | undefined {
  const { rule } = ready
  if (rule.via === 'proxy') return 'via: it speaks of what the proxy fetches'
  if (!(from === 'gateway' ? rule.from.gateway : holdsClient(ready.clients, from) || (rule.from.green && isNeighbour(from)))) return `from: ${rule.from.text.join(', ')}`
  if (!ready.targets.has(facts.to)) return `to: ${rule.to.text.join(', ')}`
  return holdsPacket(rule.services, facts, compiled.machine.proxyPort) ? undefined : `services: ${rule.services.text.join(', ')}`
}

/** Where the proxy is transparent: a web packet that no rule decides is the proxy's, if the client may use it. */
function caught(compiled: CompiledPolicy, facts: PacketFacts, client: Client, notes: Notes, trace: Trace): Verdict | undefined {
  if (compiled.policy.gateway.proxy.transparent !== true || facts.protocol !== 'tcp' || !CAUGHT_PORTS.includes(facts.port ?? -1) || !compiled.known.internet.has(facts.to)) return undefined
  tell(trace, 'gateway.proxy.transparent', 'match', 'asked as the proxy would be')
  const asked: PacketFacts = { ...facts, to: nearestVia(compiled, client.address), port: compiled.machine.proxyPort }
  const answer = served(compiled, asked, trace) ?? byRules(compiled, asked, client, notes, trace)
  return answer?.verdict === 'allow' ? { ...answer, caught: true } : undefined
}

/** For what nothing decided: QUIC, DNS and DNS over TLS are refused quickly, so that programs fall back at once; then the default. */
function last(compiled: CompiledPolicy, facts: PacketFacts, client: Client, trace: Trace): Verdict {
  const what = `no rule allows ${packetText(facts)} from ${client.address.text}`
  const ported = facts.protocol === 'tcp' || facts.protocol === 'udp'
  if (isBroadcast(compiled, facts.to) || scopeOf(facts.to) === 'multicast') {
    tell(trace, 'gateway.default', 'match', 'drop')
    return drop(reserved('default', `${what}, and nobody answers what is for everybody`))
  }
  const quick = goesToRed(compiled, facts.to) && ((facts.protocol === 'udp' && facts.port === 443) || (ported && (facts.port === 53 || facts.port === 853)))
  if (quick) tell(trace, 'refused quickly', 'match', `${packetText(facts)}: programs fall back at once`)
  else tell(trace, 'gateway.default', 'match', compiled.policy.gateway.default.action)
  const cause = reserved('default', what)
  return quick ? reject(facts, cause) : asDefault(compiled, facts, cause)
}

/** Past the gateway, and not to another green: through red where there is one, else what counts as internet. */
function goesToRed(compiled: CompiledPolicy, to: Ip): boolean {
  const { known, policy } = compiled
  if (policy.gateway.red.length === 0) return known.internet.has(to)
  return !known.own.has(to) && !known.green.has(to) && !onLink(to)
}

function fromGateway(compiled: CompiledPolicy, facts: PacketFacts, notes: Notes, trace: Trace): Verdict {
  const { gateway } = compiled.policy
  if (compiled.known.own.has(facts.to)) {
    tell(trace, 'loopback', 'match')
    return accept(reserved('default', 'what the gateway sends to itself stays open'))
  }
  if (facts.to.family === 6 && facts.protocol === 'icmp' && SENT.has(facts.port ?? -1)) {
    tell(trace, 'neighbour discovery', 'match')
    return accept(reserved('default', 'IPv6 does not work without neighbour discovery'))
  }
  const ruled = byRules(compiled, facts, 'gateway', notes, trace)
  if (ruled !== undefined) return ruled
  if (answersDhcp(compiled, facts)) {
    tell(trace, 'gateway.serve', 'match', packetText(facts))
    return accept(reserved('serve', 'it answers who asks for an address'))
  }
  // where red is named, the lock is on what leaves through it
  if (gateway.proxy.user !== undefined && isWeb(compiled, facts) && (gateway.red.length === 0 || !compiled.known.green.has(facts.to))) {
    tell(trace, 'gateway.proxy.user', 'match', gateway.proxy.user)
    return reject(facts, reserved('default', `only the user ${gateway.proxy.user} may open web connections from the gateway itself`), facts.protocol === 'udp' ? 'icmp-admin-prohibited' : 'tcp-reset')
  }
  const isDns = (facts.protocol === 'tcp' || facts.protocol === 'udp') && gateway.resolvers.some(({ address, port }) => address === facts.to.text && port === facts.port)
  tell(trace, 'gateway.output', 'match', isDns ? 'its resolver' : gateway.output)
  if (gateway.output === 'allow' || isDns) return accept(reserved('default', isDns ? 'it is one of the gateway\'s resolvers' : 'no rule speaks of it, and gateway.output is allow'))
  return drop(reserved('default', `no rule allows the gateway itself ${packetText(facts)}, and gateway.output is drop`))
}

/** A server's answer goes to everybody, so that no state knows it for one (RFC 2131 4.1). */
function answersDhcp({ policy: { gateway }, known }: CompiledPolicy, { to, protocol, port, sourcePort }: PacketFacts): boolean {
  if (to.family !== 4 || protocol !== 'udp' || port !== 68 || (sourcePort ?? 67) !== 67) return false
  return (to.text === BROADCAST || known.green.has(to)) && gateway.serve.parts.some((part) => 'sourcePort' in part && part.sourcePort === 68)
}

/** What is locked for the proxy's user: 80, 443 and the ports that `web` names one by one; QUIC with them. */
function isWeb(compiled: CompiledPolicy, { protocol, port }: PacketFacts): boolean {
  if (port === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return false
  if (protocol === 'udp') return port === 443
  const { ports, connectPorts } = compiled.policy.web
  return port === 80 || port === 443 || [...ports, ...connectPorts].some(({ first, last }) => first === last && first === port)
}
