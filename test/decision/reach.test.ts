// Who may use the proxy at all: the packet rules' answer about the proxy's own port, held by the proxy.
import t from 'tap'
import { compile, decided, OFFICE, text, client, ip, NOW } from './asking.ts'
import { reach } from '../../src/decision/decide.ts'

const WEB = 'web: { default: allow }'
const office = compile(`${OFFICE}${WEB}`)
const machineOnly = compile(`rules: [{ name: here, action: allow, from: gateway, to: gateway, services: proxy }]\n${WEB}`)
const everybody = compile(`rules: [{ name: px, action: allow, from: any, to: gateway, services: proxy }]\n${WEB}`)

t.test('on the office gateway', async (t) => {
  const rows: readonly (readonly [who: string, from: string, via: string | undefined, expected: string])[] = [
    ['a client of WebAccess', '192.168.51.35', undefined, 'open'],
    ['the last address of WebAccess', '192.168.51.63', undefined, 'open'],
    ['the first address after it', '192.168.51.64', undefined, 'deny by default'],
    ['a client of MailAccess', '192.168.51.25', undefined, 'deny by default'],
    ['a client of no group', '192.168.51.100', undefined, 'deny by default'],
    ['the director, known by the MAC', '192.168.51.100 00:16:3e:5e:6c:01', undefined, 'open'],
    ['another machine with another MAC', '192.168.51.100 00:16:3e:5e:6c:02', undefined, 'deny by default'],
    ['a client from the red side', '203.0.113.9', undefined, 'deny by default'],
    ['a WebAccess address that asks the red address', '192.168.51.35', '198.18.7.7', 'deny by default'],
    ['the gateway itself through loopback, whom no rule names', '127.0.0.1', undefined, 'deny by default'],
  ]
  for (const [who, from, via, expected] of rows) {
    t.equal(decided(office, from, 'GET http://example.com/', via === undefined ? {} : { via }), expected, `${who}: ${expected}`)
  }
})

t.test('where no green is given, every client is judged by the rules', async (t) => {
  t.equal(decided(machineOnly, '127.0.0.1', 'GET http://example.com/'), 'open', 'the machine itself')
  t.equal(decided(machineOnly, '::1', 'GET http://example.com/'), 'open', 'the machine itself over IPv6')
  t.equal(decided(machineOnly, '192.168.51.254', 'GET http://example.com/'), 'open', 'the machine by its own address')
  t.equal(decided(machineOnly, '192.168.51.7', 'GET http://example.com/'), 'deny by default', 'another machine')
  t.equal(decided(everybody, '203.0.113.9', 'GET http://example.com/'), 'open', 'anybody, where the rule says any')
  t.equal(decided(compile(WEB), '127.0.0.1', 'GET http://example.com/'), 'deny by default', 'nobody, where there is no rule')
})

t.test('what else decides about the proxy\'s port', async (t) => {
  const served = compile(`gateway: { green: { interface: eth0, address: 192.168.51.254/24 }, serve: [proxy] }\n${WEB}`)
  t.equal(decided(served, '192.168.51.9', 'GET http://example.com/'), 'open', 'gateway.serve holds the proxy')
  t.equal(decided(served, '203.0.113.9', 'GET http://example.com/'), 'deny by default', 'serve is for Green')
  const denied = compile(`${OFFICE}  - { name: late, action: allow, from: any, to: any }\n${WEB}`)
  t.equal(decided(denied, '192.168.51.100', 'GET http://example.com/'), 'open', 'a rule to any holds the gateway')
  const first = compile(`${OFFICE.replace('rules:', 'rules:\n  - { name: not-this-one, action: deny, from: 192.168.51.40, to: any, reason: "ask me first" }')}${WEB}`)
  t.equal(decided(first, '192.168.51.40', 'GET http://example.com/'), 'deny by not-this-one', 'the first match decides')
  t.equal(decided(first, '192.168.51.41', 'GET http://example.com/'), 'open', 'and it speaks of its own client alone')
  t.equal(reach(first, client('192.168.51.40'), ip('192.168.51.254'), NOW)?.cause.reason, 'ask me first', 'the rule\'s own reason is told')
  const proxied = compile(`${OFFICE}  - { name: path, action: allow, from: any, to: any, via: proxy }\n${WEB}`)
  t.equal(decided(proxied, '192.168.51.100', 'GET http://example.com/'), 'deny by default', '`via: proxy` speaks of what is fetched, not of who may ask')
  const elsewhere = compile(`${OFFICE}${WEB}`, { port: 3128 })
  t.equal(decided(elsewhere, '192.168.51.35', 'GET http://example.com/'), 'open', 'the service proxy means the port in use')
})

t.test('blocks hold for the proxy\'s port as well', async (t) => {
  const blocked = compile(`${OFFICE}blocks: { apps: { file: x } }\n${WEB}`, { blocks: { apps: '192.168.51.35\n192.168.51.36:800\n192.168.51.37:443\n' } })
  t.equal(decided(blocked, '192.168.51.35', 'GET http://example.com/'), 'deny by blocks', 'a whole client')
  t.equal(decided(blocked, '192.168.51.36', 'GET http://example.com/'), 'deny by blocks', 'the proxy\'s port')
  t.equal(decided(blocked, '192.168.51.37', 'GET http://example.com/'), 'open', 'another port')
  t.equal(decided(blocked, '192.168.51.37', 'CONNECT example.com:443'), 'deny by blocks', 'that port as the target, before any DNS')
})

t.test('the answer of reach', async (t) => {
  t.equal(text(reach(office, client('192.168.51.35'), ip('192.168.51.254'), NOW)), 'allow')
  const denial = reach(office, client('192.168.51.25'), ip('192.168.51.254'), NOW)
  t.equal(denial?.cause.reason, '192.168.51.25 may not use the proxy: no rule allows tcp/800 to the gateway')
  t.equal(denial?.cause.kind, 'default')
})
