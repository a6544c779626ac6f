// The columns PROTO and DPORT as services of the policy. Danger prevented: a port without its protocol of which half is forgotten, and a
// number that could be either taken silently for one of the two.
import { parseServiceLiteral, protocolNumber, service } from '../../policy/services.ts'
import type { ServicePart } from '../../policy/policy.ts'
import { allBut } from '../iptables/numbers.ts'

export type ServicesRead =
  /** absent `services`: every one. `told`: read in a way that is not Shorewall's own */
  | { readonly ok: true; readonly services?: readonly string[]; readonly told?: { readonly message: string; readonly hint: string } }
  | { readonly ok: false; readonly message: string; readonly hint?: string }
  /** ICMP that begins nothing: it passes with the flow that it belongs to */
  | { readonly ok: 'state' }

type Range = readonly [first: number, last: number]

const MOST_PORT = 65_535
const ICMP: ReadonlySet<string> = new Set(['icmp', 'ipv6-icmp', 'icmpv6', 'icmp6', '1', '58'])
const ANY: ReadonlySet<string> = new Set(['', 'all', 'any', '0'])
/** Names that iptables has for errors and answers. */
const ERRORS = /^(a(?:ny)-)?(?:.*-(?:unreachable|prohibited|needed|exceeded|redirect|too-big)|fragmentation-needed|source-quench|source-route-failed|(?:host|network)-unknown|redirect|parameter-problem|ip-header-bad|required-option-missing|ttl-.*|precedence-cutoff|too-big|bad-header|unknown-.*|echo-reply|pong|timestamp-reply|address-mask-reply)$/

export function readServices(proto: string, dport: string): ServicesRead {
  if (/\$/.test(`${proto}${dport}`)) return { ok: false, message: `nothing says what \`${/\$\{?\w+\}?/.exec(`${proto} ${dport}`)?.[0] ?? ''}\` stands for`, hint: 'name the file `params` that sets it' }
  const protocols = proto.toLowerCase().split(',')
  const [first = ''] = protocols
  if (dport === '' && protocols.every((each) => /^!?(?:\d+|\d*[:-]\d*)$/.test(each) && each !== '0')) return portsAlone(proto)
  if (dport === '' && protocols.length === 1 && !isProtocol(first) && service(first) !== undefined) {
    return { ok: true, services: [first], told: { message: `\`${proto}\` stands where the protocol does: read as the service`, hint: 'Shorewall wants `tcp` or `udp` before it' } }
  }
  if (protocols.every((each) => ANY.has(each))) return dport === '' ? { ok: true } : ports(['tcp', 'udp'], dport)
  const services: string[] = []
  for (const each of protocols) {
    const read = one(each, dport)
    if (read.ok !== true) return read
    if (read.services === undefined) return read
    services.push(...read.services)
  }
  return { ok: true, services: merged(services) }
}

function isProtocol(text: string): boolean {
  return ANY.has(text) || ICMP.has(text) || /^(?:tcp|udp)(?::|$)/.test(text) || protocolNumber(text) !== undefined || /^\d+$/.test(text)
}

/** Without a protocol a port is meant, of both: what people write, though Shorewall itself reads a protocol's number. */
function portsAlone(text: string): ServicesRead {
  const read = ports(['tcp', 'udp'], text)
  if (read.ok !== true) return read
  const number = /^\d+$/.test(text) ? Number(text) : undefined
  const known = number === undefined ? undefined : KNOWN_NUMBERS[number]
  const hint = known === undefined ? `Shorewall itself wants the protocol: \`tcp ${text}\`` : `if the protocol ${number} is meant, write \`${known}\``
  return { ...read, told: { message: `\`${text}\` stands where the protocol does: read as the port, of TCP and of UDP`, hint } }
}

const KNOWN_NUMBERS: Readonly<Record<number, string>> = { 1: 'icmp', 2: 'igmp', 4: 'ipencap', 6: 'tcp', 17: 'udp', 41: 'ipv6', 47: 'gre', 50: 'esp', 51: 'ah', 58: 'ipv6-icmp', 88: 'eigrp', 89: 'ospf', 112: 'vrrp', 132: 'sctp' }

