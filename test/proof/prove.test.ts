// The proof holds for every golden case; and it fails, with a packet that shows it, for each fault that is planted: in a text, in the
// ruleset, in the policy's judgement, in the proxy's.
import t from 'tap'
import type { Test } from 'tap'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import type { Line, Ruleset } from '../../src/firewall/ruleset.ts'
import { networkSet } from '../../src/net/network.ts'
import type { Disagreement } from '../../src/proof/prove.ts'
import { serviceText } from '../../src/proof/service.ts'
import { proveWhole } from '../../src/proof/whole.ts'
import type { ProofTexts } from '../../src/proof/whole.ts'
import { caseNames } from '../firewall/cases.ts'
import { materialOf, materialOfCase, rendered } from './material.ts'
import type { Material } from './material.ts'

const OPTIONS = { most: 1_000_000, draw: 5_000, seed: 1, keep: 10 }

function textsOf(material: Material): ProofTexts {
  return { nft: rendered(material, 'nft'), iptables: rendered(material, 'iptables'), ip6tables: rendered(material, 'ip6tables'), live: false }
}

function shown(found: readonly Disagreement[]): string {
  return found.map(({ packet, said }) => `${packet.hook} ${serviceText(packet.service)} ${packet.source.text} → ${packet.destination.text}: ${said.map(({ name, told }) => `${name} ${told.verdict} ${told.by} ${told.answer ?? ''} ${told.more ?? ''}`).join('; ')}`).join('\n')
}

for (const name of caseNames()) {
  t.test(`${name}: all agree`, async (t) => {
    const material = materialOfCase(name)
    const proof = proveWhole(material, textsOf(material), { ...OPTIONS, most: 40_000 })
    t.equal(shown(proof.disagreements), '')
    t.ok(proof.cells > 1000)
    t.same(proof.judges, material.facts.client === undefined ? ['policy', 'ruleset', 'iptables', 'ip6tables', 'nft', 'proxy'] : ['ruleset', 'iptables', 'ip6tables', 'nft'])
    for (const judge of proof.judges) t.ok((proof.asked.get(judge) ?? 0) > 0 || (judge === 'proxy' && proof.share < 1), `${judge} was asked`)
  })
}

const TEXT = `version: 1
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad", ports: [445] }
  serve: [ping]
  proxy: { port: 800 }
rules:
  - { name: no, action: drop, from: green, to: 203.0.113.64/26, services: tcp/8000-8010 }
  - { name: mail, action: allow, from: [192.168.51.0/27, "02:51:00:00:00:d1"], to: internet, services: [tcp/25-30] }
  - { name: six, action: allow, from: "fd00:51::/120", to: internet, services: [tcp/25-30] }
  - { name: off, action: allow, from: green, to: internet, services: tcp/5222, enabled: false }
  - { name: web, action: allow, from: 192.168.51.32/27, to: gateway, services: proxy }
web: { default: allow, connect-ports: [1-65535] }
`
const small = materialOf(TEXT)
const good = textsOf(small)

t.test('without a fault every cell is tried, and all agree', async (t) => {
  const steps: number[] = []
  const proof = proveWhole(small, good, { ...OPTIONS, step: (share) => steps.push(share) })
  t.equal(shown(proof.disagreements), '')
  t.equal(proof.share, 1)
  t.equal(proof.drawn, 0)
  t.same(steps, [...steps].sort((a, b) => a - b), 'it never goes back')
  t.ok(steps.length > 1 && (steps.at(-1) ?? 2) <= 1, 'and tells how far it is')
})

/** The first packet that shows it: `who` says what the others do not. */
function caught(t: Test, material: Material, texts: ProofTexts, who: string): void {
  const [found] = proveWhole(material, texts, { ...OPTIONS, keep: 1, stop: true }).disagreements
  t.ok(found !== undefined, 'it is found')
  const odd = found?.said.find(({ name }) => name === who)?.told
  const others = found?.said.filter(({ name }) => name !== who) ?? []
  const rest = others.map(({ told }) => `${told.verdict} ${told.by}`)
  t.equal(new Set(rest).size, 1, `the others agree: ${shown(found === undefined ? [] : [found])}`)
  t.ok(others.some(({ told }) => odd !== undefined && (told.verdict !== odd.verdict || told.by !== odd.by || told.answer !== odd.answer || (told.more !== undefined && odd.more !== undefined && told.more !== odd.more))), `${who} is the odd one`)
}

