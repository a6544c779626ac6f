// The drill through the rules that a gateway has now, from a client placed at its green interface, be it a bridge or not: all of it gets out without rules,
// nothing with them, and the gateway is as it was.
import t from 'tap'
import { join } from 'node:path'
import type { Scored } from '../../src/plane/drill/score.ts'
import { printed } from '../firewall/cases.ts'
import { run as exec } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { folderFor } from '../gateway/process.ts'
import { MAIN, POLICY, skip, told } from './attempting.ts'

for (const bridged of [false, true]) {
  t.test(`live, through a green interface that is ${bridged ? 'a bridge' : 'none'}`, { skip, timeout: 120_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }])
    if (bridged) stage.must('gw', 'ip link add lan0 type bridge; ip link set lan0 up; ip addr flush dev green0; ip link set green0 master lan0; ip addr add 192.168.51.254/24 dev lan0; sysctl -q -w net.ipv6.conf.lan0.accept_dad=0')
    const policy = POLICY.replace('interface: eth0', `interface: ${bridged ? 'lan0' : 'green0'}`).replace('interface: eth1', 'interface: red0')
    const file = join(folderFor(t, { 'office.yaml': policy }), 'office.yaml')
    const before = stage.must('gw', 'ip -j link | wc -c; nft list ruleset | wc -c')
    const live = (): { readonly code: number; readonly out: string; readonly err: string } => exec('ip', ['netns', 'exec', stage.space('gw'), process.execPath, MAIN, 'firewall', 'drill', '--live', '--policy', file, '--json'])
    if (!bridged) {
      const nowhere = live()
      t.equal(nowhere.code, 1, 'where no route leads out, nothing is proven')
      t.match(nowhere.err, /nothing can get out here, whatever the rules say: no route of IPv4 leads to the drill's networks through red0, and no route of IPv6/)
      stage.must('gw', 'ip route add default via 203.0.113.99; ip -6 route add default via 2001:db8:113::99')
      t.match(live(), { code: 1, err: /what gets out cannot be seen: 203\.0\.113\.99 on red0 does not answer/ })
      stage.must('gw', 'ip route del default; ip -6 route del default')
    }
    stage.must('gw', 'ip route add default via 203.0.113.25; ip -6 route add default via 2001:db8:113::25')
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
