// Packets through the gateway, in the order of the firewall: what no policy may change, blocks, serve, the rules, the default.
import t from 'tap'
import { compile, OFFICE, packetJudged } from './asking.ts'

const ADMIN = '192.168.51.200 00:1a:2b:3c:4d:5e'
const office = compile(`${OFFICE}
  - { name: desk, action: allow, from: WebAccess, to: 203.0.113.0/24, services: [tcp/5900-5910, udp/5900, icmp/echo-request, gre] }
  - { name: slow, action: reject, from: WebAccess, to: any, services: tcp/6667 }
  - { name: no, action: deny, from: WebAccess, to: any, services: tcp/6668 }
  - { name: path, action: allow, from: any, to: any, services: tcp/7000, via: proxy }
  - { name: own-mail, action: allow, from: gateway, to: internet, services: smtp }
blocks: { apps: { file: x }, msn: { file: y, services: msnp } }
`, { blocks: { apps: '# games\n192.168.51.9\n192.168.51.10:25\n192.168.51.200\n', msn: '192.168.51.11\n' }, addresses: ['192.168.51.254', '198.18.7.7', 'fe80::254'] })

t.test('the office, packet by packet', async (t) => {
  const rows: readonly (readonly [from: string, what: string, expected: string, why: string])[] = [
    ['192.168.51.5', 'tcp/110 to 203.0.113.25', 'accept by mail', 'mail for MailAccess'],
    ['192.168.51.31', 'smtp to 203.0.113.25', 'accept by mail', 'its last address'],
    ['192.168.51.32', 'smtp to 203.0.113.25', 'drop by default', 'the first one after it'],
    ['192.168.51.5', 'tcp/143 to 203.0.113.25', 'drop by default', 'a service that no rule names'],
    ['192.168.51.5', 'udp/25 to 203.0.113.25', 'drop by default', 'another protocol'],
    ['192.168.51.5', 'tcp/25 to 10.1.1.1', 'drop by default', 'private addresses are not internet'],
    ['192.168.51.5', 'tcp/25 to 192.168.51.254', 'drop by default', 'nor is the gateway'],
    ['192.168.51.35', 'proxy to 192.168.51.254', 'accept by web-through-the-proxy', 'the proxy'],
    ['192.168.51.35', 'tcp/800 to 203.0.113.25', 'drop by default', 'the port alone is not the proxy'],
    ['192.168.51.100 00:16:3e:5e:6c:01', 'tcp/800 to 192.168.51.254', 'accept by web-through-the-proxy', 'the director by the MAC'],
    ['192.168.51.35', 'tcp/5905 to 203.0.113.25', 'accept by desk', 'within a range of ports'],
    ['192.168.51.35', 'tcp/5911 to 203.0.113.25', 'drop by default', 'after it'],
    ['192.168.51.35', 'icmp/echo-request to 203.0.113.25', 'accept by desk', 'ICMP by type'],
    ['192.168.51.35', 'icmp/timestamp-request to 203.0.113.25', 'drop by default', 'another type'],
    ['192.168.51.35', 'gre to 203.0.113.25', 'accept by desk', 'another IP protocol'],
    ['192.168.51.35', 'esp to 203.0.113.25', 'drop by default', 'which is not every one'],
    ['192.168.51.35', 'tcp/6667 to 203.0.113.25', 'reject by slow', 'reject'],
    ['192.168.51.35', 'tcp/6668 to 203.0.113.25', 'drop by no', 'deny is as gateway.default says'],
    ['192.168.51.35', 'tcp/7000 to 203.0.113.25', 'drop by default', '`via: proxy` opens nothing directly'],
    ['192.168.51.35', 'tcp/443 to 203.0.113.25', 'drop by default', 'the web directly'],
    ['192.168.51.35', 'udp/443 to 203.0.113.25', 'reject by default', 'QUIC is refused quickly'],
    ['192.168.51.35', 'tcp/853 to 203.0.113.25', 'reject by default', 'DNS over TLS too'],
    ['192.168.51.35', 'udp/53 to 192.168.51.254', 'accept by serve', 'DNS of the gateway'],
    ['192.168.51.35', 'udp/53 to 203.0.113.25', 'reject by default', 'but not past it: refused quickly'],
    ['192.168.51.35', 'ping to 192.168.51.254', 'accept by serve', 'echo of the gateway'],
    ['192.168.51.35', 'ping to 93.184.215.14', 'drop by default', 'but not past it'],
    ['0.0.0.0', 'dhcp to 255.255.255.255', 'accept by serve', 'a client without an address'],
    ['0.0.0.0', 'dhcp to 192.168.51.254', 'drop by default', 'which asks everybody, not the gateway alone'],
    ['192.168.51.35', 'icmp/redirect to 192.168.51.254', 'drop by default', 'what would move routes begins no flow'],
    ['192.168.51.35', 'udp/53 to 127.0.0.1', 'drop by default', 'loopback is on no wire'],
    ['192.168.51.35', 'udp/443 to 10.1.1.1', 'reject by default', 'past the gateway all of it is refused quickly'],
    ['192.168.51.35', 'tcp/53 to 192.168.51.7', 'drop by default', 'within green nothing is'],
    ['fe80::7', 'udp/53 to fe80::254', 'accept by serve', 'a neighbour is served over its link-local address'],
    ['fe80::7 00:16:3e:5e:6c:01', 'tcp/800 to fe80::254', 'drop by default', 'but no rule speaks of a family that green has not'],
    ['203.0.113.9', 'tcp/800 to 192.168.51.254', 'drop by default', 'from the red side'],
    ['10.1.1.1', 'smtp to 203.0.113.25', 'drop by default', 'a forged address'],
    [ADMIN, 'tcp/445 to 192.168.51.254', 'accept by admin', 'the admin, though blocked'],
    [ADMIN, 'tcp/222 to 192.168.51.254', 'accept by admin', 'both ports'],
    [ADMIN, 'tcp/445 to 203.0.113.25', 'drop by blocks', 'on the gateway alone'],
    ['192.168.51.200', 'tcp/445 to 192.168.51.254', 'drop by blocks', 'by the MAC, not by the address'],
    ['192.168.51.201', 'tcp/445 to 192.168.51.254', 'drop by default', 'nobody else'],
    ['192.168.51.9', 'tcp/110 to 203.0.113.25', 'drop by blocks', 'a blocked client, whatever the rules say'],
    ['192.168.51.9', 'udp/53 to 192.168.51.254', 'drop by blocks', 'before serve'],
    ['192.168.51.10', 'tcp/25 to 203.0.113.25', 'drop by blocks', 'a blocked port'],
    ['192.168.51.10', 'tcp/110 to 203.0.113.25', 'accept by mail', 'another port of that client'],
    ['192.168.51.11', 'tcp/1863 to 203.0.113.25', 'drop by blocks', 'a blocked service'],
    ['192.168.51.11', 'tcp/110 to 203.0.113.25', 'accept by mail', 'that service alone'],
    ['192.168.51.35', 'dhcp to 192.168.51.255', 'accept by serve', 'DHCP asks the network too'],
    ['192.168.51.35', 'udp/137 to 192.168.51.255', 'drop by default', 'what is for everybody'],
    ['fe80::7', 'icmpv6/133 to ff05::2', 'accept by default', 'who asks for a router, wherever'],
    ['gateway', 'icmpv6/135 to fe80::7', 'accept by default', 'the gateway finds its neighbours'],
    ['gateway', 'tcp/25 to 203.0.113.25', 'accept by own-mail', 'what the gateway sends itself'],
    ['gateway', 'tcp/99 to 203.0.113.25', 'accept by default', 'gateway.output is allow'],
    ['gateway', 'tcp/99 to 127.0.0.1', 'accept by default', 'to itself'],
  ]
  for (const [from, what, expected, why] of rows) t.equal(packetJudged(office, from, what), expected, `${from}: ${what}: ${why}: ${expected}`)
})

