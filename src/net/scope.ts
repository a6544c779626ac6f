// The scope of an address by the IANA special-purpose registries (RFC 6890, 8190), IPv4 inside IPv6 included. Danger prevented:
// a request led to loopback, the LAN or a cloud's metadata service through an address range that somebody forgot (SSRF).
import type { Ip } from './ip.ts'
import { isIsatap } from './embedded.ts'
import { networkSet, parseNetwork, subtract, EVERYTHING } from './network.ts'
import type { NetworkSet, Range } from './network.ts'

export type Scope =
  'public' | 'private' | 'loopback' | 'link-local' | 'shared' | 'multicast' | 'documentation' | 'translated' | 'reserved'

function ranges(...texts: readonly string[]): readonly Range[] {
  return texts.map((text) => {
    const parsed = parseNetwork(text)
    if (!parsed.ok) throw new Error(parsed.problem)
    return parsed.range
  })
}

/** None overlaps another. What is not here and is IPv4, or IPv6 in 2000::/3, is public. */
const REGISTRY: readonly (readonly [Exclude<Scope, 'public'>, readonly Range[]])[] = [
  ['private', ranges(
    '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', // RFC 1918
    'fc00::/7', // RFC 4193; fd00:ec2::254, a cloud's metadata, is one of them
  )],
  ['loopback', ranges('127.0.0.0/8', '::1')], // RFC 1122 3.2.1.3, RFC 4291 2.5.3
  ['link-local', ranges('169.254.0.0/16', 'fe80::/10')], // RFC 3927, RFC 4291 2.5.6
  ['shared', ranges('100.64.0.0/10')], // RFC 6598
  ['multicast', ranges('224.0.0.0/4', 'ff00::/8')], // RFC 1112, RFC 4291 2.7
  ['documentation', ranges(
    '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', // RFC 5737
    '2001:db8::/32', '3fff::/20', // RFC 3849, RFC 9637
  )],
  ['translated', ranges(
    '::2-::ffff:ffff', // IPv4-compatible, RFC 4291 2.5.5.1 (without :: and ::1)
    '::ffff:0:0/96', // IPv4-mapped, RFC 4291 2.5.5.2
    '::ffff:0:0:0/96', // IPv4-translated (SIIT), RFC 2765 2.1
    '64:ff9b::/96', '64:ff9b:1::/48', // NAT64, RFC 6052, RFC 8215
    '2001::/32', // Teredo, RFC 4380
    '2002::/16', // 6to4, RFC 3056
  )],
  ['reserved', ranges(
    '0.0.0.0/8', // this network, RFC 791 3.2
    '192.0.0.0/24', // IETF protocol assignments, RFC 6890
    '192.88.99.0/24', // 6to4 relay anycast, RFC 7526
    '198.18.0.0/15', // benchmarking, RFC 2544
    '240.0.0.0/4', // class E and limited broadcast, RFC 1112, RFC 8190
    '::', // unspecified
    '2001:1::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', // the rest of 2001::/23, RFC 2928
  )],
]

const V6_UNICAST = ranges('2000::/3')
const OUTSIDE_V6_UNICAST = subtract(networkSet(ranges('::/0')), networkSet(V6_UNICAST))

const SETS = REGISTRY.map(([scope, entries]) => ({ scope, set: networkSet(entries) }))

/**
 * Everything whose scope is not public by its range. (ISATAP hides IPv4 in the interface identifier of any network, which no
 * set of ranges tells: `scopeOf` does.)
 */
export const NOT_PUBLIC: NetworkSet = networkSet([...REGISTRY.flatMap(([, entries]) => entries), ...OUTSIDE_V6_UNICAST.ranges])

export const PUBLIC: NetworkSet = subtract(EVERYTHING, NOT_PUBLIC)

/** What `internet` leaves out for packets. The documentation ranges are not in it (policy.md, names and forms). */
export const PACKET_INTERNET_EXCLUDES: readonly Range[] = subtract(NOT_PUBLIC, networkSet(
  REGISTRY.flatMap(([scope, entries]) => (scope === 'documentation' ? entries : [])),
)).ranges

/** What `red.private: true` admits to `internet`. */
export const PRIVATE_RANGES: readonly Range[] = ranges('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', '100.64.0.0/10')

export function scopeOf(ip: Ip): Scope {
  if (!NOT_PUBLIC.has(ip)) return isIsatap(ip) ? 'translated' : 'public'
  for (const { scope, set } of SETS) if (set.has(ip)) return scope
  return 'reserved'
}

export { embeddedIp, embeddedIps } from './embedded.ts'
