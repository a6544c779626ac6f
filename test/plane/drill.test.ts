// The drill: with no rules every way that it tries is a hole, so that what is closed later was closed by the rules; with the office's rules none is, on
// both back ends; with rules that were tampered with, just what they open. And live, through the rules of a gateway.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { compilePolicy } from '../../src/decision/compile.ts'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { drillIp } from '../../src/plane/drill/attempts.ts'
import { drillClients } from '../../src/plane/drill/client.ts'
import { STRANGER6, drillInLab } from '../../src/plane/drill/drill.ts'
import { labPlan } from '../../src/plane/drill/lab.ts'
import { summaryOf } from '../../src/plane/drill/score.ts'
import type { Scored } from '../../src/plane/drill/score.ts'
import type { OwnRules } from '../../src/plane/own-rules.ts'
import { printed } from '../firewall/cases.ts'
import { run as exec, unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { folderFor } from '../gateway/process.ts'

const MAIN = resolve('src/main.ts')
const OFFICE = 'policies/office.yaml'
const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tcpdump', 'ping', 'nsenter', 'tc'])

function compiledFor(text: string): CompiledPolicy {
  const { policy } = parsePolicy(text, 'policy.yaml')
  if (policy === undefined) throw new Error('no policy')
  const addresses = [drillIp('127.0.0.1'), drillIp('::1'), ...labPlan(policy.gateway).own]
  return compilePolicy(policy, { lists: new Map(), blocks: new Map(), machine: { addresses, proxyPort: policy.gateway.proxy.port } })
}

async function drill(text: string, rules: OwnRules, who = 1): Promise<readonly Scored[]> {
  const compiled = compiledFor(text)
  const { scored } = await drillInLab({
    compiled, rules, now: Date.now(), self: [process.execPath, MAIN], file: resolve(OFFICE), clients: drillClients(compiled, STRANGER6).slice(0, who),
  })
  return scored
}

function rulesOf(text: string, backend: 'nft' | 'iptables'): OwnRules {
  const texts = printed(text)
  return backend === 'nft' ? { nft: texts.get('nft') ?? '' } : { iptables: texts.get('iptables') ?? '', ip6tables: texts.get('ip6tables') ?? '' }
}

const POLICY = readFileSync(OFFICE, 'utf8')

function told(scored: readonly Scored[], outcome: Scored['outcome']): readonly string[] {
  return scored.filter((each) => each.outcome === outcome).map(({ title, what }) => `${title}: ${what.replace(/ to .*/, '')}`)
}

t.test('without rules every packet gets out, so that the drill sees what leaves', { skip, timeout: 120_000 }, async (t) => {
  const scored = await drill(POLICY, {})
  const packets = scored.filter(({ what }) => /^(?:tcp|udp|icmp|ip)\//.test(what))
  // the kernel itself takes no packet from its own address, nor one of TCP that never began through its NAT; it has none here
  const own = packets.filter(({ title }) => title === 'forged: the gateway\'s own address')
  t.same(told(packets.filter((each) => !own.includes(each)), 'closed'), [])
  t.ok(packets.length > 70)
  t.same(told(packets, 'not tried'), [])
})

for (const backend of ['nft', 'iptables'] as const) {
  t.test(`the office behind ${backend}`, { skip, timeout: 180_000 }, async (t) => {
    const scored = await drill(POLICY, rulesOf(POLICY, backend), 6)
    t.same(told(scored, 'hole'), [])
    t.same(told(scored, 'broken'), [])
    t.same(told(scored, 'not tried'), [])
    t.same(told(scored, 'open'), ['mail, to any server: tcp/25', 'POP3: tcp/110'], 'MailAccess, and nothing else')
    t.same([...new Set(scored.map(({ client }) => client))], ['a stranger', 'MailAccess', 'WebAccess'])
    t.ok(scored.filter(({ client, title, outcome }) => client === 'WebAccess' && title.startsWith('by the proxy') && outcome === 'closed').length >= 10, 'the proxy was asked, and said no')
  })
}

t.test('rules that open more than the policy says are found out, way by way', { skip, timeout: 120_000 }, async (t) => {
  const opened = POLICY.replace('rules:\n  - name: mail', 'rules:\n  - { name: hole, action: allow, from: green, to: internet, services: [tcp/9001, udp/51820, ip/47], direct: true }\n  - name: mail').replace(/^tests:[\s\S]*/m, '')
  const scored = await drill(POLICY, rulesOf(opened, 'nft'))
  t.same(told(scored, 'hole').toSorted(), ['GRE tunnel: ip/47', 'Tor: tcp/9001', 'WireGuard: udp/51820'])
  const { holes, broken } = summaryOf(scored)
  t.same([holes, broken], [3, 0])
  const closed = await drill(opened, rulesOf(POLICY, 'nft'))
  t.equal(summaryOf(closed).broken, 3, 'and what the policy opens and the rules do not')
})

for (const bridged of [false, true]) {
  t.test(`live, through a green interface that is ${bridged ? 'a bridge' : 'none'}`, { skip, timeout: 120_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }])
    stage.must('gw', 'ip route add default via 203.0.113.25; ip -6 route add default via 2001:db8:113::25')
    if (bridged) stage.must('gw', 'ip link add lan0 type bridge; ip link set lan0 up; ip addr flush dev green0; ip link set green0 master lan0; ip addr add 192.168.51.254/24 dev lan0; sysctl -q -w net.ipv6.conf.lan0.accept_dad=0')
    const policy = POLICY.replace('interface: eth0', `interface: ${bridged ? 'lan0' : 'green0'}`).replace('interface: eth1', 'interface: red0')
    const file = join(folderFor(t, { 'office.yaml': policy }), 'office.yaml')
    const before = stage.must('gw', 'ip -j link | wc -c; nft list ruleset | wc -c')
    const live = (): { readonly code: number; readonly out: string; readonly err: string } => exec('ip', ['netns', 'exec', stage.space('gw'), process.execPath, MAIN, 'firewall', 'drill', '--live', '--policy', file, '--json'])
    const open = live()
    t.equal(open.code, 5, open.err)
    t.ok((JSON.parse(open.out) as { holes: number }).holes > 60, 'without rules all of it gets out')
    stage.must('gw', 'nft -f -', printed(policy).get('nft') ?? '')
    const closed = live()
    t.equal(closed.code, 0, closed.err)
    const { holes, closed: count, notes, attempts } = JSON.parse(closed.out) as { holes: number; closed: number; notes: readonly string[]; attempts: readonly Scored[] }
    t.same(told(attempts, 'hole'), [])
    t.equal(holes, 0)
    t.ok(count > 60)
    t.equal(notes.length, bridged ? 0 : 1)
    stage.must('gw', 'nft delete table inet greengate')
    t.equal(stage.must('gw', 'ip -j link | wc -c; nft list ruleset | wc -c'), before, 'and it leaves nothing')
  })
}
