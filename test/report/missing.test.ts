// Proposals from drops without a kernel: exact products, one rule for whoever asked for the same, a wider one only where a list would be endless, and
// then with what it opens beside.
import t from 'tap'
import { compilePolicy } from '../../src/decision/compile.ts'
import { decidePacket } from '../../src/decision/packet.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { withRules } from '../../src/policy/add-rule.ts'
import { reasonAgainst } from '../../src/report/drop-reason.ts'
import { proposalsFor } from '../../src/report/missing.ts'
import type { Candidate } from '../../src/report/missing.ts'

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

const TEXT = `version: 1
gateway:
  green: { interface: eth0, address: 192.168.51.254/24 }
  red: { interface: eth1 }
  admin: { mac: "02:51:00:00:00:ad" }
`
const { policy } = parsePolicy(TEXT, 'policy.yaml')
if (policy === undefined) throw new Error('no policy')
const compiled = compilePolicy(policy, { lists: new Map(), blocks: new Map(), machine: { addresses: [ip('192.168.51.254'), ip('203.0.113.1')], proxyPort: 800 } })

function drop(source: string, target: string, protocol: Candidate['entry']['protocol'], port: number | undefined, packets = 1): Candidate {
  return {
    entry: { source: ip(source), target: ip(target), packets, bytes: 60 * packets, last: 0, ...(protocol === undefined ? {} : { protocol }), ...(port === undefined ? {} : { port }) },
    group: undefined, own: source === '203.0.113.1', known: undefined,
  }
}

function told(candidates: readonly Candidate[]): readonly string[] {
  return proposalsFor(compiled, candidates, () => 'then').map(({ from, to, services, packets, opens }) => `${from.join()} > ${to.join()} : ${services.join()} (${packets})${opens.length === 0 ? '' : ` + ${opens.join()}`}`)
}

t.test('clients that asked for the same are one rule, others their own', async (t) => {
  t.same(told([
    drop('192.168.51.64', '203.0.113.9', 'tcp', 993, 5), drop('192.168.51.65', '203.0.113.9', 'tcp', 993, 5), drop('192.168.51.65', '203.0.113.9', 'tcp', 587, 1),
    drop('192.168.51.80', '203.0.113.8', 'tcp', 993, 1), drop('192.168.51.64', '203.0.113.9', 'tcp', 587, 1),
  ]), ['192.168.51.64/31 > 203.0.113.9 : tcp/587,tcp/993 (12)', '192.168.51.80 > 203.0.113.8 : tcp/993 (1)'])
  t.same(told([drop('192.168.51.64', '203.0.113.9', 'udp', 53), drop('192.168.51.65', '203.0.113.8', 'udp', 53)]).length, 2, 'a product that nobody asked for is not made')
})

t.test('services by their form: the proxy, ICMP of either family, other protocols; the gateway itself', async (t) => {
  t.same(told([drop('192.168.51.64', '192.168.51.254', 'tcp', 800)]), ['192.168.51.64 > 192.168.51.254 : proxy (1)'])
  t.same(told([drop('192.168.51.64', '203.0.113.9', 'icmp', 8)]), ['192.168.51.64 > 203.0.113.9 : icmp/echo-request (1)'])
  t.same(told([drop('192.168.51.64', '203.0.113.9', 'icmp', 200)]), ['192.168.51.64 > 203.0.113.9 : icmp/200 (1)'])
  t.same(told([drop('192.168.51.64', '203.0.113.9', 47, undefined)]), ['192.168.51.64 > 203.0.113.9 : ip/47 (1)'])
  t.same(told([drop('203.0.113.1', '203.0.113.9', 'tcp', 22)]), ['gateway > 203.0.113.9 : tcp/22 (1)'])
})

t.test('more places than anybody reads become the internet, and it is said', async (t) => {
  const many = Array.from({ length: 40 }, (_, index) => drop('192.168.51.64', `198.51.100.${index + 1}`, 'udp', 123))
  t.same(told(many), ['192.168.51.64 > internet : udp/123 (40) + udp/123 at every address of the internet, not only at the 40 that were asked'])
})

t.test('every proposal is YAML that goes into the policy, with or without rules there', async (t) => {
  const [proposal] = proposalsFor(compiled, [drop('fd00::1', '2001:db8::1', 'tcp', 443)], () => 'then')
  for (const text of [TEXT, `${TEXT}rules:\n  - { name: a, action: allow, from: green, to: internet, services: ntp }\n`]) {
    const pasted = withRules(text, proposal?.yaml ?? '')
    const parsed = parsePolicy(pasted ?? '', 'policy.yaml')
    t.same(parsed.diagnostics.filter(({ severity }) => severity === 'error'), [])
    t.match(parsed.policy?.rules.at(-1), { id: 'missing-1', direct: true, action: 'allow' })
  }
  t.equal(withRules('rules: [', proposal?.yaml ?? ''), undefined)
  t.equal(withRules('rules: 5', proposal?.yaml ?? ''), undefined)
})

t.test('whoever takes an address that is pinned to another machine is proposed nothing', async (t) => {
  const pinned = parsePolicy(`${TEXT}addresses: { Pc: [192.168.51.35, "02:51:00:00:00:35"] }\nrules:\n  - { name: mail, action: allow, from: Pc, pin: true, to: internet, services: smtp }\n`, 'policy.yaml').policy
  if (pinned === undefined) throw new Error('no policy')
  const judge = compilePolicy(pinned, { lists: new Map(), blocks: new Map(), machine: compiled.machine })
  const against = (port: number): string | undefined => {
    const { entry } = drop('192.168.51.35', '203.0.113.9', 'tcp', port)
    const decision = decidePacket(judge, { from: { address: entry.source, mac: undefined }, to: entry.target, protocol: 'tcp', port, now: 0 })
    return reasonAgainst(judge, entry, decision, 0)?.kind
  }
  t.equal(against(25), 'spoofed')
  t.equal(against(993), undefined, 'what the pinned machine may not either is a rule that is missing')
})
