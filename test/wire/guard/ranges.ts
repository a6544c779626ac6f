// The special-purpose ranges of the IANA registries (RFC 6890, 8190; IPv4 and IPv6, as of 2025) and what carries IPv4 inside IPv6, as cases: an
// address, and whether it may be dialled where no rule opens it. `beside`: the address before and the one behind the range are public unicast.
import { ipFromValue, parseIp } from '../../../src/net/ip.ts'
import type { Ip } from '../../../src/net/ip.ts'

export interface Special {
  readonly block: string
  readonly what: string
  /** is the one before, is the one behind public? */
  readonly beside: readonly [boolean, boolean]
}

const row = (block: string, what: string, before = false, behind = before): Special => ({ block, what, beside: [before, behind] })

/** Closed whole. */
export const SPECIAL: readonly Special[] = [
  row('0.0.0.0/8', 'this network, RFC 791', false, true), row('10.0.0.0/8', 'private, RFC 1918', true), row('100.64.0.0/10', 'shared, RFC 6598', true),
  row('127.0.0.0/8', 'loopback, RFC 1122', true), row('169.254.0.0/16', 'link-local, RFC 3927', true), row('169.254.169.254/32', 'metadata of clouds'), row('172.16.0.0/12', 'private', true),
  row('192.0.0.0/24', 'IETF protocol assignments, RFC 6890', true), row('192.0.0.0/29', 'DS-Lite, RFC 7335'), row('192.0.0.8/32', 'dummy, RFC 7600'), row('192.0.0.9/32', 'PCP anycast, RFC 7723'),
  row('192.0.0.10/32', 'TURN anycast, RFC 8155'), row('192.0.0.170/31', 'NAT64 discovery, RFC 7050'), row('192.0.2.0/24', 'TEST-NET-1, RFC 5737', true), row('192.88.99.0/24', '6to4 relay anycast, RFC 7526', true),
  row('192.168.0.0/16', 'private', true), row('198.18.0.0/15', 'benchmarking, RFC 2544', true), row('198.51.100.0/24', 'TEST-NET-2', true), row('203.0.113.0/24', 'TEST-NET-3', true),
  row('224.0.0.0/4', 'multicast, RFC 5771', true, false), row('240.0.0.0/4', 'class E, RFC 1112'), row('255.255.255.255/32', 'limited broadcast, RFC 8190'),
  row('::/128', 'unspecified, RFC 4291'), row('::1/128', 'loopback'), row('::/96', 'IPv4-compatible'), row('::ffff:0:0/96', 'IPv4-mapped'), row('::ffff:0:0:0/96', 'IPv4-translated, RFC 2765'),
  row('64:ff9b::/96', 'NAT64, RFC 6052'), row('64:ff9b:1::/48', 'local NAT64, RFC 8215'), row('100::/64', 'discard only, RFC 6666'), row('100:0:0:1::/64', 'dummy prefix, RFC 9780'),
  row('2001::/23', 'IETF protocol assignments, RFC 2928', true), row('2001::/32', 'Teredo, RFC 4380', true, false), row('2001:1::1/128', 'PCP anycast'), row('2001:1::2/128', 'TURN anycast'), row('2001:1::3/128', 'DNS-SD SRP anycast, RFC 9665'),
  row('2001:2::/48', 'benchmarking, RFC 5180'), row('2001:3::/32', 'AMT, RFC 7450'), row('2001:4:112::/48', 'AS112, RFC 7535'), row('2001:10::/28', 'ORCHID, RFC 4843'), row('2001:20::/28', 'ORCHIDv2, RFC 7343'), row('2001:30::/28', 'drone remote identification, RFC 9374'),
  row('2001:db8::/32', 'documentation, RFC 3849', true), row('2002::/16', '6to4, RFC 3056', true), row('3fff::/20', 'documentation, RFC 9637', true), row('4000::/3', 'outside 2000::/3', true, false), row('5f00::/16', 'segment routing, RFC 9602'),
  row('fc00::/7', 'unique local, RFC 4193'), row('fd00:ec2::254/128', 'metadata of a cloud'), row('fe80::/10', 'link-local'), row('fec0::/10', 'site-local, RFC 3879'), row('ff00::/8', 'multicast'),
]

