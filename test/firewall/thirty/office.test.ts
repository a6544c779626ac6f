// The standing half of the thirty packet tests (README.md): who reaches what through the office's rules, on both back ends, each answer with the name
// of who gave it. The numbers are those of the table.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { BACKENDS } from '../backends.ts'
import { printed } from '../cases.ts'
import { unable } from '../root.ts'
import { Stage, office } from '../stage.ts'
import type { Probe } from '../stage.ts'
import { icmp4, icmp6, routerAdvertisement, send, solicitation, syn4, udp4 } from './frames.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'ping', 'perl', 'conntrack'])

const GATEWAY = '192.168.51.254'
const RED = '203.0.113.25'
const ADMIN = '02:51:00:00:00:ad'
const HOSTS = [
  { name: 'lan', addresses: ['192.168.51.100/24', ...[0, 15, 31, 32, 48, 63, 64].map((last) => `192.168.51.${last}/24`), 'fd00:51::a/64', 'fd00:51::100/64'] },
  { name: 'adm', addresses: ['192.168.51.200/24', 'fd00:51::200/64'], mac: ADMIN },
  { name: 'oth', addresses: ['192.168.51.201/24', 'fd00:51::201/64'], mac: '02:51:00:00:00:07' },
]
const TCP = [22, 25, 26, 53, 80, 109, 110, 111, 143, 222, 443, 445, 800, 853, 993]
const UDP = [53, 123, 443, 800, 853]

const POLICY = `version: 1
web: { default: allow }
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
  proxy: { port: 800, user: greengate }
  admin: { mac: "${ADMIN}", ports: [445, 222] }
  serve: [dns, dhcp, ping]
addresses:
  MailAccess: [192.168.51.0/27]
  WebAccess:  [192.168.51.32/27]
rules:
  - { name: mail, action: allow, from: MailAccess, to: internet, services: [pop3, smtp] }
  - { name: web, action: allow, from: WebAccess, to: gateway, services: proxy }
`
const PING = '  - { name: ping-out, action: allow, from: green, to: internet, services: ping }\n'
const MAIL6 = '  - { name: mail6, action: allow, from: "fd00:51::/120", to: internet, services: smtp }\n'

