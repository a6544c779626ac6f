// An IP address as a value: family, integer and one canonical text. The only file that knows ipaddr.js.
// Danger prevented: two spellings of one address that compare as different (RFC 4291 2.2, RFC 5952).
import ipaddr from 'ipaddr.js'

export type Family = 4 | 6

/** `value` is the address as an unsigned integer; `text` is dotted quad or RFC 5952, without brackets or zone. */
export interface Ip {
  readonly family: Family
  readonly value: bigint
  readonly text: string
}

const QUAD = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/

function integer(bytes: readonly number[]): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

/** Strict text of one address: a dotted quad without leading zeros, or IPv6 without a zone. Anything else: undefined. */
export function parseIp(text: string): Ip | undefined {
  if (text.includes(':')) {
    const hextets = withoutQuad(text)
    if (hextets === undefined || !ipaddr.IPv6.isValid(hextets)) return undefined
    const address = ipaddr.IPv6.parse(hextets)
    return { family: 6, value: integer(address.toByteArray()), text: address.toRFC5952String() }
  }
  if (!QUAD.test(text) || !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined
  const address = ipaddr.IPv4.parse(text)
  return { family: 4, value: integer(address.toByteArray()), text: address.toString() }
}

const HEXTETS = /^[0-9A-Fa-f:]+$/

/**
 * A dotted tail (RFC 4291 2.2) as two hextets. ipaddr.js would read ::1.2.3.4 as ::ffff:1.2.3.4, which is another address, and
 * would take octal and hexadecimal parts.
 */
function withoutQuad(text: string): string | undefined {
  const start = text.lastIndexOf(':') + 1
  if (!text.includes('.', start)) return HEXTETS.test(text) ? text : undefined
  const tail = text.slice(start)
  if (!QUAD.test(tail) || !ipaddr.IPv4.isValidFourPartDecimal(tail) || !HEXTETS.test(text.slice(0, start))) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number)
  return `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

export function ipFromValue(family: Family, value: bigint): Ip {
  const bytes: number[] = []
  for (let shift = family === 4 ? 24 : 120; shift >= 0; shift -= 8) bytes.push(Number((value >> BigInt(shift)) & 255n))
  const text = family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String()
  return { family, value, text }
}

const RECENT = 1024
const recent = new Map<string, Ip | undefined>()

/**
 * What a socket says of its peer: a zone is cut, an IPv4 address that came over an IPv6 socket (::ffff:a.b.c.d) becomes IPv4. The same few
 * addresses connect again and again: the last ones are kept.
 */
export function ipFromSocket(text: string | undefined): Ip | undefined {
  if (text === undefined) return undefined
  const known = recent.get(text)
  if (known !== undefined) return known
  if (recent.size >= RECENT) recent.clear()
  const ip = socketIp(text)
  recent.set(text, ip)
  return ip
}

function socketIp(text: string): Ip | undefined {
  const zone = text.indexOf('%')
  const ip = parseIp(zone < 0 ? text : text.slice(0, zone))
  if (ip?.family === 6 && ip.value >> 32n === 0xffffn) return ipFromValue(4, ip.value & 0xffffffffn)
  return ip
}

export function sameIp(a: Ip, b: Ip): boolean {
  return a.family === b.family && a.value === b.value
}
