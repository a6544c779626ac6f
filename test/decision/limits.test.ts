// Allowed and slowed down: what judgement, explanations, policy tests and the lint say of rules that limit.
import t from 'tap'
import { compile, ip } from './asking.ts'
import { decidePacket } from '../../src/decision/packet.ts'
import { explain } from '../../src/decision/explain.ts'
import { lint } from '../../src/decision/lint.ts'
import { runPolicyTests } from '../../src/decision/test.ts'
import { parsePacketAsk, parseWebAsk } from '../../src/decision/ask.ts'

const HEAD = `gateway:
  green: { interface: eth0, address: 192.168.51.254/24 }
  red: { interface: eth1 }
  admin: { mac: "00:1a:2b:3c:4d:5e" }
rules:
  - { name: clients, action: allow, from: green, to: gateway, services: proxy }
  - { name: pop3, action: limit, rate: 400kbit/s, from: green, to: internet, services: pop3 }
  - { name: rest, action: limit, priority: low, from: green, to: internet, services: tcp/1000-2000 }
web:
  default: deny
  rules:
    - { name: videos, action: limit, rate: 1MB/s, per: client, host: videos.test }
    - { name: all, action: limit, rate: 2MB/s }
`
const CLIENT = { address: ip('192.168.51.7'), mac: undefined }

t.test('a packet is accepted, with its limit', async (t) => {
  const compiled = compile(HEAD)
  const judged = (port: number): unknown => {
    const { verdict, action, cause, limit } = decidePacket(compiled, { from: CLIENT, to: ip('203.0.113.5'), protocol: 'tcp', port, now: 0 })
    return [verdict, action, cause.by, limit]
  }
  t.same(judged(110), ['allow', 'accept', 'pop3', { rate: 50_000, text: '50kB/s' }])
  t.same(judged(1500), ['allow', 'accept', 'rest', { low: true, text: 'low' }])
  t.same(judged(25), ['deny', 'drop', 'default', undefined])
})

t.test('explanations tell it, in both planes', async (t) => {
  const compiled = compile(HEAD)
  const question = { client: CLIENT, via: ip('192.168.51.254'), now: 0 }
  const packets = parsePacketAsk(compiled.policy, 800, 'pop3', '203.0.113.5')
  const web = parseWebAsk('http://videos.test/')
  if (!packets.ok || !web.ok) throw new Error('the questions')
  const packet = explain(compiled, { ...question, ask: { kind: 'packet', packets: packets.value } })
  t.match(packet, { verdict: 'allow', rule: 'pop3', limit: '50kB/s', reason: 'the rule pop3 allows it at 50kB/s at most (pop3 from green to internet)', planes: { direct: { action: 'accept', limit: '50kB/s' } } })
  t.match(packet.trace.map(({ what }) => what), ['rules clients (allow)', 'rules pop3 (limit 50kB/s)'])
  const request = explain(compiled, { ...question, ask: web.value })
  t.match(request, { verdict: 'allow', rule: 'videos', limit: '1MB/s', planes: { proxy: { limit: '1MB/s', per: 'client' } } })
})

t.test('policy tests may ask for it, and `allow` is true of it', async (t) => {
  const tests = (...lines: string[]): readonly string[] => runPolicyTests(compile(`${HEAD}tests:\n${lines.map((line) => `  - { from: 192.168.51.7, ${line} }\n`).join('')}`)).map(({ message }) => message)
  t.same(tests(
    'packet: "tcp/110 to 203.0.113.5", expect: limit, by: pop3', 'packet: "tcp/110 to 203.0.113.5", expect: allow, by: pop3', 'packet: "tcp/1500 to 203.0.113.5", expect: limit',
    'request: "GET http://videos.test/", expect: limit, by: videos', 'request: "CONNECT other.test:443", expect: limit, by: all',
  ), [])
  t.match(tests('packet: "tcp/25 to 203.0.113.5", expect: limit', 'packet: "tcp/110 to 203.0.113.5", expect: deny', 'packet: "tcp/800 to gateway", expect: limit'), [
    /expected limit, got deny by `default`/, /expected deny, got limit \(50kB\/s\) by `pop3`/, /expected limit, got allow by `clients`/,
  ])
})

t.test('a limit below an allow of the same is told, as what it is', async (t) => {
  const found = lint(compile(HEAD.replace('  - { name: pop3', '  - { name: mail, action: allow, from: green, to: internet, services: [pop3, smtp] }\n  - { name: pop3')))
  t.match(found, [{ code: 'shadowed', message: /`pop3` never decides: `mail` \(line 8\) decides/, hint: 'move it up, above what shadows it' }])
})
