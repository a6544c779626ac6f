// Log injection: whatever bytes a client sends, a log has one line for it, and a terminal that shows the line obeys nothing in it.
import t from 'tap'
import fc from 'fast-check'
import { escapeField, escapeText, escapeUri } from '../../src/log/escape.ts'

const texts: readonly (readonly [name: string, raw: string, shown: string])[] = [
  ['a line break cannot forge an entry', 'a\r\nb', 'a\\x0d\\x0ab'],
  ['ESC cannot colour or move', '\x1b[2J', '\\x1b[2J'],
  ['C1 control sequence introducer is one too', '\u009b31m', '\\x9b31m'],
  ['NUL and DEL are told', '\0\x7f', '\\x00\\x7f'],
  ['line and paragraph separators break lines in some viewers', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['a right-to-left override shows another name than stands there', 'exe\u202egpj', 'exe\\u202egpj'],
  ['isolates do the same', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['zero-width characters hide a difference', 'pay\u200bpal\ufeff', 'pay\\u200bpal\\ufeff'],
  ['a soft hyphen is not seen', 'a\u00adb', 'a\\xadb'],
  ['tag characters are not seen', 'a\u{e0041}', 'a\\u{e0041}'],
  ['half a surrogate pair is no text', 'a\ud800b', 'a\\ud800b'],
  ['letters of the world stay', 'Grüße, 世界 😀', 'Grüße, 世界 😀'],
]

t.test('text on one line of a log', async (t) => {
  for (const [name, raw, shown] of texts) t.equal(escapeText(raw), shown, name)
  t.equal(escapeText('x'.repeat(20), 10), `${'x'.repeat(10)}…`, 'what is too long is cut and says so')
})

const uris: readonly (readonly [name: string, raw: string, shown: string])[] = [
  ['a space parts fields', 'http://a/b c', 'http://a/b%20c'],
  ['line breaks', 'http://a/\r\nGET', 'http://a/%0D%0AGET'],
  ['bytes as they were sent', 'http://a/\xff\x80', 'http://a/%FF%80'],
  ['a character that is no byte', 'http://a/\u202e', 'http://a/%E2%80%AE'],
  ['what is there stays', 'http://a/%41?b=[c]', 'http://a/%41?b=[c]'],
]

t.test('a target in a log', async (t) => {
  for (const [name, raw, shown] of uris) t.equal(escapeUri(raw), shown, name)
  t.equal(escapeField(undefined), '-', 'a field is never empty')
  t.equal(escapeField(''), '-')
})

t.test('every character there is comes out harmless', async (t) => {
  const harmful = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\ufeff]/
  for (let code = 0; code < 0x3000; code++) {
    const char = String.fromCharCode(code)
    if (harmful.test(escapeText(char)) || /[^\x21-\x7e]/.test(escapeUri(char)) || /\s/.test(escapeField(char))) t.fail(`U+${code.toString(16)} comes through`)
  }
  t.pass('none of the first 12,288')
})

/** A byte sequence of a client as the parser hands it on, and any text at all. */
const strange = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom('\r\n', '\x1b[2J', '\u009b31m', '\u202e', '\u2066', '\u2028', '\ufeff', '\u200b', '\ud800', '\udc00', '\xc0\xaf', '\xed\xa0\x80', '%0d%0a', '\\r\\n', '"', '\\', '\t', 'x'), maxLength: 60 }),
)

t.test('any text, cut anywhere: harmless, in bounds, and never half an escape', async (t) => {
  const harmful = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u
  fc.assert(fc.property(strange, fc.integer({ min: 1, max: 300 }), (text, most) => {
    const line = escapeText(text, most)
    const uri = escapeUri(text, most)
    const field = escapeField(text, most)
    return !harmful.test(line) && line.length <= most + 1 && /^[\x21-\x7e]*$/.test(uri) && uri.length <= most + 3 && /^[\x21-\x7e]+$/.test(field)
      && !/%(?:[0-9A-F]?\.\.\.)$/.test(text.includes('%') ? '' : uri) && !/\\(?:x[0-9a-f]?|u[0-9a-f]{0,3})?…$/.test(text.includes('\\') ? '' : line)
  }), { numRuns: 1500 })
  t.equal(escapeText('ab\x1b[2J', 5), 'ab…', 'an escape is whole or not there')
  t.equal(escapeUri('ab\x1b[2J', 4), 'ab...')
  t.equal(escapeText('a\u{1f600}b', 2), 'a…', 'and so is a character')
  t.equal(escapeText('\0'.repeat(100), 40).length, 41, 'what grows by its escapes is cut by what it has become')
})
