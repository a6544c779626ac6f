// Each way through the gateway has its own word in the log, and what no way may carry is dropped: the gateway's own packets with another's
// source, and loopback's addresses on a wire.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readBlocks } from '../../src/lists/blocks.ts'
import { BACKENDS } from './backends.ts'
import { printed } from './cases.ts'
import { readNflog } from './nflog.ts'
import { unable } from './root.ts'
import { Stage, office } from './stage.ts'
import type { Probe } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tcpdump', 'conntrack', 'perl'])
const IGMP = 2
const RED = '203.0.113.25'
const RED6 = '2001:db8:113::25'
const GATEWAY = '192.168.51.254'

const HEAD = (more: string, mode = 'enforce'): string => `version: 1
mode: ${mode}
web: { default: allow }
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  admin: { mac: "02:51:00:00:00:ad" }
  ${more}
`

function tcp(host: string, port: number, from?: string): Probe {
  return { protocol: 'tcp', host, port, ...(from === undefined ? {} : { from }) }
}

/** One UDP packet with a source of the caller's choice, by a raw socket: exit code 1 where the kernel does not let it out. */
function forge(source: string, target: string, port: number): string {
  return `perl -MSocket -e 'socket(my $s, PF_INET, SOCK_RAW, 255) or die; my $udp = pack("n4a3", 4000, ${port}, 11, 0, "ask");
    send($s, pack("C2n3C2na4a4", 0x45, 0, 31, 1, 0, 64, 17, 0, inet_aton("${source}"), inet_aton("${target}")).$udp, 0, sockaddr_in(0, inet_aton("${target}"))) or exit 1'`
}

