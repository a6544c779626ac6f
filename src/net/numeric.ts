// Hosts that are numbers: every spelling that a resolver (inet_aton) or a browser (WHATWG URL 3.5, IPv4 parser) reads as an address.
// Danger prevented: 0x7f.1, 2130706433 or １２７.１ reaching loopback past a rule that looked for 127.0.0.1. Where the two readings
// differ (0x alone, 1.2.3.0x), nobody can know which the other side will use: that is refused.
import { ipFromValue, parseIp } from './ip.ts'
import type { Ip } from './ip.ts'
import { asciiHost } from './idna.ts'
import { decodePercent, textFromOctets } from './octets.ts'

/**
 * The address that the text spells; 'invalid' where it looks like a number and is no address, or carries a zone; undefined
 * for a name. Text from the wire (one character an octet) or Unicode; percent escapes are read once.
 */
export function parseNumericHost(text: string): Ip | 'invalid' | undefined {
  if (text.includes(':') || text.startsWith('[')) return parseIpv6Host(text)
  const decoded = decodePercent(text)
  const unicode = decoded === undefined ? undefined : textFromOctets(decoded)
  const ascii = unicode === undefined ? undefined : asciiHost(unicode)
  return ascii === undefined ? undefined : numericFromAscii(ascii)
}

/** With or without brackets. A zone (RFC 6874) means something on one machine only; escapes have no place here (RFC 3986 3.2.2). */
export function parseIpv6Host(text: string): Ip | 'invalid' {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  const ip = bare.includes(':') ? parseIp(bare) : undefined
  return ip?.family === 6 ? ip : 'invalid'
}

/** As `parseNumericHost`, for text that `asciiHost` gave. */
export function numericFromAscii(ascii: string): Ip | 'invalid' | undefined {
  if (!looksNumeric(ascii)) return undefined
  const parts = (ascii.endsWith('.') ? ascii.slice(0, -1) : ascii).split('.')
  const last = parts.pop()
  if (last === undefined || parts.length > 3) return 'invalid'
  let value = 0
  for (const part of parts) {
    const octet = parsePart(part)
    if (octet === undefined || octet > 255) return 'invalid'
    value = value * 256 + octet
  }
  // The last part fills the octets that are left: 1.65535 is 1.0.255.255.
  const room = 256 ** (4 - parts.length)
  const rest = parsePart(last)
  if (rest === undefined || rest >= room) return 'invalid'
  return ipFromValue(4, BigInt(value * room + rest))
}

/** Is the last label a number, decimal or hexadecimal? Then the whole is an address or an error (WHATWG, ends in a number). */
export function looksNumeric(ascii: string): boolean {
  let end = ascii.length
  if (end > 0 && ascii.charCodeAt(end - 1) === 0x2e) end--
  const start = ascii.lastIndexOf('.', end - 1) + 1
  if (start >= end) return false
  const hex = end - start >= 2 && ascii.charCodeAt(start) === 0x30 && (ascii.charCodeAt(start + 1) | 0x20) === 0x78
  for (let i = hex ? start + 2 : start; i < end; i++) {
    const code = ascii.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) continue
    if (!hex || (code | 0x20) < 0x61 || (code | 0x20) > 0x66) return false
  }
  return true
}

/** Octal after a leading zero, hexadecimal after 0x; undefined where either reading refuses it. */
function parsePart(part: string): number | undefined {
  if (part.length === 0) return undefined
  const hex = part.charCodeAt(0) === 0x30 && part.length > 1 && (part.charCodeAt(1) | 0x20) === 0x78
  const octal = !hex && part.charCodeAt(0) === 0x30
  const radix = hex ? 16 : octal ? 8 : 10
  if (hex && part.length === 2) return undefined
  let value = 0
  for (let i = hex ? 2 : 0; i < part.length; i++) {
    const code = part.charCodeAt(i) | 0x20
    const digit = code >= 0x61 ? code - 0x57 : code >= 0x30 && code <= 0x39 ? code - 0x30 : radix
    if (digit >= radix) return undefined
    value = value * radix + digit
    if (value > 0xffffffff) return undefined
  }
  return value
}
