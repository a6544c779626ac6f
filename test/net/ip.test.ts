// One address, one value, one text: what other parsers accept loosely is no address here, and nothing becomes another address.
import t from 'tap'
import fc from 'fast-check'
import { isIPv6 } from 'node:net'
import { ipFromSocket, ipFromValue, parseIp, sameIp } from '../../src/net/ip.ts'

t.test('texts of addresses', async (t) => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['192.168.51.35', '192.168.51.35'], ['0.0.0.0', '0.0.0.0'], ['255.255.255.255', '255.255.255.255'],
    ['::', '::'], ['::1', '::1'], ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'], ['::1.2.3.4', '::102:304'], ['::ffff:1.2.3.4', '::ffff:102:304'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'], ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'], ['fe80::', 'fe80::'],
    ['01.2.3.4', undefined], ['1.2.3.04', undefined], ['1.2.3', undefined], ['1.2.3.4.', undefined], ['1.2.3.256', undefined], ['0x7f.0.0.1', undefined],
    [' 1.2.3.4', undefined], ['1.2.3.4 ', undefined], ['', undefined], ['1.2.3.4/32', undefined], ['１.2.3.4', undefined],
    ['::01.2.3.4', undefined], ['::ffff:0127.0.0.1', undefined], ['::0x1.2.3.4', undefined], ['::1.2.3', undefined], ['::1.2.3.4:5', undefined],
    ['fe80::1%eth0', undefined], ['[::1]', undefined], ['1::2::3', undefined], [':::', undefined], ['12345::', undefined], ['1:2:3:4:5:6:7:8:9', undefined], ['::1 ', undefined],
  ]
  for (const [text, expected] of rows) t.equal(parseIp(text)?.text, expected, text)
})

t.test('an IPv4-compatible address is not a mapped one', async (t) => {
  t.equal(parseIp('::1.2.3.4')?.value, 0x01020304n)
  t.equal(parseIp('::ffff:1.2.3.4')?.value, 0xffff01020304n)
})

t.test('what the text of a value says is that value', async () => {
  fc.assert(fc.property(fc.constantFrom(4 as const, 6 as const), fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(127), (family, wide, shift) => {
    const value = family === 4 ? wide & 0xffffffffn : wide >> BigInt(shift)
    const ip = ipFromValue(family, value)
    const again = parseIp(ip.text)
    return again !== undefined && sameIp(ip, again) && again.text === ip.text
  }), { numRuns: 1000 })
})

t.test('IPv6 is read by the rules of net.isIPv6', async () => {
  const piece = fc.constantFrom(':', ':', '::', '0', '1', 'ffff', 'abcd', '12345', '1.2.3.4', '.', '01', 'g')
  fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 17 }), (pieces) => {
    const text = pieces.join('')
    return !text.includes(':') || (parseIp(text) !== undefined) === isIPv6(text)
  }), { numRuns: 5000 })
})

t.test('what a socket says', async (t) => {
  t.equal(ipFromSocket('::ffff:192.168.51.35')?.text, '192.168.51.35', 'IPv4 over an IPv6 socket is IPv4')
  t.equal(ipFromSocket('fe80::1%eth0')?.text, 'fe80::1', 'the zone is the socket\'s')
  t.equal(ipFromSocket('::1')?.text, '::1')
  t.equal(ipFromSocket(undefined), undefined)
})