for (const backend of BACKENDS) {
  t.test(`the log of ${backend.name}`, { skip, timeout: 120_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }, { name: 'h7', addresses: ['192.168.51.7/24', 'fd00:51::7/64'] }])
    await stage.listen('red', 'red', [25, 80], [])

    /** `prefix target:port` of every packet that was logged while the probes ran. */
    async function logged(wanted: readonly string[], ask: () => Promise<unknown>): Promise<void> {
      const file = `${t.testdir({})}/${backend.name}.pcap`
      const capture = stage.start('gw', 'tcpdump', ['-i', 'nflog:5', '-U', '-w', file], { stderr: 'pipe' })
      await stage.said(capture, 'listening', 'stderr')
      await ask()
      // a host that was just set up reports its groups by IGMP, from 0.0.0.0 as long as it has no address (RFC 3376 4.2.13): nothing that a probe sent
      const seen = (): string[] => [...new Set(readNflog(readFileSync(file)).filter(({ protocol }) => protocol !== IGMP).map((each) => `${each.prefix}| ${each.target}:${each.port}`))].sort()
      for (let tries = 0; tries < 60 && wanted.some((each) => !seen().includes(each)); tries++) await sleep(100)
      capture.kill('SIGTERM')
      t.same(seen(), [...wanted].sort())
    }

    await t.test('a gateway that drops', async () => {
      backend.load(stage, 'gw', printed(`${HEAD('output: { action: drop }')}rules:
  - { name: quick, action: reject, from: green, to: internet, services: smtp, log: true }
  - { name: own, action: allow, from: [green, gateway], to: internet, services: tcp/81, log: true }
blocks: { apps: { file: none } }
`, { blocks: new Map([['apps', readBlocks('192.168.51.7\n').entries]]) }))
      await logged([
        `GREEN DROP | ${GATEWAY}:800`, `GREEN DROP | ${RED}:110`, `GREEN DROP | ${RED}:7777`, `GREEN REJECT | ${RED}:853`, `GREEN REJECT quick | ${RED}:25`, `GREEN ACCEPT own | ${RED}:81`,
        'RED DROP | 203.0.113.1:22', `OUTPUT DROP | ${RED}:25`, `OUTPUT ACCEPT own | ${RED}:81`,
      ], () => Promise.all([
        stage.probe('h5', [tcp(GATEWAY, 800), tcp(RED, 110), tcp(RED, 853), tcp(RED, 25), tcp(RED, 81)], 300),
        stage.probe('h7', [tcp(RED, 7777)], 300),
        stage.probe('red', [tcp('203.0.113.1', 22)], 300),
        stage.probe('gw', [tcp(RED, 25), tcp(RED, 81)], 300),
      ]))
    })

    await t.test('a gateway that rejects, and locks the web for its proxy', async () => {
      backend.load(stage, 'gw', printed(`${HEAD('{ }').replace('  { }\n', '  default: { action: reject }\n  proxy: { user: proxy }\n')}rules:
  - { name: closed, action: drop, from: green, to: internet, services: smtp, log: true }
`, { proxyUid: 13 }))
      await logged([`GREEN REJECT | ${GATEWAY}:800`, `GREEN REJECT | ${RED}:110`, `GREEN DROP closed | ${RED}:25`, `OUTPUT REJECT | ${RED}:80`], () => Promise.all([
        stage.probe('h5', [tcp(GATEWAY, 800), tcp(RED, 110), tcp(RED, 25)], 300),
        stage.probe('gw', [tcp(RED, 80)], 300),
      ]))
    })

    await t.test('a gateway that observes', async () => {
      backend.load(stage, 'gw', printed(`${HEAD('output: { action: drop }', 'observe')}rules:
  - { name: closed, action: reject, from: [green, gateway], to: internet, services: smtp, log: true }
`))
      await logged([
        `GREEN WOULD DROP | ${RED}:110`, `GREEN WOULD DROP | ${RED}:25`, `GREEN WOULD REJECT closed | ${RED}:25`, `OUTPUT WOULD DROP | ${RED}:25`, `OUTPUT WOULD REJECT closed | ${RED}:25`, `OUTPUT WOULD DROP | ${RED}:110`,
      ], () => Promise.all([stage.probe('h5', [tcp(RED, 110), tcp(RED, 25)], 300), stage.probe('gw', [tcp(RED, 110), tcp(RED, 25)], 300)]))
    })

    await t.test('what the gateway sends bears an address of its own', async (t) => {
      backend.load(stage, 'gw', printed(`${HEAD('output: { action: allow }')}rules:\n  - { name: all, action: allow, from: [green, gateway], to: any, services: any, direct: true }\n`))
      stage.must('gw', 'sysctl -q -w net.ipv6.ip_nonlocal_bind=1; conntrack -F 2>/dev/null || true')
      await logged([`OUTPUT SPOOF | ${RED}:25`], async () => {
        t.equal(stage.exec('gw', forge('192.168.51.5', RED, 25)).code, 1, 'the kernel says no')
        t.equal(stage.exec('gw', forge('198.51.100.9', RED, 25)).code, 1)
        t.same(await stage.probe('gw', [tcp(RED6, 25, 'fd00:51::5')], 400), ['silence'])
        t.equal(stage.exec('gw', forge(GATEWAY, RED, 24)).code, 0, 'from its own address it may')
      })
      t.ok(backend.counted(stage, 'gw', 'gg:spoof-output') >= 3)
      t.notMatch(stage.must('gw', 'conntrack -L 2>/dev/null'), /src=198\.51\.100\.9 /, 'and made no state')
      t.same((await stage.probe('gw', [tcp(RED, 25), tcp(RED, 25, GATEWAY), tcp(RED6, 25)])).map((each) => each.split(' ')[0]), ['red:25', 'red:25', 'red:25'], 'its own addresses pass')
    })

    await t.test('loopback stays on loopback, where the kernel would let it out too', async (t) => {
      await stage.listen('gw', 'gateway', [900], [])
      // a host that has no loopback of its own and asks the gateway for its; a gateway that routes it
      stage.must('gw', 'sysctl -q -w net.ipv4.conf.all.route_localnet=1')
      stage.must('h7', `sysctl -q -w net.ipv4.conf.all.route_localnet=1; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.9/32 via ${GATEWAY}`)
      stage.must('gw', 'for tool in iptables ip6tables; do $tool-save | grep -vE "(:| )GG_" | $tool-restore; done; nft delete table inet greengate 2>/dev/null || true')
      t.same((await stage.probe('h7', [tcp('127.0.0.9', 900)])).map((each) => each.split(' ')[0]), ['gateway:900'], 'without rules it is reached')
      backend.load(stage, 'gw', printed(`${HEAD('output: { action: allow }')}rules:\n  - { name: all, action: allow, from: green, to: any, services: any, direct: true }\n`))
      t.same(await stage.probe('h7', [tcp('127.0.0.9', 900)]), ['silence'])
      t.ok(backend.counted(stage, 'gw', 'gg:spoof-loopback') > 0)
      t.same((await stage.probe('gw', [tcp('127.0.0.1', 900), tcp('::1', 900)])).map((each) => each.split(' ')[0]), ['gateway:900', 'gateway:900'], 'over loopback itself it is')
    })
  })
}
