// What a policy says of the machine that its packets cross: its cards, its addresses, and the values at which its verdict may change. Packets are
// tried at these values and one beside each. Danger prevented: a comparison by a handful of packets, none of them at an edge.
import type { CompiledPolicy } from '../../decision/compile.ts'
import type { Family, Ip } from '../../net/ip.ts'
import { ipFromValue } from '../../net/ip.ts'
import type { Mac } from '../../net/mac.ts'
import { networkSet, parseNetwork } from '../../net/network.ts'
import type { NetworkSet, Range } from '../../net/network.ts'
import type { ServiceSet } from '../../policy/policy.ts'
import type { IptText, Probe } from './rule.ts'

export interface Side {
  readonly card: string
  readonly networks: NetworkSet
  /** the gateway's own addresses in it */
  readonly own: readonly Ip[]
}

export interface Ground {
  readonly compiled: CompiledPolicy
  readonly greens: readonly Side[]
  readonly reds: readonly string[]
  readonly addresses: readonly Range[]
  readonly ports: readonly { readonly protocol: 'tcp' | 'udp'; readonly port: number }[]
  readonly types: readonly number[]
  readonly protocols: readonly number[]
  readonly macs: readonly Mac[]
}

function servicesOf({ policy, blocks }: CompiledPolicy): readonly ServiceSet[] {
  const blocked = [...blocks.values()].flat().flatMap(({ services }) => (services === undefined ? [] : [services]))
  return [policy.gateway.serve, ...policy.rules.map(({ services }) => services), ...new Set(blocked)]
}

export function groundOf(compiled: CompiledPolicy, text: IptText): Ground {
  const { policy, blocks, machine } = compiled
  const { gateway } = policy
  const cards = [...new Set(gateway.green.map((each) => each.interface))]
  const ports = new Map<string, { protocol: 'tcp' | 'udp'; port: number }>()
  const types = new Set<number>([8, 13, 128])
  const protocols = new Set<number>([47])
  const addPort = (protocol: 'tcp' | 'udp' | undefined, first: number, last: number): void => {
    for (const each of protocol === undefined ? (['tcp', 'udp'] as const) : [protocol]) for (const port of [first, last, first - 1, last + 1]) if (port > 0 && port <= 65_535) ports.set(`${each}/${port}`, { protocol: each, port })
  }
  for (const { parts } of servicesOf(compiled)) {
    for (const part of parts) {
      if (part.protocol === 'proxy') addPort('tcp', machine.proxyPort, machine.proxyPort)
      else if (part.protocol === 'ip') protocols.add(part.number)
      else if (part.protocol === 'icmp') for (const type of [part.v4, part.v6]) if (type !== undefined) types.add(type)
      if ('first' in part) addPort(part.protocol, part.first, part.last)
    }
  }
  for (const block of [...blocks.values()].flat()) if (block.port !== undefined) addPort(undefined, block.port, block.port)
  for (const port of gateway.admin?.ports ?? []) addPort('tcp', port, port)
  for (const rule of text.rules) {
    for (const { protocol, first, last } of rule.constants.ports) addPort(protocol, first, last)
    for (const type of rule.constants.types) if (rule.constants.types.length < 9) types.add(type)
    for (const protocol of rule.constants.protocols) if (typeof protocol === 'number') protocols.add(protocol)
  }
  for (const protocol of ['tcp', 'udp'] as const) for (const port of [25, 80, 443, 53, 853, 40_000]) ports.set(`${protocol}/${port}`, { protocol, port })
  return {
    compiled, reds: [...new Set(gateway.red.map((each) => each.interface))], ports: [...ports.values()], types: [...types], protocols: [...protocols],
    greens: cards.map((card) => {
      const own = gateway.green.filter((each) => each.interface === card)
      return { card, networks: networkSet(own.map(({ network }) => network)), own: own.map(({ family, address }) => ipFromValue(family, address)) }
    }),
    addresses: [
      ...policy.rules.flatMap(({ from, to }) => [...from.ranges, ...to.ranges, ...from.pins.flatMap(({ ranges }) => ranges)]), ...text.rules.flatMap(({ constants }) => [...constants.sources, ...constants.destinations]),
      ...blockedAddresses(blocks.keys()),
    ],
    macs: [...new Set([...(gateway.admin?.macs ?? []), ...policy.rules.flatMap(({ from }) => [...from.macs, ...from.pins.flatMap(({ macs }) => macs)]), ...text.rules.flatMap(({ constants }) => constants.macs)])],
  }
}

/** Of many blocked clients some: each is judged alike. */
const MOST_BLOCKED = 32

function blockedAddresses(texts: Iterable<string>): Range[] {
  return [...texts].slice(0, MOST_BLOCKED).flatMap((text) => {
    const range = networkRange(text)
    return range === undefined ? [] : [range]
  })
}

function networkRange(text: string): Range | undefined {
  const parsed = parseNetwork(text)
  return parsed.ok ? parsed.range : undefined
}

/** The edges of each range, and one beside each, as far as `within` holds them. */
export function edges(ranges: readonly Range[], family: Family, within: (ip: Ip) => boolean): Ip[] {
  const found = new Map<string, Ip>()
  const most = family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n
  for (const range of ranges) {
    if (range.family !== family) continue
    for (const value of [range.first, range.last, range.first - 1n, range.last + 1n]) {
      if (value < 0n || value > most) continue
      const ip = ipFromValue(family, value)
      if (within(ip)) found.set(ip.text, ip)
    }
  }
  return [...found.values()]
}

/** Documentation ranges: to packets they are internet, and nobody has them. */
export const SOMEWHERE: Readonly<Record<Family, Ip>> = { 4: ipFromValue(4, 0xc633644dn), 6: ipFromValue(6, 0x20010db8_ffff_0000_0000_0000_0000_0077n) }

export function waysOf(hooks: readonly string[]): Probe['way'][] {
  const ways = new Set<Probe['way']>()
  for (const hook of hooks) {
    if (hook === 'INPUT' || hook === 'PREROUTING') ways.add('in')
    if (hook === 'FORWARD' || hook === 'PREROUTING' || hook === 'POSTROUTING') ways.add('forward')
    if (hook === 'OUTPUT' || hook === 'POSTROUTING') ways.add('out')
  }
  return [...ways]
}