for (const backend of BACKENDS) {
  t.test(backend.name, { skip, timeout: 150_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, HOSTS)
    await stage.listen('gw', 'gateway', TCP, UDP)
    await stage.listen('red', 'red', TCP, UDP)
    const believed = /2001:db8:66:|via fe80::66/
    const gatewayMac = stage.must('gw', 'cat /sys/class/net/green0/address').trim()
    const load = (more = ''): void => backend.load(stage, 'gw', printed(`${POLICY}${more}`, { proxyUid: 13 }))
    /** `who protocol/port host` → who answered, or how not */
    const ask = async (space: string, asked: readonly string[], waitMs = 500): Promise<string> => {
      const probes = asked.map((each): Probe => {
        const [from = '', what = '', host = ''] = each.split(' ')
        const [protocol = '', port = ''] = what.split('/')
        return { protocol: protocol === 'udp' ? 'udp' : 'tcp', host, port: Number(port), ...(from === '-' ? {} : { from }) }
      })
      return (await stage.probe(space, probes, waitMs)).map((each) => each.split(' ')[0]).join(' ')
    }
    const each = (hosts: readonly string[], ports: readonly number[], to: string): string[] => hosts.flatMap((from) => ports.map((port) => `${from} tcp/${port} ${to}`))
    const counted = (comment: string): number => backend.counted(stage, 'gw', `gg:${comment}`)
    const icmpIn = (what: string): number => {
      const [names = '', values = ''] = stage.must('gw', 'grep ^Icmp: /proc/net/snmp').split('\n')
      return Number(values.split(' ')[names.split(' ').indexOf(what)])
    }

    await t.test('0 without rules all of this passes, so that what does not pass later was stopped', async (t) => {
      // something must ask for a state, or the kernel keeps none
      stage.must('gw', 'nft -f -', 'table ip tracking { chain c { type filter hook prerouting priority 0; ct state new counter; }; }')
      t.equal(await ask('lan', [`192.168.51.100 tcp/25 ${RED}`, `192.168.51.100 tcp/445 ${GATEWAY}`, `192.168.51.100 udp/443 ${RED}`, 'fd00:51::a tcp/25 2001:db8:113::25']), 'red:25 gateway:445 red:443 red:25')
      const before = [icmpIn('InTimestamps'), icmpIn('InRedirects')]
      send(stage, 'lan', 'eth0', [icmp4('192.168.51.100', GATEWAY, 13), icmp4('192.168.51.100', GATEWAY, 5), udp4('198.51.100.9', GATEWAY, 4000, 53), syn4('198.51.100.9', RED, 25)], gatewayMac)
      t.same([icmpIn('InTimestamps'), icmpIn('InRedirects')], before.map((count) => count + 1), 'these frames are what they say')
      t.match(stage.must('gw', 'conntrack -L 2>/dev/null'), /src=198\.51\.100\.9 [^\n]*sport=4000 /)
      stage.must('gw', 'sysctl -q -w net.ipv6.conf.green0.accept_ra=2')
      send(stage, 'lan', 'eth0', [icmp6('fe80::66', 'ff02::1', 255, routerAdvertisement('2001:db8:66::'))], '33:33:00:00:00:01')
      await sleep(300)
      t.match(stage.must('gw', 'ip -6 route; ip -6 addr'), believed, 'a router is believed')
      stage.must('gw', 'nft delete table ip tracking; conntrack -F 2>/dev/null; ip -6 addr flush dev green0 to 2001:db8:66::/64; ip -6 route flush 2001:db8:66::/64; ip -6 route del default via fe80::66 dev green0; ip -6 neigh flush all; sysctl -q -w net.ipv6.conf.green0.accept_ra=1')
      t.notMatch(stage.must('gw', 'ip -6 route; ip -6 addr'), believed)
    })

    load()

    await t.test('1 MailAccess, first, middle and last address: mail, and nothing beside it', async (t) => {
      const hosts = ['192.168.51.0', '192.168.51.15', '192.168.51.31']
      t.equal(await ask('lan', each(hosts, [25, 110], RED)), 'red:25 red:110 red:25 red:110 red:25 red:110')
      t.equal(await ask('lan', each(hosts, [143, 993, 26, 109, 111], RED)), Array(15).fill('silence').join(' '))
    })
    await t.test('2 the first address after the group has no mail', async (t) => {
      t.equal(await ask('lan', ['192.168.51.31 tcp/25 203.0.113.25', '192.168.51.32 tcp/25 203.0.113.25', '192.168.51.32 tcp/110 203.0.113.25']), 'red:25 silence silence')
    })
    await t.test('3 WebAccess reaches the proxy, and red\'s web never directly', async (t) => {
      const hosts = ['192.168.51.32', '192.168.51.48', '192.168.51.63']
      t.equal(await ask('lan', each(hosts, [800], GATEWAY)), 'gateway:800 gateway:800 gateway:800')
      t.equal(await ask('lan', each(hosts, [80, 443], RED)), Array(6).fill('silence').join(' '))
    })
    await t.test('4 the proxy\'s port alone is not the proxy', async (t) => {
      t.equal(await ask('lan', each(['192.168.51.32', '192.168.51.63'], [800], RED)), 'silence silence')
    })
    await t.test('5 nobody else reaches the proxy', async (t) => {
      t.equal(await ask('lan', each(['192.168.51.31', '192.168.51.64', '192.168.51.100'], [800], GATEWAY)), 'silence silence silence')
    })
    await t.test('6 somebody in no group: DNS and echo of the gateway, and nothing else of thirty-four', async (t) => {
      const cells = [...TCP.flatMap((port) => [`tcp/${port} ${GATEWAY}`, `tcp/${port} ${RED}`]), ...UDP.flatMap((port) => [`udp/${port} ${GATEWAY}`, `udp/${port} ${RED}`])].filter((cell) => !/(?:26|109|111)\b/.test(cell))
      const got = (await ask('lan', cells.map((cell) => `192.168.51.100 ${cell}`))).split(' ')
      const open = { [`tcp/53 ${GATEWAY}`]: 'gateway:53', [`udp/53 ${GATEWAY}`]: 'gateway:53' } as Readonly<Record<string, string>>
      const quick = new Set([53, 853].flatMap((port) => [`tcp/${port} ${RED}`, `udp/${port} ${RED}`]).concat(`udp/443 ${RED}`))
      t.same(got.map((word, at) => `${cells[at] ?? ''}: ${word}`), cells.map((cell) => `${cell}: ${open[cell] ?? (quick.has(cell) ? 'refused' : 'silence')}`))
      t.equal(stage.exec('lan', `ping -c 1 -W 1 -I 192.168.51.100 ${GATEWAY}`).code, 0)
    })
    await t.test('7 and 8 the admin\'s MAC reaches the gateway\'s ports with an address of no group, and no such port of red', async (t) => {
      t.equal(await ask('adm', [`- tcp/445 ${GATEWAY}`, `- tcp/222 ${GATEWAY}`, `- tcp/22 ${GATEWAY}`, `- tcp/800 ${GATEWAY}`, `- tcp/445 ${RED}`, `- tcp/222 ${RED}`]), 'gateway:445 gateway:222 silence silence silence silence')
    })
    await t.test('9 another MAC does not, with its own address and with a copy of the admin\'s', async (t) => {
      t.equal(await ask('oth', [`- tcp/445 ${GATEWAY}`, `- tcp/222 ${GATEWAY}`]), 'silence silence')
      stage.must('adm', 'ip link set eth0 down')
      stage.must('oth', 'ip addr add 192.168.51.200/32 dev eth0')
      stage.must('gw', 'ip neigh flush all')
      t.equal(await ask('oth', [`192.168.51.200 tcp/445 ${GATEWAY}`, `192.168.51.200 tcp/222 ${GATEWAY}`]), 'silence silence')
      stage.must('oth', 'ip addr del 192.168.51.200/32 dev eth0')
      stage.must('adm', `ip link set eth0 up; ip route replace default via ${GATEWAY}`)
      stage.must('gw', 'ip neigh flush all')
      t.equal(await ask('adm', [`- tcp/445 ${GATEWAY}`]), 'gateway:445', 'and the admin is back')
    })
    await t.test('13 echo to the gateway, and to red by a rule; timestamp and redirect do not come in; a flood is limited', async (t) => {
      const ping = (to: string, more = '-c 1 -W 1'): { readonly code: number; readonly out: string } => stage.exec('lan', `ping ${more} -I 192.168.51.100 ${to}`)
      t.same([ping(GATEWAY).code, ping(RED).code], [0, 1], 'nothing built in reaches past the gateway')
      load(PING)
      t.equal(ping(RED).code, 0)
      load()
      const before = [icmpIn('InTimestamps'), icmpIn('InRedirects'), icmpIn('InEchos')]
      send(stage, 'lan', 'eth0', [icmp4('192.168.51.100', GATEWAY, 13), icmp4('192.168.51.100', GATEWAY, 5)], gatewayMac)
      await sleep(2_200) // the bucket of echoes is full again
      const flood = ping(GATEWAY, '-i 0.002 -c 300 -W 1 -q')
      const received = Number(/(\d+) received/.exec(flood.out)?.[1])
      t.same([icmpIn('InTimestamps'), icmpIn('InRedirects')], before.slice(0, 2))
      t.ok(received >= 20 && received < 150, `${received} of 300 answered`)
      t.equal(icmpIn('InEchos') - (before[2] ?? 0), received, 'the stack saw no more')
    })
    await t.test('14 DHCP from nobody yet passes; the same from an address, to another port, or to red does not', async (t) => {
      const seen = [counted('serve'), counted('spoof-green'), counted('default-deny')]
      send(stage, 'lan', 'eth0', [udp4('0.0.0.0', '255.255.255.255', 68, 67)])
      t.equal(counted('serve'), (seen[0] ?? 0) + 1)
      send(stage, 'lan', 'eth0', [udp4('0.0.0.0', '255.255.255.255', 68, 53), udp4('0.0.0.0', '255.255.255.255', 67, 67)])
      t.same([counted('serve'), counted('spoof-green')], [(seen[0] ?? 0) + 1, (seen[1] ?? 0) + 2], 'not another port, of either side')
      send(stage, 'lan', 'eth0', [udp4('192.168.51.100', RED, 68, 67)], gatewayMac)
      t.same([counted('serve'), counted('default-deny')], [(seen[0] ?? 0) + 1, (seen[2] ?? 0) + 1], 'nor red')
    })
    await t.test('15 DNS of the gateway over both, of red neither that nor DNS over TLS: refused at once', async (t) => {
      const began = performance.now()
      t.equal(await ask('lan', [`192.168.51.100 udp/53 ${GATEWAY}`, `192.168.51.100 tcp/53 ${GATEWAY}`, ...['udp/53', 'tcp/53', 'udp/853', 'tcp/853'].map((what) => `192.168.51.100 ${what} ${RED}`)], 20_000), 'gateway:53 gateway:53 refused refused refused refused')
      t.ok(performance.now() - began < 10_000, 'without waiting')
    })
    await t.test('16 forged sources: nothing answers, nothing is remembered', async (t) => {
      stage.must('gw', 'conntrack -F 2>/dev/null || true')
      const forged = ['203.0.113.77', '203.0.113.1', GATEWAY, '127.0.0.1', '198.51.100.9', '10.0.0.9', '169.254.1.1', '224.0.0.9', '255.255.255.255', '192.168.50.255', '192.168.52.0']
      const before = counted('spoof-green') + counted('spoof-self') + counted('spoof-loopback')
      send(stage, 'lan', 'eth0', forged.flatMap((from) => [udp4(from, GATEWAY, 4000, 53), syn4(from, RED, 25)]), gatewayMac)
      const dropped = counted('spoof-green') + counted('spoof-self') + counted('spoof-loopback') - before
      // a kernel drops some of them before any rule (martian sources)
      t.ok(dropped >= 14 && dropped <= 2 * forged.length, `${dropped} of ${2 * forged.length} dropped by name`)
      const red = counted('spoof-red') + counted('spoof-self') + counted('spoof-loopback')
      const redMac = stage.must('gw', 'cat /sys/class/net/red0/address').trim()
      send(stage, 'red', 'eth0', ['192.168.51.9', '192.168.51.31', GATEWAY, '127.0.0.1'].flatMap((from) => [udp4(from, '203.0.113.1', 4000, 53), syn4(from, '192.168.51.31', 25)]), redMac)
      t.ok(counted('spoof-red') + counted('spoof-self') + counted('spoof-loopback') - red >= 6)
      const kept = stage.must('gw', 'conntrack -L 2>/dev/null')
      t.same(['4000', '40000'].filter((port) => kept.includes(`sport=${port} `)), [], 'no entry of conntrack')
    })
    await t.test('17 QUIC is refused at once, so that a browser turns to TCP', async (t) => {
      const began = performance.now()
      t.equal(await ask('lan', [`192.168.51.32 udp/443 ${RED}`, `192.168.51.100 udp/443 ${RED}`], 20_000), 'refused refused')
      t.ok(performance.now() - began < 10_000)
    })
    await t.test('18 and 19 the transparent option: 80 and 443 are the proxy\'s, which sees the address that was asked; nothing else is', async (t) => {
      const SITE = '  - { name: own-site, action: allow, from: green, to: gateway, services: http }\n'
      const texts = printed(`${POLICY.replace('port: 800,', 'port: 800, transparent: true,')}${SITE}`, { proxyUid: 13 })
      backend.load(stage, 'gw', texts)
      stage.must('gw', [...(texts.get('nft') ?? '').matchAll(/^# what is caught needs, once: (.*)$/gm)].map((match) => match[1]).join('; '))
      await stage.listenTransparent('gw', 'proxy', 801)
      stage.must('red', 'ip addr add 203.0.113.26/24 dev eth0')
      const asked: readonly Probe[] = [RED, '203.0.113.26'].flatMap((host) => [80, 443].map((port) => ({ protocol: 'tcp' as const, host, port, from: '192.168.51.32' })))
      t.same(await stage.probe('lan', asked, 2_000), asked.map(({ host, port, from }) => `proxy:${port} ${from ?? ''} at ${host}`), 'each at its own address and port, whichever was asked')
      t.equal(await ask('lan', [`192.168.51.32 tcp/801 ${GATEWAY}`, `192.168.51.100 tcp/801 ${GATEWAY}`, `192.168.51.32 tcp/801 ${RED}`]), 'silence silence silence', 'the port that catches is nobody\'s to ask')
      t.equal(await ask('lan', [`192.168.51.32 tcp/80 ${GATEWAY}`, `192.168.51.32 tcp/800 ${GATEWAY}`, `192.168.51.15 tcp/25 ${RED}`]), 'gateway:80 gateway:800 red:25', 'the gateway\'s own site is not caught, nor what a rule allows')
      t.equal(await ask('lan', [`192.168.51.100 tcp/80 ${RED}`, `192.168.51.31 tcp/443 ${RED}`, `192.168.51.32 tcp/8080 ${RED}`, `192.168.51.32 udp/443 ${RED}`]), 'silence silence silence refused', 'nor who may not use the proxy, nor another port, nor QUIC')
      load()
      t.equal(await ask('lan', [`192.168.51.32 tcp/80 ${RED}`]), 'silence', 'and without the option nothing is')
      stage.must('gw', 'for i in -4 -6; do ip $i rule del fwmark 0x4747/0xffff lookup 4747; ip $i route flush table 4747; done')
    })
    await t.test('20 on the gateway itself the proxy\'s user alone opens the web', async (t) => {
      const web: readonly Probe[] = [{ protocol: 'tcp', host: RED, port: 443 }, { protocol: 'tcp', host: RED, port: 80 }, { protocol: 'udp', host: RED, port: 443 }, { protocol: 'tcp', host: RED, port: 22 }]
      const answered = async (uid: number): Promise<string> => (await stage.probe('gw', web, 500, uid)).map((word) => word.split(' ')[0]).join(' ')
      t.equal(await answered(0), 'refused refused refused red:22')
      t.equal(await answered(1000), 'refused refused refused red:22')
      t.equal(await answered(13), 'red:443 red:80 red:443 red:22')
    })
    await t.test('21 IPv6: neighbours found anew, echo; nothing forwarded without a rule of its own; no forged neighbours, no foreign router', async (t) => {
      const ping = (from: string, to: string): number => stage.exec('lan', `ping -c 1 -W 2 -I ${from} ${to}`).code
      stage.must('gw', 'ip -6 neigh flush all')
      stage.must('lan', 'ip -6 neigh flush all')
      t.equal(ping('fd00:51::a', 'fd00:51::254'), 0, 'from the client\'s side')
      stage.must('lan', 'ip -6 neigh flush all')
      stage.must('gw', 'ip -6 neigh flush all')
      t.equal(stage.exec('gw', 'ping -c 1 -W 2 fd00:51::a').code, 0, 'and from the gateway\'s')
      t.equal(await ask('lan', ['fd00:51::a tcp/25 2001:db8:113::25', 'fd00:51::100 tcp/25 2001:db8:113::25', 'fd00:51::a tcp/800 fd00:51::254']), 'silence silence silence', 'rules of IPv4 groups open no IPv6')
      t.not(ping('fd00:51::a', '2001:db8:113::25'), 0)
      load(MAIL6)
      t.equal(await ask('lan', ['fd00:51::a tcp/25 2001:db8:113::25', 'fd00:51::100 tcp/25 2001:db8:113::25']), 'red:25 silence')
      load()
      // a solicitation from afar has passed a router: its hop limit is not 255
      const group = '33:33:ff:00:02:54'
      const ask6 = (hops: number): Buffer => icmp6('fd00:51::77', 'ff02::1:ff00:254', hops, solicitation('fd00:51::254', '02:51:00:00:00:66'))
      const known = (): boolean => /fd00:51::77 .*02:51:00:00:00:66/.test(stage.must('gw', 'ip -6 neigh'))
      send(stage, 'lan', 'eth0', [ask6(64)], group)
      await sleep(300)
      t.notOk(known(), 'hop limit 64')
      send(stage, 'lan', 'eth0', [ask6(255)], group)
      await sleep(300)
      t.ok(known(), 'hop limit 255')
      const refused = counted('ndp-refused')
      stage.must('gw', 'sysctl -q -w net.ipv6.conf.green0.accept_ra=2')
      send(stage, 'lan', 'eth0', [icmp6('fe80::66', 'ff02::1', 255, routerAdvertisement('2001:db8:66::'))], '33:33:00:00:00:01')
      await sleep(300)
      t.notMatch(stage.must('gw', 'ip -6 route; ip -6 addr'), believed)
      t.ok(counted('ndp-refused') > refused, 'a router on green is refused')
    })
  })
}
