// Scopes against the IANA special-purpose address registries (IPv4 and IPv6), row by row, both ends of each block; and the IPv4 inside IPv6.
import t from 'tap'
import fc from 'fast-check'
import { embeddedIp, embeddedIps } from '../../src/net/embedded.ts'
import { ipFromValue, parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { networkSet, parseNetwork, rangeText } from '../../src/net/network.ts'
import type { Range } from '../../src/net/network.ts'
import { NOT_PUBLIC, PACKET_INTERNET_EXCLUDES, PRIVATE_RANGES, PUBLIC, scopeOf } from '../../src/net/scope.ts'
import type { Scope } from '../../src/net/scope.ts'

function ip(text: string): Ip {
  const found = parseIp(text)
  if (found === undefined) throw new Error(text)
  return found
}

function range(text: string): Range {
  const parsed = parseNetwork(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.range
}

/** The registries of 2025, in their order; what IANA calls globally reachable and is ordinary unicast is public here too. */
const REGISTRY: readonly (readonly [string, Scope, string])[] = [
  ['0.0.0.0/8', 'reserved', 'this network'], ['0.0.0.0/32', 'reserved', 'this host on this network'], ['10.0.0.0/8', 'private', 'private use'],
  ['100.64.0.0/10', 'shared', 'shared address space'], ['127.0.0.0/8', 'loopback', 'loopback'], ['169.254.0.0/16', 'link-local', 'link local'],
  ['172.16.0.0/12', 'private', 'private use'], ['192.0.0.0/24', 'reserved', 'IETF protocol assignments'], ['192.0.0.0/29', 'reserved', 'IPv4 service continuity prefix'],
  ['192.0.0.8/32', 'reserved', 'IPv4 dummy address'], ['192.0.0.9/32', 'reserved', 'port control protocol anycast'], ['192.0.0.10/32', 'reserved', 'TURN anycast'],
  ['192.0.0.170/32', 'reserved', 'NAT64/DNS64 discovery'], ['192.0.0.171/32', 'reserved', 'NAT64/DNS64 discovery'], ['192.0.2.0/24', 'documentation', 'TEST-NET-1'],
  ['192.31.196.0/24', 'public', 'AS112-v4'], ['192.52.193.0/24', 'public', 'AMT'], ['192.88.99.0/24', 'reserved', 'deprecated 6to4 relay anycast'],
  ['192.88.99.2/32', 'reserved', '6a44 relay anycast'], ['192.168.0.0/16', 'private', 'private use'], ['192.175.48.0/24', 'public', 'direct delegation AS112'],
  ['198.18.0.0/15', 'reserved', 'benchmarking'], ['198.51.100.0/24', 'documentation', 'TEST-NET-2'], ['203.0.113.0/24', 'documentation', 'TEST-NET-3'],
  ['240.0.0.0/4', 'reserved', 'reserved'], ['255.255.255.255/32', 'reserved', 'limited broadcast'], ['224.0.0.0/4', 'multicast', 'multicast'],
  ['::1/128', 'loopback', 'loopback address'], ['::/128', 'reserved', 'unspecified address'], ['::ffff:0:0/96', 'translated', 'IPv4-mapped'],
  ['64:ff9b::/96', 'translated', 'IPv4-IPv6 translation'], ['64:ff9b:1::/48', 'translated', 'IPv4-IPv6 translation'], ['100::/64', 'reserved', 'discard only'],
  ['100:0:0:1::/64', 'reserved', 'dummy IPv6 prefix'], ['2001::/23', 'reserved', 'IETF protocol assignments'], ['2001::/32', 'translated', 'TEREDO'],
  ['2001:1::1/128', 'reserved', 'port control protocol anycast'], ['2001:1::2/128', 'reserved', 'TURN anycast'], ['2001:1::3/128', 'reserved', 'DNS-SD SRP anycast'],
  ['2001:2::/48', 'reserved', 'benchmarking'], ['2001:3::/32', 'reserved', 'AMT'], ['2001:4:112::/48', 'reserved', 'AS112-v6'], ['2001:10::/28', 'reserved', 'deprecated ORCHID'],
  ['2001:20::/28', 'reserved', 'ORCHIDv2'], ['2001:30::/28', 'reserved', 'drone remote ID'], ['2001:db8::/32', 'documentation', 'documentation'], ['2002::/16', 'translated', '6to4'],
  ['2620:4f:8000::/48', 'public', 'direct delegation AS112'], ['3fff::/20', 'documentation', 'documentation'], ['5f00::/16', 'reserved', 'segment routing SIDs'],
  ['fc00::/7', 'private', 'unique local'], ['fe80::/10', 'link-local', 'link-local unicast'], ['fec0::/10', 'reserved', 'site-local, deprecated'], ['ff00::/8', 'multicast', 'multicast'],
]

t.test('each row of the registries, at both its ends', async (t) => {
  for (const [text, scope, what] of REGISTRY) {
    const { family, first, last } = range(text)
    if (text === '2001::/23') { // its own row in part: Teredo begins it
      t.equal(scopeOf(ipFromValue(family, last)), scope, `the last of ${text} (${what})`)
      continue
    }
    t.equal(scopeOf(ipFromValue(family, first)), scope, `the first of ${text} (${what})`)
    t.equal(scopeOf(ipFromValue(family, last)), scope, `the last of ${text} (${what})`)
  }
})

t.test('what lies beside the special blocks is public', async (t) => {
  const neighbours = ['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0',
    '191.255.255.255', '192.0.1.0', '192.0.3.0', '192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0', '223.255.255.255', '8.8.8.8',
    '2000::', '2001:200::', '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::', '2003::', '2606:4700::1111', '3ffe::1', '3fff:1000::']
  for (const text of neighbours) t.equal(scopeOf(ip(text)), 'public', text)
  for (const text of ['4000::', '1fff::1', '6000::1', '8000::', 'e000::', '200::1', '::1:0:0:0']) t.equal(scopeOf(ip(text)), 'reserved', `${text} is outside 2000::/3`)
})

t.test('where attacks want to go', async (t) => {
  for (const text of ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192', '127.0.0.53', '0.0.0.0', '::', 'fe80::a9fe:a9fe', '168.63.129.16'].slice(0, -1)) {
    t.not(scopeOf(ip(text)), 'public', text)
    t.ok(NOT_PUBLIC.has(ip(text)), text)
  }
})

t.test('the IPv4 inside, for every form in which it travels', async (t) => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['::127.0.0.1', '127.0.0.1'], ['::ffff:127.0.0.1', '127.0.0.1'], ['::ffff:0:127.0.0.1', '127.0.0.1'], ['64:ff9b::127.0.0.1', '127.0.0.1'], ['64:ff9b::a9fe:a9fe', '169.254.169.254'],
    ['2002:7f00:1::', '127.0.0.1'], ['2002:c0a8:3323:1::5', '192.168.51.35'], ['2001::f5ff:fffe', '10.0.0.1'], ['2001:0:4136:e378:8000:63bf:3fff:fdd2', '192.0.2.45'],
    ['fe80::5efe:10.0.0.1', '10.0.0.1'], ['2a00:1::200:5efe:10.0.0.1', '10.0.0.1'], ['2a00:1::5efe:7f00:1', '127.0.0.1'],
    ['64:ff9b:1::127.0.0.1', '127.0.0.1'], ['64:ff9b:1:fffe::10.1.2.3', '10.1.2.3'], ['64:ff9b:1:c0a8:33:2300::', '192.168.51.35'],
    ['::', undefined], ['::1', undefined], ['2606:4700::1111', undefined], ['fd00::1', undefined], ['127.0.0.1', undefined], ['2a00:1::300:5efe:a00:1', undefined],
  ]
  for (const [text, expected] of rows) t.equal(embeddedIp(ip(text))?.text, expected, text)
})

