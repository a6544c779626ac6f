// Web rules, condition by condition: what each matches, and what it does not.
import t from 'tap'
import type { Test } from 'tap'
import { compile, decided, judged } from './asking.ts'
import type { Also, Files } from './asking.ts'

const OPEN = 'rules: [{ name: px, action: allow, from: any, to: gateway, services: proxy }]'
const CLIENT = '10.9.9.9'

/** A policy with one rule, `x`, that denies (or allows) by `conditions`, and the other verdict by default. */
function one(conditions: string, action: 'deny' | 'allow' = 'deny', more = '', files: Files = {}): ReturnType<typeof compile> {
  return compile(`${OPEN}\n${more}\nweb:\n  default: ${action === 'deny' ? 'allow' : 'deny'}\n  connect-ports: [443, 8443, 80]\n  rules:\n    - { name: x, action: ${action}, ${conditions} }`, files)
}

type Row = readonly [request: string, matches: boolean, why: string, also?: Also]

function table(t: Test, conditions: string, rows: readonly Row[], more = '', files: Files = {}): void {
  const policy = one(conditions, 'deny', more, files)
  for (const [request, matches, why, also] of rows) t.equal(decided(policy, CLIENT, request, also), matches ? 'deny by x' : 'open', `${conditions}: ${request}: ${why}`)
}

t.test('host', async (t) => {
  table(t, 'host: numeric', [
    ['GET http://192.0.2.1/', true, 'a dotted quad'],
    ['CONNECT 93.184.215.14:443', true, 'in a tunnel too'],
    ['GET http://2130706433/', true, 'decimal'],
    ['GET http://0x7f.1/', true, 'hexadecimal and short'],
    ['GET http://[2606:2800:220:1::1]/', true, 'IPv6'],
    ['GET http://%31.2.3.4/', true, 'an escaped digit'],
    ['GET http://1.2.3.4./', true, 'a final dot'],
    ['GET http://1e100.example/', false, 'a name that begins with a digit'],
    ['GET http://example.com/', false, 'a name'],
  ])
  table(t, 'host: example.com', [
    ['GET http://example.com/', true, 'that host'],
    ['GET http://EXAMPLE.com./', true, 'case and a final dot do not matter'],
    ['GET http://www.example.com/', false, 'alone'],
    ['GET http://notexample.com/', false, 'by whole labels'],
  ])
  table(t, 'host: "*.example.com"', [
    ['GET http://a.b.example.com/', true, 'at any depth'],
    ['GET http://example.com/', false, 'not itself'],
  ])
  table(t, 'host: [.example.com, "cdn-*.example.net", numeric]', [
    ['GET http://example.com/', true, 'itself'],
    ['CONNECT x.example.com:443', true, 'below'],
    ['GET http://cdn-7.example.net/', true, 'a glob'],
    ['GET http://cdn-7.x.example.net/', false, 'a star stays in its label'],
    ['GET http://10.1.1.1/', true, 'or numeric'],
  ])
})

t.test('uri', async (t) => {
  table(t, "uri: ['gateway\\.dll', x-msn-messenger, '^http://ads\\.']", [
    ['GET http://example.com/gateway.dll?x=1', true, 'found in the path'],
    ['GET http://example.com/GATEWAY.DLL', true, 'not case-sensitive'],
    ['GET http://example.com/gatewayxdll', false, 'an escaped dot is a dot'],
    ['GET http://example.com/g%61teway%2Edll', true, 'unreserved escapes decoded'],
    ['GET http://ADS.example.com/', true, 'the host in canonical form'],
    ['GET http://ads.example.com:80/', true, 'without the default port'],
    ['GET http://example.com/?u=http://ads.', false, 'anchored'],
    ['CONNECT x-msn-messenger.example:443', true, 'of a CONNECT host and port'],
    ['CONNECT example.com:443', false, 'whose paths are not seen'],
  ])
  const two = compile(`${OPEN}\nweb: { default: allow, rules: [{ name: a, action: deny, uri: one, methods: [POST] }, { name: b, action: deny, uri: [two, three] }, { name: c, action: deny, uri: one }] }`)
  t.equal(decided(two, CLIENT, 'GET http://x.test/one'), 'deny by c', 'an earlier rule with the same expression fails by its method')
  t.equal(decided(two, CLIENT, 'POST http://x.test/one'), 'deny by a', 'and decides where it fits')
  t.equal(decided(two, CLIENT, 'GET http://x.test/one/three'), 'deny by b', 'the first rule decides, not the first expression')
})

