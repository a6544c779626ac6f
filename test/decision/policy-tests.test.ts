// The tests that a policy carries: what passes, what fails and what is told, and verdicts that depend on time.
import t from 'tap'
import { compile, OFFICE } from './asking.ts'
import { runPolicyTests } from '../../src/decision/test.ts'

const WEB = `
schedules: { lessons: [mon-fri 08:00-12:00] }
web:
  default: allow
  connect-ports: [443, 80]
  rules:
    - { name: no-numeric-hosts, action: deny, host: numeric }
    - { name: messenger, action: deny, content-type: application/x-msn-messenger }
    - { name: partner, action: deny, to: 93.184.215.0/24, host: partner.test }
    - { name: intranet, action: allow, host: in.test, resolves-to: [10.0.0.0/8] }
    - { name: lesson, action: deny, host: video.test, schedule: lessons }
    - { name: lesson-too, action: deny, host: both.test, schedule: lessons }
    - { name: always, action: deny, host: both.test }
    - { name: old, action: deny, host: old.test, expires: 2026-05-05 }
    - { name: any-name, action: allow, host: loose.test, tunnels: { server-name: any } }
`

/** What is told of one test; nothing where it passes. */
function told(test: string): string {
  return runPolicyTests(compile(`${OFFICE}${WEB}tests:\n  - ${test}`)).map(({ code, message }) => `${code}: ${message}`).join('; ')
}

t.test('tests that pass', async (t) => {
  const rows: readonly string[] = [
    '{ from: 192.168.51.35, request: "GET http://example.com/", expect: allow, by: web.default }',
    '{ from: 192.168.51.25, request: "GET http://example.com/", expect: deny, by: default }',
    '{ from: "::ffff:192.168.51.35", request: "GET http://example.com/", expect: allow, by: web.default }',
    '{ from: 192.168.51.35, request: "CONNECT 203.0.113.5:443", expect: deny, by: no-numeric-hosts }',
    '{ from: 192.168.51.5, packet: "tcp/110 to 203.0.113.25", expect: allow, by: mail }',
    '{ from: 192.168.51.35, packet: "tcp/110 to 203.0.113.25", expect: deny, by: default }',
    '{ from: 192.168.51.35, packet: "dns to 192.168.51.254", expect: allow, by: serve }',
    '{ from: 192.168.51.35, packet: "icmp/echo-request to 192.168.51.254", expect: allow, by: serve }',
    '{ from: 192.168.51.7, mac: "00:1a:2b:3c:4d:5e", packet: "tcp/445 to 192.168.51.254", expect: allow, by: admin }',
    '{ from: 192.168.51.100, mac: "00:16:3e:5e:6c:01", request: "GET http://example.com/", expect: allow }',
    '{ from: 192.168.51.35, request: "GET https://example.com/some/path", expect: allow, by: web.default }',
    '{ from: 192.168.51.35, request: "CONNECT example.com:8443", expect: deny, by: connect-ports }',
    '{ from: 192.168.51.35, request: "GET http://example.com:25/", expect: deny, by: ports }',
    '{ from: 192.168.51.35, request: "GET http://example.com/", address: 10.1.1.1, expect: deny, by: private }',
    '{ from: 192.168.51.35, request: "GET http://in.test/", address: 10.1.1.1, expect: allow, by: intranet }',
    '{ from: 192.168.51.35, request: "GET http://partner.test/", expect: allow }',
    '{ from: 192.168.51.35, request: "GET http://partner.test/", address: 93.184.215.7, expect: deny, by: partner }',
    '{ from: 192.168.51.35, request: "GET http://partner.test/", address: [93.184.215.7, 8.8.8.8], expect: allow }',
    '{ from: 192.168.51.35, request: "POST http://example.com/", content-type: application/x-msn-messenger, expect: deny, by: messenger }',
    '{ from: 192.168.51.35, request: "http://example.com/", method: POST, response-type: application/x-msn-messenger, expect: deny, by: messenger }',
    '{ from: 192.168.51.35, request: "CONNECT example.com:443", server-name: other.test, expect: deny, by: server-name }',
    '{ from: 192.168.51.35, request: "CONNECT example.com:443", server-name: EXAMPLE.com, expect: allow }',
    '{ from: 192.168.51.35, request: "CONNECT loose.test:443", server-name: other.test, expect: allow, by: any-name }',
    '{ from: 192.168.51.35, request: "GET http://video.test/", at: "2026-06-03T09:00", expect: deny, by: lesson }',
    '{ from: 192.168.51.35, request: "GET http://video.test/", at: "2026-06-03T13:00", expect: allow }',
    '{ from: 192.168.51.35, request: "CONNECT example.com:80", expect: allow }',
    '{ from: gateway, packet: "tcp/25 to 203.0.113.25", expect: allow }',
  ]
  for (const row of rows) t.equal(told(row), '', row)
})

t.test('tests that fail', async (t) => {
  t.match(told('{ from: 192.168.51.35, request: "GET http://example.com/", expect: deny }'), 'test-failed: the test fails: expected deny, got allow by `web.default`')
  t.match(told('{ from: 192.168.51.35, request: "CONNECT 203.0.113.5:443", expect: deny, by: messenger }'), /expected deny by `messenger`, got deny by `no-numeric-hosts` \(test\.yaml:\d+\)/)
  t.match(told('{ from: 192.168.51.5, packet: "tcp/143 to 203.0.113.25", expect: allow, by: mail }'), 'no rule allows tcp/143 (imap) to 203.0.113.25 from 192.168.51.5', 'the reason is told')
})

t.test('a service of several packets that part is told, whatever is expected', async (t) => {
  const half = (expect: string): string => runPolicyTests(compile(`
gateway: { green: { interface: eth0, address: 192.168.51.254/24 }, red: { interface: eth1 }, admin: { mac: "00:1a:2b:3c:4d:5e" } }
rules: [{ name: half, action: allow, from: green, to: internet, services: udp/53 }]
tests: [{ from: 192.168.51.35, packet: "dns to 203.0.113.53", expect: ${expect} }]
`)).map(({ message }) => message).join()
  for (const expect of ['allow', 'deny']) t.match(half(expect), /`dns` is several packets, and they part: udp\/53 allow by `half`, tcp\/53 deny by `default`/)
})

t.test('a verdict that depends on time is an error, where the test names none', async (t) => {
  t.match(told('{ from: 192.168.51.35, request: "GET http://video.test/", expect: deny, by: lesson }'), /^test-time: .*allow by `web\.default` at .*, deny by `lesson` at /)
  t.match(told('{ from: 192.168.51.35, request: "GET http://old.test/", expect: allow }'), /^test-time: .*deny by `old` at .*, allow by `web\.default` at /)
  t.equal(told('{ from: 192.168.51.35, request: "GET http://other.test/", expect: allow }'), '', 'others do not')
  t.equal(told('{ from: 192.168.51.35, request: "GET http://both.test/", expect: deny }'), '', 'denied at any time, whichever rule it is')
  t.match(told('{ from: 192.168.51.35, request: "GET http://both.test/", expect: deny, by: always }'), /^test-time: .*deny by `always` at .*, deny by `lesson-too` at /)
})

t.test('tests judge as enforced in observe mode too', async (t) => {
  const policy = compile(`mode: observe\n${OFFICE}${WEB}tests: [{ from: 192.168.51.25, request: "GET http://example.com/", expect: deny, by: default }]`)
  t.same(runPolicyTests(policy), [])
})
