// Where addresses are, as the gateway's routing has it: its own, broadcast, behind which interface. What a simulator must suppose of the
// machine, in one place. Danger prevented: a proof about packets that no kernel would route so.
import { ipFromValue } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { networkSet, parseNetwork, single } from '../net/network.ts'
import type { NetworkSet, Range } from '../net/network.ts'
import type { GreenNetwork, Policy } from '../policy/policy.ts'
import type { Kind } from './packet.ts'

function ranges(...texts: readonly string[]): readonly Range[] {
  return texts.flatMap((text) => {
    const parsed = parseNetwork(text)
    return parsed.ok ? [parsed.range] : []
  })
}

const LOOPBACK = ranges('127.0.0.0/8', '::1')
const MULTICAST = networkSet(ranges('224.0.0.0/4', 'ff00::/8'))
/** nobody is reached at these over a wire; the kernel calls 0.0.0.0/8 broadcast */
const NOWHERE = networkSet(ranges('0.0.0.0/8', '::'))
const LINK_LOCAL6 = networkSet(ranges('fe80::/10'))
const ALL_ONES = 0xffffffffn

export interface World {
  /** of the kernel's local table */
  readonly local: NetworkSet
  readonly broadcast: NetworkSet
  readonly anycast: NetworkSet
  readonly multicast: NetworkSet
  readonly nowhere: NetworkSet
  readonly linkLocal6: NetworkSet
  readonly greens: readonly GreenNetwork[]
  readonly greenInterfaces: readonly string[]
  readonly redInterfaces: readonly string[]
  /** one that the policy does not name */
  readonly other: string
}

function broadcastOf({ family, network }: GreenNetwork): readonly Range[] {
  return family === 4 && network.last - network.first > 1n ? [{ family, first: network.last, last: network.last }] : []
}

function anycastOf({ family, prefix, network }: GreenNetwork): readonly Range[] {
  return family === 6 && prefix < 127 ? [{ family, first: network.first, last: network.first }] : []
}

function unnamed(names: readonly string[]): string {
  let number = 0
  while (names.includes(`other${number}`)) number += 1
  return `other${number}`
}

/** `own`: the machine's addresses, as far as they are known beside the policy's. */
export function worldOf(policy: Policy, own: readonly Ip[]): World {
  const { green, red } = policy.gateway
  const greenInterfaces = [...new Set(green.map((each) => each.interface))]
  const redInterfaces = [...new Set(red.map((each) => each.interface))]
  return {
    local: networkSet([...LOOPBACK, ...own.map(single), ...green.map(({ family, address }) => single(ipFromValue(family, address)))]),
    broadcast: networkSet([{ family: 4, first: ALL_ONES, last: ALL_ONES }, ...ranges('0.0.0.0/8'), ...green.flatMap(broadcastOf)]),
    anycast: networkSet(green.flatMap(anycastOf)),
    multicast: MULTICAST,
    nowhere: NOWHERE,
    linkLocal6: LINK_LOCAL6,
    greens: green,
    greenInterfaces,
    redInterfaces,
    other: unnamed([...greenInterfaces, ...redInterfaces]),
  }
}

export function kindOf(world: World, ip: Ip): Kind {
  if (world.local.has(ip)) return 'local'
  if (world.broadcast.has(ip)) return 'broadcast'
  if (world.anycast.has(ip)) return 'anycast'
  return world.multicast.has(ip) ? 'multicast' : 'unicast'
}

export function greenOf(world: World, ip: Ip): GreenNetwork | undefined {
  return world.greens.find(({ network }) => network.family === ip.family && ip.value >= network.first && ip.value <= network.last)
}

/** Interfaces through which the routing may send what is for this address; empty: it goes nowhere. */
export function routesTo(world: World, ip: Ip): readonly string[] {
  if (world.nowhere.has(ip)) return []
  if (world.local.has(ip) || world.anycast.has(ip)) return ['lo']
  const green = greenOf(world, ip)
  if (green !== undefined) return [green.interface]
  if (world.linkLocal6.has(ip) || world.multicast.has(ip) || world.broadcast.has(ip)) return world.greenInterfaces
  return world.redInterfaces.length > 0 ? world.redInterfaces : [world.other]
}


export function interfacesOf(world: World): readonly string[] {
  return [...new Set([...world.greenInterfaces, ...world.redInterfaces, world.other])]
}