t.test('the gateway\'s own packets', async (t) => {
  const policy = compile(`
gateway:
  green: { interface: eth0, address: 192.168.51.254/24 }
  red: { interface: eth1 }
  admin: { mac: "00:1a:2b:3c:4d:5e", ports: [445] }
  output: { action: drop }
  proxy: { user: greengate }
  resolvers: [9.9.9.9, "149.112.112.112:5353"]
  default: { action: reject }
rules:
  - { name: ntp, action: allow, from: gateway, to: internet, services: ntp }
  - { name: any, action: allow, from: any, to: any, services: tcp/22 }
  - { name: deny, action: deny, from: any, to: any, services: tcp/23 }`)
  const rows: readonly (readonly [from: string, what: string, expected: string])[] = [
    ['gateway', 'ntp to 93.184.215.14', 'accept by ntp'], ['gateway', 'tcp/22 to 93.184.215.14', 'drop by default'], ['gateway', 'udp/53 to 9.9.9.9', 'accept by default'],
    ['gateway', 'udp/53 to 9.9.9.10', 'drop by default'], ['gateway', 'udp/5353 to 149.112.112.112', 'accept by default'], ['gateway', 'tcp/443 to 93.184.215.14', 'reject by default'],
    ['gateway', 'tcp/443 to 192.168.51.7', 'drop by default'], ['gateway', 'udp/443 to 93.184.215.14', 'reject by default'],
    ['192.168.51.7', 'tcp/22 to 93.184.215.14', 'accept by any'], ['192.168.51.7', 'tcp/23 to 93.184.215.14', 'reject by deny'], ['192.168.51.7', 'tcp/24 to 93.184.215.14', 'reject by default'],
  ]
  for (const [from, what, expected] of rows) t.equal(packetJudged(policy, from, what), expected, `${from}: ${what}: ${expected}`)
})

