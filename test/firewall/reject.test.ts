// What the sender of a refused packet gets: told by `decidePacket`, and read off the wire, over both families and both back ends. A word
// that one family lacks, or that a back end writes another way, would show here as a packet.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compilePolicy } from '../../src/decision/compile.ts'
import { decidePacket } from '../../src/decision/packet.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { BACKENDS } from './backends.ts'
import { CASES, readCase } from './cases.ts'
import { unable } from './root.ts'
import { Stage, office } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tcpdump'])
const NAME = '13-reject-with'
const FROM = { 4: '192.168.51.5', 6: 'fd00:51::5' } as const
const RED = { 4: '203.0.113.25', 6: '2001:db8:113::25' } as const
const GATEWAY = { 4: '192.168.51.254', 6: 'fd00:51::254' } as const

/** By type and code (RFC 792, RFC 1812 5.2.7.1; RFC 4443 3.1). */
const ICMP = {
  4: ['icmp-net-unreachable', 'icmp-host-unreachable', 'icmp-proto-unreachable', 'icmp-port-unreachable', '', '', '', '', '', 'icmp-net-prohibited', 'icmp-host-prohibited', '', '', 'icmp-admin-prohibited'],
  6: ['icmp6-no-route', 'icmp6-adm-prohibited', '', 'icmp6-addr-unreachable', 'icmp6-port-unreachable'],
} as const
const UNREACHABLE = { 4: 3, 6: 1 } as const

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

interface Asked {
  readonly family: 4 | 6
  readonly protocol: 'tcp' | 'udp'
  readonly to: string
  readonly port: number
}

function key({ family, protocol, port }: Asked): string {
  return `IPv${family} ${protocol}/${port}`
}

const ASKED: readonly Asked[] = ([4, 6] as const).flatMap((family) => (['tcp', 'udp'] as const).flatMap((protocol) => [
  ...[2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010, 2999].map((port) => ({ family, protocol, to: RED[family], port })),
  { family, protocol, to: GATEWAY[family], port: 2011 },
]))

function told(): readonly string[] {
  const { policy, diagnostics } = parsePolicy(readFileSync(join(CASES, NAME, 'policy.yaml'), 'utf8'), 'policy.yaml')
  if (policy === undefined) throw new Error(diagnostics.map(renderDiagnostic).join('\n'))
  const compiled = compilePolicy(policy, { lists: new Map(), blocks: new Map(), machine: { addresses: [GATEWAY[4], GATEWAY[6]].map(ip), proxyPort: 800 } })
  return ASKED.map((each) => {
    const { action, answer } = decidePacket(compiled, { from: { address: ip(FROM[each.family]), mac: undefined }, to: ip(each.to), protocol: each.protocol, port: each.port, now: 0 })
    return `${key(each)} ${action} ${answer ?? ''}`
  }).sort()
}

/** A capture of Ethernet frames → what each refused packet was answered with, by family, protocol and target port. */
function answers(capture: Buffer): readonly string[] {
  const found = new Set<string>()
  for (let at = 24; at + 16 <= capture.length;) {
    const size = capture.readUInt32LE(at + 8)
    const frame = capture.subarray(at + 16, at + 16 + size)
    at += 16 + size
    const family = frame.readUInt16BE(12) === 0x86dd ? 6 : 4
    const packet = frame.subarray(14)
    const protocol = family === 4 ? packet[9] : packet[6]
    const body = packet.subarray(family === 4 ? ((packet[0] ?? 0) & 15) * 4 : 40)
    if (protocol === 6) {
      if (((body[13] ?? 0) & 4) !== 0) found.add(`IPv${family} tcp/${body.readUInt16BE(0)} reject tcp-reset`)
    } else if (body[0] === UNREACHABLE[family]) {
      const inner = body.subarray(8)
      const name = (family === 4 ? inner[9] : inner[6]) === 6 ? 'tcp' : 'udp'
      const port = inner.readUInt16BE((family === 4 ? ((inner[0] ?? 0) & 15) * 4 : 40) + 2)
      found.add(`IPv${family} ${name}/${port} reject ${ICMP[family][body[1] ?? 0] ?? ''}`)
    }
  }
  return [...found].sort()
}

t.test('what decidePacket says is answered', async (t) => {
  const rows = told()
  t.equal(rows.length, ASKED.length)
  for (const row of [
    'IPv4 tcp/2001 reject icmp-port-unreachable', 'IPv6 tcp/2002 reject icmp6-no-route', 'IPv6 udp/2003 reject icmp6-addr-unreachable', 'IPv4 udp/2004 reject icmp-proto-unreachable',
    'IPv6 tcp/2005 reject icmp6-adm-prohibited', 'IPv4 tcp/2008 reject tcp-reset', 'IPv4 udp/2008 reject icmp-port-unreachable', 'IPv6 udp/2008 reject icmp6-port-unreachable',
    'IPv4 tcp/2009 reject tcp-reset', 'IPv4 tcp/2010 reject icmp-admin-prohibited', 'IPv4 udp/2999 reject icmp-admin-prohibited', 'IPv6 tcp/2999 reject icmp6-adm-prohibited',
    'IPv4 tcp/2011 reject icmp-host-unreachable',
  ]) t.ok(rows.includes(row), row)
})

for (const backend of BACKENDS) {
  t.test(`${backend.name}: what is on the wire`, { skip, timeout: 60_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: [`${FROM[4]}/24`, `${FROM[6]}/64`] }])
    // Linux sends a few of these a second and no more, which would be an answer that is missing
    stage.must('gw', 'sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 && { sysctl -q -w net.ipv4.icmp_msgs_per_sec=100000 net.ipv4.icmp_msgs_burst=10000 2>/dev/null || true; }')
    backend.load(stage, 'gw', readCase(NAME).texts)
    const capture = stage.start('h5', 'tcpdump', ['-i', 'eth0', '-n', '-U', '-w', '-', '-Q', 'in', 'icmp or icmp6 or tcp'], { stderr: 'pipe' })
    const chunks: Buffer[] = []
    capture.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    await stage.said(capture, 'listening on', 'stderr')
    await stage.probe('h5', ASKED.map(({ protocol, to, port }) => ({ protocol, host: to, port })), 700)
    const wanted = told()
    for (let tries = 0; tries < 40 && answers(Buffer.concat(chunks)).length < wanted.length; tries++) await sleep(50)
    t.same(answers(Buffer.concat(chunks)), wanted)
  })
}
