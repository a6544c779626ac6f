// Queues and routes go with the rules that need them: there when they come, gone when they go, back when they are taken back, and where an interface
// comes later, later. Somebody else's queues are left alone.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBeside } from '../../src/firewall/beside.ts'
import { askLine } from '../../src/gateway/lines.ts'
import { unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { ADMIN, BACKENDS, HEAD, OPEN, Stand, until } from './stand.ts'

const skip = unable(['ip', 'tc', 'nft', 'iptables-restore', 'ip6tables-restore', 'flock', 'nsenter'])

const SLOW = `${HEAD}  proxy: { port: 800, transparent: true }
${ADMIN}rules:
  - { name: post, action: limit, rate: 50kB/s, from: green, to: internet, services: pop3 }
  - { name: rest, action: limit, priority: low, from: green, to: internet, services: smtp }
`

t.test('what is read from a file is queues and routes, and nothing that a shell could take for a command', async (t) => {
  const shaping = { classes: [{ id: 1, rule: 'post', rate: 50_000 }, { id: 2, rule: 'rest' }], lines: [{ interface: 'green0' }, { interface: 'red0', rate: 1e6 }] }
  t.ok(isBeside({}))
  t.ok(isBeside({ shaping, catches: [4, 6] }))
  for (const lines of [[{ interface: 'red0; reboot' }], [{ interface: '$(reboot)' }], [{ interface: 'red0\nreboot' }], [{ interface: 'red0', rate: '1' }], [{ interface: 'red0', rate: -1 }], [{}], 'red0', [null]]) t.notOk(isBeside({ shaping: { ...shaping, lines } }), JSON.stringify(lines))
  for (const classes of [[{ id: 256, rule: 'post' }], [{ id: 0, rule: 'post' }], [{ id: '1', rule: 'post' }], [{ id: 1, rule: 'post\nreboot' }], [{ id: 1, rule: 'post', rate: Infinity }]]) t.notOk(isBeside({ shaping: { ...shaping, classes } }), JSON.stringify(classes))
  for (const wrong of [null, 'x', [], { catches: [5] }, { catches: '4' }, { shaping: [] }]) t.notOk(isBeside(wrong), JSON.stringify(wrong))
})

for (const backend of BACKENDS) {
  t.test(`by ${backend}`, { skip, timeout: 140_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [])
    const stand = new Stand(stage, t.testdir({}))
    const slow = stand.policy('slow.yaml', SLOW)
    const open = stand.policy('open.yaml', OPEN)
    const beside = (): Readonly<Record<string, string>> => {
      const out = (command: string): string => stage.exec('gw', command).out.split('\n').filter((line) => line !== '').sort().join(' ')
      return {
        trees: out('tc qdisc show | sed -n "s/^qdisc htb 4747: dev \\([^ ]*\\) .*/\\1/p"'),
        classes: out('tc class show dev red0 | sed -n "s/^class htb \\(4747:[0-9a-f]*\\) .*/\\1/p"'),
        rules: out('{ ip rule; ip -6 rule; } | sed -n "s/.*fwmark \\(.*\\) lookup \\(.*\\)/\\1 \\2/p"'),
        routes: out('{ ip route show table 4747; ip -6 route show table 4747; } 2>/dev/null | cut -d" " -f1-4'),
      }
    }
    const THERE = { trees: 'green0 red0', classes: '4747:1 4747:101 4747:102 4747:2', rules: '0x4747/0xffff 4747 0x4747/0xffff 4747', routes: 'local default dev lo local default dev lo' }
    const GONE = { trees: '', classes: '', rules: '', routes: '' }
    const apply = (policy: string, ...more: readonly string[]): ReturnType<Stand['firewall']> => stand.firewall(['apply', '--policy', policy, '--backend', backend, ...(more.length === 0 ? ['--confirm', '0'] : more)])
    const done = (ran: ReturnType<Stand['firewall']>): void => {
      if (ran.code !== 0) throw new Error(ran.err)
    }

    done(apply(slow))
    t.same(beside(), THERE, 'there with the rules')
    done(apply(open, '--confirm', '60', '--detach'))
    t.same(beside(), GONE, 'gone with them')
    done(stand.firewall(['rollback']))
    t.same(beside(), THERE, 'back with them, unconfirmed')
    if (backend === 'iptables') {
      // what is beside the rules is the same whoever prints them: the rest once is enough
      done(stand.firewall(['flush']))
      t.same(beside(), GONE, 'a flush takes them too')
      return
    }
    done(apply(open))
    done(stand.firewall(['rollback']))
    t.same(beside(), THERE, 'and confirmed')
    done(stand.firewall(['panic', '--backend', backend]))
    t.same(beside(), GONE, 'a panic needs none')
    done(stand.firewall(['rollback']))
    done(apply(slow))
    t.same(beside(), THERE)

    stage.must('gw', 'ip link set red0 down && ip link set red0 name modem')
    const booted = stand.firewall(['boot'])
    t.equal(booted.code, 0, booted.err)
    t.match(booted.err, /^note: there is no interface red0: nothing is slowed there; `greengate firewall keep`/)
    t.same(beside(), { ...THERE, trees: 'green0', classes: '' }, 'at the start, where an interface is not there yet')
    const again = apply(slow)
    t.equal(again.code, 0, again.err)
    t.match(again.out, /^queues +there is no interface red0/m, 'an apply tells it, and goes on')
    stage.must('gw', 'ip link set modem name red0 && ip link set red0 up')
    const keeper = stand.begin(['keep'])
    await keeper.says(/queues and routes that were missing are there\n/)
    keeper.kill('SIGTERM')
    t.equal(await keeper.ended, 0)
    t.same(beside(), THERE, 'who keeps the rules puts them there when it is')

    const socket = join(stand.state, '..', 'helper.sock')
    const helper = stand.begin(['helper', '--socket', socket])
    await helper.says(/helper\.sock/)
    const file = join(stand.state, 'run', 'in-force.json')
    const inForce = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>
    t.same(await askLine(socket, { command: 'load', wanted: { ...inForce, beside: { shaping: { classes: [], lines: [{ interface: 'theirs' }] } } }, known: [] }, 1 << 26), {})
    t.same((JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>)['beside'], inForce['beside'], 'who has no root says nothing of them')
    helper.kill('SIGTERM')
    await helper.ended

    done(apply(open))
    stage.must('gw', 'tc qdisc replace dev red0 root handle 5: htb')
    const theirs = apply(slow)
    t.equal(theirs.code, 1)
    t.match(theirs.err, /not applied, the rules from before are in force: what the rules need beside them cannot be: red0 has queues of somebody else's/)
    t.match(stand.firewall(['status']).out, /confirmed +yes/)
    t.match(stage.must('gw', 'tc qdisc show dev red0'), /^qdisc htb 5: root/, 'left as they are')
    t.same(beside(), GONE)
    await until('nothing waits', () => stand.pending() === undefined)
  })
}
