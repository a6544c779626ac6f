// Rules changed again and again while packets come, each packet a flow of its own: none that both rulesets allow is lost, none that both deny gets
// through, and a connection that both allow lives on. Counted by the far side's own packet filter.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printed } from '../firewall/cases.ts'
import { unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { BACKENDS, HEAD } from './stand.ts'
import { Begun } from './stand.ts'

const skip = unable(['ip', 'nft', 'iptables-restore', 'ip6tables-restore', 'ipset'])
const RED = '203.0.113.25'
const SECONDS = 6

const POLICIES = [
  `${HEAD}rules:\n  - { name: data, action: allow, from: green, to: internet, services: [udp/20000-20999, smtp] }\n`,
  // another meaning, another generation: every flow is judged anew
  `${HEAD}rules:\n  - { name: no-news, action: drop, from: green, to: internet, services: nntp }\n  - { name: more, action: allow, from: 192.168.51.0/27, to: internet, services: [udp/20000-20999, smtp, imap] }\n`,
]

for (const backend of BACKENDS) {
  t.test(backend, { skip, timeout: 100_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }])
    await stage.listen('red', 'red', [25], [])
    const count = `nft -f - <<'X'
table ip count {
  counter allowed { }
  counter denied { }
  chain c {
    type filter hook HOOK priority -400; policy accept;
    udp dport 20000-20999 counter name allowed
    udp dport 21000-21999 counter name denied
    udp dport 20000-21999 DO
  }
}
X`
    stage.must('red', count.replace('HOOK', 'prerouting').replace('DO', 'drop'))
    stage.must('h5', count.replace('HOOK', 'output').replace('DO', 'accept'))
    const counted = (space: string, name: string): number => Number(/packets (\d+)/.exec(stage.must(space, `nft list counter ip count ${name}`))?.[1])
    const folder = t.testdir({})
    const texts = POLICIES.map((text) => printed(text))
    const rules = texts.map((text) => (backend === 'nft' ? { nft: text.get('nft') } : { ip6tables: text.get('ip6tables'), iptables: text.get('iptables') }))
    writeFileSync(join(folder, 'rules.json'), JSON.stringify(rules))
    const reload = (seconds: number): Begun => new Begun(stage.start('gw', process.execPath, [join(import.meta.dirname, 'reloader.ts'), join(folder, 'state'), join(folder, 'rules.json'), String(seconds)]))
    t.equal(await reload(0.1).ended, 0, 'loaded once')
    const flow = stage.hold('h5', RED, 25)
    const flood = (first: number): Begun => new Begun(stage.start('h5', process.execPath, [join(import.meta.dirname, 'flood.cjs'), RED, String(first), '1000', String(SECONDS)]))
    const floods = [flood(20_000), flood(21_000)]
    const reloads = reload(SECONDS + 1)
    for (const each of floods) t.equal(await each.ended, 0)
    t.equal(await reloads.ended, 0, reloads.err)
    const [sent, denied] = [counted('h5', 'allowed'), counted('h5', 'denied')]
    t.ok(Number(reloads.out) >= 10, `${reloads.out.trim()} reloads`)
    t.ok(sent > 500 && denied > 500, `${sent} allowed packets sent, ${denied} denied ones`)
    t.equal(sent - counted('red', 'allowed'), 0, `lost of ${sent}, over ${reloads.out.trim()} reloads`)
    t.equal(counted('red', 'denied'), 0, `leaked of ${denied}`)
    const said = flow()
    t.ok(said.includes('ok') && !said.includes('reset'), 'and the connection lives on')
  })
}
