// Protocols with their ports and types as one line of numbers, so that what a test says of them is a set of spans on it. Danger prevented:
// a port compared without its protocol.
import type { Family } from '../net/ip.ts'

export interface Span {
  readonly first: number
  readonly last: number
}

const UDP = 65_536
const ICMP = { 4: 2 * 65_536, 6: 2 * 65_536 + 256 } as const
const OTHER = 2 * 65_536 + 512
export const LAST_SERVICE = OTHER + 255

export const TCP_NUMBER = 6
export const UDP_NUMBER = 17
export const ICMP_NUMBER = { 4: 1, 6: 58 } as const

export const PORTS: Readonly<Record<'tcp' | 'udp', Span>> = { tcp: { first: 0, last: 65_535 }, udp: { first: UDP, last: UDP + 65_535 } }

export function portSpan(protocol: 'tcp' | 'udp', first: number, last = first): Span {
  return { first: PORTS[protocol].first + first, last: PORTS[protocol].first + last }
}

export function typeSpan(family: Family, type?: number): Span {
  return type === undefined ? { first: ICMP[family], last: ICMP[family] + 255 } : { first: ICMP[family] + type, last: ICMP[family] + type }
}

/** Every packet of an IP protocol. */
export function protocolSpan(number: number): Span {
  switch (number) {
    case TCP_NUMBER: return PORTS.tcp
    case UDP_NUMBER: return PORTS.udp
    case ICMP_NUMBER[4]: return typeSpan(4)
    case ICMP_NUMBER[6]: return typeSpan(6)
    default: return { first: OTHER + number, last: OTHER + number }
  }
}

export type Service =
  | { readonly protocol: 'tcp' | 'udp'; readonly port: number }
  | { readonly protocol: 'icmp'; readonly family: Family; readonly type: number }
  | { readonly protocol: 'ip'; readonly number: number }

export function serviceAt(at: number): Service {
  if (at < UDP) return { protocol: 'tcp', port: at }
  if (at < ICMP[4]) return { protocol: 'udp', port: at - UDP }
  if (at < ICMP[6]) return { protocol: 'icmp', family: 4, type: at - ICMP[4] }
  if (at < OTHER) return { protocol: 'icmp', family: 6, type: at - ICMP[6] }
  return { protocol: 'ip', number: at - OTHER }
}

/** Carried by a packet of the family at all? ICMP of the other one, and what has a place of its own, is not. */
export function carried(family: Family, at: number): boolean {
  const service = serviceAt(at)
  if (service.protocol === 'icmp') return service.family === family
  return service.protocol !== 'ip' || ![0, TCP_NUMBER, UDP_NUMBER, ICMP_NUMBER[4], ICMP_NUMBER[6]].includes(service.number)
}

export function serviceText(at: number): string {
  const service = serviceAt(at)
  switch (service.protocol) {
    case 'icmp': return `${service.family === 4 ? 'icmp' : 'icmpv6'}/${service.type}`
    case 'ip': return `ip/${service.number}`
    default: return `${service.protocol}/${service.port}`
  }
}
