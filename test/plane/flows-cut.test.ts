// Flows that the policy denies are cut when it comes, also those whose client never sends again, and all others live on; and a flow's number is not
// another policy's.
import t from 'tap'
import type { Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { ADMIN, BACKENDS, HEAD, MAIN, Stand, until } from './stand.ts'

const skip = unable(['ip', 'nft', 'iptables-restore', 'ip6tables-restore', 'conntrack', 'flock', 'nsenter'])
const HOSTS = [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }]
const RED = '203.0.113.25'
const policyText = (name: string, services: string, more = ''): string =>
  `${HEAD.replace('name: office', `name: ${name}`)}${ADMIN}rules:\n  - { name: use, action: allow, from: green, to: gateway, services: proxy }\n  - { name: data, action: allow, from: green, to: internet, services: [${services}] }\n${more}`

t.test('flows', { skip, timeout: 200_000 }, async (t) => {
  const stage = new Stage()
  t.teardown(() => stage.close())
  await office(stage, HOSTS)
  const stand = new Stand(stage, t.testdir({}))
  await stage.said(stage.start('red', process.execPath, [join(import.meta.dirname, 'push.cjs'), 'serve', '-', '5000', '5001']), 'ready')
  stage.must('h5', `nft -f - <<'X'
table ip count {
  counter c5000 { }
  counter c5001 { }
  chain c {
    type filter hook input priority 0; policy accept;
    udp sport { 5000, 7000 } counter name c5000
    udp sport { 5001, 7001 } counter name c5001
  }
}
X`)
  const counted = (port: number): number => Number(/packets (\d+)/.exec(stage.must('h5', `nft list counter ip count c${port}`))?.[1])
  /** Both ports are asked once and push from then on; what `change` does ends the first and not the second. */
  const onlyOne = async (t: Test, host: string, ports: readonly string[], change: () => string): Promise<void> => {
    const client = stage.start('h5', process.execPath, [join(import.meta.dirname, 'push.cjs'), 'ask', host, ...ports])
    await stage.said(client, 'ready')
    const before = [counted(5000), counted(5001)]
    await until('both are sent to', () => counted(5000) > (before[0] ?? 0) + 3 && counted(5001) > (before[1] ?? 0) + 3)
    t.match(change(), /flows +\d+ from before, 1 of them denied now and cut/)
    const after = counted(5000)
    const other = counted(5001)
    await sleep(1_000)
    t.ok(counted(5000) - after <= 1, 'the denied one is silent')
    t.ok(counted(5001) - other >= 5, 'the other goes on')
    client.kill('SIGKILL')
  }
  for (const backend of BACKENDS) {
    const both = stand.policy('both.yaml', policyText('both', 'udp/5000-5001'))
    const one = stand.policy('one.yaml', policyText('one', 'udp/5001'))
    const apply = (policy: string): string => {
      const ran = stand.firewall(['apply', '--policy', policy, '--backend', backend, '--confirm', '0'])
      if (ran.code !== 0) throw new Error(ran.err)
      return ran.out
    }
    await t.test(`${backend}: a flow that is only sent to ends too, and only the one that is denied`, async (t) => {
      apply(both)
      await onlyOne(t, RED, ['5000', '5001'], () => apply(one))
    })
    await t.test(`${backend}: where somebody sends a flow to another place, that is what is judged`, async (t) => {
      stage.must('gw', "nft 'table ip theirs { chain c { type nat hook prerouting priority dstnat; udp dport 7000 dnat to 203.0.113.25:5000; udp dport 7001 dnat to 203.0.113.25:5001; }; }'")
      apply(both)
      await onlyOne(t, '203.0.113.77', ['7000', '7001'], () => apply(one))
      stage.must('gw', 'nft delete table ip theirs')
    })
  }

  await t.test('on a single machine its own flows too', async (t) => {
    const flushed = stand.firewall(['flush'])
    t.equal(flushed.code, 0, flushed.err)
    const single = new Stand(stage, t.testdir({}), 'h5')
    const apply = (services: string): string => {
      const policy = single.policy('single.yaml', `version: 1\nname: single\ngateway: { resolvers: [192.0.2.53] }\nrules:\n  - { name: data, action: allow, from: any, to: any, services: [${services}] }\n`)
      const ran = single.firewall(['apply', '--policy', policy, '--mode', 'client', '--proxy', '192.168.51.254:800', '--backend', 'nft', '--confirm', '0'])
      if (ran.code !== 0) throw new Error(ran.err)
      return ran.out
    }
    apply('udp/5000-5001')
    await onlyOne(t, RED, ['5000', '5001'], () => apply('udp/5001'))
    single.firewall(['flush'])
  })

  await t.test('the same meaning keeps its generation, another one gets one that no flow bears', async (t) => {
    const generation = (text: string): number => {
      const ran = stand.firewall(['apply', '--policy', stand.policy('g.yaml', text), '--backend', 'nft', '--confirm', '0', '--json'])
      return (JSON.parse(ran.out.split('\n')[0] ?? '{}') as { readonly generation: number }).generation
    }
    const first = generation(policyText('a', 'udp/6000'))
    t.equal(generation(`# a remark\n${policyText('a', 'udp/6000')}`), first)
    const printed = /generation (\d+)/.exec(stage.must('gw', `env -u NODE_OPTIONS ${process.execPath} ${MAIN} firewall --policy ${stand.policy('h.yaml', policyText('a', 'udp/6001'))}`))?.[1] ?? ''
    // some flow of nobody knows which policy bears the number that comes first
    stage.must('gw', `conntrack -I -p udp -s 192.168.51.9 -d 198.51.100.1 --sport 9 --dport 9 -t 600 -m ${Number(printed) * 2 ** 24}`)
    const other = generation(policyText('a', 'udp/6001'))
    t.not(String(other), printed)
    t.not(other, first)
    t.equal(generation(policyText('a', 'udp/6000')), first, 'and the first comes back')
  })
})
