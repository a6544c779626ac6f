// A hundred thousand blocked clients: loaded within the time that such sets take, without cost to a packet that is not theirs, and each of them
// blocked. Beside it the same clients as the tool's own user would load them, in the same minute: what a machine's memory costs changes fivefold.
import t from 'tap'
import { readBlocks } from '../../../src/lists/blocks.ts'
import { BACKENDS } from '../backends.ts'
import { printed } from '../cases.ts'
import { unable } from '../root.ts'
import { Stage } from '../stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft'])
const COUNT = 100_000
/** Times the processor time of a bare set (nft), or of one line a client (iptables). */
const MOST_TIMES = { nft: 2, iptables: 2 } as const
/** Past 100,000 single lines a packet would take milliseconds longer. */
const MOST_MORE_MICROSECONDS = 400

const POLICY = `version: 1
gateway:
  green: { interface: green0, address: 10.255.255.254/8 }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad" }
  serve: []
blocks: { apps: { file: none } }
rules:
  - { name: all, action: allow, from: green, to: any, services: [tcp/25, udp/7], direct: true }
`

/** Half with a port, half without, spread over the network; 10.9.9.9 and 10.9.9.10:25 among them, 10.9.9.8 not. */
function clients(): string {
  let state = 1
  const found = new Set(['10.9.9.9', '10.9.9.10'])
  while (found.size < COUNT) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const address = `10.${state >>> 24}.${(state >>> 16) & 255}.${(state >>> 8) & 255}`
    if (address !== '10.9.9.8' && !address.startsWith('10.255.255.')) found.add(address)
  }
  return [...found].map((address, at) => (at % 2 === 0 ? address : `${address}:25`)).join('\n')
}

/** The clients in one set, or a line each, and nothing else. */
function bare(backend: string): string {
  const addresses = clients().split('\n').map((each) => each.replace(':25', ''))
  if (backend === 'nft') return `table inet bare {\n set clients { type ipv4_addr; elements = { ${addresses.join(', ')} } }\n}\n`
  return `*filter\n:BARE - [0:0]\n${addresses.map((each) => `-A BARE -s ${each} -j DROP\n`).join('')}COMMIT\n`
}

/** Seconds of the processor, of the tool that loads: the shell's own times, then those of what it ran, user and system. */
function seconds(stage: Stage, tool: string, text: string): number {
  const times = stage.must('gw', `${tool} && times`, text)
  return [...(times.trim().split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0)
}

/** The median of round trips over UDP, in microseconds. */
const ECHO = `const d=require('node:dgram');const s=d.createSocket('udp4');const all=[];let at;s.on('message',()=>{all.push(Number(process.hrtime.bigint()-at)/1000);all.length<400?go():(all.sort((a,b)=>a-b),console.log(all[100]),s.close())});
const go=()=>{at=process.hrtime.bigint();s.send('x',7,'203.0.113.25')};s.bind(0,'10.9.9.8',go);setTimeout(()=>{console.log('late');process.exit()},8000).unref()`

t.test('a hundred thousand clients', { skip, timeout: 150_000 }, async (t) => {
  const stage = new Stage()
  t.teardown(() => stage.close())
  stage.add('host', 'gw', 'red')
  stage.link('host', 'eth0', 'gw', 'green0')
  stage.link('gw', 'red0', 'red', 'eth0')
  stage.address('gw', 'green0', ['10.255.255.254/8'])
  stage.address('host', 'eth0', ['10.9.9.8/8', '10.9.9.9/8', '10.9.9.10/8'])
  stage.address('gw', 'red0', ['203.0.113.1/24'])
  stage.address('red', 'eth0', ['203.0.113.25/24'])
  stage.must('host', 'ip route add default via 10.255.255.254')
  stage.must('red', 'ip route add 10.0.0.0/8 via 203.0.113.1')
  stage.must('gw', 'sysctl -q -w net.ipv4.ip_forward=1')
  await stage.listen('red', 'red', [25, 110], [])
  await stage.said(stage.start('red', process.execPath, ['-e', `const s=require('node:dgram').createSocket('udp4');s.on('message',(m,p)=>s.send(m,p.port,p.address));s.bind(7,()=>console.log('ready'))`]), 'ready')

  const blocks = new Map([['apps', readBlocks(clients()).entries]])
  t.equal(blocks.get('apps')?.length, COUNT)
  const began = process.cpuUsage()
  const texts = printed(POLICY, { blocks })
  const spent = process.cpuUsage(began)
  t.ok((spent.user + spent.system) / 1e6 < 12, `compiled and printed four times over in ${((spent.user + spent.system) / 1e6).toFixed(1)} s`)
  const none = printed(POLICY, { blocks: new Map([['apps', []]]) })
  const echo = (): number => Number(stage.must('host', `${process.execPath} -e "${ECHO.replaceAll('\n', '')}"`).trim())

  for (const backend of BACKENDS) {
    await t.test(backend.name, async (t) => {
      backend.load(stage, 'gw', none)
      const without = echo()
      const tool = backend.name === 'nft' ? 'nft -f -' : 'iptables-restore --noflush'
      const away = backend.name === 'nft' ? 'nft delete table inet bare' : 'iptables -F BARE && iptables -X BARE'
      const pairs = [1, 2].map(() => {
        const set = seconds(stage, tool, bare(backend.name))
        stage.must('gw', away)
        return { set, ours: seconds(stage, tool, texts.get(backend.name) ?? '') }
      })
      const set = Math.min(...pairs.map((pair) => pair.set))
      const ours = Math.min(...pairs.map((pair) => pair.ours))
      t.ok(ours > 0 && ours < set * MOST_TIMES[backend.name], `loaded in ${ours.toFixed(2)} s, the bare ones in ${set.toFixed(2)} s`)
      const full = echo()
      t.ok(full - without < MOST_MORE_MICROSECONDS, `a packet's way there and back: ${Math.round(without)} µs without, ${Math.round(full)} µs with`)
      const from = (address: string, port: number): { readonly protocol: 'tcp'; readonly host: string; readonly port: number; readonly from: string } => ({ protocol: 'tcp', host: '203.0.113.25', port, from: address })
      t.same((await stage.probe('host', [from('10.9.9.8', 25), from('10.9.9.9', 25), from('10.9.9.10', 25)], 400)).map((each) => each.split(' ')[0]), ['red:25', 'silence', 'silence'])
      stage.must('gw', backend.name === 'nft' ? 'nft delete table inet greengate' : 'iptables-save | grep -vE "(:| )GG_" | iptables-restore')
    })
  }
})
