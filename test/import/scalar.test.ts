// What comes from a file is data: whatever it holds, it stays one scalar, or one comment, of the policy, and what is read back is what was written.
import t from 'tap'
import fc from 'fast-check'
import { parseDocument } from 'yaml'
import { comment, scalar, words } from '../../src/import/scalar.ts'

const NASTY = [
  'plain', 'yes', 'No', 'null', '~', '1e3', '0x10', '010', '192.168.51.0/24', 'a: b', 'a #b', '"', "'", '\\', '\\"', '"}\nadded: true', '}, action: allow, from: any', '- x', '? x', '*a', '&a', '!tag', '%TAG', '@a', '`a`', '|', '>', '---', '...',
  '', ' ', 'end ', '\t', '\n', '\r\n', '\u0085', '\u2028', '\u202e', '\ufeff', '\u{e0041}', '\u{1f600}', '$(reboot)', '\x1b[2J', '\0', '<<', '__proto__', 'tcp/25', 'lists/../../etc/passwd', '2001:db8::1', '00:16:3e:5e:6c:01', '12:30',
]

function back(text: string): unknown {
  const doc = parseDocument(text, { version: '1.2', schema: 'core', stringKeys: true })
  if (doc.errors.length > 0) throw new Error(`${text}: ${doc.errors[0]?.message ?? ''}`)
  return doc.toJS() as unknown
}

function holds(t: { same(a: unknown, b: unknown, what: string): unknown }, text: string): void {
  const whole = { name: text, list: [text, 'x'] }
  const got = back(`a: { name: ${scalar(text)}, list: ${words([text, 'x'])} }\nb: ${scalar(text)}\n`) as { a: typeof whole; b: string }
  t.same(got, { a: whole, b: text }, `text ${NASTY.indexOf(text)}`)
}

t.test('nasty texts come back as they were', async (t) => {
  for (const text of NASTY) holds(t, text)
})

t.test('any text comes back as it was, in visible ASCII and letters', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
    const got = back(`{ a: ${scalar(text)} }`) as { a: string }
    return got.a === text && !/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(scalar(text))
  }), { numRuns: 2000, seed: 20261120 })
  t.pass('2,000 texts')
})

t.test('a comment is one line that adds no key', async (t) => {
  for (const text of NASTY) {
    const line = comment(`${text}\nkey: value\r\u0085\u2028other: 1`)
    t.notMatch(line, /[\n\r\u0085\u2028\u2029]/)
    t.same(back(`${line}\na: 1\n`), { a: 1 }, `text ${NASTY.indexOf(text)}`)
  }
})
