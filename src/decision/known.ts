// What the known names (`green`, `internet`, `gateway`) hold on this machine, and sets of target addresses in terms of them. Danger
// prevented: "the gateway" meaning fewer addresses to the guard than the kernel answers on (127.0.0.2, 0.0.0.0, ::).
import { ipFromValue } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { EVERYTHING, networkSet, parseNetwork, single, subtract, union } from '../net/network.ts'
import type { NetworkSet, Range } from '../net/network.ts'
import { PACKET_INTERNET_EXCLUDES, PRIVATE_RANGES, PUBLIC } from '../net/scope.ts'
import type { AddressSet, Policy } from '../policy/policy.ts'
import type { Machine } from './machine.ts'

export interface KnownAddresses {
  /** every address at which this machine answers itself */
  readonly own: NetworkSet
  readonly green: NetworkSet
  readonly internet: NetworkSet
  /** what the guard lets pass without an opening */
  readonly public: NetworkSet
}

/** A connection to the unspecified address reaches the machine itself, as does all of 127.0.0.0/8 (RFC 1122 3.2.1.3). */
const ALWAYS_OWN: readonly Range[] = ['127.0.0.0/8', '::1', '0.0.0.0', '::'].flatMap((text) => {
  const parsed = parseNetwork(text)
  return parsed.ok ? [parsed.range] : []
})

export function knownAddresses(policy: Policy, machine: Machine): KnownAddresses {
  const { green, red } = policy.gateway
  const greenOwn: readonly Ip[] = green.map((network) => ipFromValue(network.family, network.address))
  const own = networkSet([...ALWAYS_OWN, ...machine.addresses.map(single), ...greenOwn.map(single)])
  const greenSet = networkSet(green.map((network) => network.network))
  let special = networkSet(PACKET_INTERNET_EXCLUDES)
  if (red.some((side) => side.private)) special = subtract(special, networkSet(PRIVATE_RANGES))
  return {
    own,
    green: greenSet,
    internet: subtract(subtract(EVERYTHING, special), union(greenSet, own)),
    public: subtract(PUBLIC, own),
  }
}

/** The addresses that a `to` means; host patterns are judged elsewhere. */
export function targetSet(set: AddressSet, known: KnownAddresses): NetworkSet {
  if (set.any) return EVERYTHING
  let addresses = networkSet(set.ranges)
  if (set.green) addresses = union(addresses, known.green)
  if (set.internet) addresses = union(addresses, known.internet)
  if (set.gateway) addresses = union(addresses, known.own)
  return addresses
}
