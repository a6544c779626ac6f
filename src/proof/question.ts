// A packet in an admin's words placed in the machine: which hook, which interfaces, which state its first packet has. Danger prevented: a
// simulation of a packet that would never come that way.
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import type { PacketFacts } from '../decision/facts.ts'
import { MARK_MASK } from './from-ruleset.ts'
import { HOP_LIMIT, SOURCE_PORT } from './packet.ts'
import type { Packet, State } from './packet.ts'
import { DISCOVERY, firstState } from './first.ts'
import { portSpan, protocolSpan, serviceAt, typeSpan } from './service.ts'
import { greenOf, kindOf, routesTo } from './world.ts'
import type { World } from './world.ts'

export interface PacketQuestion {
  readonly from: Ip
  readonly mac?: Mac
  /** absent: where such a sender is expected */
  readonly in?: string
  readonly ask: Pick<PacketFacts, 'protocol' | 'port' | 'sourcePort' | 'to'>
  /** absent: that of a first packet; `reply`: an answer to a flow that the other side began */
  readonly state?: State | 'reply'
  readonly uid?: number
  /** seconds since 1970; absent: as at the load of the rules */
  readonly time?: number
  /** the mark that a running flow bears: of rules that accepted it */
  readonly mark?: number
}

const ON_LINK = 255

function serviceOf({ protocol, port, to }: PacketQuestion['ask']): number {
  if (protocol === 'icmp') return typeSpan(to.family, port).first
  return typeof protocol === 'number' ? protocolSpan(protocol).first : portSpan(protocol, port ?? 0).first
}

/** Behind which interface the sender is expected. */
function entryOf(world: World, from: Ip): string {
  const green = greenOf(world, from)?.interface
  if (green !== undefined) return green
  const onLink = world.linkLocal6.has(from) || world.nowhere.has(from)
  return (onLink ? world.greenInterfaces[0] : undefined) ?? world.redInterfaces[0] ?? world.other
}

export function packetOf(world: World, question: PacketQuestion): Packet {
  const { from, ask } = question
  const destinationKind = kindOf(world, ask.to)
  const sourceKind = kindOf(world, from)
  const own = sourceKind === 'local' && question.in === undefined
  const exit = routesTo(world, ask.to)[0] ?? world.greenInterfaces[0] ?? world.other
  const hook = own ? 'output' : destinationKind === 'unicast' ? 'forward' : 'input'
  const service = serviceOf(ask)
  const asked = serviceAt(service)
  const state = question.state ?? firstState(service)
  return {
    family: ask.to.family, hook, in: own ? '' : (question.in ?? entryOf(world, from)), out: hook === 'input' ? '' : exit,
    source: from, destination: ask.to, sourceKind, destinationKind, mac: own ? undefined : question.mac, service,
    sourcePort: asked.protocol === 'tcp' || asked.protocol === 'udp' ? (ask.sourcePort ?? SOURCE_PORT) : 0,
    hopLimit: asked.protocol === 'icmp' && asked.family === 6 && DISCOVERY.has(asked.type) ? ON_LINK : HOP_LIMIT,
    state: state === 'reply' ? 'established' : state, reply: state === 'reply', mark: ((question.mark ?? 0) & MARK_MASK) >>> 0,
    syn: asked.protocol === 'tcp' && state === 'new', uid: own ? (question.uid ?? 0) : undefined, time: question.time ?? 0, noisy: false,
  }
}
