// Observing: a rule that is recorded and skipped, a policy that lets rule denials pass, and what neither of them ever lifts.
import t from 'tap'
import { compile, decided, facts, ip, judged, OFFICE, text } from './asking.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { decide, reach } from '../../src/decision/decide.ts'
import type { Observed } from '../../src/decision/facts.ts'
import { guard } from '../../src/decision/guard.ts'
import { outcome } from '../../src/decision/outcome.ts'
import { decideResponse, observedByResponse } from '../../src/decision/response.ts'
import { packet } from './asking.ts'

const OPEN = 'rules: [{ name: px, action: allow, from: any, to: gateway, services: proxy }]'
const CLIENT = '10.9.9.9'

function told(observed: readonly Observed[]): string {
  return observed.map(({ verdict, cause }) => `${verdict} by ${cause.by}`).join(', ')
}

/** What the gateway does, and what it records. */
function done(policy: CompiledPolicy, from: string, request: string, addresses: readonly string[] = ['93.184.215.14']): string {
  const asked = facts(policy, from, request)
  const leave = outcome(policy, decide(policy, asked))
  const { host } = asked.target
  const end = leave.verdict === 'deny' ? leave : outcome(policy, guard(policy, leave, host.kind === 'address' ? [host.address] : addresses.map(ip)))
  return `${end.verdict}${end.verdict === 'deny' ? ` by ${end.cause.by}` : ''}${end.observed.length > 0 ? `, would ${told(end.observed)}` : ''}`
}

t.test('an observed rule is recorded and skipped', async (t) => {
  const policy = compile(`${OPEN}
web:
  default: allow
  rules:
    - { name: try, action: deny, host: x.test, mode: observe }
    - { name: net, action: deny, to: 93.184.215.0/24, mode: observe }
    - { name: real, action: deny, host: .x.test, methods: [POST] }`)
  t.equal(done(policy, CLIENT, 'GET http://x.test/', ['8.8.8.8']), 'allow, would deny by try')
  t.equal(done(policy, CLIENT, 'GET http://x.test/'), 'allow, would deny by try, deny by net')
  t.equal(done(policy, CLIENT, 'GET http://y.test/'), 'allow, would deny by net')
  t.equal(done(policy, CLIENT, 'POST http://x.test/'), 'deny by real, would deny by try')
  t.equal(done(policy, CLIENT, 'GET http://y.test/', ['8.8.8.8']), 'allow')
  const reached = compile('rules: [{ name: close, action: deny, from: 10.0.0.0/8, to: any, mode: observe }, { name: px, action: allow, from: any, to: gateway, services: proxy }]\nweb: { default: allow }')
  t.equal(done(reached, CLIENT, 'GET http://x.test/'), 'allow, would deny by close')
})

t.test('a policy in observe mode lets rule denials pass', async (t) => {
  const policy = compile(`mode: observe\n${OFFICE}web: { rules: [{ name: d, action: deny, host: bad.test }, { name: r, action: deny, to: 93.184.216.0/24 }, { name: g, action: allow, host: good.test }] }`)
  const rows: readonly (readonly [from: string, request: string, expected: string])[] = [
    ['192.168.51.35', 'GET http://good.test/', 'allow'],
    ['192.168.51.35', 'GET http://bad.test/', 'allow, would deny by d'],
    ['192.168.51.35', 'GET http://other.test/', 'allow, would deny by web.default'],
    ['192.168.51.35', 'GET http://good.test:25/', 'allow, would deny by ports'],
    ['192.168.51.35', 'CONNECT good.test:22', 'allow, would deny by connect-ports'],
    ['192.168.51.25', 'GET http://good.test/', 'allow, would deny by default'],
    ['192.168.51.25', 'GET http://bad.test/', 'allow, would deny by default, deny by d'],
    ['192.168.51.35', 'GET http://93.184.216.1/', 'allow, would deny by r'],
  ]
  for (const [from, request, expected] of rows) t.equal(done(policy, from, request), expected, `${from} asks ${request}: ${expected}`)
  t.equal(decided(policy, '192.168.51.35', 'GET http://bad.test/'), 'deny by d', 'the judgement itself is as enforced')
})

