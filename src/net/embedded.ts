// The IPv4 address inside an IPv6 address, for every form in which one travels. Danger prevented: a gateway that closes
// 169.254.169.254 and lets 64:ff9b::a9fe:a9fe through, which a translator on the way turns into the same.
import { ipFromValue } from './ip.ts'
import type { Ip } from './ip.ts'

const MAPPED = 0xffffn // ::ffff:0:0/96, RFC 4291 2.5.5.2
const TRANSLATED = 0xffff0000n // ::ffff:0:0:0/96, RFC 2765 2.1
const NAT64 = 0x0064ff9b0000000000000000n // 64:ff9b::/96, RFC 6052 2.1
const NAT64_LOCAL = 0x0064ff9b0001n // 64:ff9b:1::/48, RFC 8215
const SIX_TO_FOUR = 0x2002n // 2002::/16, RFC 3056
const TEREDO = 0x20010000n // 2001::/32, RFC 4380
const LOW = 0xffffffffn

/** The IPv4 address that the IPv6 address carries to whoever translates it; undefined where it carries none. */
export function embeddedIp(ip: Ip): Ip | undefined {
  return embeddedIps(ip)[0]
}

/** As `embeddedIp`, with every reading where there are several: each must be judged. */
export function embeddedIps(ip: Ip): readonly Ip[] {
  if (ip.family === 4) return []
  return carried(ip.value).map((value) => ipFromValue(4, value))
}

/** RFC 5214 6.1: the interface identifier is 0000:5efe or 0200:5efe, then the IPv4 address. It stands in any network. */
export function isIsatap(ip: Ip): boolean {
  return ip.family === 6 && ((ip.value >> 32n) & 0xfdffffffn) === 0x00005efen
}

function carried(value: bigint): readonly bigint[] {
  const upper = value >> 32n
  const lower = value & LOW
  if (upper === 0n) return lower > 1n ? [lower] : [] // IPv4-compatible; neither :: nor ::1
  if (upper === MAPPED || upper === TRANSLATED || upper === NAT64) return [lower]
  if (value >> 80n === NAT64_LOCAL) return localNat64(value)
  if (value >> 96n === TEREDO) return teredo(value)
  const isatap = (upper & 0xfdffffffn) === 0x00005efen ? [lower] : []
  return value >> 112n === SIX_TO_FOUR ? [(value >> 80n) & LOW, ...isatap] : isatap
}

/** RFC 4380 4: the client's address, obscured; and the server's, to which a relay sends first (5.4.1), where one stands there. */
function teredo(value: bigint): readonly bigint[] {
  const client = (value & LOW) ^ LOW
  const server = (value >> 64n) & LOW
  return server === 0n ? [client] : [client, server]
}

/**
 * RFC 8215 leaves the length of the translation prefix within its /48 to the site. RFC 6052 2.2 puts zeros at bits 64-71 and
 * after the address, which rules some readings out; what remains is told, the likeliest first.
 */
function localNat64(value: bigint): readonly bigint[] {
  const found: bigint[] = []
  const lower = value & LOW
  const zeroOctet = ((value >> 56n) & 0xffn) === 0n
  if (zeroOctet && (value & 0xffffffffffn) === 0n) found.push((((value >> 64n) & 0xffffn) << 16n) | ((value >> 40n) & 0xffffn)) // /48
  if (zeroOctet && lower === 0n) found.push((((value >> 64n) & 0xffn) << 24n) | ((value >> 32n) & 0xffffffn)) // /56
  if (lower !== 0n) found.push(lower) // /96
  if (zeroOctet && (value & 0xffffffn) === 0n) found.push((value >> 24n) & LOW) // /64
  return found
}
