// The simulator: each packet of the golden cases' packets.txt, which are sent for real too, and the way of a packet line by line.
import t from 'tap'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parsePacketAsk } from '../../src/decision/ask.ts'
import { parseMac } from '../../src/net/mac.ts'
import { modelOfRuleset } from '../../src/proof/from-ruleset.ts'
import { packetOf } from '../../src/proof/question.ts'
import type { PacketQuestion } from '../../src/proof/question.ts'
import { simulate } from '../../src/proof/simulate.ts'
import type { Simulation } from '../../src/proof/simulate.ts'
import { worldOf } from '../../src/proof/world.ts'
import { CASES, caseNames } from '../firewall/cases.ts'
import { caseText, ip, materialOf, materialOfCase } from './material.ts'
import type { Material } from './material.ts'

interface More extends Partial<Omit<PacketQuestion, 'mac'>> {
  readonly mac?: string
  readonly flow?: number
}

function simulated(material: Material, from: string, what: string, to: string, more: More = {}): Simulation {
  const { policy, facts, ruleset } = material
  const asked = parsePacketAsk(policy, facts.proxyPort, what, to)
  const [ask] = asked.ok ? asked.value : []
  if (ask === undefined) throw new Error(`${what} to ${to} is no packet`)
  const { mac: text, ...rest } = more
  const mac = text === undefined ? undefined : parseMac(text)
  const question = { from: ip(from), ask, ...rest, ...(mac === undefined ? {} : { mac }) }
  return simulate(modelOfRuleset(ruleset), policy, facts, packetOf(worldOf(policy, facts.ownAddresses), question))
}