function one(protocol: string, dport: string): ServicesRead {
  const [name = '', flags] = protocol.split(':')
  if (flags !== undefined && !(name === 'tcp' && flags === 'syn')) return { ok: false, message: `\`${protocol}\` looks at flags of the packet, which no rule does`, hint: 'a rule speaks of the packet that begins a flow' }
  if (name.startsWith('!')) return { ok: false, message: 'nothing is negated in a rule', hint: 'write a rule of its own before this one' }
  if (name === 'tcp' || name === '6') return dport === '' ? { ok: true, services: ['tcp'] } : ports(['tcp'], dport)
  if (name === 'udp' || name === '17') return dport === '' ? { ok: true, services: ['udp'] } : ports(['udp'], dport)
  if (ICMP.has(name)) return icmp(dport, name === 'icmp' || name === '1' ? 'icmp' : 'icmpv6')
  if (ANY.has(name)) return { ok: true }
  const number = /^\d{1,3}$/.test(name) && Number(name) < 256 ? Number(name) : protocolNumber(name)
  if (number === undefined) return { ok: false, message: `\`${protocol}\` is no protocol that a rule can name` }
  if (dport !== '') return { ok: false, message: `\`${protocol}\` has no ports here` }
  return { ok: true, services: [`ip/${number}`] }
}

function icmp(types: string, protocol: 'icmp' | 'icmpv6'): ServicesRead {
  if (types === '') return { ok: true, services: ['icmp'] }
  const services: string[] = []
  for (const type of types.toLowerCase().split(',')) {
    const [name = '', code] = type.split('/')
    if (ERRORS.test(name) || (protocol === 'icmp' && /^(?:0|3|4|5|11|12|14|16|18)$/.test(name))) continue
    if (code !== undefined && code !== '0') return { ok: false, message: `\`${type}\` names a code, and a rule names the type alone` }
    const literal = parseServiceLiteral(`${protocol}/${name}`)
    if (!literal.ok) return { ok: false, message: `\`${type}\` is no ICMP type that a rule can name` }
    services.push(`${protocol}/${name}`)
  }
  return services.length === 0 ? { ok: 'state' } : { ok: true, services }
}

function ports(protocols: readonly ('tcp' | 'udp')[], text: string): ServicesRead {
  const negated = text.startsWith('!')
  const ranges: Range[] = []
  for (const item of text.replace(/^!/, '').split(',')) {
    const range = portRange(item, protocols[0] ?? 'tcp')
    if (range === undefined) return { ok: false, message: `\`${item}\` is no port`, ...(item.startsWith('+') ? { hint: 'write out the ports of the set' } : {}) }
    ranges.push(range)
  }
  const meant = negated ? allBut([[0, 0], ...ranges]) : ranges
  if (meant.length === 0) return { ok: false, message: `\`${text}\` leaves no port` }
  const prefix = protocols.join('+')
  return { ok: true, services: meant.map(([first, last]) => `${prefix}/${first === last ? first : `${first}-${last}`}`) }
}

function portRange(item: string, protocol: 'tcp' | 'udp'): Range | undefined {
  const span = /^(\d*)[:-](\d*)$/.exec(item)
  if (span !== null) {
    const first = span[1] === '' ? 1 : Math.max(1, Number(span[1]))
    const last = span[2] === '' ? MOST_PORT : Number(span[2])
    return first <= last && last <= MOST_PORT && item.length > 1 ? [first, last] : undefined
  }
  if (/^\d{1,5}$/.test(item)) return Number(item) >= 1 && Number(item) <= MOST_PORT ? [Number(item), Number(item)] : undefined
  const part = service(item)?.find((known) => known.protocol === protocol) ?? service(item)?.find((known) => 'first' in known)
  return part !== undefined && 'first' in part ? [part.first, part.last] : undefined
}

/** `tcp/53` and `udp/53` as one word. */
function merged(services: readonly string[]): string[] {
  const all = [...new Set(services)]
  return all.flatMap((each) => {
    if (each.startsWith('tcp/') && all.includes(`udp/${each.slice(4)}`)) return [`tcp+udp/${each.slice(4)}`]
    return each.startsWith('udp/') && all.includes(`tcp/${each.slice(4)}`) ? [] : [each]
  })
}

function partsOf(word: string): readonly ServicePart[] {
  const known = service(word)
  if (known !== undefined) return known
  const literal = parseServiceLiteral(word)
  return literal.ok ? literal.parts : []
}

/** Is there a packet of both? `undefined` is every service. */
export function meet(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return true
  const others = b.flatMap(partsOf)
  return a.flatMap(partsOf).some((left) => others.some((right) => {
    if (left.protocol !== right.protocol) return false
    if ('first' in left && 'first' in right) return left.first <= right.last && right.first <= left.last
    if (left.protocol === 'icmp' && right.protocol === 'icmp') return left.all === true || right.all === true || left.v4 === right.v4
    return !('number' in left) || !('number' in right) || left.number === right.number
  }))
}

/** tcp 80 and 443, udp 443: what a policy asks to be meant where it goes past the proxy. */
export function reachesWeb(services: readonly string[] | undefined): boolean {
  return meet(services, ['tcp/80', 'tcp/443', 'udp/443'])
}
