// A log is read by many and kept for long: no password may be in it.
import t from 'tap'
import { redactTarget } from '../../src/log/redact.ts'

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
]

t.test('credentials in targets', async (t) => {
  for (const [name, target, shown] of cases) t.equal(redactTarget(target), shown, name)
})
