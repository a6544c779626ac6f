// Spellings of hosts, made by the thousand from a seed: numbers in every radix and number of parts, letters of other scripts that mean ASCII,
// escapes, characters that vanish, A-labels well and badly written, IPv6 with everything that may go wrong in it (UTS 46, RFC 3492, 4291, 6943).
import fc from 'fast-check'

const radix = fc.constantFrom(
  (n: number): string => String(n), (n: number): string => `0${n.toString(8)}`, (n: number): string => `0x${n.toString(16)}`, (n: number): string => `0X00${n.toString(16).toUpperCase()}`, (n: number): string => `000${n.toString(8)}`,
)

const DIGITS = ['０'.codePointAt(0) ?? 0, '𝟎'.codePointAt(0) ?? 0, '𝟘'.codePointAt(0) ?? 0, '𝟢'.codePointAt(0) ?? 0, '𝟬'.codePointAt(0) ?? 0, '𝟶'.codePointAt(0) ?? 0, '₀'.codePointAt(0) ?? 0]
const CIRCLED = ['⓪', '①', '②', '③', '④', '⑤', '⑥', '⑦', '⑧', '⑨']
const other = (zero: number) => (text: string): string => text.replace(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)))
const escaped = (text: string): string => [...Buffer.from(text, 'utf8')].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('')

/** How a text may be dressed without meaning another. */
const dress = fc.constantFrom(
  (text: string): string => text, ...DIGITS.map(other), (text: string): string => text.replace(/[0-9]/g, (digit) => CIRCLED[Number(digit)] ?? digit), (text: string): string => text.replaceAll('.', '。'), (text: string): string => text.replaceAll('.', '．'),
  (text: string): string => text.replaceAll('.', '｡'), (text: string): string => `${text}.`, (text: string): string => `${text}..`, escaped, (text: string): string => escaped(other(0xff10)(text)), (text: string): string => text.replace('.', '%2E'), (text: string): string => escaped(escaped(text)),
  (text: string): string => text.replace(/x/gi, 'ｘ'), (text: string): string => `\u00ad${text}`, (text: string): string => text.split('').join('\u200b'), (text: string): string => text.replace('.', '\u2060.'), (text: string): string => `[${text}]`, (text: string): string => `${text}%00`, (text: string): string => ` ${text}`,
)

/** Numbers that mean an IPv4 address, or nearly. */
export const numbers = fc.tuple(fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0x7f000001, 0x0a000001, 0xffffffff)), fc.integer({ min: 1, max: 5 }), fc.array(radix, { minLength: 5, maxLength: 5 }), dress, dress, fc.integer({ min: -1, max: 1 })).map(([value, count, radixes, first, second, more]) => {
  const octets = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
  const parts = count > 4 ? [...octets, 0] : [...octets.slice(0, count - 1), (count === 1 ? value : value % 256 ** (5 - count)) + (more === 1 ? 256 ** (5 - count) : 0)]
  return second(first(parts.map((part, index) => (radixes[index] ?? String)(part)).join('.')))
})

const PIECES = [
  '0', '1', '8', '9', '127', '255', '256', '0x', '0x7f', '0177', 'f', 'a', '.', '.', '.', '１', '。', '．', '｡', '%2e', '%30', '%EF%BC%91', '%ef%bc%8e', 'x', '-', '_', '%00', '%25', '%', '%e2%80%8b', '\u00ad', '\u034f', '\u115f', '\u180e', '\u200b', '\u200c', '\u200d', '\u200f', '\u2060', '\u3164', '\ufe0f', '\ufeff',
  'ß', 'ẞ', 'İ', 'ı', 'ſ', 'K', 'Å', '①', '⓪', '⑴', '㍘', '𝟏', '¹', '₁', '۱', '١', '१', '１０', '⁄', '℀', '℡', 'ﬁ', 'Ⅷ', '㏂', '〡', 'א', 'ב', 'ع', '؝', '\u088f', '\u0591', '𐤀', '𞤀', 'é', 'e\u0301', '\u0338', '≠', '=\u0338', 'E', 'Z', 'é⛳', '☕', 'अ', '\u0915\u094d\u200d', 'xn--', 'xn--4db', 'xn--9ca', 'xn--zca', 'xn--1-', 'xn--a-',
  '[', ']', ':', '::', '1.2.3.4', '%c0%ae', '%ed%a0%80', '%f4%90%80%80', '%fc%81', 'localhost', 'example', 'com', 'a-', '-a', 'ab--c',
] as const

