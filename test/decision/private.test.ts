// Private destinations are closed: by every scope, in every form in which an address travels; `resolves-to` opens what it names alone.
import t from 'tap'
import { compile, decided, facts, ip, judged } from './asking.ts'
import { decide } from '../../src/decision/decide.ts'
import { guard } from '../../src/decision/guard.ts'

const OPEN = 'rules: [{ name: px, action: allow, from: any, to: gateway, services: proxy }]'
const CLIENT = '10.9.9.9'
const ports = 'ports: [1-65535], connect-ports: [1-65535]'
const open = compile(`${OPEN}\nweb: { default: allow, ${ports} }`)

t.test('a name that leads to what is not public is refused', async (t) => {
  const rows: readonly (readonly [address: string, why: string])[] = [
    ['127.0.0.1', 'loopback'], ['127.9.9.9', 'all of it'], ['::1', 'loopback in IPv6'], ['0.0.0.0', 'the unspecified address'], ['::', 'the same in IPv6'], ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'], ['192.168.1.1', 'private'], ['169.254.169.254', 'link-local, and a cloud\'s metadata'], ['100.64.0.1', 'shared'], ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'], ['240.0.0.1', 'class E'], ['192.0.2.1', 'documentation'], ['203.0.113.9', 'documentation'], ['198.18.0.1', 'benchmarking'],
    ['fc00::1', 'unique local'], ['fe80::1', 'link-local'], ['ff02::1', 'multicast'], ['2001:db8::1', 'documentation'], ['::ffff:93.184.215.14', 'mapped, though the address inside is public'],
    ['::ffff:10.0.0.1', 'mapped'], ['64:ff9b::a9fe:a9fe', 'NAT64'], ['2002:a00:1::', '6to4'], ['2001:0:1:2:3:4:f5ff:fffe', 'Teredo'], ['198.18.7.7', 'the gateway\'s own'],
  ]
  for (const [address, why] of rows) t.equal(judged(open, CLIENT, 'GET http://example.com/', [address]), 'deny by private', `${address}: ${why}`)
  t.equal(judged(open, CLIENT, 'GET http://example.com/', ['93.184.215.14']), 'allow by web.default')
  t.equal(judged(open, CLIENT, 'GET http://example.com/', ['2606:2800:220:1::1']), 'allow by web.default')
  t.equal(judged(open, CLIENT, 'GET http://example.com/', []), 'deny by private', 'no address at all')
})

t.test('addresses that are not public are left out, and only what was judged may be dialled', async (t) => {
  const leave = decide(open, facts(open, CLIENT, 'GET http://example.com:8080/'))
  const permit = leave.verdict === 'open' ? guard(open, leave, ['10.1.1.1', '93.184.215.14', '::1', '2606:2800::1'].map(ip)) : undefined
  t.equal(permit?.verdict, 'allow')
  t.same(permit?.verdict === 'allow' && permit.endpoints.map(({ address, port }) => `${address.text} ${port}`), ['93.184.215.14 8080', '2606:2800::1 8080'])
})

t.test('a numeric target is judged before anything else is done', async (t) => {
  for (const target of ['127.0.0.1', '0.0.0.0', '[::ffff:127.0.0.1]', '[::]', '192.168.51.254', '0x7f000001', '10.0.0.1', '[64:ff9b::10.0.0.1]']) {
    t.equal(decided(open, CLIENT, `GET http://${target}/`), 'deny by private', target)
  }
  t.equal(decided(open, CLIENT, 'GET http://93.184.215.14/'), 'open')
})

t.test('no reason tells an address of a name', async (t) => {
  const leave = decide(open, facts(open, CLIENT, 'GET http://inside.example/'))
  for (const address of ['10.1.2.3', '127.0.0.1', '198.18.7.7']) {
    const denial = leave.verdict === 'open' ? guard(open, leave, [ip(address)]) : undefined
    t.notMatch(denial?.verdict === 'deny' ? denial.cause.reason : address, address)
  }
})

t.test('resolves-to is a condition and an opening', async (t) => {
  const policy = compile(`${OPEN}
web:
  default: deny
  ${ports.replaceAll(', c', '\n  c')}
  rules:
    - { name: intranet, action: allow, host: .corp.test, resolves-to: [10.1.2.0/24] }
    - { name: numbers, action: allow, host: numeric, resolves-to: [10.1.2.0/24, "64:ff9b::/96"] }
    - { name: world, action: allow, host: world.test }`)
  t.equal(judged(policy, CLIENT, 'GET http://wiki.corp.test/', ['10.1.2.7']), 'allow by intranet')
  t.equal(judged(policy, CLIENT, 'GET http://wiki.corp.test/', ['10.1.3.7']), 'deny by web.default', 'outside the ranges the rule does not match')
  t.equal(judged(policy, CLIENT, 'GET http://wiki.corp.test/', ['93.184.215.14']), 'deny by web.default', 'a public address is outside them too')
  t.equal(judged(policy, CLIENT, 'GET http://world.test/', ['10.1.2.7']), 'deny by private', 'another rule opens nothing')
  t.equal(decided(policy, CLIENT, 'GET http://10.1.2.7/'), 'open', 'numeric targets included')
  t.equal(decided(policy, CLIENT, 'GET http://10.1.3.7/'), 'deny by web.default')
  t.equal(decided(policy, CLIENT, 'GET http://[64:ff9b::8.8.8.8]/'), 'open', 'an opened translated range')
  t.equal(decided(policy, CLIENT, 'GET http://[64:ff9b::10.9.9.9]/'), 'deny by private', 'still judges the address inside')
  t.equal(decided(policy, CLIENT, 'GET http://[64:ff9b::10.1.2.9]/'), 'open', 'which may be opened too')
})

t.test('what opens all still keeps the gateway\'s ports closed', async (t) => {
  const policy = compile(`${OPEN}\nweb: { default: deny, ${ports}, rules: [{ name: all, action: allow, resolves-to: [0.0.0.0/0, "::/0"] }] }`)
  const rows: readonly (readonly [string, string])[] = [
    ['http://10.0.0.1/', 'open'], ['http://127.0.0.1:8080/', 'open'], ['http://127.0.0.1:800/', 'deny by private'], ['http://127.5.5.5:800/', 'deny by private'], ['http://0.0.0.0:800/', 'deny by private'],
    ['http://[::]:800/', 'deny by private'], ['http://[::ffff:127.0.0.1]:800/', 'deny by private'], ['http://192.168.51.254:445/', 'deny by private'], ['http://192.168.51.254:222/', 'deny by private'],
    ['http://[2002:c0a8:33fe::]:445/', 'deny by private'], ['http://192.168.51.253:445/', 'open'], ['http://8.8.8.8/', 'open'],
  ]
  for (const [url, expected] of rows) t.equal(decided(policy, CLIENT, `GET ${url}`), expected, `${url}: ${expected}`)
  t.equal(judged(policy, CLIENT, 'GET http://rebind.test:800/', ['127.0.0.1']), 'deny by private', 'by name too')
  const moved = compile(`${OPEN}\nweb: { default: deny, ${ports}, rules: [{ name: all, action: allow, resolves-to: [0.0.0.0/0] }] }`, { port: 3128 })
  t.equal(decided(moved, CLIENT, 'GET http://127.0.0.1:3128/'), 'deny by private', 'the port in use, whatever the file says')
})
