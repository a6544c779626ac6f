// Who a `from` holds: addresses, MACs, and both together where a rule pins them. Danger prevented: a MAC that counts as matched
// because none is known.
import { EVERYTHING, networkSet, subtract, union } from '../net/network.ts'
import type { NetworkSet, Range } from '../net/network.ts'
import type { Mac } from '../net/mac.ts'
import type { AddressSet } from '../policy/policy.ts'
import type { Client } from './facts.ts'
import { targetSet } from './known.ts'
import type { KnownAddresses } from './known.ts'

export interface ClientSet {
  readonly any: boolean
  readonly networks: NetworkSet
  readonly macs: ReadonlySet<Mac>
  readonly pins: readonly { readonly networks: NetworkSet; readonly macs: ReadonlySet<Mac> }[]
}

export const ANYBODY: ClientSet = { any: true, networks: EVERYTHING, macs: new Set(), pins: [] }

/** To send to it reaches the machine itself; to speak from it is to have no address yet. */
const UNSPECIFIED = networkSet([{ family: 4, first: 0n, last: 0n }, { family: 6, first: 0n, last: 0n }])

export function clientSet(set: AddressSet, known: KnownAddresses): ClientSet {
  if (set.any) return ANYBODY
  return {
    any: false,
    networks: set.gateway ? union(targetSet({ ...set, gateway: false }, known), subtract(known.own, UNSPECIFIED)) : targetSet(set, known),
    macs: new Set(set.macs),
    pins: set.pins.map((pin) => ({ networks: networkSet(pin.ranges), macs: new Set(pin.macs) })),
  }
}

/** The same one for sets of the same content. */
export function clientSetOf(sets: Map<string, ClientSet>, set: AddressSet, known: KnownAddresses): ClientSet {
  const key = contentOf(set)
  const made = sets.get(key) ?? clientSet(set, known)
  sets.set(key, made)
  return made
}

function contentOf({ any, green, internet, gateway, ranges, macs, pins }: AddressSet): string {
  return [any, green, internet, gateway, rangesText(ranges), macs.join(), ...pins.map((pin) => `${rangesText(pin.ranges)}/${pin.macs.join()}`)].join(' ')
}

function rangesText(ranges: readonly Range[]): string {
  return ranges.map(({ family, first, last }) => `${family}:${first}-${last}`).join()
}

export function holdsClient(set: ClientSet, client: Client): boolean {
  if (set.any || set.networks.has(client.address)) return true
  const { mac } = client
  if (mac === undefined) return false
  if (set.macs.has(mac)) return true
  for (const pin of set.pins) if (pin.macs.has(mac) && pin.networks.has(client.address)) return true
  return false
}

export function namesMacs(set: ClientSet): boolean {
  return set.macs.size > 0 || set.pins.length > 0
}