t.test('observing never lifts the guard, the gateway\'s own addresses, or the red side', async (t) => {
  const policy = compile(`mode: observe\n${OFFICE}web: { rules: [{ name: d, action: deny, host: bad.test }, { name: g, action: allow, host: good.test }, { name: i, action: allow, host: in.test, resolves-to: [10.0.0.0/8] }] }`)
  const rows: readonly (readonly [from: string, request: string, addresses: readonly string[], expected: string])[] = [
    ['192.168.51.35', 'GET http://good.test/', ['10.1.1.1'], 'deny by private'],
    ['192.168.51.35', 'GET http://bad.test/', ['10.1.1.1'], 'deny by private, would deny by d'],
    ['192.168.51.35', 'GET http://bad.test/', ['10.1.1.1', '93.184.215.14'], 'allow, would deny by d'],
    ['192.168.51.35', 'GET http://127.0.0.1/', [], 'deny by private, would deny by web.default'],
    ['192.168.51.35', 'GET http://192.168.51.254:800/', [], 'deny by private, would deny by ports, deny by web.default'],
    ['192.168.51.35', 'GET http://in.test/', ['10.1.1.1'], 'allow'],
    ['192.168.51.25', 'GET http://in.test/', ['10.1.1.1'], 'allow, would deny by default'],
    ['203.0.113.9', 'GET http://good.test/', ['93.184.215.14'], 'deny by default'],
  ]
  for (const [from, request, addresses, expected] of rows) t.equal(done(policy, from, request, addresses), expected, `${from} asks ${request}, which is ${addresses.join(' and ')}: ${expected}`)
})

t.test('reach, the response and packets under observe', async (t) => {
  const policy = compile(`mode: observe\n${OFFICE}web: { default: allow, rules: [{ name: zip, action: deny, content-type: application/zip }] }`)
  const asked = facts(policy, '192.168.51.25', 'GET http://x.test/')
  const denial = reach(policy, asked.client, asked.via, asked.now)
  t.equal(text(denial), 'deny by default', 'as enforced')
  t.equal(outcome(policy, denial), undefined, 'and passed')
  t.equal(text(outcome(policy, reach(policy, { address: ip('203.0.113.9'), mac: undefined }, asked.via, asked.now))), 'deny by default', 'the red side stays closed')
  const leave = outcome(policy, decide(policy, asked))
  const permit = leave.verdict === 'open' ? outcome(policy, guard(policy, leave, [ip('93.184.215.14')])) : leave
  const endpoint = permit.verdict === 'allow' ? permit.endpoints[0] : undefined
  if (permit.verdict !== 'allow' || endpoint === undefined) throw new Error('not permitted')
  const response = decideResponse(policy, permit, endpoint, 'application/zip')
  t.equal(text(response), 'deny by zip')
  t.equal(outcome(policy, response), undefined)
  t.equal(told(observedByResponse(policy, permit, endpoint, 'application/zip')), 'deny by default, deny by zip', 'and told to the record')
  t.equal(told(observedByResponse(policy, permit, endpoint, 'text/html')), 'deny by default')
  const single = compile(`${OPEN}\nweb: { default: allow, rules: [{ name: zip, action: deny, content-type: application/zip, mode: observe }] }`)
  const open = decide(single, facts(single, CLIENT, 'GET http://x.test/'))
  const given = open.verdict === 'open' ? guard(single, open, [ip('93.184.215.14')]) : open
  if (given.verdict !== 'allow') throw new Error('not permitted')
  t.equal(decideResponse(single, given, endpoint, 'application/zip'), undefined, 'an observed rule denies nothing')
  t.equal(told(observedByResponse(single, given, endpoint, 'application/zip')), 'deny by zip', 'and is recorded')
  t.equal(packet(policy, '192.168.51.100', 'tcp/25 to 93.184.215.14').verdict, 'deny', 'a packet is judged as enforced')
})

t.test('enforced, nothing passes that is denied', async (t) => {
  const policy = compile(`${OPEN}\nweb: { rules: [{ name: d, action: deny, host: bad.test }] }`)
  t.equal(done(policy, CLIENT, 'GET http://bad.test/'), 'deny by d')
  t.equal(judged(policy, CLIENT, 'GET http://other.test/'), 'deny by web.default')
})
