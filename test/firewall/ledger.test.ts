// The drop ledger and the counters by name, with real packets: each drop counted once under who asked whom for what, however many the
// log left out, ICMP by its type; both outlive a reload. Danger prevented: a ledger that is only another log.
import t from 'tap'
import { ipsetText } from '../../src/firewall/ledger.ts'
import { readIpsetLedger, readNftLedger } from '../../src/firewall/ledger-read.ts'
import type { LedgerReading } from '../../src/firewall/ledger-read.ts'
import { BACKENDS } from './backends.ts'
import { printed } from './cases.ts'
import { unable } from './root.ts'
import { Stage, office } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'ipset', 'ping'])

const POLICY = `version: 1
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad" }
rules:
  - { name: mail, action: allow, from: 192.168.51.0/27, to: internet, services: smtp }
  - { name: no-news, action: reject, from: green, to: any, services: nntp }
`
const RED = '203.0.113.25'
/** three hundred datagrams, none of which is answered */
const FLOOD = `const s=require('node:dgram').createSocket('udp4');let n=0;const f=()=>n++<300?s.send('x',5000,'${RED}',()=>setTimeout(f,1)):s.close();f()`

/** `source target what packets`, as either back end keeps it. */
function listed({ entries, unread }: LedgerReading): readonly string[] {
  if (unread > 0) throw new Error(`${unread} elements were not understood`)
  return entries.map(({ source, target, protocol, port, packets }) => `${source.text} ${target?.text ?? '-'} ${protocol ?? ''}/${port ?? ''} ${packets}`).sort()
}

for (const backend of BACKENDS) {
  t.test(backend.name, { skip, timeout: 90_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h100', addresses: ['192.168.51.100/24', 'fd00:51::100/64'] }, { name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }])
    await stage.listen('red', 'red', [25], [])
    if (backend.name === 'iptables') stage.must('gw', 'ipset restore -exist', ipsetText())
    const list = (): readonly string[] => listed(backend.name === 'nft' ? readNftLedger(stage.must('gw', 'nft -n -j list sets table inet greengate'), Date.now()) : readIpsetLedger(stage.must('gw', 'ipset save'), Date.now()))
    const texts = printed(POLICY, { ipset: true })
    backend.load(stage, 'gw', texts)

    await stage.probe('h100', [
      { protocol: 'udp', host: RED, port: 443 }, { protocol: 'tcp', host: RED, port: 119 }, { protocol: 'udp', host: '2001:db8:113::25', port: 7 },
    ], 300)
    stage.exec('h100', `ping -c 2 -i 0.1 -W 1 ${RED}; ping -c 1 -W 1 2001:db8:113::25`)
    stage.must('h100', `${process.execPath} -e "${FLOOD}"`)
    await stage.probe('h5', [{ protocol: 'tcp', host: RED, port: 25 }])
    const first = [
      `192.168.51.100 ${RED} icmp/8 2`, `192.168.51.100 ${RED} tcp/119 1`, `192.168.51.100 ${RED} udp/443 1`, `192.168.51.100 ${RED} udp/5000 300`,
      'fd00:51::100 2001:db8:113::25 icmp/128 1', 'fd00:51::100 2001:db8:113::25 udp/7 1',
    ]
    t.same(list(), first, 'each once, a refusal by a rule and by haste too, a log\'s limit notwithstanding; what was allowed is not in it')

    const mail = backend.counted(stage, 'gw', 'gg:rule:mail')
    t.equal(mail, 1)
    backend.load(stage, 'gw', texts)
    t.same(list(), first, 'a reload forgets nothing')
    t.equal(backend.counted(stage, 'gw', 'gg:rule:mail'), backend.name === 'nft' ? mail : 0, 'counters with a name go on; iptables\' are kept by who loads')
    await stage.probe('h100', [{ protocol: 'udp', host: RED, port: 443 }], 300)
    t.ok(list().includes(`192.168.51.100 ${RED} udp/443 2`), 'and counting goes on')
  })
}

t.test('a text without ipsets names none, and loads where there are none', { skip }, async (t) => {
  t.notMatch(printed(POLICY).get('iptables') ?? '', /LEDGER|SET/)
  t.match(printed(POLICY, { ipset: true }).get('iptables') ?? '', /-A GG_GREEN_END -j GG_LEDGER/)
})