t.test('faults of a printer', async (t) => {
  const rows: readonly (readonly [what: string, of: 'nft' | 'iptables' | 'ip6tables', from: string | RegExp, to: string])[] = [
    ['a range of ports one too long', 'nft', /tcp dport 25-30( counter name "gg-rule\.mail")/g, 'tcp dport 25-31$1'],
    ['a range of ports one too short', 'iptables', '--dport 25:30 -m comment --comment "gg:rule:mail"', '--dport 25:29 -m comment --comment "gg:rule:mail"'],
    ['a network twice as wide', 'iptables', '-s 192.168.51.0/27 -o red0', '-s 192.168.51.0/26 -o red0'],
    ['a network without its last address', 'nft', 'ip saddr 192.168.51.0/27', 'ip saddr 192.168.51.0-192.168.51.30'],
    ['the MAC half of a group lost', 'iptables', /.*--mac-source 02:51:00:00:00:d1 .*\n/, ''],
    ['an IPv6 line lost', 'ip6tables', /.*gg:rule:six.*\n/, ''],
    ['an IPv6 line without its addresses', 'nft', 'ip6 saddr fd00:51::/120 ip6 daddr', 'ip6 daddr'],
    ['another protocol', 'nft', /tcp dport 25-30( counter name "gg-rule\.mail")/, 'udp dport 25-30$1'],
    ['a rule whose name is another\'s', 'iptables', 'gg:rule:mail', 'gg:rule:six'],
    ['the anti-spoofing lost', 'iptables', /.*gg:spoof-green.*\n/, ''],
    ['no jump before conntrack', 'ip6tables', '-I PREROUTING 1 -j GG_RAW\n', ''],
    ['flows of a former policy go on', 'nft', /ct state established ct mark 0x07000000\/8 counter name "gg-established" accept/g, 'ct state established counter name "gg-established" accept'],
    ['another generation', 'iptables', '-A GG_VETTED -j CONNMARK --set-xmark 0x7000000/0xff000000', '-A GG_VETTED -j CONNMARK --set-xmark 0x8000000/0xff000000'],
    ['other people\'s bits of the mark lost', 'nft', /ct mark & 0x07ffffff \| 0x07000000/g, 'ct mark & 0x00000000 | 0x07000000'],
    ['another answer', 'iptables', /icmp-port-unreachable/g, 'icmp-host-unreachable'],
    ['a drop in place of a rejection', 'nft', 'reject with tcp reset', 'drop'],
    ['nothing is masqueraded', 'iptables', /.*MASQUERADE\n/, ''],
    ['another word in the log', 'iptables', /GREEN DROP /g, 'RED DROP '],
    ['the admin\'s port for everybody', 'nft', 'ether saddr 02:51:00:00:00:ad ', ''],
    ['echo of the gateway for what is past it', 'nft', 'fib daddr type local icmp type echo-request', 'icmp type echo-request'],
    ['a hop limit forgotten', 'ip6tables', '--icmpv6-type 136 -m hl --hl-eq 255', '--icmpv6-type 136'],
    ['everything accepted at last', 'nft', 'counter name "gg-default-deny" drop', 'counter name "gg-default-deny" accept'],
  ]
  for (const [what, of, from, to] of rows) {
    const text = good[of] ?? ''
    const broken = text.replace(from, to)
    t.not(broken, text, `${what}: planted`)
    t.test(what, async (t) => caught(t, small, { ...good, [of]: broken }, of))
  }
})

t.test('the packet that is shown is the one at the boundary', async (t) => {
  const broken = { ...good, nft: (good.nft ?? '').replace(/tcp dport 25-30( counter name "gg-rule\.mail")/g, 'tcp dport 25-31$1'), iptables: (good.iptables ?? '').replace('-s 192.168.51.0/27 -o red0', '-s 192.168.51.0/26 -o red0') }
  const text = shown(proveWhole(small, broken, { ...OPTIONS, keep: 60 }).disagreements)
  t.match(text, /forward tcp\/31 192\.168\.51\.\d+ → \S+: ruleset drop default [^\n]*; policy drop default [^\n]*nft accept rule:mail/)
  t.match(text, /forward tcp\/2\d 192\.168\.51\.(?:3[2-9]|[45]\d|6[0-3]) → \S+: ruleset drop default [^\n]*iptables accept rule:mail/)
})

/** The same policy with another ruleset, which all texts then follow. */
function withRuleset(change: (line: Line, chain: string) => readonly Line[]): Material {
  const chains = small.ruleset.chains.map((chain) => ({ ...chain, lines: chain.lines.flatMap((line) => change(line, chain.name)) }))
  const ruleset: Ruleset = { ...small.ruleset, chains }
  return { ...small, ruleset }
}