for (const name of caseNames().filter((each) => existsSync(join(CASES, each, 'packets.txt')))) {
  t.test(`${name}: each packet of packets.txt`, async (t) => {
    const material = materialOfCase(name)
    for (const row of caseText(name, 'packets.txt').split('\n')) {
      const match = /^(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+=>\s+(accept|drop|reject)\s+(\S+)$/.exec(row)
      if (match === null) continue
      const [, from = '', mac = '', to = '', what = '', verdict = '', by = ''] = match
      const got = simulated(material, from, to.includes(':') ? what.replace('icmp/', 'icmpv6/') : what, to, mac === '-' ? {} : { mac })
      t.equal(`${got.verdict} ${got.rule}`, `${verdict} ${by}`, row)
    }
  })
}

const OFFICE = materialOf(`version: 1
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad" }
  serve: [dns, ping]
  proxy: { port: 800 }
blocks: { apps: { file: blocked } }
rules:
  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: [smtp, pop3], log: true }
  - { action: reject, from: 192.168.51.32/27, to: 203.0.113.0/24, services: imap, reject-with: icmp-host-unreachable }
  - { name: web, action: allow, from: 192.168.51.32/27, to: gateway, services: proxy }
`, {}, { apps: '# games\n192.168.51.9:4000\n' })

const brief = (path: Simulation['path']): string[] => path.map(({ chain, line, action, comment, passed }) => `${chain} ${line} ${action}${comment === undefined ? '' : ` (${comment})`}${passed === true ? ' -' : ''}`)

t.test('the way of a packet that a rule allows', async (t) => {
  const got = simulated(OFFICE, '192.168.51.5', 'smtp', '203.0.113.25')
  t.equal(got.verdict, 'accept')
  t.equal(got.rule, 'mail')
  t.equal(got.place?.line, 10)
  t.equal(got.masquerade, true)
  t.same(got.logs, ['GREEN ACCEPT mail'])
  const path = brief(got.path)
  t.match(path[0], /^RAW \d+ return -$/, 'anti-spoofing let it by')
  t.match(path.join('\n'), /\nFORWARD \d+ jump STATE -\nFORWARD \d+ goto GREEN\nGREEN \d+ jump BLOCKS -\nGREEN \d+ goto \S+ \(rule:mail\)\n/)
  t.match(path.at(-3), /^VETTED 1 mark the flow/, 'and it bears the mark of these rules')
  t.equal(path.at(-2), 'VETTED 2 accept')
  t.equal(path.at(-1), 'POST 1 masquerade (masquerade) -')
})

t.test('what decides: each kind of line', async (t) => {
  const rows: readonly (readonly [from: string, what: string, to: string, more: More, expected: string, line: string | undefined])[] = [
    ['192.168.51.40', 'imap', '203.0.113.25', {}, 'reject rules[1]', 'rule:rules-1'],
    ['192.168.51.40', 'imap', '203.0.114.25', {}, 'drop default', 'default-deny'],
    ['192.168.51.9', 'tcp/4000', '203.0.113.25', {}, 'drop blocks', 'blocks:apps'],
    ['192.168.51.9', 'udp/53', '192.168.51.254', {}, 'accept serve', 'serve'],
    ['192.168.51.200', 'tcp/445', '192.168.51.254', { mac: '02:51:00:00:00:ad' }, 'accept admin', 'admin'],
    ['192.168.51.200', 'tcp/445', '192.168.51.254', { mac: '02:51:00:00:00:ae' }, 'drop default', 'default-deny'],
    ['192.168.51.40', 'udp/443', '203.0.113.25', {}, 'reject default', 'quic'],
    ['10.1.1.1', 'smtp', '203.0.113.25', { in: 'green0' }, 'drop default', 'spoof-green'],
    ['192.168.51.5', 'smtp', '203.0.113.25', { in: 'red0' }, 'drop default', 'spoof-red'],
    ['192.168.51.254', 'smtp', '203.0.113.25', { in: 'green0' }, 'drop default', 'spoof-self'],
    ['203.0.113.25', 'tcp/800', '192.168.51.254', {}, 'drop default', 'red-deny'],
    ['fe80::7', 'icmpv6/135', 'ff02::1', {}, 'accept default', 'ndp'],
    ['192.168.51.5', 'smtp', '203.0.113.25', { state: 'established', mark: 0x07000000 }, 'accept default', 'established'],
    ['192.168.51.5', 'smtp', '203.0.113.25', { state: 'established', mark: 0x08000000 }, 'accept mail', 'rule:mail'],
    ['192.168.51.40', 'smtp', '203.0.113.25', { state: 'established', mark: 0x08000000 }, 'reject default', 'revoked'],
    ['203.0.113.25', 'tcp/40000', '192.168.51.5', { state: 'reply' }, 'accept default', 'reply'],
    ['192.168.51.5', 'smtp', '203.0.113.25', { state: 'invalid' }, 'drop default', 'invalid'],
  ]
  for (const [from, what, to, more, expected, line] of rows) {
    const got = simulated(OFFICE, from, what, to, more)
    t.equal(`${got.verdict} ${got.rule}`, expected, `${from} ${what} ${to}`)
    t.equal(got.line, line, `${from} ${what} ${to}: line`)
  }
  t.equal(simulated(OFFICE, '192.168.51.40', 'imap', '203.0.113.25').answer, 'icmp 3/1')
  t.equal(simulated(OFFICE, '192.168.51.9', 'tcp/4000', '203.0.113.25').place?.line, 2, 'the line of the block file')
})

t.test('what the gateway sends itself goes through OUTPUT, by the user that sends', async (t) => {
  const own = materialOf('version: 1\ngateway:\n  green: { interface: green0, address: 192.168.51.254/24 }\n  red: { interface: red0 }\n  proxy: { user: "13" }\n  admin: { mac: "02:51:00:00:00:ad" }\n', { proxyUid: 13 })
  const asRoot = simulated(own, '192.168.51.254', 'tcp/443', '203.0.113.25')
  t.equal(`${asRoot.verdict} ${asRoot.line ?? ''} ${asRoot.answer ?? ''}`, 'reject proxy-lock tcp-reset')
  t.match(asRoot.path[0]?.chain, /^OUTPUT$/)
  t.equal(simulated(own, '192.168.51.254', 'tcp/443', '203.0.113.25', { uid: 13 }).verdict, 'accept')
})
