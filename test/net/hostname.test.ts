// Names in one canonical form; what policy authors write is Unicode text, not octets.
import t from 'tap'
import fc from 'fast-check'
import { parseHostName } from '../../src/net/hostname.ts'
import { decodePercent, octetsFromText, textFromOctets } from '../../src/net/octets.ts'

t.test('names', async (t) => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Example.COM.', 'example.com'], ['bücher.example', 'xn--bcher-kva.example'], ['straße.example', 'xn--strae-oqa.example'], ['faß.de', 'xn--fa-hia.de'], ['пример.рф', 'xn--e1afmkfd.xn--p1ai'], ['日本。jp', 'xn--wgv71a.jp'], ['日本．jp．', 'xn--wgv71a.jp'], ['a\u200bb.example', 'ab.example'], ['\u212aelvin.example', 'kelvin.example'],
    ['אב.com', 'xn--4dbc.com'], ['אב1.com', 'xn--1-zhcd.com'], ['www.אב.com', 'www.xn--4dbc.com'], ['1.אב.com', undefined], ['a⛳.אב.com', undefined], ['0x7f。א', undefined], ['\u088fé', undefined], // RFC 5893 2
    ['\u1ac2a.example', undefined], ['a\u1aea\u05d1\u0591.example', undefined], ['xn---①a', undefined], ['xn--v9．', undefined], ['é.xn--v9', undefined], ['１\u200cé', undefined], ['می\u200cخواهم.com', 'xn--mgbn2ecje63gr19l.com'],
    ['_srv._tcp.example', '_srv._tcp.example'], ['-a-.example', '-a-.example'], ['127.0.0.1', undefined], ['1.2.3.4.5', undefined], ['１２７.1', undefined], ['', undefined], ['.', undefined], ['a..b', undefined], ['a b', undefined], ['a%41', undefined], ['a:80', undefined], ['[::1]', undefined], ['a/b', undefined],
  ]
  for (const [text, expected] of rows) t.equal(parseHostName(text), expected, JSON.stringify(text))
})

t.test('a canonical name is its own canonical form', async () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'Z', '0', '-', '_', '.', 'ü', 'ß', '。', 'x', 'n'), minLength: 1, maxLength: 20 }), (text) => {
    const name = parseHostName(text)
    return name === undefined || (parseHostName(name) === name && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name))
  }), { numRuns: 2000 })
})

t.test('octets and text', async (t) => {
  t.equal(decodePercent('a%2Eb%2e%c3%BC'), 'a.b.\xc3\xbc')
  t.equal(decodePercent('%2541'), '%41', 'once')
  t.equal(decodePercent('%4'), undefined)
  t.equal(textFromOctets('\xc3\xbc'), 'ü')
  t.equal(textFromOctets('\xfc'), undefined)
  t.equal(textFromOctets('ü\u20ac'), 'ü\u20ac', 'it was no octets')
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => textFromOctets(octetsFromText(text)) === text.toWellFormed()))
})
