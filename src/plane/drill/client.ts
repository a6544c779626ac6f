// Who tries: a stranger whom the policy does not know, and one of each of its groups. Danger prevented: a drill by a client that may nothing, while
// what one group may opens a way for it that nobody meant.
import { groupOf } from '../../decision/group.ts'
import type { CompiledPolicy } from '../../decision/compile.ts'
import type { Family, Ip } from '../../net/ip.ts'
import { ipFromValue } from '../../net/ip.ts'
import type { Mac } from '../../net/mac.ts'
import { parseMac } from '../../net/mac.ts'
import type { Range } from '../../net/network.ts'
import { intersect, networkSet } from '../../net/network.ts'
import type { AddressSet } from '../../policy/policy.ts'

export interface DrillClient {
  readonly name: string
  readonly mac: Mac
  /** at most one a family */
  readonly addresses: readonly Ip[]
}

/** More groups than these are told as not tried. */
export const MOST_CLIENTS = 6
const LOOKED_AT = 4096n

function drillMac(index: number): Mac {
  const mac = parseMac(`02:67:67:00:00:${(index + 16).toString(16).padStart(2, '0')}`)
  if (mac === undefined) throw new Error('no MAC')
  return mac
}

/** Who can be asked for by name or rule. */
function named(compiled: CompiledPolicy, address: Ip): boolean {
  const { policy } = compiled
  const sets: readonly AddressSet[] = [...policy.addresses.values(), ...policy.rules.map(({ from }) => from)]
  return groupOf(compiled, { address, mac: undefined }) !== undefined || sets.some(({ ranges }) => networkSet(ranges).has(address))
}

/** From the end, where the fewest groups are. The network's own address and its broadcast are nobody's. */
function unknownIn(compiled: CompiledPolicy, { family, first, last }: Range): Ip | undefined {
  let spare: Ip | undefined
  for (let step = 1n; step < LOOKED_AT && last - step > first; step++) {
    const ip = ipFromValue(family, last - step)
    if (compiled.known.own.has(ip)) continue
    spare ??= ip
    if (!named(compiled, ip)) return ip
  }
  return spare
}

/** `strangerSix`: where green has no IPv6, a client that gives itself an address. */
export function drillClients(compiled: CompiledPolicy, strangerSix: Ip): readonly DrillClient[] {
  const { policy, known } = compiled
  const nets = (family: Family): readonly Range[] => policy.gateway.green.filter((green) => green.family === family).map(({ network }) => network)
  const stranger = ([4, 6] as const).flatMap((family) => nets(family).slice(0, 1).flatMap((network) => unknownIn(compiled, network) ?? []))
  const withSix = (addresses: readonly Ip[]): readonly Ip[] => (addresses.some(({ family }) => family === 6) ? addresses : [...addresses, stranger.find(({ family }) => family === 6) ?? strangerSix])
  const groups = [...policy.addresses].flatMap(([name, set], index): readonly DrillClient[] => {
    const inGreen = intersect(networkSet(set.ranges), known.green).ranges
    const own = ([4, 6] as const).flatMap((family) => {
      const [range] = inGreen.filter((each) => each.family === family)
      if (range === undefined) return []
      // a network's first address is no host's where there are others
      const value = [range.first + 1n, range.first, range.first + 2n].find((each) => each <= range.last && !known.own.has(ipFromValue(family, each)))
      return value === undefined ? [] : [ipFromValue(family, value)]
    })
    const [mac] = set.macs
    if (own.length === 0 && mac === undefined) return []
    return [{ name, mac: mac ?? drillMac(index + 1), addresses: withSix(own.length > 0 ? own : stranger) }]
  })
  return [{ name: 'a stranger', mac: drillMac(0), addresses: withSix(stranger) }, ...groups]
}
