// A tunnel held to its name: each way to be something else has its own word.
import t from 'tap'
import { bind, mustBind } from '../../src/tls/binding.ts'
import type { TunnelTerms } from '../../src/tls/binding.ts'
import { HelloReader } from '../../src/tls/client-hello.ts'
import { parseHost } from '../../src/net/target.ts'
import { ech, helloFor, message, records, serverName } from './hello.ts'

const STRICT: TunnelTerms = { requireTls: true, serverName: 'match', ech: 'allow' }
const OPEN: TunnelTerms = { requireTls: false, serverName: 'match', ech: 'allow' }
const ANY: TunnelTerms = { requireTls: true, serverName: 'any', ech: 'allow' }
const NO_ECH: TunnelTerms = { requireTls: true, serverName: 'match', ech: 'deny' }

function judged(bytes: Buffer, target: string, terms: TunnelTerms): string {
  const reading = new HelloReader().push(bytes)
  if (reading.state === 'more') return 'more'
  const host = parseHost(target)
  if (!host.ok) throw new Error(host.problem)
  const { outcome, pass, serverName } = bind(reading, host.value, terms)
  return `${outcome} ${pass ? 'passes' : 'is closed'} ${serverName ?? '-'}`
}

const withEch = records(message({ extensions: [ech(), serverName('a.example')] }))
const CASES: readonly (readonly [target: string, what: string, bytes: Buffer, terms: TunnelTerms, expected: string])[] = [
  ['a.example', 'its name', helloFor('a.example'), STRICT, 'match passes a.example'],
  ['a.example', 'its name in capitals', helloFor('A.Example'), STRICT, 'match passes a.example'],
  ['a.example', 'its name with a final dot', helloFor('a.example.'), STRICT, 'match passes a.example'],
  ['a_b.example', 'an underscore', helloFor('a_b.example'), STRICT, 'match passes a_b.example'],
  ['a.example', 'another name', helloFor('b.example'), STRICT, 'mismatch is closed b.example'],
  ['a.example', 'a name below', helloFor('www.a.example'), STRICT, 'mismatch is closed www.a.example'],
  ['a.example', 'a name that begins alike', helloFor('a.example.evil'), STRICT, 'mismatch is closed a.example.evil'],
  ['a.example', 'no name', helloFor(), STRICT, 'no_extension is closed -'],
  ['a.example', 'two names', helloFor('a.example', 'b.example'), STRICT, 'doubled is closed a.example'],
  ['a.example', 'the same name twice', helloFor('a.example', 'a.example'), STRICT, 'doubled is closed a.example'],
  ['a.example', 'a number', helloFor('192.0.2.1'), STRICT, 'numeric is closed 192.0.2.1'],
  ['a.example', 'a hexadecimal number', helloFor('0x7f.1'), STRICT, 'numeric is closed 0x7f.1'],
  ['a.example', 'an IPv6 address', helloFor('2001:db8::1'), STRICT, 'numeric is closed 2001:db8::1'],
  ['a.example', 'a NUL within', helloFor('a.example\0.evil'), STRICT, 'malformed is closed a.example\0.evil'],
  ['a.example', 'a blank behind', helloFor('a.example '), STRICT, 'malformed is closed a.example '],
  ['a.example', 'octets beyond ASCII', helloFor('\u00e4.example'), STRICT, 'malformed is closed \u00e4.example'],
  ['a.example', 'an empty label', helloFor('a..example'), STRICT, 'malformed is closed a..example'],
  ['192.0.2.1', 'no name, as it must be', helloFor(), STRICT, 'match passes -'],
  ['192.0.2.1', 'a name', helloFor('a.example'), STRICT, 'mismatch is closed a.example'],
  ['192.0.2.1', 'the number as a name', helloFor('192.0.2.1'), STRICT, 'numeric is closed 192.0.2.1'],
  ['a.example', 'SSH', Buffer.from('SSH-2.0-x\r\n'), STRICT, 'not_tls is closed -'],
  ['a.example', 'SSH where TLS is not required', Buffer.from('SSH-2.0-x\r\n'), OPEN, 'not_tls passes -'],
  ['a.example', 'another name where TLS is not required', helloFor('b.example'), OPEN, 'mismatch is closed b.example'],
  ['a.example', 'a broken hello where TLS is not required', records(message({ extensions: [], session: 40 })), OPEN, 'malformed is closed -'],
  ['a.example', 'another name where any will do', helloFor('b.example'), ANY, 'mismatch passes b.example'],
  ['a.example', 'SSH where any name will do', Buffer.from('SSH-2.0-x\r\n'), ANY, 'not_tls is closed -'],
  ['a.example', 'ECH allowed, outer name right', withEch, STRICT, 'match passes a.example'],
  ['b.example', 'ECH allowed, outer name wrong', withEch, STRICT, 'mismatch is closed a.example'],
  ['a.example', 'ECH denied', withEch, NO_ECH, 'ech_denied is closed a.example']
]

t.test('is the tunnel what it was asked for', async (t) => {
  for (const [target, what, bytes, terms, expected] of CASES) t.equal(judged(bytes, target, terms), expected, `${target} and ${what}: ${expected}`)
})

t.test('what need not be held is not', async (t) => {
  t.notOk(mustBind({ requireTls: false, serverName: 'any', ech: 'allow' }))
  for (const terms of [STRICT, OPEN, ANY, NO_ECH]) t.ok(mustBind(terms))
})
