// `greengate firewall missing` with real packets, on both back ends: every drop is there however many the log left out; what is proposed passes
// `check` when it is pasted, lets pass exactly what was asked, and nothing is proposed that was forged, meant, noise, or the administrator's.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ipsetText } from '../../src/firewall/ledger.ts'
import { BACKENDS } from '../firewall/backends.ts'
import { printed } from '../firewall/cases.ts'
import { run as exec, unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { folderFor, run } from '../gateway/process.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'ipset', 'python3'])
const RED = '203.0.113.25'
const GATEWAY = '192.168.51.254'
const POLICY = `version: 1
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad", ports: [445, 222] }
addresses:
  Printers: [192.168.51.96/29]
services:
  Mirror: [tcp/993]
rules:
  - { name: no-news, action: deny, from: green, to: any, services: nntp }
  - { name: missing-1, action: allow, from: 192.168.51.1, to: 203.0.113.99, services: tcp/7 }
  - { name: uses, action: drop, from: Printers, to: 203.0.113.98, services: Mirror }
tests:
  - { from: 192.168.51.25, packet: "tcp/800 to 192.168.51.254", expect: deny, by: default }
`

interface Found {
  readonly packets: number
  readonly proposals: readonly { readonly name: string; readonly from: readonly string[]; readonly to: readonly string[]; readonly services: readonly string[]; readonly packets: number; readonly yaml: string; readonly opensElse: readonly string[]; readonly notes: readonly string[]; readonly groups: readonly string[] }[]
  readonly notProposed: readonly { readonly client: string; readonly target?: string; readonly port?: number; readonly kind: string; readonly packets: number; readonly because: string }[]
}

/** A forged sender, on the link to the gateway. */
function forged(mac: string): string {
  return `import socket,struct
s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW);s.bind(('eth0',0))
u=struct.pack('!HHHH',1000,4000,9,0)+b'x'
i=struct.pack('!BBHHHBBH4s4s',0x45,0,20+len(u),1,0,64,17,0,socket.inet_aton('10.9.9.9'),socket.inet_aton('${RED}'))
c=sum(struct.unpack('!10H',i));c=(c>>16)+(c&65535);i=i[:10]+struct.pack('!H',~(c+(c>>16))&65535)+i[12:]
s.send(bytes.fromhex('${mac}'.replace(':',''))+s.getsockname()[4]+b'\\x08\\x00'+i+u)`
}

for (const backend of BACKENDS) {
  t.test(backend.name, { skip, timeout: 120_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [
      { name: 'h96', addresses: ['192.168.51.96/24', 'fd00:51::96/64'] }, { name: 'h97', addresses: ['192.168.51.97/24', 'fd00:51::97/64'] }, { name: 'h25', addresses: ['192.168.51.25/24', 'fd00:51::25/64'] },
    ])
    const folder = folderFor(t, { 'office.yaml': POLICY })
    const file = join(folder, 'office.yaml')
    if (backend.name === 'iptables') stage.must('gw', 'ipset restore -exist', ipsetText())
    backend.load(stage, 'gw', printed(POLICY, { ipset: true }))
    const missing = (...more: readonly string[]): string => {
      const { code, out, err } = exec('ip', ['netns', 'exec', stage.space('gw'), process.execPath, MAIN, 'firewall', 'missing', '--policy', file, ...more])
      if (code !== 0) throw new Error(err)
      return out
    }
    const found = (...more: readonly string[]): Found => JSON.parse(missing('--json', ...more)) as Found
    t.match(missing(), /^0 packets in the drop ledger \(\w+\); no rule is missing\n$/)

    for (const host of ['h96', 'h97']) {
      stage.must(host, `${process.execPath} -e "const s=require('node:dgram').createSocket('udp4');let n=0;const f=()=>n++<100?s.send('x',5000,'${RED}',()=>setTimeout(f,1)):s.close();f()"`)
      await stage.probe(host, [{ protocol: 'udp', host: RED, port: 137 }, { protocol: 'tcp', host: RED, port: 119 }], 200)
    }
    await stage.probe('h96', [{ protocol: 'tcp', host: GATEWAY, port: 445 }, { protocol: 'tcp', host: '2001:db8:113::25', port: 993 }, { protocol: 'tcp', host: RED, port: 443 }], 200)
    await stage.probe('h25', [{ protocol: 'tcp', host: GATEWAY, port: 800 }], 200)
    const mac = stage.must('gw', 'cat /sys/class/net/green0/address').trim()
    stage.must('h25', `python3 -c "${forged(mac)}"`)

    const all = found()
    const text = missing()
    const of = (service: string): Found['proposals'][number] | undefined => all.proposals.find(({ services }) => services.includes(service))
    t.match(of('udp/5000'), { from: ['192.168.51.96/31'], to: [RED], packets: 200, opensElse: [], groups: ['Printers'] }, 'exact, though the log was limited')
    t.match(of('tcp/993'), { from: ['fd00:51::96'], to: ['2001:db8:113::25'], opensElse: [] })
    t.match(of('tcp/443'), { from: ['192.168.51.96'], to: [RED] })
    t.match(of('tcp/443')?.notes, [/round the proxy/])
    t.equal(all.proposals.length, 3, 'and no other')
    t.notOk(all.proposals.some(({ name }) => name === 'missing-1'), 'a name that is taken is not given again')
    const kinds = all.notProposed.map(({ client, port, kind }) => `${client} ${port ?? ''} ${kind}`).sort()
    t.same(kinds, [
      '192.168.51.25 800 test', '192.168.51.96 119 denied', '192.168.51.96 137 noise', '192.168.51.96 445 admin', '192.168.51.97 119 denied', '192.168.51.97 137 noise',
    ])
    t.match(all.notProposed.find(({ kind }) => kind === 'test')?.because, /a test of the policy wants it denied \(.*office\.yaml:15\): change the test first/)
    t.notMatch(text, /10\.9\.9\.9/, 'a forged sender is nobody\'s missing rule')
    t.match(text, / {2}- name: missing-2\n {4}action: allow\n {4}from: 192\.168\.51\.96\/31\n {4}to: 203\.0\.113\.25\n {4}services: udp\/5000\n[\s\S]*would also open: nothing else/)
    t.match(text, /\d+ packets of noise \(NetBIOS, SSDP, mDNS, LLMNR\) left out/)

    await t.test('pasted, they pass check, and let pass what was asked', async (t) => {
      const pasted = join(folder, 'pasted.yaml')
      writeFileSync(pasted, POLICY.replace('tests:\n', `${all.proposals.map(({ yaml }) => yaml).join('')}tests:\n`))
      const check = await run(['check', '--strict', pasted])
      t.equal(check.code, 0, check.stderr)
      backend.load(stage, 'gw', printed(POLICY.replace('tests:\n', `${all.proposals.map(({ yaml }) => yaml).join('')}tests:\n`), { ipset: true }))
      await stage.listen('red', 'red', [443, 993], [5000])
      t.same(await stage.probe('h96', [{ protocol: 'udp', host: RED, port: 5000 }, { protocol: 'tcp', host: RED, port: 443 }, { protocol: 'tcp', host: '2001:db8:113::25', port: 993 }]),
        ['red:5000 203.0.113.1', 'red:443 203.0.113.1', 'red:993 2001:db8:113::1'])
      t.same(await stage.probe('h25', [{ protocol: 'udp', host: RED, port: 5000 }], 200), ['silence'])
      t.same(await stage.probe('h97', [{ protocol: 'tcp', host: RED, port: 443 }], 200), ['silence'])
    })

    await t.test('filters, and a time in which nothing was dropped', async (t) => {
      t.same(found('--client', 'Printers', '--service', 'Mirror').proposals.length, 0)
      t.equal(found('--client', 'fd00:51::96').proposals.length, 1)
      t.equal(found('--service', 'udp/5000').packets, 200 + 1)
      t.match(found('--since', '2099-01-01'), { packets: 0, proposals: [], notProposed: [] })
    })
  })
}
