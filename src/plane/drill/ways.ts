// The ways out that a drill tries: what programs and people have used to get round a proxy. A way is a packet, or a few, from a Green client to one
// address of its own, so that whatever leaves tells which way it took. Danger prevented: a lock-down that was only tried on port 80.
import type { Family, Ip } from '../../net/ip.ts'

export interface Way {
  readonly title: string
  readonly family: Family
  /** as it is on the wire */
  readonly protocol: 'tcp' | 'udp' | 'icmp' | number
  /** the target's port, or the ICMP type */
  readonly port?: number
  readonly sourcePort?: number
  /** who the sender says it is, where that is not the client */
  readonly source?: Ip
  /** `ack`: TCP that never began; `large`: more than one packet can hold */
  readonly how?: 'ack' | 'large'
}

const TCP: readonly (readonly [title: string, port: number])[] = [
  ['web', 80], ['web, TLS', 443], ['web, other port', 8080], ['another proxy', 3128], ['SOCKS', 1080], ['SSH', 22], ['mail, to any server', 25], ['mail, submission', 587],
  ['POP3', 110], ['IMAP, TLS', 993], ['DNS over TCP', 53], ['DNS over TLS', 853], ['FTP', 21], ['SMB', 445], ['remote desktop', 3389], ['messenger', 1863], ['IRC', 6667], ['Tor', 9001], ['high port', 49152],
]
const UDP: readonly (readonly [title: string, port: number])[] = [
  ['QUIC', 443], ['DNS', 53], ['DNS over QUIC', 853], ['time', 123], ['IPsec', 500], ['IPsec, NAT', 4500], ['OpenVPN', 1194], ['WireGuard', 51820], ['high port', 49152],
]
/** of another protocol than TCP and UDP (IANA's numbers); of SCTP only what a filter without state would take for it */
const OTHER: readonly (readonly [title: string, protocol: number])[] = [['IP in IP', 4], ['IPv6 in IPv4', 41], ['GRE tunnel', 47], ['IPsec ESP', 50], ['SCTP', 132]]

const ECHO: Readonly<Record<Family, number>> = { 4: 8, 6: 128 }
const TIMESTAMP = 13

function plain(family: Family): readonly Way[] {
  return [
    ...TCP.map(([title, port]): Way => ({ title, family, protocol: 'tcp', port })),
    ...UDP.map(([title, port]): Way => ({ title, family, protocol: 'udp', port })),
    { title: 'ICMP with a payload', family, protocol: 'icmp', port: ECHO[family] },
    { title: 'UDP in fragments', family, protocol: 'udp', port: 49153, how: 'large' },
  ]
}

/** Only in IPv4: what the client's own packet filter makes of plain packets. */
function strange(): readonly Way[] {
  return [
    { title: 'ICMP timestamp', family: 4, protocol: 'icmp', port: TIMESTAMP },
    { title: 'TCP that never began', family: 4, protocol: 'tcp', port: 4430, how: 'ack' },
    { title: 'from the DNS port', family: 4, protocol: 'udp', port: 49154, sourcePort: 53 },
    { title: 'as DHCP, to a stranger', family: 4, protocol: 'udp', port: 67, sourcePort: 68 },
    ...OTHER.map(([title, protocol]): Way => ({ title, family: 4, protocol })),
  ]
}

/** What a sender may call itself that it is not. */
export interface Disguise {
  readonly title: string
  readonly source: Ip
}

function forged(disguises: readonly Disguise[]): readonly Way[] {
  return disguises.map(({ title, source }) => ({ title: `forged: ${title}`, family: source.family, protocol: 'udp', port: 49155, source }))
}

/** `families`: those in which the client has an address. */
export function waysOut(families: readonly Family[], disguises: readonly Disguise[]): readonly Way[] {
  return [...families.flatMap(plain), ...(families.includes(4) ? strange() : []), ...forged(disguises.filter(({ source }) => families.includes(source.family)))]
}

/** The gateway's own ports, beside those of the administrator: what often listens there. */
export const GATEWAY_PORTS: readonly number[] = [21, 22, 23, 80, 111, 443, 3128, 8080, 8443]

/** What the proxy must not be talked into, with its reason. `{gateway}`: the address that is asked. */
export const FORBIDDEN: readonly (readonly [title: string, method: 'GET' | 'CONNECT', target: string])[] = [
  ['the gateway\'s console', 'CONNECT', '{gateway}:445'], ['the gateway\'s SSH', 'CONNECT', '{gateway}:22'], ['the proxy itself', 'CONNECT', '{gateway}:{proxy}'],
  ['loopback', 'GET', 'http://127.0.0.1/'], ['loopback as a number', 'GET', 'http://2130706433/'], ['loopback, IPv6', 'GET', 'http://[::1]/'], ['a cloud\'s metadata', 'GET', 'http://169.254.169.254/'],
  ['a private network', 'GET', 'http://10.0.0.1/'], ['IPv4 in IPv6', 'GET', 'http://[::ffff:10.0.0.1]/'], ['mail through a tunnel', 'CONNECT', '198.51.100.25:25'],
  ['SSH through a tunnel', 'CONNECT', '198.51.100.25:22'], ['an address in place of a name', 'CONNECT', '198.51.100.25:443'],
]
