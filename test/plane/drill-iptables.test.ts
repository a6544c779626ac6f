// The drill of the office's rules in a lab, by iptables: no hole, nothing closed that the policy opens, and the proxy says no.
import t from 'tap'
import { POLICY, drill, rulesOf, skip, told } from './attempting.ts'

t.test('the office, by a stranger and one of each group', { skip, timeout: 180_000 }, async (t) => {
  const scored = await drill(POLICY, rulesOf(POLICY, 'iptables'), 6)
  t.same(told(scored, 'hole'), [])
  t.same(told(scored, 'broken'), [])
  t.same(told(scored, 'not tried'), [])
  t.same(told(scored, 'open'), ['mail, to any server: tcp/25', 'POP3: tcp/110'], 'MailAccess, and nothing else')
  t.same([...new Set(scored.map(({ client }) => client))], ['a stranger', 'MailAccess', 'WebAccess'])
  t.ok(scored.filter(({ client, title, outcome }) => client === 'WebAccess' && title.startsWith('by the proxy') && outcome === 'closed').length >= 10, 'the proxy was asked, and said no')
})
