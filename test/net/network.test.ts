// Networks say what their author saw, or are refused with what to write; sets of them obey the algebra of sets.
import t from 'tap'
import fc from 'fast-check'
import { ipFromValue, parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { cidrs, complement, EVERYTHING, intersect, networkSet, NOTHING, parseNetwork, rangeText, subtract, union } from '../../src/net/network.ts'
import type { NetworkSet, Range } from '../../src/net/network.ts'

t.test('spellings of networks', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['192.168.51.32/27', '192.168.51.32/27'], ['192.168.51.32/255.255.255.224', '192.168.51.32/27'], ['192.168.51.32-192.168.51.63', '192.168.51.32/27'],
    ['192.168.51.35', '192.168.51.35'], ['192.168.51.35/32', '192.168.51.35'], ['0.0.0.0/0', '0.0.0.0/0'], ['0.0.0.0/0.0.0.0', '0.0.0.0/0'],
    ['198.51.100.7-198.51.100.20', '198.51.100.7-198.51.100.20'], ['198.51.100.7 - 198.51.100.20', '198.51.100.7-198.51.100.20'],
    ['2001:db8:1::/48', '2001:db8:1::/48'], ['::/0', '::/0'], ['2001:db8::1', '2001:db8::1'], ['2001:db8::/ffff:ffff::', '2001:db8::/32'],
    ['2001:db8::1-2001:db8::ff', '2001:db8::1-2001:db8::ff'], ['2001:db8::-2001:db8::f', '2001:db8::/124'],
  ]
  for (const [text, expected] of rows) {
    const parsed = parseNetwork(text)
    t.equal(parsed.ok ? rangeText(parsed.range) : parsed.problem, expected, text)
  }
})

t.test('what is no network, and what to write instead', async (t) => {
  const rows: readonly (readonly [string, RegExp, RegExp?])[] = [
    ['192.168.51.35/27', /host bits set/, /192\.168\.51\.32\/27/], ['192.168.51.35/255.255.255.224', /host bits/, /192\.168\.51\.32\/27/],
    ['2001:db8::1/64', /host bits/, /2001:db8::\/64/], ['192.168.51.0/33', /no prefix length/], ['::/129', /no prefix length/],
    ['192.168.0.0/255.0.255.0', /has a hole/], ['192.168.0.0/0.0.0.255', /wildcard mask/, /192\.168\.0\.0\/24/], ['192.168.0.0/', /neither a prefix/], ['192.168.0.0/x', /neither a prefix/], ['192.168.0.0/ffff::', /neither/],
    ['10.0.0.9-10.0.0.1', /ends before it begins/, /10\.0\.0\.1-10\.0\.0\.9/], ['10.0.0.1-::1', /one family to the other/], ['10.0.0.1-20', /ends in a number/, /10\.0\.0\.1-10\.0\.0\.20/], ['10.0.0.20-1', /`1` is not an address/], ['10.0.0.1-256', /`256` is not an address/],
    ['010.0.0.1', /octal/, /10\.0\.0\.1/], ['300.1.1.1', /over 255/], ['[::1]', /not an address/, /`::1`/], ['fe80::1%eth0', /zone/, /fe80::1/], ['', /not an address/], ['example.com', /not an address/], ['10.0.0.0/8/8', /neither/],
  ]
  for (const [text, problem, hint] of rows) {
    const parsed = parseNetwork(text)
    t.notOk(parsed.ok, text)
    if (parsed.ok) continue
    t.match(parsed.problem, problem, text)
    if (hint !== undefined) t.match(parsed.hint, hint, text)
  }
})

/** A small corner of both families, so that brute force can look at every address of it. */
const CORNER = 64
const range: fc.Arbitrary<Range> = fc.tuple(fc.constantFrom(4 as const, 6 as const), fc.nat(CORNER - 1), fc.nat(CORNER - 1)).map(([family, a, b]) => ({
  family, first: BigInt(Math.min(a, b)), last: BigInt(Math.max(a, b)),
}))
const anySet = fc.array(range, { maxLength: 8 }).map((ranges) => ({ ranges, set: networkSet(ranges) }))
const corner: readonly Ip[] = ([4, 6] as const).flatMap((family) => Array.from({ length: CORNER + 2 }, (_, value) => ipFromValue(family, BigInt(value))))

