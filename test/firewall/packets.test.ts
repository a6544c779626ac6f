// packets.txt of the cases: one row a packet, its verdict and what decides it. Each row is asked of `decidePacket`, which `explain` and the
// policy tests use, and sent for real through both back ends: an explanation that the kernel does not keep fails here.
import t from 'tap'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compilePolicy } from '../../src/decision/compile.ts'
import { decidePacket } from '../../src/decision/packet.ts'
import { runPolicyTests } from '../../src/decision/test.ts'
import { readBlocks } from '../../src/lists/blocks.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parseMac } from '../../src/net/mac.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { CASES, caseNames, caseTime, movedTo, readCase } from './cases.ts'
import { unable } from './root.ts'
import { Stage } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'ping', 'perl'])
const GATEWAYS = { 4: '192.168.51.254', 6: 'fd00:51::254' } as const

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}

interface Row {
  readonly text: string
  readonly from: string
  readonly mac: string | undefined
  readonly to: string
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly port: number
  readonly verdict: 'accept' | 'drop' | 'reject'
  readonly by: string
}

function rowsOf(name: string): readonly Row[] {
  const path = join(CASES, name, 'packets.txt')
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const match = /^(\S+)\s+(\S+)\s+(\S+)\s+(tcp|udp|icmp)\/(\d+)\s+=>\s+(accept|drop|reject)\s+(\S+)$/.exec(line)
    if (match === null) throw new Error(`${name}: ${line}`)
    const [, from = '', mac = '', to = '', protocol = '', port = '', verdict = '', by = ''] = match
    return {
      text: line.replace(/\s+/g, ' '), from, mac: mac === '-' ? undefined : mac, to, port: Number(port), by,
      protocol: protocol as Row['protocol'], verdict: verdict as Row['verdict'],
    }
  })
}

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

