// A log is read by many and kept for long: no password may be in it.
import t from 'tap'
import fc from 'fast-check'
import { redactTarget, redactUnread } from '../../src/log/redact.ts'

const cases: readonly (readonly [name: string, target: string, shown: string])[] = [
  ['userinfo in an absolute target', 'http://anna:geheim@example.com/', 'http://***@example.com/'],
  ['a password with an @ in it', 'http://anna:a@b@example.com/', 'http://***@example.com/'],
  ['a name alone', 'http://anna@example.com/', 'http://***@example.com/'],
  ['userinfo in a CONNECT', 'anna:geheim@example.com:443', '***@example.com:443'],
  ['an @ in a path is no userinfo', 'http://example.com/@anna', 'http://example.com/@anna'],
  ['an @ in a query is none either', 'http://example.com?mail=a@b', 'http://example.com?mail=a@b'],
  ['a token in a query', 'http://a/?x=1&access_token=abc&y=2', 'http://a/?x=1&access_token=***&y=2'],
  ['a password, whatever its case', 'http://a/?PassWord=abc', 'http://a/?PassWord=***'],
  ['an api key with spaces in a broken target', 'http://a/?api-key=abc def', 'http://a/?api-key=***'],
  ['a word that only looks like one', 'http://a/?tokens=3&passport=no', 'http://a/?tokens=3&passport=no'],
  ['a signed link of a cloud', 'http://a/?X-Amz-Credential=a&X-Amz-Expires=60&X-Amz-Signature=b', 'http://a/?X-Amz-Credential=***&X-Amz-Expires=60&X-Amz-Signature=***'],
  ['another cloud', 'http://a/?sv=2024&sig=b%3D&se=x', 'http://a/?sv=2024&sig=***&se=x'],
  ['an OAuth code', 'http://a/cb?code=abc&state=x', 'http://a/cb?code=***&state=x'],
  ['a key alone', 'http://a/?key=abc', 'http://a/?key=***'],
  ['an escape within a key', 'http://a/?%74oken=abc&api%5Fkey=d&%2574oken=e', 'http://a/?%74oken=***&api%5Fkey=***&%2574oken=***'],
  ['brackets of a form', 'http://a/?user[password]=abc&user%5Bpassword%5D=d', 'http://a/?user[password]=***&user%5Bpassword%5D=***'],
  ['a value with escapes and semicolons', 'http://a/?password=a%26b;c&d=1', 'http://a/?password=***&d=1'],
  ['a session in the path', 'http://a/x;jsessionid=ABC/y?z=1', 'http://a/x;jsessionid=***/y?z=1'],
  ['a URI within a parameter', 'http://a/?r=http://u:p@b/?x=1&y=2', 'http://a/?r=http://***@b/?x=1&y=2'],
  ['an encoded URI within a parameter', 'http://a/?r=http%3A%2F%2Fu%3Ap%40b%2F%3Ftoken%3Dabc%26x%3D1&y=2', 'http://a/?r=http%3A%2F%2F***@b%2F%3Ftoken%3D***%26x%3D1&y=2'],
  ['one that was encoded twice', 'http://a/?r=http%253A%252F%252Fu%253Ap%2540b%252F%253Ftoken%253Dabc%2526x%253D1&y=2', 'http://a/?r=http%253A%252F%252F***@b%252F%253Ftoken%253D***%2526x%253D1&y=2'],
  ['a name and a password as a value', 'http://a/?proxy=u:p@b:3128&mail=a@b', 'http://a/?proxy=***@b:3128&mail=a@b'],
  ['the same, encoded', 'http://a/?proxy=u%3Ap%40b&x=1', 'http://a/?proxy=***@b&x=1'],
  ['a fragment of a broken target', 'http://a/ b#access_token=abc', 'http://a/ b#access_token=***'],
]

/** A secret that no part of a target's other text can hold. */
const SECRET = 'S3cr3t'
const keys = ['password', 'Passwd', 'pwd', 'token', 'access_token', 'refresh-token', 'id_token', 'api_key', 'apikey', 'X-Api-Key', 'client_secret', 'sig', 'Signature', 'x-goog-signature', 'jwt', 'auth', 'session', 'PHPSESSID', 'code']
const word = fc.string({ unit: fc.constantFrom(...'ab:/?&=;.%-_#'), maxLength: 12 })

t.test('whatever stands round it, a secret does not come through', async (t) => {
  const encode = (text: string, times: number): string => (times === 0 ? text : encode(encodeURIComponent(text), times - 1))
  fc.assert(fc.property(word, fc.constantFrom(...keys), fc.nat(3), word, (before, key, times, after) => {
    const inner = `${encode(`http://h/?x=1&${key}=${SECRET}`, times)}`
    t.notOk(redactTarget(`http://h/${before}?r=${inner}&${after}`).includes(SECRET), inner)
  }), { numRuns: 500 })
  fc.assert(fc.property(fc.constantFrom('http://', 'http:/', 'http:\\\\', '//', '', 'ws://', 'HTTP:///'), word, word, fc.constantFrom('@', '%40', '%2540'), word, (scheme, before, between, at, after) => {
    t.notOk(redactUnread(`${scheme}u${before}:${SECRET}${between}${at}h${after}`, true).includes(SECRET))
  }), { numRuns: 500 })
})

t.test('what was redacted is redacted no further', async (t) => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'a@:/?&=;%40token'), maxLength: 40 }), (text) => {
    const once = redactTarget(text)
    redactTarget('another')
    return redactTarget(once) === once
  }), { numRuns: 2000 })
  t.pass()
})

t.test('a long target costs no more than its length', async (t) => {
  for (const unit of ['//', '?token=a&', '@', '%2540', '%25', '&a%3d', ';x=', '//u:p@', '40', '2540', '=a:', '=a', '%3da%3a', '=u:p@']) {
    const target = `http://h/${unit.repeat(1 << 19)}`
    const began = performance.now()
    redactTarget(target)
    redactUnread(target, true)
    t.ok(performance.now() - began < 1_000, unit)
    t.ok(redactTarget(target).length <= 8192 * 2)
  }
})

t.test('credentials in targets', async (t) => {
  for (const [name, target, shown] of cases) t.equal(redactTarget(target), shown, name)
})
