// Hosts and authorities: what means one thing is made canonical, what could mean two is refused.
import t from 'tap'
import { authorityText, hostText, parseAuthority, parseHost } from '../../src/net/target.ts'
import { octetsFromText } from '../../src/net/octets.ts'

const LABEL = 'a'.repeat(63)
const LONGEST = `${LABEL}.${LABEL}.${LABEL}.${'b'.repeat(61)}`

t.test('hosts in one canonical form', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['example.com', 'example.com'], ['EXAMPLE.Com', 'example.com'], ['example.com.', 'example.com'], ['exa%6Dple.com', 'example.com'], ['example%2ecom', 'example.com'],
    ['a_b.example', 'a_b.example'], ['_dmarc.example.com', '_dmarc.example.com'], ['r3---sn-abc.example', 'r3---sn-abc.example'], ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    [octetsFromText('bücher.example'), 'xn--bcher-kva.example'], ['b%C3%BCcher.example', 'xn--bcher-kva.example'], [octetsFromText('BÜCHER。example'), 'xn--bcher-kva.example'],
    [octetsFromText('ⓔxample.com'), 'example.com'], ['\u24d4xample.com', 'example.com'], ['1.2.3.4.nip.io', '1.2.3.4.nip.io'], ['0x.example', '0x.example'], ['localhost', 'localhost'],
    ['127.1', '127.0.0.1'], ['0x7f000001', '127.0.0.1'], ['2130706433.', '127.0.0.1'], [octetsFromText('１２７．１'), '127.0.0.1'], ['%31%32%37.1', '127.0.0.1'],
    ['[::1]', '[::1]'], ['::1', '[::1]'], ['[2001:DB8::0:1]', '[2001:db8::1]'], ['[::ffff:1.2.3.4]', '[::ffff:102:304]'], [`${LABEL}.example`, `${LABEL}.example`], [LONGEST, LONGEST], [`${LONGEST}.`, LONGEST],
  ]
  for (const [text, expected] of rows) {
    const parsed = parseHost(text)
    t.equal(parsed.ok ? hostText(parsed.value) : parsed.problem, expected, text)
  }
})

t.test('what is no host', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /empty/], ['.', /empty label/], ['a..b', /empty label/], ['.example.com', /empty label/], ['example.com..', /empty label/],
    [`${LABEL}a.example`, /63 octets/], [`${LONGEST}c`, /253/], ['exam ple.com', /character/], ['exam\tple', /character/], ['example.com\0', /character/], ['exam%00ple', /character/],
    ['example%20com', /character/], ['ex%2561mple.com', /character/], ['example.com%', /broken percent/], ['example%2.com', /broken percent/], ['example%zz.com', /broken percent/],
    ['user@example.com', /character/], ['user%40example.com', /character/], ['example.com%2fx', /character/], ['example.com\\x', /character/], ['a%5b', /character/], ['exa<mple', /character/], ['*.example.com', /character/],
    ['[example.com]', /brackets/], ['[127.0.0.1]', /brackets/], ['[::1', /brackets/], ['[::1%25eth0]', /zone/], ['fe80::1%eth0', /zone/], ['[v7.x]', /brackets/], ['%5b::1%5d', /zone/],
    ['b\xfccher.example', /UTF-8/], ['b%fccher.example', /UTF-8/], ['\xc0\xae.example', /UTF-8/], ['\xed\xa0\x80.example', /UTF-8/],
    ['1.2.3.4.5', /looks like a number/], ['256.1.1.1', /looks like a number/], ['example.0x1f', /looks like a number/], ['0x', /looks like a number/], ['1.2.3.0x', /looks like a number/], ['09.1', /looks like a number/],
    [octetsFromText('a\u2100b'), /character/], [octetsFromText('a\uff0fb'), /character/], [octetsFromText('a\uff1a80'), /character/],
  ]
  for (const [text, problem] of rows) {
    const parsed = parseHost(text)
    t.match(parsed.ok ? `read as ${hostText(parsed.value)}` : parsed.problem, problem, JSON.stringify(text))
  }
})

t.test('authorities of a CONNECT', async (t) => {
  const rows: readonly (readonly [string, string | RegExp])[] = [
    ['example.com:443', 'example.com:443'], ['EXAMPLE.com.:443', 'example.com:443'], ['[::1]:8443', '[::1]:8443'], ['127.1:443', '127.0.0.1:443'], ['a:00443', 'a:443'], ['a:1', 'a:1'], ['a:65535', 'a:65535'],
    ['example.com', /port is missing/], ['example.com:', /port is missing/], ['[::1]', /port is missing/], ['[::1]:', /port is missing/], [':443', /host is empty/], ['', /missing/],
    ['a:0', /no decimal number/], ['a:65536', /no decimal/], ['a:65979', /no decimal/], ['a:+443', /no decimal/], ['a:-1', /no decimal/], ['a:443 ', /no decimal/], ['a: 443', /no decimal/], ['a:0x1bb', /no decimal/],
    ['a:4e2', /no decimal/], ['a:443/', /no decimal/], ['a:443/x', /no decimal/], ['a:443?', /no decimal/], ['a:443#', /no decimal/], ['a:000443', /no decimal/], ['a:\uff14\uff14\uff13', /no decimal/], ['a:18446744073709551995', /no decimal/],
    ['a:80:443', /brackets/], ['::1:443', /brackets/], ['good@evil:443', /userinfo/], ['@a:443', /userinfo/], ['a/x:443', /character/], ['[::1]x:443', /between/], ['[::1]443', /between/], ['[::1', /not closed/],
    ['[example.com]:443', /brackets/], ['http://a:443', /brackets/], ['a\r\nb:443', /character/],
  ]
  for (const [text, expected] of rows) {
    const parsed = parseAuthority(text, undefined)
    const told = parsed.ok ? authorityText(parsed.value) : parsed.problem
    if (typeof expected === 'string') t.equal(told, expected, JSON.stringify(text))
    else t.match(told, expected, JSON.stringify(text))
  }
})

t.test('a default port stands in where none is given, and is not written', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['example.com', 'example.com'], ['example.com:', 'example.com'], ['example.com:80', 'example.com'], ['example.com:0080', 'example.com'], ['example.com:8080', 'example.com:8080'], ['[::1]', '[::1]'], ['[::1]:80', '[::1]'], ['[::1]:', '[::1]'],
  ]
  for (const [text, expected] of rows) {
    const parsed = parseAuthority(text, 80)
    t.equal(parsed.ok ? authorityText(parsed.value, 80) : parsed.problem, expected, text)
  }
})
