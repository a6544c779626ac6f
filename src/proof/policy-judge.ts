// The policy's own judgement of a packet that the packet filter sees: which of them it speaks of, and what it says. Danger prevented: a
// proof that compares an answer with another question.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { PacketDecision, PacketFacts } from '../decision/facts.ts'
import { decidePacket } from '../decision/packet.ts'
import type { RulesetFacts } from '../firewall/facts.ts'
import { safeId } from '../firewall/rule-id.ts'
import { sameIp } from '../net/ip.ts'
import { scopeOf } from '../net/scope.ts'
import { MARK_MASK, markOf } from './from-ruleset.ts'
import { DISCOVERY, firstState } from './first.ts'
import type { Judge, Told } from './judges.ts'
import { HOP_LIMIT } from './packet.ts'
import type { Packet } from './packet.ts'
import { TCP_RESET, refusal4, refusal6 } from './rejects.ts'
import { PORTS, serviceAt } from './service.ts'
import { greenOf, kindOf, routesTo } from './world.ts'
import type { World } from './world.ts'

/** to conntrack an error of a known flow, to us a stranger's wish to move it */
const REDIRECT = 5
const ALL_ONES = 0xffffffffn

/** TCP speaks to one host: the kernel's own drops what comes to an address of several. */
function isNobodys({ service, destinationKind }: Packet): boolean {
  return service <= PORTS.tcp.last && (destinationKind === 'broadcast' || destinationKind === 'multicast' || destinationKind === 'anycast')
}

/** Is it a first packet as it would come? */
function isFirst(packet: Packet): boolean {
  if (packet.state !== firstState(packet.service)) return false
  if (packet.service <= PORTS.tcp.last && (!packet.syn || isNobodys(packet))) return false
  const service = serviceAt(packet.service)
  return service.protocol !== 'icmp' || service.family !== 6 || !DISCOVERY.has(service.type) || packet.hopLimit !== HOP_LIMIT
}

function factsOf(packet: Packet, from: PacketFacts['from'], now: number): PacketFacts {
  const service = serviceAt(packet.service)
  const to = packet.destination
  switch (service.protocol) {
    case 'icmp': return { from, to, now, protocol: 'icmp', port: service.type }
    case 'ip': return { from, to, now, protocol: service.number, port: undefined }
    default: return { from, to, now, protocol: service.protocol, port: service.port, sourcePort: packet.sourcePort }
  }
}

/** iptables' word for it as what it is on the wire. */
function wireAnswer(word: string): string {
  return (word.startsWith('icmp6-') ? refusal6(word.slice(6)) : refusal4(word.replace(/^icmp-/, ''))) ?? word
}

export class PolicyJudge implements Judge {
  readonly name = 'policy'
  readonly #compiled: CompiledPolicy
  readonly #facts: RulesetFacts
  readonly #world: World
  readonly #mark: number
  /** some rule does not hold at all times */
  readonly #timed: boolean

  /** `generation`: that of the rules. */
  constructor(compiled: CompiledPolicy, facts: RulesetFacts, world: World, generation: number) {
    this.#mark = markOf(generation)
    this.#timed = compiled.policy.rules.some((rule) => rule.enabled && (rule.schedules !== undefined || rule.expires !== undefined))
    this.#compiled = compiled
    this.#facts = facts
    this.#world = world
  }

  judge(packet: Packet): Told | undefined {
    const { now } = this.#facts
    return this.#timed && packet.time !== Math.floor(now / 1000) ? undefined : this.#at(packet, now)
  }

  /** At another time than that of the rules, where some rule is in force for a while; undefined: it is their time, or it has no say. */
  late(packet: Packet): Told | undefined {
    return this.#timed && packet.time > Math.floor(this.#facts.now / 1000) ? this.#at(packet, packet.time * 1000) : undefined
  }