t.test('methods, ports, user-agent', async (t) => {
  table(t, 'methods: [POST, PUT]', [['POST http://example.com/', true, 'listed'], ['GET http://example.com/', false, 'not listed'], ['CONNECT example.com:443', false, 'a CONNECT is one of its own']])
  table(t, 'ports: [8080, 8440-8450]', [
    ['GET http://example.com:8080/', true, 'the target\'s port'], ['GET http://example.com/', false, 'another'], ['CONNECT example.com:8443', true, 'in a range'],
  ])
  table(t, 'user-agent: [msnmsgr, "^curl/"]', [
    ['GET http://example.com/', true, 'found anywhere, not case-sensitive', { userAgent: 'Mozilla MSNMSGR 7' }],
    ['GET http://example.com/', true, 'anchored', { userAgent: 'curl/8' }],
    ['GET http://example.com/', false, 'another', { userAgent: 'libcurl/8' }],
    ['GET http://example.com/', false, 'none at all'],
  ])
})

t.test('from', async (t) => {
  const policy = compile(`${OPEN}\nweb: { default: allow, rules: [{ name: net, action: deny, from: 10.9.0.0/16, host: a.test }, { name: mac, action: deny, from: "00:16:3e:5e:6c:01", host: b.test }] }`)
  t.equal(decided(policy, '10.9.9.9', 'GET http://a.test/'), 'deny by net')
  t.equal(decided(policy, '10.8.9.9', 'GET http://a.test/'), 'open')
  t.equal(decided(policy, '10.8.9.9 00:16:3e:5e:6c:01', 'GET http://b.test/'), 'deny by mac')
  t.equal(decided(policy, '10.8.9.9', 'GET http://b.test/'), 'open', 'a MAC that is not known does not match')
  const pinned = compile(`${OPEN}\ngateway: { green: { interface: eth0, address: 10.9.0.1/16 }, admin: { mac: "00:16:3e:00:00:01", ports: [445] } }\nweb: { default: allow, rules: [{ name: pin, action: deny, from: [10.9.9.9, "00:16:3e:5e:6c:01"], pin: true }] }`)
  t.equal(decided(pinned, '10.9.9.9 00:16:3e:5e:6c:01', 'GET http://a.test/'), 'deny by pin', 'address and MAC together')
  t.equal(decided(pinned, '10.9.9.9', 'GET http://a.test/'), 'open', 'the address alone')
  t.equal(decided(pinned, '10.9.9.8 00:16:3e:5e:6c:01', 'GET http://a.test/'), 'open', 'the MAC alone')
})

t.test('list', async (t) => {
  const more = 'lists: { ads: { domains: x, urls: y } }'
  const files = { domains: { ads: 'ads.example\n' }, urls: { ads: 'example.com/banner\n' } }
  table(t, 'list: ads', [
    ['GET http://ads.example/', true, 'a domain'], ['GET http://x.ads.example/', true, 'and below'], ['CONNECT x.ads.example:443', true, 'in a tunnel'],
    ['GET http://badads.example/', false, 'by whole labels'], ['GET http://example.com/banner/1', true, 'a path below an URL'], ['GET http://example.com/', false, 'another path'],
  ], more, files)
})

t.test('content-type of the request', async (t) => {
  table(t, 'content-type: [application/x-msn-messenger, "video/*"]', [
    ['POST http://example.com/', true, 'that type', { contentType: 'application/x-msn-messenger' }],
    ['POST http://example.com/', true, 'any of a family', { contentType: 'video/mp4' }],
    ['POST http://example.com/', false, 'another', { contentType: 'text/plain' }],
    ['CONNECT example.com:443', false, 'of what runs in a tunnel nothing is known'],
  ])
  const allow = one('content-type: application/json', 'allow')
  t.equal(decided(allow, CLIENT, 'POST http://example.com/', { contentType: 'application/json' }), 'open')
  t.equal(decided(allow, CLIENT, 'POST http://example.com/'), 'deny by web.default', 'in an allow rule it is the request\'s alone: denied before any DNS')
})

