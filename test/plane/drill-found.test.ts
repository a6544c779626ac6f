// What a drill sees: without rules every way that it tries is a hole, so that what is closed elsewhere was closed by the rules.
import t from 'tap'
import { POLICY, drill, skip, told } from './attempting.ts'

t.test('without rules every packet gets out, so that the drill sees what leaves', { skip, timeout: 120_000 }, async (t) => {
  const scored = await drill(POLICY, {})
  const packets = scored.filter(({ what }) => /^(?:tcp|udp|icmp|ip)\//.test(what))
  // the kernel itself takes no packet from its own address, nor one of TCP that never began through its NAT; it has none here
  const own = packets.filter(({ title }) => title === 'forged: the gateway\'s own address')
  t.same(told(packets.filter((each) => !own.includes(each)), 'closed'), [])
  t.ok(packets.length > 70)
  t.same(told(packets, 'not tried'), [])
})
