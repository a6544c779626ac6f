// Does a packet rule let Green reach the web round the proxy? Danger prevented: `any`, or a wide range of ports, that quietly
// makes every rule of `web` a matter of politeness.
import { EVERYTHING, intersect, networkSet, type NetworkSet, NOTHING, subtract, union } from '../net/network.ts'
import { PACKET_INTERNET_EXCLUDES, PRIVATE_RANGES } from '../net/scope.ts'
import type { AddressSet, PacketRule, Policy, ServiceSet } from './policy.ts'

const WEB_PORTS = [['tcp', 80], ['tcp', 443], ['udp', 443]] as const

/** What `internet` means to the firewall, as far as the file tells: the machine's other interfaces are not known here. */
function internetOf(policy: Policy): NetworkSet {
  const green = networkSet(policy.gateway.green.map(({ network }) => network))
  const excludes = networkSet(PACKET_INTERNET_EXCLUDES)
  const closed = policy.gateway.red.some((red) => red.private) ? subtract(excludes, networkSet(PRIVATE_RANGES)) : excludes
  return subtract(subtract(EVERYTHING, closed), green)
}

function covers(services: ServiceSet, protocol: 'tcp' | 'udp', port: number): boolean {
  return services.any || services.parts.some((part) => part.protocol === protocol && part.first <= port && port <= part.last)
}

function addressesOf(set: AddressSet, green: NetworkSet, internet: NetworkSet): NetworkSet {
  if (set.any) return EVERYTHING
  return union(networkSet(set.ranges), union(set.green ? green : NOTHING, set.internet ? internet : NOTHING))
}

/** A question to rules: `tcp/80` when the rule opens it to somebody; undefined when it opens none of the three, or says that it is meant. */
export function webOpener(policy: Policy): (rule: PacketRule) => string | undefined {
  const green = networkSet(policy.gateway.green.map(({ network }) => network))
  const internet = internetOf(policy)
  return (rule) => opensWebDirectly(policy, rule, green, internet)
}

function opensWebDirectly(policy: Policy, rule: PacketRule, green: NetworkSet, internet: NetworkSet): string | undefined {
  if (rule.action !== 'allow' || rule.direct || rule.via === 'proxy' || rule.mode === 'observe' || green.empty) return undefined
  if (!WEB_PORTS.some(([protocol, port]) => covers(rule.services, protocol, port))) return undefined
  const byMac = rule.from.macs.length > 0 || rule.from.pins.some((pin) => !intersect(networkSet(pin.ranges), green).empty)
  const clients = byMac ? green : intersect(addressesOf(rule.from, green, internet), green)
  const targets = intersect(addressesOf(rule.to, green, internet), internet)
  if (clients.empty || targets.empty) return undefined
  for (const [protocol, port] of WEB_PORTS) {
    if (!covers(rule.services, protocol, port)) continue
    // an earlier rule that always denies all of it leaves nothing to open
    const closed = policy.rules.slice(0, policy.rules.indexOf(rule)).some((earlier) =>
      earlier.action !== 'allow' && earlier.enabled && earlier.mode === 'enforce' && earlier.schedules === undefined && earlier.expires === undefined && earlier.via !== 'proxy' &&
      covers(earlier.services, protocol, port) && subtract(clients, addressesOf(earlier.from, green, internet)).empty &&
      subtract(targets, addressesOf(earlier.to, green, internet)).empty)
    if (!closed) return `${protocol}/${port}`
  }
  return undefined
}
