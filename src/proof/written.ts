// A packet rule as it is written, asked entry by entry: no sets, no index, no compiled form. Against it the proxy's own judgement is held.
// Danger prevented: an explicit denial that the packet filter keeps and the proxy goes round.
import type { Client } from '../decision/facts.ts'
import { standingOf } from '../firewall/standing.ts'
import type { Ip } from '../net/ip.ts'
import type { Range } from '../net/network.ts'
import { PACKET_INTERNET_EXCLUDES, PRIVATE_RANGES } from '../net/scope.ts'
import type { AddressSet, PacketRule, Policy, ServiceSet } from '../policy/policy.ts'
import { greenOf } from './world.ts'
import type { World } from './world.ts'

function inRanges(ranges: readonly Range[], ip: Ip): boolean {
  return ranges.some(({ family, first, last }) => family === ip.family && ip.value >= first && ip.value <= last)
}

function isInternet(policy: Policy, world: World, ip: Ip): boolean {
  if (greenOf(world, ip) !== undefined || world.local.has(ip) || world.nowhere.has(ip)) return false
  return !inRanges(PACKET_INTERNET_EXCLUDES, ip) || (policy.gateway.red.some((red) => red.private) && inRanges(PRIVATE_RANGES, ip))
}

function holdsAddress(policy: Policy, world: World, set: AddressSet, ip: Ip): boolean {
  if (set.any || inRanges(set.ranges, ip)) return true
  if (set.green && greenOf(world, ip) !== undefined) return true
  if (set.gateway && (world.local.has(ip) || world.nowhere.has(ip))) return true
  return set.internet && isInternet(policy, world, ip)
}

function holdsClient(policy: Policy, world: World, set: AddressSet, { address, mac }: Client): boolean {
  if (holdsAddress(policy, world, { ...set, gateway: false }, address) || (set.gateway && world.local.has(address))) return true
  if (mac === undefined) return false
  return set.macs.includes(mac) || set.pins.some((pin) => pin.macs.includes(mac) && inRanges(pin.ranges, address))
}

function holdsTcp(services: ServiceSet, port: number, proxyPort: number): boolean {
  return services.any || services.parts.some((part) => {
    if (part.protocol === 'proxy') return port === proxyPort
    return part.protocol === 'tcp' && part.sourcePort === undefined && port >= part.first && port <= part.last
  })
}

/** The rule that decides what the proxy may fetch for the client at this address and port, as far as packet rules go. */
export function pathRule(policy: Policy, world: World, now: number, proxyPort: number, client: Client, to: Ip, port: number): PacketRule | undefined {
  return policy.rules.find((rule) => rule.via !== 'direct' && rule.mode === 'enforce' && standingOf(rule, now) === 'active' &&
    holdsTcp(rule.services, port, proxyPort) && holdsAddress(policy, world, rule.to, to) && holdsClient(policy, world, rule.from, client))
}