const character = fc.oneof(fc.integer({ min: 0x80, max: 0x7ff }), fc.integer({ min: 0x2000, max: 0x27ff }), fc.integer({ min: 0xf900, max: 0xffef }), fc.integer({ min: 0x1d400, max: 0x1d7ff }), fc.integer({ min: 0x800, max: 0xd7ff }), fc.integer({ min: 0x10000, max: 0x2ffff })).map((code) => String.fromCodePoint(code))
const puny = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789--'), minLength: 1, maxLength: 9 }).map((text) => `xn--${text}`)

/** Names, and what may be none. */
export const names = fc.array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...PIECES) }, { weight: 2, arbitrary: character }, { weight: 1, arbitrary: puny }), { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''))

const hextet = fc.oneof(fc.constantFrom('0', '1', '0000', '00001', 'ffff', 'FFFF', '7f00', 'g', '', '01', '0x1', '٠', '１'), fc.nat(0xffff).map((value) => value.toString(16)))
const tail = fc.constantFrom('', '', '', ':127.0.0.1', '127.0.0.1', ':1.2.3', ':1.2.3.4.5', ':01.2.3.4', ':0x7f.1', ':256.1.1.1', ':1.2.3.4.', '%25lo', '%lo', '%', '%2531', '/64', ' ', ']', ':')
/** What stands in brackets. */
export const bracketed = fc.tuple(fc.array(hextet, { minLength: 0, maxLength: 9 }), fc.nat(9), tail, fc.constantFrom('', '', 'v1.', '::ffff:', '64:ff9b::', '::')).map(([hextets, gap, end, prefix]) => {
  const front = hextets.slice(0, gap).join(':')
  const back = hextets.slice(gap).join(':')
  return `[${prefix}${gap < hextets.length ? `${front}::${back}` : front}${end}]`
})

const LABEL = 'a'.repeat(63)
/** At the edges of what the lengths allow, and what a reader of the list would miss above. */
export const EDGES: readonly string[] = [
  LABEL, `${LABEL}a`, `${LABEL}.${LABEL}.${LABEL}.${'b'.repeat(61)}`, `${LABEL}.${LABEL}.${LABEL}.${'b'.repeat(61)}.`, `${LABEL}.${LABEL}.${LABEL}.${'b'.repeat(62)}`, `xn--${'9'.repeat(59)}`, `xn--${'z'.repeat(400)}`, 'é'.repeat(63), `${'é'.repeat(200)}.x`,
  'xn--99999999999', 'xn--0000000000000000', 'xn--', 'xn---', 'xn----', 'XN--BCHER-KVA', 'xn--bcher-kva', 'xn--xn--a', 'xn--1-', 'xn--127-.0.0.1', '127.0.0.xn--1-', '0x.0x.0x.0x', '0.', '0..', '.0', '%', '%%', '%0', '%zz', '%2', 'a%2fb', 'a%40b', 'a%3a80', '%5b::1%5d', '[::1', '::1]', '[[::1]]', '[::1]]',
  '[v1.x]', '[vF.127.0.0.1]', '[::1%25lo]', '[fe80::1%25eth0]', '[::ffff:7f.1]', '[::ffff:0x7f.1]', '[::ffff:127.1]', '[::ffff:0177.0.0.1]', '[1.2.3.4]', '[example.com]', '[127.1]', '[]', '[:]', '[::]', '[:::]', '[1:2:3:4:5:6:7::]', '[::2:3:4:5:6:7:8]', '[1::2::3]', '[1:2:3:4:5:6:7:8:9]', '[1:2:3:4:5:6:1.2.3.4]', '[1:2:3:4:5:6:7:1.2.3.4]',
  '0b1', '0o17', '1e3', '1_000', '+1', '-1', '1.-1', '0x1g', '0x7f.0x', '18446744073709551616', '4294967296', '0x100000000', '040000000000', '99999999999999999999999999', '00000000000000000000000000000001', '0x00000000000000000000000000000001', '1.2.3.4.nip.io', '7-zip.org', '1und1.de', '127.0.0.1.example', '0x7f.example',
]
