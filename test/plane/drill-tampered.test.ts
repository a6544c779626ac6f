// A drill of rules that somebody tampered with finds just what they open, and what they close.
import t from 'tap'
import { summaryOf } from '../../src/plane/drill/score.ts'
import { POLICY, drill, rulesOf, skip, told } from './attempting.ts'

t.test('rules that open more than the policy says are found out, way by way', { skip, timeout: 120_000 }, async (t) => {
  const opened = POLICY.replace('rules:\n  - name: mail', 'rules:\n  - { name: hole, action: allow, from: green, to: internet, services: [tcp/9001, udp/51820, ip/47], direct: true }\n  - name: mail').replace(/^tests:[\s\S]*/m, '')
  const scored = await drill(POLICY, rulesOf(opened, 'nft'))
  t.same(told(scored, 'hole').toSorted(), ['GRE tunnel: ip/47', 'Tor: tcp/9001', 'WireGuard: udp/51820'])
  const { holes, broken } = summaryOf(scored)
  t.same([holes, broken], [3, 0])
  const closed = await drill(opened, rulesOf(POLICY, 'nft'))
  t.equal(summaryOf(closed).broken, 3, 'and what the policy opens and the rules do not')
})
