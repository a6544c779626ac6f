// Services by name and by number: what `smtp`, `tcp/25`, `icmp/echo-request` and `gre` mean. Danger prevented: a port that is
// read as the asking side's (it is always the target's: whoever asks invents its own), and a name that means another port on
// another machine.
import type { ServicePart } from './policy.ts'
import { BOTH_ROWS, TCP_ROWS, UDP_ROWS } from './service-table.ts'

export type LiteralParse =
  | { readonly ok: true; readonly parts: readonly ServicePart[] }
  /** `undefined` problem: the text has not the shape of a literal, so it may be a name */
  | { readonly ok: false; readonly problem: string | undefined; readonly hint?: string }

/** Types that have one name and one meaning in ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861), and those of one family alone. */
const ICMP_TYPES: readonly (readonly [name: string, v4: number | undefined, v6: number | undefined])[] = [
  ['echo-reply', 0, 129], ['destination-unreachable', 3, 1], ['source-quench', 4, undefined], ['redirect', 5, 137], ['echo-request', 8, 128],
  ['router-advertisement', 9, 134], ['router-solicitation', 10, 133], ['time-exceeded', 11, 3], ['parameter-problem', 12, 4],
  ['timestamp-request', 13, undefined], ['timestamp-reply', 14, undefined], ['address-mask-request', 17, undefined], ['address-mask-reply', 18, undefined],
  ['packet-too-big', undefined, 2], ['multicast-listener-query', undefined, 130], ['multicast-listener-report', undefined, 131],
  ['multicast-listener-done', undefined, 132], ['neighbour-solicitation', undefined, 135], ['neighbour-advertisement', undefined, 136],
]
const ICMP_ALIASES: Readonly<Record<string, string>> = {
  ping: 'echo-request', pong: 'echo-reply', unreachable: 'destination-unreachable', 'ttl-exceeded': 'time-exceeded',
  'neighbor-solicitation': 'neighbour-solicitation', 'neighbor-advertisement': 'neighbour-advertisement',
}

/** IANA's protocol numbers; tcp, udp and icmp have their own forms. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  igmp: 2, ipip: 4, ipencap: 4, st: 5, egp: 8, igp: 9, dccp: 33, ipv6: 41, '6in4': 41, rsvp: 46, gre: 47, esp: 50, ah: 51, skip: 57, eigrp: 88,
  ospf: 89, etherip: 97, pim: 103, ipcomp: 108, vrrp: 112, carp: 112, 'l2tp-ip': 115, sctp: 132, udplite: 136, 'mpls-in-ip': 137,
}

export const WHY_NO_SOURCE_PORT = 'a service has the target\'s port alone: whoever asks invents its own, so a source port says nothing'

interface Table {
  readonly byName: ReadonlyMap<string, readonly ServicePart[]>
  readonly byPort: ReadonlyMap<string, string>
}

function icmpPart(name: string, v4: number | undefined, v6: number | undefined): ServicePart {
  return { protocol: 'icmp', name, ...(v4 === undefined ? {} : { v4 }), ...(v6 === undefined ? {} : { v6 }) }
}

function readTable(): Table {
  const byName = new Map<string, readonly ServicePart[]>()
  const byPort = new Map<string, string>()
  const read = (rows: string, protocols: readonly ('tcp' | 'udp')[]): void => {
    for (const row of rows.split(/[|\n]/)) {
      const [names = '', ports = ''] = row.split(' ')
      if (names === '') continue
      const [first = 0, last = first] = ports.split('-').map(Number)
      const parts = protocols.map((protocol) => ({ protocol, first, last }))
      for (const name of names.split('=')) byName.set(name, parts)
      const told = names.split('=')[0] ?? names
      if (first === last) for (const protocol of protocols) if (!byPort.has(`${protocol}/${first}`)) byPort.set(`${protocol}/${first}`, told)
    }
  }
  read(BOTH_ROWS, ['udp', 'tcp'])
  read(TCP_ROWS, ['tcp'])
  read(UDP_ROWS, ['udp'])
  byName.set('proxy', [{ protocol: 'proxy' }])
  byName.set('dhcp', [{ protocol: 'udp', first: 67, last: 67, sourcePort: 68 }])
  byName.set('ping', [icmpPart('echo-request', 8, 128)])
  byName.set('icmp', [{ protocol: 'icmp', name: 'icmp', all: true }])
  for (const protocol of ['tcp', 'udp'] as const) byName.set(protocol, [{ protocol, first: 0, last: 65535 }])
  for (const [name, number] of Object.entries(PROTOCOLS)) byName.set(name, [{ protocol: 'ip', number }])
  return { byName, byPort }
}

const table = readTable()

/** A name of the table (`smtp`, `dns`, `proxy`, `gre`); undefined for any other. Case does not matter. */
export function service(name: string): readonly ServicePart[] | undefined {
  return table.byName.get(name.toLowerCase())
}

export function serviceNames(): Iterable<string> {
  return table.byName.keys()
}

/** What a port is called: `nameOf('tcp', 800)` is `mdbs_daemon`. */
export function nameOf(protocol: 'tcp' | 'udp', port: number): string | undefined {
  return table.byPort.get(`${protocol}/${port}`)
}

