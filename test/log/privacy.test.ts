// What a log that hides its clients knows of them: neither a field nor the words of a reason may name the machine.
import t from 'tap'
import { eventLog } from '../../src/log/events.ts'
import { hashedClient, privately } from '../../src/log/privacy.ts'
import type { RequestRecord } from '../../src/log/record.ts'
import { seenFromJson } from '../../src/log/seen-json.ts'
import { sampleRecord } from './sample.ts'

const MAC = '00:16:3e:5e:6c:01'
const HASHED = hashedClient('192.168.51.3', 'k')

function told(client: 'masked' | 'hashed', change: Partial<RequestRecord>): RequestRecord {
  const record = sampleRecord({ client: '192.168.51.3', mac: MAC, ...change })
  return privately({ query: 'strip', client, key: 'k' })?.(record) ?? record
}

const reasons: readonly (readonly [name: string, client: string, reason: string, masked: string])[] = [
  ['who may not ask', '192.168.51.3', '192.168.51.3 may not use the proxy: no rule allows tcp/800 to the gateway', '192.168.51.0 may not use the proxy: no rule allows tcp/800 to the gateway'],
  ['at the end of it', '192.168.51.3', 'no rule allows tcp/25 to 192.168.51.35 from 192.168.51.3', 'no rule allows tcp/25 to 192.168.51.35 from 192.168.51.0'],
  ['another that begins or ends like it', '192.168.51.3', 'not 192.168.51.33, 2.192.168.51.3 or 192.168.51.3.7', 'not 192.168.51.33, 2.192.168.51.3 or 192.168.51.3.7'],
  ['IPv6, and one within another', '::1', 'from ::1: not 2001:db8::1 or ::1:2', 'from ::: not 2001:db8::1 or ::1:2'],
  ['a rule of one MAC', '192.168.51.3', `the rule a allows it (from 00:16:3E:5E:6C:01)`, 'the rule a allows it (from -)'],
]

t.test('a reason does not name the client', async (t) => {
  for (const [name, client, reason, masked] of reasons) {
    const record = told('masked', { client, reason, observed: [{ verdict: 'deny', rule: 'a', reason }] })
    t.equal(record.reason, masked, name)
    t.equal(record.observed[0]?.reason, masked, `${name}, observed`)
  }
  const record = told('hashed', { reason: '192.168.51.3 may not use the proxy' })
  t.equal(record.reason, `${HASHED} may not use the proxy`)
  t.equal(record.client, HASHED)
  t.match(record, { mac: undefined, clientPort: 0 })
})

t.test('a masked client is read back as a network, and nobody learns from it', async (t) => {
  for (const [client, network] of [['192.168.51.3', '192.168.51.0/24'], ['2001:db8:1:2::3', '2001:db8:1::/48']] as const) {
    let line = ''
    eventLog((text) => {
      line = text
    }).request(told('masked', { client }))
    t.match(seenFromJson(line), { client: network, mac: undefined })
    t.match(seenFromJson(line.replace('"clientPort":0', '"clientPort":4711')), { client: network.replace(/\/.*/, '') })
  }
})

t.test('a query is cut, and nothing is done where nothing was asked for', async (t) => {
  t.equal(told('masked', { target: 'http://example.com/a?b=c#d' }).target, 'http://example.com/a')
  t.equal(privately({ query: 'keep', client: 'full', key: 'k' }), undefined)
  t.equal(privately(undefined), undefined)
})