/** In the registries and globally reachable there: ordinary unicast. */
export const REACHABLE: readonly string[] = ['192.31.196.0', '192.31.196.255', '192.52.193.0', '192.52.193.255', '192.175.48.0', '192.175.48.255', '2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff']

export interface AddressCase {
  readonly address: Ip
  readonly open: boolean
  readonly why: string
}

export function ip(text: string): Ip {
  const found = parseIp(text)
  if (found === undefined) throw new Error(`no address: ${text}`)
  return found
}

/** First and last of each range, the middle, and its neighbours where they are public. */
export function rangeCases(): AddressCase[] {
  const cases: AddressCase[] = []
  for (const { block, what, beside: [before, behind] } of SPECIAL) {
    const [text = '', prefix = ''] = block.split('/')
    const { family, value } = ip(text)
    const size = 1n << BigInt((family === 4 ? 32 : 128) - Number(prefix))
    const add = (at: bigint, open: boolean, where: string): void => void cases.push({ address: ipFromValue(family, at), open, why: `${where} ${block} (${what})` })
    add(value, false, 'the first of')
    if (size > 2n) add(value + size / 2n, false, 'the middle of')
    if (size > 1n) add(value + size - 1n, false, 'the last of')
    // the first address behind 2000::/3 and the last before it are in no range of the list
    if (before) add(value - 1n, true, 'before')
    if (behind) add(value + size, true, 'behind')
  }
  for (const text of REACHABLE) cases.push({ address: ip(text), open: true, why: 'registered, and globally reachable' })
  return cases
}

export interface Carrier {
  readonly what: string
  /** the range that a rule must open for it */
  readonly block: string
  readonly carry: (inner: bigint) => bigint
}

const under = (prefix: string, inner: bigint, shift = 0n): bigint => ip(prefix).value | (inner << shift)
const LOW = 0xffffffffn

/** Each form in which IPv4 travels inside IPv6. */
export const CARRIERS: readonly Carrier[] = [
  { what: 'mapped', block: '::ffff:0:0/96', carry: (inner) => under('::ffff:0:0', inner) },
  { what: 'compatible', block: '::/96', carry: (inner) => inner },
  { what: 'translated (SIIT)', block: '::ffff:0:0:0/96', carry: (inner) => under('::ffff:0:0:0', inner) },
  { what: 'NAT64', block: '64:ff9b::/96', carry: (inner) => under('64:ff9b::', inner) },
  { what: 'local NAT64 of 96 bits', block: '64:ff9b:1::/48', carry: (inner) => under('64:ff9b:1:fffe::', inner) },
  { what: 'local NAT64 of 64 bits', block: '64:ff9b:1::/48', carry: (inner) => under('64:ff9b:1::', inner, 24n) },
  { what: 'local NAT64 of 48 bits', block: '64:ff9b:1::/48', carry: (inner) => under('64:ff9b:1::', ((inner >> 16n) << 64n) | ((inner & 0xffffn) << 40n)) },
  { what: '6to4', block: '2002::/16', carry: (inner) => under('2002::', inner, 80n) },
  { what: '6to4, with an interface', block: '2002::/16', carry: (inner) => under('2002::1:2:3:4:5', inner, 80n) },
  { what: 'Teredo', block: '2001::/32', carry: (inner) => under('2001::', LOW ^ inner) },
  { what: 'the server of Teredo', block: '2001::/32', carry: (inner) => under('2001::', LOW ^ ip('45.88.3.3').value) | (inner << 64n) },
  { what: 'ISATAP', block: '2a00:77::/64', carry: (inner) => under('2a00:77::5efe:0:0', inner) },
  { what: 'ISATAP, globally unique', block: '2a00:77::/64', carry: (inner) => under('2a00:77::200:5efe:0:0', inner) },
  { what: 'ISATAP on the link', block: 'fe80::/10', carry: (inner) => under('fe80::5efe:0:0', inner) },
  { what: 'ISATAP in 6to4', block: '2002::/16', carry: (inner) => under('2002:2d58:303::5efe:0:0', inner) },
]

export const INNER_CLOSED: readonly string[] = ['10.0.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.31.255.255', '192.168.0.1', '100.100.100.200', '192.0.2.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '192.88.99.1']
export const INNER_OPEN: readonly string[] = ['45.88.3.3', '8.8.8.8', '1.1.1.1', '93.184.216.34']