/** `icmpTypeName(4, 8)` is `echo-request`. */
export function icmpTypeName(family: 4 | 6, type: number): string | undefined {
  return ICMP_TYPES.find(([, v4, v6]) => (family === 4 ? v4 : v6) === type)?.[0]
}

export function protocolNumber(name: string): number | undefined {
  return PROTOCOLS[name.toLowerCase()]
}

function parseIcmp(type: string, six: boolean): LiteralParse {
  const name = ICMP_ALIASES[type] ?? type
  const number = /^\d{1,3}$/.test(type) ? Number(type) : undefined
  // a type given by number means its namesake in the other family too: `icmp/8` and `ping` are one thing to whoever writes them
  const row = ICMP_TYPES.find(([known, v4, v6]) => known === name || (number !== undefined && number === (six ? v6 : v4)))
  if (row !== undefined) return { ok: true, parts: [icmpPart(...row)] }
  if (number === undefined) return { ok: false, problem: `\`${type}\` is no ICMP type`, hint: `known: ${ICMP_TYPES.map(([known]) => known).join(', ')}; or a number` }
  if (number > 255) return { ok: false, problem: `\`${type}\` is no ICMP type: they go from 0 to 255`, hint: 'write `icmp/echo-request`, or a number' }
  return { ok: true, parts: [six ? icmpPart(type, undefined, number) : icmpPart(type, number, undefined)] }
}

function parsePort(text: string, protocol: 'tcp' | 'udp'): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) >= 1 && Number(text) <= 65535 ? Number(text) : undefined
  const part = service(text)?.find((known) => known.protocol === protocol)
  return part !== undefined && 'first' in part && part.first === part.last ? part.first : undefined
}

/** `tcp/25`, `udp/5900-5910`, `tcp+udp/53`, `icmp/echo-request`, `ip/47`. */
export function parseServiceLiteral(text: string): LiteralParse {
  const folded = text.trim().toLowerCase()
  if (/^\d+(?:\s*[-:]\s*\d+)?$/.test(folded)) {
    const port = folded.replace(/\s/g, '').replace(':', '-')
    return { ok: false, problem: `\`${text}\` is a port without its protocol`, hint: `write \`tcp/${port}\`, \`udp/${port}\`, or both` }
  }
  const source = /^((?:tcp|udp)\S*)\s+from\b|\b(?:sport|src|spt|source(?:-port)?s?)\b|\/\s*[\d*]*-?\d*:[\d-]*$/.exec(folded)
  if (source !== null) return { ok: false, problem: `\`${text}\` names a source port`, hint: `${WHY_NO_SOURCE_PORT}; write the target's port \`tcp/25\`, a range \`tcp/5900-5910\`` }
  const match = /^([a-z0-9+]+)\s*\/\s*(.+)$/.exec(folded)
  if (match === null) return { ok: false, problem: undefined }
  const [, protocol = '', rest = ''] = match
  if (protocol === 'icmp' || protocol === 'icmpv6' || protocol === 'icmp6') return parseIcmp(rest, protocol !== 'icmp')
  if (protocol === 'ip' || protocol === 'proto') {
    const number = PROTOCOLS[rest] ?? (/^\d{1,3}$/.test(rest) ? Number(rest) : 256)
    if (number > 255) return { ok: false, problem: `\`${rest}\` is no IP protocol`, hint: 'write a number from 0 to 255, or `esp`, `gre`, ...' }
    if (number === 6 || number === 17) return { ok: true, parts: [{ protocol: number === 6 ? 'tcp' : 'udp', first: 0, last: 65535 }] }
    if (number === 1 || number === 58) return { ok: true, parts: [{ protocol: 'icmp', name: 'icmp', all: true }] }
    return { ok: true, parts: [{ protocol: 'ip', number }] }
  }
  const protocols = protocol.split('+')
  if (!protocols.every((known): known is 'tcp' | 'udp' => known === 'tcp' || known === 'udp')) {
    const swapped = /^(\d+(?:-\d+)?|[a-z][a-z0-9+_-]*)\/(tcp|udp)$/.exec(folded)
    if (swapped !== null) return { ok: false, problem: `\`${text}\` has port and protocol the wrong way round`, hint: `write \`${swapped[2]}/${swapped[1]}\`` }
    const known = PROTOCOLS[protocol] === undefined ? 'the protocols with ports are `tcp` and `udp`' : `\`${protocol}\` has no ports here; write \`${protocol}\` alone`
    return { ok: false, problem: `\`${text}\` is no service`, hint: known }
  }
  const parts: ServicePart[] = []
  for (const known of protocols) {
    for (const item of rest.split(',')) {
      const whole = parsePort(item.trim(), known)
      const [from = '', to = '', ...more] = whole === undefined ? item.split('-').map((end) => end.trim()) : [item, item]
      const first = whole ?? parsePort(from, known)
      const last = whole ?? parsePort(to, known)
      if (first === undefined || last === undefined || more.length > 0) {
        return { ok: false, problem: `\`${item.trim()}\` is no port`, hint: 'ports go from 1 to 65535: `tcp/25`, `udp/5900-5910`, `tcp/smtp`' }
      }
      if (first > last) return { ok: false, problem: `the range \`${item.trim()}\` runs backwards`, hint: `write \`${known}/${last}-${first}\`` }
      parts.push({ protocol: known, first, last })
    }
  }
  return { ok: true, parts }
}