t.test('faults of the compiler, which every text repeats', async (t) => {
  const rows: readonly (readonly [what: string, material: Material])[] = [
    ['a range of ports one too long', withRuleset((line) => {
      const { l4 } = line.tests
      return line.comment === 'rule:mail' && l4 !== undefined && 'ports' in l4 ? [{ ...line, tests: { ...line.tests, l4: { ...l4, ports: [{ first: 25, last: 31 }] } } }] : [line]
    })],
    ['the MAC half of a group lost', withRuleset((line) => (line.comment === 'rule:mail' && line.tests.macs !== undefined ? [] : [line]))],
    ['a disabled rule emitted', { ...small, ruleset: materialOf(TEXT.replace(', enabled: false', '')).ruleset }],
    ['a family lost', withRuleset((line) => (line.comment === 'rule:six' ? [] : [line]))],
    ['no line for what belongs to no flow', withRuleset((line) => (line.comment === 'invalid' ? [] : [line]))],
    ['a rule that is narrower than written', { ...small, ruleset: materialOf(TEXT.replace('action: drop, from: green', 'action: drop, from: "fd00:51::/64"')).ruleset }],
    ['the lock of the admin\'s port lost', withRuleset((line) => (line.comment === 'admin' ? [] : [line]))],
  ]
  for (const [what, material] of rows) t.test(what, async (t) => caught(t, material, textsOf(material), 'policy'))
})

t.test('what holds for a while: at each edge, and never open when it is late', async (t) => {
  const timed = materialOf(`version: 1
gateway:
  green: { interface: green0, address: 192.168.51.254/24 }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad", ports: [445] }
  serve: []
  timezone: UTC
schedules: { lessons: [fri 08:00-13:00], evening: [fri 18:00-20:00] }
rules:
  - { name: not-then, action: drop, from: green, to: internet, services: tcp/2000, schedule: evening }
  - { name: lent, action: allow, from: green, to: internet, services: tcp/2000-2001, expires: 2027-01-01 }
  - { name: lesson, action: allow, from: green, to: internet, services: tcp/2002, schedule: lessons }
`)
  const texts = textsOf(timed)
  t.equal(shown(proveWhole(timed, texts, OPTIONS).disagreements), '')
  const plant = (of: 'nft' | 'iptables', from: RegExp, to: string): ProofTexts => {
    const text = texts[of] ?? ''
    const broken = text.replace(from, to)
    t.not(broken, text, `planted in ${of}`)
    return { ...texts, [of]: broken }
  }
  t.test('an end that is lost', async (t) => caught(t, timed, plant('iptables', /-m time --datestop 2026-11-20T12:59:59 /, ''), 'iptables'))
  t.test('an end that is a second late', async (t) => caught(t, timed, plant('nft', /(?<=tcp dport 2002 meta time < )(\d+)/, '1795179601'), 'nft'))
  t.test('a beginning that is lost', async (t) => caught(t, timed, plant('nft', /meta time >= \d+ /, ''), 'nft'))
  const chains = timed.ruleset.chains.map((chain) => ({ ...chain, lines: chain.lines.map((line) => ({ ...line, tests: Object.fromEntries(Object.entries(line.tests).filter(([key]) => key !== 'until')) })) }))
  const late: Material = { ...timed, ruleset: { ...timed.ruleset, chains } }
  t.match(shown(proveWhole(late, textsOf(late), { ...OPTIONS, keep: 1, stop: true }).disagreements), /tcp\/200\d .*ruleset, late accept rule:(?:lent|lesson) .*policy, then drop default/)
})

t.test('a rule that slows down does so in every text, and a compiler that forgets it is caught', async (t) => {
  const slow = materialOf(`version: 1
gateway:
  green: { interface: green0, address: 192.168.51.254/24 }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad", ports: [445] }
  serve: []
rules:
  - { name: pop, action: limit, rate: 50kB/s, from: green, to: internet, services: pop3 }
  - { name: mail, action: allow, from: green, to: internet, services: smtp }
`)
  t.equal(shown(proveWhole(slow, textsOf(slow), OPTIONS).disagreements), '')
  const chains = slow.ruleset.chains.map((chain) => ({ ...chain, lines: chain.lines.map((line): Line => (line.verdict.kind === 'vet' ? { ...line, verdict: { kind: 'vet', generation: line.verdict.generation } } : line)) }))
  const forgets: Material = { ...slow, ruleset: { ...slow.ruleset, chains } }
  const [found] = proveWhole(forgets, textsOf(forgets), { ...OPTIONS, keep: 1, stop: true }).disagreements
  t.match(found?.said.map(({ name, told }) => [name, told.by, told.slowed]), [['ruleset', 'rule:pop', false], ['policy', 'rule:pop', true]])
})