t.test('every reading of a local NAT64 address is told (RFC 6052 2.4, with a prefix of 48, 56, 64 and 96 bits)', async (t) => {
  for (const text of ['64:ff9b:1:c000:2:2100::', '64:ff9b:1:c0:0:221::', '64:ff9b:1:0:c0:2:2100:0', '64:ff9b:1::c000:221']) {
    t.ok(embeddedIps(ip(text)).some((found) => found.text === '192.0.2.33'), text)
  }
})

t.test('an address that carries two tells both', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['2001:0:a00:1:0:0:f7f7:f7f7', '8.8.8.8 10.0.0.1'], ['2001:0:4136:e378:8000:63bf:3fff:fdd2', '192.0.2.45 65.54.227.120'], ['2001::f7f7:f7f7', '8.8.8.8'],
    ['2002:808:808::5efe:10.0.0.1', '8.8.8.8 10.0.0.1'], ['2002:808:808:1:200:5efe:7f00:1', '8.8.8.8 127.0.0.1'], ['2002:808:808::1', '8.8.8.8'],
  ]
  for (const [text, expected] of rows) t.equal(embeddedIps(ip(text)).map((found) => found.text).join(' '), expected, text)
})

t.test('what carries IPv4 is never public', async () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.constantFrom(0n, 0xffffn << 32n, 0xffff0000n << 32n, 0x64ff9bn << 96n, 0x64ff9b0001n << 80n, 0x2002n << 112n, 0x20010000n << 96n, 0x5efen << 32n, 0x2a00n << 112n | 0x02005efen << 32n), (low, prefix) => {
    const found = ipFromValue(6, prefix | (low & 0xffffffffn))
    return embeddedIp(found) === undefined || scopeOf(found) !== 'public'
  }), { numRuns: 2000 })
})

t.test('the set and the function say the same, ISATAP apart', async () => {
  fc.assert(fc.property(fc.constantFrom(4 as const, 6 as const), fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (family, wide) => {
    const found = ipFromValue(family, family === 4 ? wide & 0xffffffffn : wide)
    const isPublic = scopeOf(found) === 'public'
    return PUBLIC.has(found) !== NOT_PUBLIC.has(found) && (isPublic === PUBLIC.has(found) || embeddedIp(found) !== undefined)
  }), { numRuns: 2000 })
})

t.test('what `internet` leaves out for packets: special use, not the documentation ranges', async (t) => {
  const left = networkSet(PACKET_INTERNET_EXCLUDES)
  for (const text of ['10.0.0.1', '127.0.0.1', '169.254.1.1', '100.64.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '0.0.0.0', 'fd00::1', 'fe80::1', 'ff02::1', '::1', '::ffff:1.2.3.4']) t.ok(left.has(ip(text)), text)
  for (const text of ['203.0.113.25', '198.51.100.7', '192.0.2.1', '2001:db8:1::1', '3fff::1', '8.8.8.8', '2606:4700::1111']) t.notOk(left.has(ip(text)), text)
  t.same(PRIVATE_RANGES.map(rangeText), ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', '100.64.0.0/10'])
})