t.test('several conditions are all of them, and rules are tried in order', async (t) => {
  table(t, 'host: .example.com, methods: [POST], ports: [80]', [
    ['POST http://a.example.com/', true, 'all'], ['GET http://a.example.com/', false, 'method'], ['POST http://a.example.com:8080/', false, 'port'], ['POST http://a.test/', false, 'host'],
  ])
  const rules = Array.from({ length: 200 }, (_, at) => `{ name: r${at}, action: ${at % 2 === 0 ? 'deny' : 'allow'}, host: [h${at}.test, all.test] }`)
  const many = compile(`${OPEN}\nweb: { default: deny, rules: [${rules.join(', ')}, { name: last, action: deny, enabled: false }] }`)
  t.equal(decided(many, CLIENT, 'GET http://h0.test/'), 'deny by r0')
  t.equal(decided(many, CLIENT, 'GET http://h63.test/'), 'open')
  t.equal(decided(many, CLIENT, 'GET http://h64.test/'), 'deny by r64')
  t.equal(decided(many, CLIENT, 'GET http://h199.test/'), 'open')
  t.equal(decided(many, CLIENT, 'GET http://all.test/'), 'deny by r0')
  t.equal(decided(many, CLIENT, 'GET http://none.test/'), 'deny by web.default')
})

t.test('ports that are closed', async (t) => {
  const policy = compile(`${OPEN}\nweb: { default: allow }`)
  const rows: readonly (readonly [string, string])[] = [
    ['GET http://example.com/', 'open'], ['GET http://example.com:443/', 'open'], ['GET http://example.com:25/', 'deny by ports'], ['GET http://example.com:1024/', 'deny by ports'],
    ['GET http://example.com:1025/', 'open'], ['GET http://example.com:65535/', 'open'], ['CONNECT example.com:443', 'open'], ['CONNECT example.com:22', 'deny by connect-ports'],
    ['CONNECT example.com:80', 'deny by connect-ports'], ['CONNECT example.com:8443', 'deny by connect-ports'],
  ]
  for (const [request, expected] of rows) t.equal(decided(policy, CLIENT, request), expected, `${request}: ${expected}`)
})

t.test('a CONNECT to port 80 is denied where no request inside it could be allowed', async (t) => {
  const policy = compile(`${OPEN}
web:
  default: deny
  connect-ports: [443, 80]
  rules:
    - { name: bad, action: deny, host: bad.test }
    - { name: nodll, action: deny, uri: 'gateway\\.dll' }
    - { name: reads, action: allow, host: good.test, methods: [GET] }
    - { name: path, action: allow, uri: '^http://path\\.test/ok', resolves-to: [10.0.0.0/8] }`)
  t.equal(judged(policy, CLIENT, 'CONNECT good.test:80'), 'allow by reads')
  t.equal(judged(policy, CLIENT, 'CONNECT bad.test:80'), 'deny by bad')
  t.equal(decided(policy, CLIENT, 'CONNECT other.test:80'), 'open', 'an expression may match inside')
  t.equal(judged(policy, CLIENT, 'CONNECT other.test:80', ['10.1.1.1']), 'allow by path')
  t.equal(judged(policy, CLIENT, 'CONNECT good.test:80', ['10.1.1.1']), 'allow by path', 'the rule that may open the address')
  t.equal(judged(policy, CLIENT, 'GET http://good.test/', ['10.1.1.1']), 'deny by private', 'each request inside is judged by itself')
  const closed = compile(`${OPEN}\nweb: { default: allow, ports: [443], connect-ports: [80] }`)
  t.equal(decided(closed, CLIENT, 'CONNECT good.test:80'), 'deny by ports', 'plain requests to 80 are closed')
})