function holds(ranges: readonly Range[], ip: Ip): boolean {
  return ranges.some(({ family, first, last }) => family === ip.family && first <= ip.value && ip.value <= last)
}

function isCanonical(set: NetworkSet): boolean {
  return set.empty === (set.ranges.length === 0) && set.ranges.every((x, i) => {
    const next = set.ranges[i + 1]
    return x.first <= x.last && (next === undefined || x.family < next.family || (x.family === next.family && x.last + 1n < next.first))
  })
}

t.test('the algebra is that of sets', async () => {
  fc.assert(fc.property(anySet, anySet, (a, b) => {
    const both = { union: union(a.set, b.set), intersect: intersect(a.set, b.set), subtract: subtract(a.set, b.set), complement: complement(a.set) }
    return Object.values(both).every(isCanonical) && corner.every((ip) => {
      const inA = holds(a.ranges, ip)
      const inB = holds(b.ranges, ip)
      return a.set.has(ip) === inA && both.union.has(ip) === (inA || inB) && both.intersect.has(ip) === (inA && inB)
        && both.subtract.has(ip) === (inA && !inB) && both.complement.has(ip) === !inA
    })
  }), { numRuns: 500 })
})

t.test('a set finds its addresses wherever they lie', async () => {
  const value = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(4 as const, 6 as const), value, value, fc.nat(127)), { maxLength: 12 }), (raw) => {
    const ranges = raw.map(([family, a, b, shift]): Range => {
      const clip = (n: bigint): bigint => (family === 4 ? n & 0xffffffffn : n >> BigInt(shift))
      const [x, y] = [clip(a), clip(b)]
      return { family, first: x < y ? x : y, last: x < y ? y : x }
    })
    const set = networkSet(ranges)
    const edges = ranges.flatMap(({ family, first, last }) => [first, last, first - 1n, last + 1n]
      .filter((n) => n >= 0n && n < (1n << (family === 4 ? 32n : 128n))).map((n) => ipFromValue(family, n)))
    return edges.every((ip) => set.has(ip) === holds(ranges, ip))
  }), { numRuns: 500 })
})

t.test('everything and nothing', async (t) => {
  for (const text of ['0.0.0.0', '255.255.255.255', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']) {
    const ip = parseIp(text)
    if (ip === undefined) return t.fail(text)
    t.ok(EVERYTHING.has(ip), text)
    t.notOk(NOTHING.has(ip), text)
  }
  t.same(complement(EVERYTHING).ranges, [])
  t.same(complement(NOTHING).ranges, EVERYTHING.ranges)
  t.notOk(networkSet([{ family: 4, first: 0n, last: 9n }]).has(ipFromValue(6, 5n)), 'the families are apart')
})

t.test('blocks of a range are the range, and as few as can be', async (t) => {
  fc.assert(fc.property(fc.constantFrom(4 as const, 6 as const), fc.nat(0xffffff), fc.nat(0xffff), fc.nat(100), (family, start, length, shift) => {
    const scale = family === 4 ? 0n : BigInt(shift)
    const whole: Range = { family, first: BigInt(start) << scale, last: ((BigInt(start) + BigInt(length)) << scale) }
    const parts = cidrs(whole).map(parseNetwork)
    const set = networkSet(parts.flatMap((part) => (part.ok ? [part.range] : [])))
    const text = parseNetwork(rangeText(whole))
    return parts.every((part) => part.ok) && set.ranges.length === 1 && set.ranges[0]?.first === whole.first && set.ranges[0].last === whole.last
      && text.ok && text.range.first === whole.first && text.range.last === whole.last
  }), { numRuns: 500 })
  t.same(cidrs({ family: 4, first: 0n, last: (1n << 32n) - 1n }), ['0.0.0.0/0'])
  t.same(cidrs({ family: 6, first: 0n, last: (1n << 128n) - 1n }), ['::/0'])
  const article = parseNetwork('192.168.51.25-192.168.51.35')
  if (article.ok) t.same(cidrs(article.range), ['192.168.51.25/32', '192.168.51.26/31', '192.168.51.28/30', '192.168.51.32/30'])
})