t.test('two greens and IPv6', async (t) => {
  const policy = compile(`
gateway:
  green: [{ interface: eth0, address: [192.168.51.254/24, "fd00:51::1/64"] }, { interface: eth2, address: 192.168.52.254/24 }]
  red: { interface: eth1, private: true }
  admin: { mac: "00:1a:2b:3c:4d:5e", ports: [445] }
rules:
  - { name: across, action: allow, from: green, to: 192.168.52.0/28, services: ssh }
  - { name: out, action: allow, from: green, to: internet, services: smtp }
  - { name: own, action: allow, from: gateway, to: internet, services: ntp }`)
  const rows: readonly (readonly [from: string, what: string, expected: string])[] = [
    ['192.168.51.7', 'ssh to 192.168.52.3', 'accept by across'], ['192.168.51.7', 'ssh to 192.168.52.30', 'drop by default'], ['192.168.51.7', 'smtp to 192.168.52.30', 'drop by default'],
    ['fd00:51::7', 'smtp to 2606:2800::1', 'accept by out'], ['fd00:52::7', 'smtp to 2606:2800::1', 'drop by default'], ['192.168.51.7', 'smtp to 10.1.1.1', 'accept by out'],
    ['fe80::7', 'smtp to 2606:2800::1', 'accept by out'], ['fe80::7', 'icmp/neighbour-solicitation to fd00:51::1', 'accept by default'], ['fe80::7', 'smtp to fd00:51::1', 'drop by default'],
    ['::', 'smtp to 2606:2800::1', 'accept by out'], ['::', 'ntp to 2606:2800::1', 'drop by default'],
    ['fd00:51::7', 'icmpv6/134 to fd00:51::1', 'drop by default'], ['fd00:51::7', 'icmpv6/1 to 2606:2800::1', 'drop by default'],
    ['fd00:51::7', 'icmp/neighbour-solicitation to fd00:51::1', 'accept by default'], ['fd00:51::7', 'icmp/neighbour-solicitation to 2606:2800::1', 'drop by default'],
  ]
  for (const [from, what, expected] of rows) t.equal(packetJudged(policy, from, what), expected, `${from}: ${what}: ${expected}`)
})

t.test('without red, only what counts as internet is refused quickly', async (t) => {
  const policy = compile(`
gateway:
  green: [{ interface: eth0, address: 192.168.51.254/24 }, { interface: eth2, address: 192.168.52.254/24 }]
  admin: { mac: "00:1a:2b:3c:4d:5e", ports: [445] }`)
  const rows: readonly (readonly [what: string, expected: string])[] = [
    ['udp/443 to 93.184.215.14', 'reject by default'], ['tcp/53 to 192.168.52.3', 'drop by default'], ['udp/443 to 192.168.51.254', 'drop by default'], ['udp/443 to 10.1.1.1', 'drop by default'],
  ]
  for (const [what, expected] of rows) t.equal(packetJudged(policy, '192.168.51.7', what), expected, `${what}: ${expected}`)
})