t.test('what is caught is caught in every text, at one port, and a compiler that lets it go out directly is caught too', async (t) => {
  const text = (proxy: string, rule: string): string => `version: 1
gateway:
  green: { interface: green0, address: 192.168.51.254/24 }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad", ports: [445] }
  serve: []
  proxy: { port: 800${proxy} }
rules:
  - { name: web, action: allow, from: 192.168.51.32/27, ${rule}, direct: true }
web: { default: allow }
`
  const catching = materialOf(text(', transparent: true', 'to: gateway, services: proxy'))
  const texts = textsOf(catching)
  t.equal(shown(proveWhole(catching, texts, OPTIONS).disagreements), '')
  for (const [what, of, from, to] of [
    ['another port', 'nft', 'tproxy to :801 ', 'tproxy to :802 '],
    ['another port', 'iptables', '--on-port 801 ', '--on-port 802 '],
    ['nothing is caught', 'iptables', /.*gg:caught.*\n/, ''],
    ['a client that may not use the proxy', 'nft', /ip saddr 192\.168\.51\.32\/27 (?=tcp dport \{ 80, 443 \} goto catch_now)/, ''],
    ['who asks the port directly', 'iptables', ' -m mark --mark 0x4747/0xffff', ''],
  ] as const) {
    const broken = (texts[of] ?? '').replace(from, to)
    t.not(broken, texts[of], `${what}, ${of}: planted`)
    t.test(`${what}, ${of}`, async (t) => caught(t, catching, { ...texts, [of]: broken }, of))
  }
  const direct: Material = { ...catching, ruleset: materialOf(text('', 'to: [gateway, internet], services: [proxy, http, https]')).ruleset }
  const found = proveWhole(direct, textsOf(direct), OPTIONS).disagreements.find(({ said }) => said.every(({ told }) => told.verdict === 'accept'))
  t.match(found?.said.map(({ name, told }) => [name, told.by, told.caught]), [['ruleset', 'rule:web', false], ['policy', 'rule:web', true]])
})

t.test('faults of the proxy', async (t) => {
  const compiled = (more: Partial<CompiledPolicy>): Material => ({ ...small, compiled: { ...materialOf(TEXT).compiled, ...more } })
  t.test('it fetches what a rule denies by name', async (t) => {
    t.match(shown(proveWhole(compiled({ path: { rules: [], touched: networkSet([]) } }), good, { ...OPTIONS, keep: 1, stop: true }).disagreements), /tcp\/80(?:0\d|10) 192\.168\.51\.\d+ → 203\.0\.113\.\d+: rules as written drop no .*proxy accept/)
  })
  t.test('its port is open to everybody', async (t) => {
    t.match(shown(proveWhole(compiled({ served: true }), good, { ...OPTIONS, keep: 1, stop: true }).disagreements), /tcp\/800 .*ruleset drop default.*proxy accept its port is open/)
  })
})

t.test('what is too much to try whole is sampled, and that is said', async (t) => {
  const proof = proveWhole(small, good, { ...OPTIONS, most: 3_000, draw: 20_000 })
  t.equal(proof.cells, 3_000)
  t.equal(proof.drawn, 20_000)
  t.ok(proof.share > 0 && proof.share < 1)
  t.equal(shown(proof.disagreements), '')
  const broken = { ...good, nft: (good.nft ?? '').replace('ip saddr 192.168.51.0/27', 'ip saddr 192.168.51.0-192.168.51.30') }
  // one cell of 45,000 and one packet of many: each seed finds it more often than not
  const seen = [1, 2, 3, 4].filter((seed) => proveWhole(small, broken, { ...OPTIONS, most: 3_000, draw: 100_000, seed }).disagreements.length > 0)
  t.ok(seen.length >= 2, `a class of one address is as likely as any other: found by ${seen.length} of 4 seeds`)
  t.same(proveWhole(small, broken, { ...OPTIONS, most: 500, draw: 5_000, seed: 7 }), proveWhole(small, broken, { ...OPTIONS, most: 500, draw: 5_000, seed: 7 }), 'the same seed draws the same')
})
