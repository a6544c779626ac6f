// Explanations: the verdict of the judgement, its rule with file and line, the two planes, and every rule that was tried.
import t from 'tap'
import { client, compile, facts, ip, NOW, OFFICE } from './asking.ts'
import { parsePacketAsk, parseWebAsk } from '../../src/decision/ask.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { explain, needsAddresses } from '../../src/decision/explain.ts'
import type { Explanation, ExplainQuestion } from '../../src/decision/explain.ts'
import { groupOf } from '../../src/decision/group.ts'

const RULES = `web:
  default: allow
  rules:
    - { name: numbers, action: deny, host: numeric, reason: "Use the site's name" }
    - { name: off, action: deny, enabled: false }
    - { name: dll, action: deny, uri: 'gateway\\.dll' }
    - { name: net, action: deny, to: 93.184.215.0/24 }
    - { name: zip, action: deny, content-type: application/zip }
    - { name: try, action: deny, host: x.test, mode: observe }
`
const office = compile(`${OFFICE}${RULES}`)

function question(compiled: CompiledPolicy, from: string, text: string, addresses?: readonly string[]): ExplainQuestion {
  const words = text.split(' ')
  const asked = words[1] === 'to' ? parsePacketAsk(compiled.policy, compiled.machine.proxyPort, words[0] ?? '', words[2] ?? '') : undefined
  const web = asked === undefined ? parseWebAsk(text) : undefined
  const { via } = facts(compiled, from, 'GET http://x.test/')
  const base = { client: client(from), via, now: NOW, ...(addresses === undefined ? {} : { addresses: addresses.map(ip) }) }
  if (asked?.ok === true) return { ...base, ask: { kind: 'packet', packets: asked.value } }
  if (web?.ok === true) return { ...base, ask: web.value }
  throw new Error(text)
}

function tried(explanation: Explanation): readonly string[] {
  return explanation.trace.map(({ what, place, result, detail }) => `${what}${place === undefined ? '' : ` @${place.split(':')[0]}`}: ${result}${detail === undefined ? '' : ` (${detail})`}`)
}

t.test('a request', async (t) => {
  const told = explain(office, question(office, '192.168.51.35', 'http://x.test/a', ['93.184.216.34']))
  t.equal(`${told.verdict} by ${told.rule}`, 'allow by web.default')
  t.same(tried(told), [
    'rules mail (allow) @test.yaml: no match (from: MailAccess)',
    'rules web-through-the-proxy (allow) @test.yaml: match (tcp/800 to 192.168.51.254)',
    'web.rules numbers (deny) @test.yaml: no match (host: numeric)',
    'web.rules off (deny) @test.yaml: skipped (enabled: false)',
    'web.rules dll (deny) @test.yaml: no match (uri: gateway\\.dll)',
    'web.rules net (deny) @test.yaml: open (open on to)',
    'web.rules zip (deny) @test.yaml: open (open on the response\'s content-type)',
    'web.rules try (deny) @test.yaml: observed (mode: observe)',
    'addresses: match (93.184.216.34)',
    'web.rules net (deny) @test.yaml: no match (to: not 93.184.216.34)',
    'web.default: match (allow)',
  ])
  t.same(told.planes.proxy, { verdict: 'allow', rule: 'web.default', reason: 'no web rule speaks of it, and web.default is allow' })
  t.match(told.planes.direct, { verdict: 'deny', rule: 'default', action: 'drop', packet: 'tcp/80 (http) to 93.184.216.34' })
})

