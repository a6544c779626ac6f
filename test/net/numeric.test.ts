// Every spelling in which a number names an address, held against what a resolver (glibc) and a browser (WHATWG URL) make of it: where
// both agree, so do we; where they differ, we refuse; a name is a name to all three.
import t from 'tap'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseNumericHost } from '../../src/net/numeric.ts'
import { parseIp } from '../../src/net/ip.ts'

/** What inet_aton of glibc 2.36 makes of each spelling; null where it refuses. */
const INET_ATON = JSON.parse(readFileSync(join(import.meta.dirname, 'inet-aton.json'), 'utf8')) as readonly (readonly [string, string | null])[]

function ours(text: string): string | undefined {
  const found = parseNumericHost(text)
  return found === undefined || found === 'invalid' ? found : found.text
}

/** The address, 'invalid' where URL throws, undefined where it sees a name. */
function browser(text: string): string | undefined {
  if (!URL.canParse(`http://${text}/`)) return 'invalid'
  const { hostname } = new URL(`http://${text}/`)
  return parseIp(hostname.replace(/^\[|\]$/g, '')) === undefined ? undefined : hostname
}

t.test('glibc and WHATWG agree with us, or we refuse', async (t) => {
  for (const [text, read] of INET_ATON) {
    const resolver = read ?? undefined
    const whatwg = browser(text)
    const mine = ours(text)
    const label = `${text}: resolver ${resolver ?? 'refuses'}, browser ${whatwg ?? 'reads a name'}`
    if (resolver !== undefined && resolver === whatwg) t.equal(mine, resolver, label)
    else if (resolver !== undefined || whatwg !== undefined) t.equal(mine, 'invalid', label)
    else t.equal(mine, undefined, label)
  }
})

t.test('what stands for loopback', async (t) => {
  const spellings = [
    '127.0.0.1', '127.1', '127.0.1', '0x7f.1', '0177.1', '0x7f000001', '2130706433', '017700000001', '127.0.0.1.', '127.1.',
    '%31%32%37.0.0.1', '127%2e0%2E0%2e1', '%30x7f.1', '１２７.０.０.１', '１２７。０．０｡１', '①②⑦.0.0.1', '𝟏𝟐𝟕.1', '127.₀.0.1',
    '0X7F.1', '0ｘ７ｆ．１', '\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1', '%EF%BC%91%ef%bc%92%EF%BC%97.1', '0x7f.0.0x0.01', '1\u206027.1',
    '１%EF%BC%92７.1', '%EF%BC%91２7.%30x1', '%31２７%E3%80%821',
  ]
  for (const text of spellings) t.equal(ours(text), '127.0.0.1', text)
})

t.test('IPv6, with and without brackets', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['[::1]', '::1'], ['::1', '::1'], ['[0:0:0:0:0:0:0:1]', '::1'], ['[::127.0.0.1]', '::7f00:1'], ['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
    ['[2001:DB8::0001]', '2001:db8::1'], ['[::1', 'invalid'], ['::1]', 'invalid'], ['[::1%25eth0]', 'invalid'], ['fe80::1%eth0', 'invalid'],
    ['[::1%]', 'invalid'], ['[1.2.3.4]', 'invalid'], ['[example.com]', 'invalid'], ['[]', 'invalid'], ['[v1.x]', 'invalid'], ['[[::1]]', 'invalid'],
    ['[::0x7f.1]', 'invalid'], ['[::0177.0.0.1]', 'invalid'], ['[::%31]', 'invalid'], ['[1::2::3]', 'invalid'], ['[::1.2.3]', 'invalid'], ['[::1 ]', 'invalid'],
  ]
  for (const [text, expected] of rows) t.equal(ours(text), expected, text)
})

t.test('looks like a number and is no address', async (t) => {
  for (const text of ['example.0x1f', 'example.0x', 'a.1', 'a.1.', 'a.09', '1.2.3.4.5', '0x', '0x.', '256.256.256.256', '1..2', 'a..1', '.1']) {
    t.equal(ours(text), 'invalid', text)
  }
})

t.test('only looks so at its beginning: a name', async (t) => {
  for (const text of ['1.2.3.4.nip.io', '127.0.0.1.example', '0x.example', '0x7f.example', '1e3', '0x1g', '123.x', '7-zip.org', '1und1.de', 'x', 'a.0xg', '0b1', '00x7f', '4chan.org.', '10-0-0-1.example']) {
    t.equal(ours(text), undefined, text)
  }
})

t.test('any address in any spelling is that address', async () => {
  const radix = fc.constantFrom(
    (n: number) => String(n), (n: number) => `0${n.toString(8)}`, (n: number) => `0x${n.toString(16)}`, (n: number) => `0X00${n.toString(16).toUpperCase()}`,
  )
  const wide = (text: string): string => text.replace(/[0-9]/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
  const dress = fc.constantFrom(
    (text: string) => text, wide, (text: string) => text.replaceAll('.', '。'), (text: string) => `${text}.`,
    (text: string) => [...text].map((character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''),
  )
  fc.assert(fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 4 }), fc.tuple(radix, radix, radix, radix), dress, (value, count, radixes, dressed) => {
    const octets = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
    const parts = octets.slice(0, count - 1)
    parts.push(count === 1 ? value : value % 256 ** (5 - count))
    const text = dressed(parts.map((part, index) => (radixes[index] ?? String)(part)).join('.'))
    return ours(text) === octets.join('.')
  }), { numRuns: 2000 })
})

t.test('we never read a number that a browser reads as another', async () => {
  const piece = fc.constantFrom('0', '1', '8', '9', '0x', 'f', 'a', '.', '.', '１', '。', '%2e', '%30', 'x', '255', '256', '077', '-')
  fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 9 }), (pieces) => {
    const text = pieces.join('')
    const mine = ours(text)
    const theirs = browser(text)
    if (mine === 'invalid') return true
    if (mine === undefined) return theirs === undefined || theirs === 'invalid'
    return mine === theirs
  }), { numRuns: 5000 })
})