  #at(packet: Packet, now: number): Told | undefined {
    return packet.hook === 'output' ? this.#sent(packet, now) : this.#received(packet, now)
  }

  #told(decision: PacketDecision): Told {
    const observes = this.#compiled.policy.mode === 'observe'
    const passes = decision.verdict === 'deny' && observes && decision.firm !== true
    const { cause } = decision
    const by = cause.kind === 'rule' ? `rule:${safeId(cause.by)}` : cause.kind === 'blocks' || cause.kind === 'serve' || cause.kind === 'admin' ? cause.kind : 'default'
    if (passes || decision.answer === undefined) return { verdict: passes ? 'accept' : decision.action, by, slowed: decision.limit !== undefined && !observes, ...(passes ? {} : { caught: decision.caught === true }) }
    return { verdict: decision.action, by, answer: wireAnswer(decision.answer) }
  }

  #received(packet: Packet, now: number): Told | undefined {
    const world = this.#world
    if (packet.in === 'lo') return undefined
    if (!this.#isRouted(packet)) return undefined
    if (packet.state !== firstState(packet.service)) return this.#running(packet, now)
    if (!isFirst(packet) || packet.noisy) return undefined
    const closed: Told = { verdict: 'drop', by: 'default' }
    const service = serviceAt(packet.service)
    if (!world.greenInterfaces.includes(packet.in)) {
      // neighbours speak on every link
      return service.protocol === 'icmp' && service.family === 6 && DISCOVERY.has(service.type) ? undefined : closed
    }
    // a neighbour that asks all routers of the network: the kernel's own answer
    if (packet.destinationKind === 'anycast' && service.protocol === 'icmp' && DISCOVERY.has(service.type)) return undefined
    const { source } = packet
    // a sender that is not where it belongs, or that gives itself out for the gateway
    if (kindOf(world, source) === 'local' || (greenOf(world, source) !== undefined && greenOf(world, source)?.interface !== packet.in)) return closed
    return this.#told(decidePacket(this.#compiled, factsOf(packet, { address: source, mac: packet.mac }, now)))
  }

  /**
   * What comes in through green and begins nothing: a flow that these rules accepted goes on; one that others did is judged anew, and TCP is told its end; an
   * error of a flow passes; what belongs to none does not.
   */
  #running(packet: Packet, now: number): Told | undefined {
    const { source, destination, state } = packet
    if (greenOf(this.#world, source)?.interface !== packet.in || kindOf(this.#world, source) === 'local' || scopeOf(destination) === 'loopback') return undefined
    const service = serviceAt(packet.service)
    // these stand before the state
    if (packet.hook === 'input' && (service.protocol === 'tcp' || (service.protocol === 'icmp' && service.family === 6))) return undefined
    const passes: Told = { verdict: 'accept', by: 'default' }
    const tcp = service.protocol === 'tcp'
    if (state === 'invalid') return { verdict: 'drop', by: 'default' }
    if (state === 'related' && service.protocol === 'icmp') return service.family === 4 && service.type === REDIRECT ? { verdict: 'drop', by: 'default' } : passes
    if (state === 'established' && ((packet.mark & MARK_MASK) >>> 0 === this.#mark || packet.reply)) return passes
    if ((state !== 'established' && state !== 'related') || firstState(packet.service) !== 'new' || isNobodys(packet) || packet.noisy) return undefined
    const told = this.#told(decidePacket(this.#compiled, factsOf(packet, { address: source, mac: packet.mac }, now)))
    return tcp && state === 'established' && told.verdict !== 'accept' ? { verdict: 'reject', by: told.by, answer: TCP_RESET } : told
  }

  /** The kernel routes by the destination alone. */
  #isRouted(packet: Packet): boolean {
    const exits = routesTo(this.#world, packet.destination)
    if (packet.hook === 'forward') return exits.includes(packet.out) && !this.#world.linkLocal6.has(packet.destination)
    return exits.length > 0
  }

  #sent(packet: Packet, now: number): Told | undefined {
    const { policy } = this.#compiled
    // where multicast goes, what is for everybody, and what is on each link, is a matter of routes that the policy does not know
    const { destination } = packet
    if (packet.destinationKind === 'multicast' || packet.destinationKind === 'anycast' || destination.value === ALL_ONES || this.#world.linkLocal6.has(destination) || !routesTo(this.#world, destination).includes(packet.out)) return undefined
    // loopback's addresses are on no wire; other people's are what the rules alone know to be forged
    if (packet.out !== 'lo' && scopeOf(packet.source) === 'loopback') return { verdict: 'drop', by: 'default' }
    if (kindOf(this.#world, packet.source) !== 'local' || !isFirst(packet) || packet.noisy) return undefined
    const decision = decidePacket(this.#compiled, factsOf(packet, 'gateway', now))
    const told = this.#told(decision)
    if (decision.cause.kind === 'rule') return told
    // what the policy says of programs in general is not said of the proxy
    if (this.#isProxy(packet)) return { verdict: 'accept', by: policy.gateway.output === 'drop' || told.by !== 'serve' ? 'default' : told.by }
    return this.#isResolver(packet) || policy.mode === 'observe' ? { verdict: 'accept', by: told.by } : told
  }

  #isProxy({ uid }: Packet): boolean {
    return uid !== undefined && uid === this.#facts.proxyUid
  }

  #isResolver({ destination, service: at }: Packet): boolean {
    const service = serviceAt(at)
    return (service.protocol === 'tcp' || service.protocol === 'udp') && this.#facts.resolvers.some(({ address, port }) => sameIp(address, destination) && port === service.port)
  }
}