t.test('denials name rule, reason and place', async (t) => {
  const numeric = explain(office, question(office, '192.168.51.35', 'http://93.184.216.34/'))
  t.match(numeric, { verdict: 'deny', rule: 'numbers', reason: 'Use the site\'s name', because: /^test\.yaml:\d+:\d+: Use the site's name$/ })
  t.match(explain(office, question(office, '192.168.51.35', 'http://x.test/', ['93.184.215.14'])), { verdict: 'deny', rule: 'net' })
  t.match(explain(office, question(office, '192.168.51.35', 'http://x.test/', ['10.0.0.1'])), { verdict: 'deny', rule: 'private' })
  const reach = explain(office, question(office, '192.168.51.25', 'http://x.test/'))
  t.match(reach, { verdict: 'deny', rule: 'default', reason: /no rule allows tcp\/800/ })
  t.equal(reach.trace.some(({ what }) => what.startsWith('web.rules')), false, 'web rules are not tried for whom may not use the proxy')
})

t.test('a CONNECT says what it hides', async (t) => {
  for (const text of ['https://x.test/gateway.dll', 'x.test:443']) {
    const told = explain(office, question(office, '192.168.51.35', text))
    t.equal(told.verdict, 'allow', text)
    t.match(JSON.stringify(told.trace), /CONNECT x\.test:443/)
  }
  t.match(JSON.stringify(explain(office, question(office, '192.168.51.35', 'https://x.test/')).trace), 'inside TLS, is not seen')
})

t.test('a packet', async (t) => {
  t.match(explain(office, question(office, '192.168.51.5', 'tcp/110 to 203.0.113.25')), { verdict: 'allow', rule: 'mail', planes: { direct: { action: 'accept' } } })
  t.match(explain(office, question(office, '192.168.51.5', 'dns to 192.168.51.254')), { verdict: 'allow', rule: 'serve' })
  t.match(explain(office, question(office, '192.168.51.5', 'dns to 203.0.113.25')), { verdict: 'deny', rule: 'default' })
})

t.test('what ends a packet that no rule allows', async (t) => {
  const end = (text: string): string | undefined => tried(explain(office, question(office, '192.168.51.35', text))).at(-1)
  t.equal(end('tcp/25 to 93.184.216.34'), 'gateway.default: match (drop)')
  t.equal(end('udp/443 to 93.184.216.34'), 'refused quickly: match (udp/443 (quic) to 93.184.216.34: programs fall back at once)')
  t.equal(end('tcp/853 to 93.184.216.34'), 'refused quickly: match (tcp/853 (domain-s) to 93.184.216.34: programs fall back at once)')
  t.equal(end('udp/443 to 255.255.255.255'), 'gateway.default: match (drop)')
})

t.test('addresses are asked for only where traffic would', async (t) => {
  t.equal(needsAddresses(office, question(office, '192.168.51.35', 'http://x.test/')), true)
  t.equal(needsAddresses(office, question(office, '192.168.51.25', 'http://x.test/')), false)
  t.equal(needsAddresses(office, question(office, '192.168.51.35', 'http://x.test/gateway.dll')), false)
  t.equal(needsAddresses(office, question(office, '192.168.51.35', 'http://93.184.216.34/')), false)
})

t.test('in observe mode the verdict is what the proxy does, and the rule is what would deny', async (t) => {
  const policy = compile(`mode: observe\n${OFFICE}${RULES}`)
  t.match(explain(policy, question(policy, '192.168.51.35', 'http://x.test/gateway.dll')), { verdict: 'allow', rule: 'dll', observed: true })
  t.match(explain(policy, question(policy, '192.168.51.25', 'http://x.test/')), { verdict: 'allow', rule: 'default', observed: true })
  t.match(explain(policy, question(policy, '192.168.51.25', 'http://x.test/', ['10.0.0.1'])), { verdict: 'deny', rule: 'private' })
  t.match(explain(policy, question(policy, '192.168.51.25', 'tcp/99 to 203.0.113.25')), { verdict: 'allow', rule: 'default', observed: true })
  // what the packet filter drops whatever the mode
  t.match(explain(policy, question(policy, '192.168.51.25', 'icmp/redirect to 192.168.51.254')), { verdict: 'deny', rule: 'default' })
  t.match(explain(policy, question(policy, '203.0.113.9', 'tcp/99 to 203.0.113.25')), { verdict: 'deny', rule: 'default' })
})

t.test('the most specific group', async (t) => {
  const policy = compile(`addresses: { Floor: 192.168.51.0/24, Web: 192.168.51.32/27, Boss: ["00:16:3e:5e:6c:01"], Staff: [Web, Boss], One: [192.168.51.40, 10.0.0.0/8], Sites: .x.test }\nrules: [{ name: r, action: allow, from: [Floor, Staff, One], to: gateway, services: proxy }]\nweb: { rules: [{ action: deny, to: Sites }] }`)
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['192.168.51.35', 'Web'], ['192.168.51.7', 'Floor'], ['192.168.51.7 00:16:3e:5e:6c:01', 'Boss'], ['192.168.51.40', 'One'], ['10.1.1.1', 'One'], ['172.16.0.1', undefined],
  ]
  for (const [from, expected] of rows) t.equal(groupOf(policy, client(from)), expected, `${from}: ${expected}`)
})