for (const name of caseNames().filter((each) => rowsOf(each).length > 0)) {
  const rows = rowsOf(name)

  t.test(`${name}: what decidePacket says`, async (t) => {
    const { policy } = parsePolicy(readFileSync(join(CASES, name, 'policy.yaml'), 'utf8'), 'policy.yaml')
    if (policy === undefined) throw new Error(name)
    const blocks = new Map(policy.blocks.map((block) => [block.name, readBlocks(readFileSync(join(CASES, name, block.file.split('/').at(-1) ?? ''), 'utf8')).entries]))
    const compiled = compilePolicy(policy, { lists: new Map(), blocks, machine: { addresses: ['127.0.0.1', '::1', ...Object.values(GATEWAYS)].map(ip), proxyPort: policy.gateway.proxy.port } })
    const now = caseTime(name, policy.gateway.timezone)
    const said = rows.map((row) => {
      const mac = row.mac === undefined ? undefined : parseMac(row.mac)
      const { action, cause } = decidePacket(compiled, { from: { address: ip(row.from), mac }, to: ip(row.to), protocol: row.protocol, port: row.port, now })
      return `${row.text.replace(/=>.*/, '=>')} ${action} ${cause.by}`
    })
    t.same(said, rows.map((row) => row.text))
    t.same(runPolicyTests(compiled), [], 'and what its own tests say')
  })

  t.test(`${name}: what the kernel does`, { skip, timeout: 120_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await field(stage, rows)
    const { texts: printed, policy } = readCase(name)
    // the kernel's clock is the machine's
    const texts = new Map([...printed].map(([format, text]) => [format, movedTo(text, caseTime(name, policy.gateway.timezone))]))
    const routes = [...(printed.get('nft') ?? '').matchAll(/^# what is caught needs, once: (.*)$/gm)].map((match) => match[1])
    if (routes.length > 0) {
      stage.must('gw', routes.join('; '))
      await stage.listenTransparent('gw', 'caught', 801)
    }
    for (const backend of ['iptables', 'nft'] as const) {
      if (backend === 'iptables') {
        stage.must('gw', 'ip6tables-restore --noflush', texts.get('ip6tables') ?? '')
        stage.must('gw', 'iptables-restore --noflush', texts.get('iptables') ?? '')
      } else {
        // in a text of its own each: the iptables rules are gone before nft is asked
        stage.must('gw', 'for tool in iptables ip6tables; do $tool-save | grep -vE "(:| )GG_" | $tool-restore; done; nft -f -', texts.get('nft') ?? '')
      }
      const got = await sent(stage, rows)
      t.same(rows.map((row, index) => `${row.text.replace(/=>.*/, '=>')} ${got[index] ?? ''}`), rows.map((row) => row.text.replace(/ \S+$/, '')), backend)
    }
  })
}

/** The gateway between a switch and a red side that answers at every address and port. */
async function field(stage: Stage, rows: readonly Row[]): Promise<void> {
  stage.add('sw', 'gw', 'red')
  stage.ip(`-n ${stage.space('sw')} link add br0 type bridge`)
  stage.ip(`-n ${stage.space('sw')} link set br0 up`)
  stage.link('sw', 'up0', 'gw', 'green0')
  stage.ip(`-n ${stage.space('sw')} link set up0 master br0`)
  stage.address('gw', 'green0', [`${GATEWAYS[4]}/24`, `${GATEWAYS[6]}/64`])
  stage.link('gw', 'red0', 'red', 'eth0')
  stage.address('gw', 'red0', ['198.18.9.1/24', 'fd99::1/64'])
  stage.address('red', 'eth0', ['198.18.9.2/24', 'fd99::2/64'])
  stage.ip(`-n ${stage.space('gw')} route add default via 198.18.9.2`)
  stage.ip(`-n ${stage.space('gw')} -6 route add default via fd99::2`)
  stage.must('gw', 'sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1')
  stage.must('red', 'ip route add local 0.0.0.0/0 dev lo; ip route add 198.18.9.1/32 dev eth0; ip route add 192.168.51.0/24 via 198.18.9.1; ip -6 route add local 2001:db8::/32 dev lo; ip -6 route add fd00:51::/64 via fd99::1; nft -f -', `table inet everywhere {
    chain redirected { type nat hook prerouting priority dstnat; policy accept; tcp dport 1-65535 redirect to :9999; udp dport 1-65535 redirect to :9999; }
  }\n`)
  const own = rows.filter((row) => row.to === GATEWAYS[familyOf(row.to)])
  const ports = (protocol: string): number[] => [...new Set(own.filter((row) => row.protocol === protocol).map((row) => row.port))]
  await stage.listen('red', 'red', [9999], [9999])
  // the one that catches is another's
  await stage.listen('gw', 'gateway', ports('tcp').filter((port) => port !== 801), ports('udp'))
  stage.add('host')
  stage.link('sw', 'p0', 'host', 'eth0')
  stage.ip(`-n ${stage.space('sw')} link set p0 master br0`)
}

/** One host after the other takes the place at the switch: some have one address and several MACs. */
function become(stage: Stage, row: Row): void {
  const family = familyOf(row.from)
  const gateway = GATEWAYS[family]
  const own = family === 4 ? `${row.from}/32` : `${row.from}/128`
  stage.must('host', `ip link set eth0 down; ip addr flush dev eth0; ip link set eth0 address ${row.mac ?? '02:51:00:00:01:00'}; ip link set eth0 up
    ip addr add ${own} dev eth0${family === 4 ? '' : ' nodad'}; ip -${family} route replace ${gateway} dev eth0; ip -${family} route replace default via ${gateway}`)
  stage.must('gw', 'ip neigh flush all')
  // a sender that is in no green network: the gateway still finds the way back, so that its silence is the rules'
  if (!/^(192\.168\.51\.|fd00:51::)/.test(row.from)) stage.must('gw', `ip -${family} route replace ${own} dev green0`)
}

function sender(row: Row): string {
  return `${row.from} ${row.mac ?? ''}`
}

const VERDICTS: Readonly<Record<string, string>> = { silence: 'drop', refused: 'reject', reset: 'reject' }

async function sent(stage: Stage, rows: readonly Row[]): Promise<readonly string[]> {
  const got = new Map<Row, string>()
  for (const key of new Set(rows.map(sender))) {
    const own = rows.filter((row) => sender(row) === key)
    const [first] = own
    if (first === undefined) continue
    become(stage, first)
    const probes = own.flatMap((row) => (row.protocol === 'icmp' ? [] : [{ row, probe: { protocol: row.protocol, host: row.to, port: row.port } as const }]))
    const answers = await stage.probe('host', probes.map(({ probe }) => probe), 400)
    probes.forEach(({ row }, index) => got.set(row, VERDICTS[answers[index] ?? ''] ?? 'accept'))
    for (const row of own) {
      if (row.protocol !== 'icmp') continue
      const { code, out } = stage.exec('host', `ping -c 1 -W 1 ${row.to}`)
      got.set(row, code === 0 ? 'accept' : /Unreachable|prohibited/i.test(out) ? 'reject' : 'drop')
    }
  }
  return rows.map((row) => got.get(row) ?? 'missing')
}
