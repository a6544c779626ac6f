// `firewall apply --drill`: a drill through the rules that wait keeps them where it finds no hole, and takes them back where it finds one, or where
// something closes what the policy opens.
import t from 'tap'
import { join } from 'node:path'
import { Stage, office } from '../firewall/stage.ts'
import { POLICY, skip } from './attempting.ts'
import { Stand } from './stand.ts'

t.test('a drill in place of a person', { skip, timeout: 200_000 }, async (t) => {
  const stage = new Stage()
  t.teardown(() => stage.close())
  await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }])
  stage.must('gw', `ip route add default via 203.0.113.25; ip -6 route add default via 2001:db8:113::25; ip link add lan0 type bridge; ip link set lan0 up; ip addr flush dev green0
    ip link set green0 master lan0; ip addr add 192.168.51.254/24 dev lan0; sysctl -q -w net.ipv6.conf.lan0.accept_dad=0`)
  const stand = new Stand(stage, t.testdir({}))
  const policy = stand.policy('office.yaml', POLICY.replace('interface: eth0', 'interface: lan0').replace('interface: eth1', 'interface: red0').replace('serve: [dns, dhcp, ping]', 'serve: [dns, dhcp, ping, tcp/22]'))
  const apply = (...more: readonly string[]): ReturnType<Stand['firewall']> => stand.firewall(['apply', '--policy', policy, '--backend', 'nft', '--drill', ...more])

  for (const [words, problem] of [[['--confirm', '0'], /asks nobody/], [['--detach'], /nobody is there/], [['--mode', 'client', '--proxy', '192.0.2.1:800'], /a single machine has none/]] as const) {
    const refused = apply(...words)
    t.equal(refused.code, 2)
    t.match(refused.err, problem)
  }

  const kept = apply()
  t.equal(kept.code, 0, kept.err)
  t.match(kept.out, /^waiting +180 s at most for the drill, which keeps the rules or takes them back\ndrill +live: \d+ attempts: .*no hole\n[^]*^confirmed: the drill found no hole in \d+ attempts$/m)
  t.match(stand.firewall(['status']).out, /confirmed +yes[\s\S]*waits +nothing/)
  const good = stand.kernel()

  await t.test('what another program opens', async (t) => {
    // when the rules are in and read back: the table of flows is looked through then
    stand.tool('conntrack', `$here && test -e ${join(stand.state, 'run', 'pending.json')} && nft flush table inet greengate\nexec "$real" "$@"`)
    const opened = apply('--json')
    stand.realTools()
    t.equal(opened.code, 1)
    const steps = opened.out.trim().split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    const drill = steps.find(({ step }) => step === 'drill')
    t.ok(Number(drill?.['holes']) > 60, `${String(drill?.['holes'])} holes`)
    t.match(steps.at(-1), { step: 'ended', ending: 'rolled-back', why: /^the drill found \d+ ways out that the policy denies/ })
    t.equal(stand.kernel(), good, 'the rules from before')
  })

  await t.test('what another program closes', async (t) => {
    const rule = "nft 'table inet theirs { chain c { type filter hook input priority 5; policy accept; tcp dport 22 drop; }; }'"
    stage.must('gw', rule)
    const closed = apply()
    stage.must('gw', 'nft delete table inet theirs')
    t.equal(closed.code, 1)
    t.match(closed.out, /^ +BROKEN: .*tcp\/22/m)
    t.match(closed.err, /rolled back: the drill found \d+ closed that it opens/)
    t.equal(stand.kernel(), good)
  })
})
