// What happens to flows that run when rules are loaded, to forged packets, and while a policy only observes: real connections through
// both back ends.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { readBlocks } from '../../src/lists/blocks.ts'
import { BACKENDS } from './backends.ts'
import { printed } from './cases.ts'
import { unable } from './root.ts'
import { Stage, office } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'conntrack'])

const HEAD = `version: 1
web: { default: allow }
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad" }
`
const MAIL = '  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: smtp }\n'
const PROXY = '  - { name: web, action: allow, from: 192.168.51.32/27, to: gateway, services: proxy }\n'
const ALL = `${HEAD}rules:\n  - { name: all, action: allow, from: green, to: any, services: any, direct: true }\n`
const HOSTS = [
  { name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] },
  { name: 'h35', addresses: ['192.168.51.35/24', 'fd00:51::35/64'] },
]
const GATEWAY = '192.168.51.254'
const RED = '203.0.113.25'

/** Waits for a word of a flow, as long as a busy machine may need. */
async function heard(flow: () => string[], word: string): Promise<boolean> {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(50)) if (flow().includes(word)) return true
  return false
}

for (const backend of BACKENDS) {
  t.test(backend.name, { skip, timeout: 60_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, HOSTS)
    await stage.listen('red', 'red', [25, 80, 3306], [])
    await stage.listen('gw', 'gateway', [800, 22], [53])

    await t.test('a flow that the new rules allow lives on; one that they do not is reset with its next packet', async (t) => {
      backend.load(stage, 'gw', printed(`${HEAD}rules:\n${MAIL}${PROXY}`))
      const mail = stage.hold('h5', RED, 25)
      const web = stage.hold('h35', GATEWAY, 800)
      t.ok(await heard(mail, 'ok') && await heard(web, 'ok'), 'both run')
      backend.load(stage, 'gw', printed(`${HEAD}rules:\n${MAIL}${PROXY}`))
      await sleep(400)
      t.notOk([...mail(), ...web()].includes('reset'), 'loaded again: both run on')
      backend.load(stage, 'gw', printed(`${HEAD}rules:\n${PROXY}${MAIL}`))
      await sleep(400)
      t.notOk([...mail(), ...web()].includes('reset'), 'other rules that allow the same: both run on')
      backend.load(stage, 'gw', printed(`${HEAD}rules:\n${PROXY}`))
      t.ok(await heard(mail, 'reset'), 'mail is revoked')
      web()
      await sleep(500)
      const said = web()
      t.ok(said.includes('ok') && !said.includes('reset'), 'and the proxy is not')
      t.ok(backend.counted(stage, 'gw', 'gg:revoked') > 0)
    })

    await t.test('a block cuts the flow that runs, and only that', async (t) => {
      backend.load(stage, 'gw', printed(ALL))
      const mysql = stage.hold('h5', RED, 3306)
      const mail = stage.hold('h5', RED, 25)
      t.ok(await heard(mysql, 'ok') && await heard(mail, 'ok'), 'both run')
      const blocks = new Map([['apps', readBlocks('# mysql\n192.168.51.5:3306\n').entries]])
      backend.load(stage, 'gw', printed(`${ALL}blocks: { apps: { file: none } }\n`, { blocks }))
      t.ok(await heard(mysql, 'reset'), 'the blocked port is cut')
      await sleep(500)
      t.notOk(mail().includes('reset'), 'the other is not')
    })

    await t.test('forged packets make no state', async (t) => {
      backend.load(stage, 'gw', printed(ALL))
      // red's address from green, and the gateway's own from green
      stage.must('h5', 'ip addr add 203.0.113.77/32 dev lo; ip addr add 203.0.113.1/32 dev lo; conntrack -F 2>/dev/null || true')
      t.same(await stage.probe('h5', [
        { protocol: 'udp', host: GATEWAY, port: 53, from: '203.0.113.77' },
        { protocol: 'tcp', host: RED, port: 25, from: '203.0.113.77' },
        { protocol: 'udp', host: GATEWAY, port: 53, from: '203.0.113.1' },
        { protocol: 'udp', host: GATEWAY, port: 53, from: '192.168.51.5' },
      ]), ['silence', 'silence', 'silence', 'gateway:53 192.168.51.5'])
      t.ok(backend.counted(stage, 'gw', 'gg:spoof-green') > 0)
      t.ok(backend.counted(stage, 'gw', 'gg:spoof-self') > 0)
      t.notMatch(stage.must('gw', 'conntrack -L 2>/dev/null'), /src=203\.0\.113\.(77|1) /)
      // green's address from red
      stage.must('red', 'ip addr add 192.168.51.9/32 dev lo')
      t.same(await stage.probe('red', [{ protocol: 'tcp', host: '203.0.113.1', port: 22, from: '192.168.51.9' }]), ['silence'])
      t.ok(backend.counted(stage, 'gw', 'gg:spoof-red') > 0)
      stage.must('red', 'ip addr del 192.168.51.9/32 dev lo')
      stage.must('h5', 'ip addr del 203.0.113.77/32 dev lo; ip addr del 203.0.113.1/32 dev lo')
    })

    await t.test('while it observes, a policy lets pass what it would drop, and counts it; spoofed packets and red stay shut', async (t) => {
      const observed = HEAD.replace('version: 1\n', 'version: 1\nmode: observe\n')
      backend.load(stage, 'gw', printed(`${observed}rules:\n  - { name: no-web, action: reject, from: green, to: internet, services: http }\n${MAIL}`))
      t.same((await stage.probe('h35', [
        { protocol: 'tcp', host: RED, port: 80 }, { protocol: 'tcp', host: RED, port: 25 }, { protocol: 'tcp', host: GATEWAY, port: 800 },
        { protocol: 'tcp', host: '2001:db8:113::25', port: 80 },
      ])).map((each) => each.split(' ')[0]), ['red:80', 'red:25', 'gateway:800', 'red:80'])
      t.equal(backend.counted(stage, 'gw', 'gg:rule:no-web'), 2, 'the rule has counted what it would have rejected')
      t.ok(backend.counted(stage, 'gw', 'gg:default-deny') >= 2, 'and so has the default')
      t.same(await stage.probe('red', [{ protocol: 'tcp', host: '203.0.113.1', port: 22 }, { protocol: 'tcp', host: '192.168.51.5', port: 22 }]), ['silence', 'silence'])
    })

    await t.test('an observed rule is counted and the next one decides', async (t) => {
      backend.load(stage, 'gw', printed(`${HEAD}rules:\n  - { name: watched, action: deny, from: green, to: internet, services: smtp, mode: observe }\n${MAIL}`))
      t.same((await stage.probe('h5', [{ protocol: 'tcp', host: RED, port: 25 }])).map((each) => each.split(' ')[0]), ['red:25'])
      t.same(await stage.probe('h35', [{ protocol: 'tcp', host: RED, port: 25 }], 300), ['silence'])
      t.ok(backend.counted(stage, 'gw', 'gg:rule:watched') >= 2)
    })

    await t.test('without red, the internet is past the gateway: its own public address is not, and nothing to it is refused quickly', async (t) => {
      backend.load(stage, 'gw', printed(`${HEAD.replace(/ {2}red: .*\n/, '')}rules:\n  - { name: out, action: allow, from: green, to: internet, services: [smtp, ssh, tcp/800] }\n`))
      t.same((await stage.probe('h5', [
        { protocol: 'tcp', host: RED, port: 25 }, { protocol: 'tcp', host: '203.0.113.1', port: 22 }, { protocol: 'tcp', host: '203.0.113.1', port: 800 }, { protocol: 'tcp', host: '2001:db8:113::1', port: 22 },
        { protocol: 'tcp', host: RED, port: 53 }, { protocol: 'udp', host: RED, port: 443 }, { protocol: 'tcp', host: GATEWAY, port: 853 }, { protocol: 'udp', host: '203.0.113.1', port: 443 },
      ])).map((each) => each.split(' ')[0]), ['red:25', 'silence', 'silence', 'silence', 'refused', 'refused', 'silence', 'silence'])
    })

    await t.test('rules loaded over others leave nothing of them: neither masquerading nor their chains', async (t) => {
      backend.load(stage, 'gw', printed(ALL.replace('red0 }', 'red0, masquerade: false }')))
      t.same(await stage.probe('h5', [{ protocol: 'tcp', host: RED, port: 25 }]), ['red:25 192.168.51.5'])
      // nft keeps the counter of a rule that is no more, iptables loses it: neither counts
      const kept = backend.counted(stage, 'gw', 'gg:rule:watched')
      await stage.probe('h5', [{ protocol: 'tcp', host: RED, port: 25 }])
      t.equal(backend.counted(stage, 'gw', 'gg:rule:watched'), kept)
    })
  })
}
