// What a client asks for: a host and a port, parsed once into one canonical form. Danger prevented: a policy decided on one reading
// of an authority and a connection made to another (userinfo, two ports, brackets round a name, escapes; RFC 3986 3.2).
import { hostNameFromAscii } from './hostname.ts'
import type { HostName } from './hostname.ts'
import { asciiHost } from './idna.ts'
import type { Ip } from './ip.ts'
import { numericFromAscii, parseIpv6Host } from './numeric.ts'
import { decodePercent, textFromOctets } from './octets.ts'

export type Host = { readonly kind: 'name'; readonly name: HostName } | { readonly kind: 'address'; readonly address: Ip }

export interface Target {
  readonly host: Host
  readonly port: number
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

function failed(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem }
}

/** Latin1 text from the wire, or Unicode. An IPv6 address may stand with or without its brackets. */
export function parseHost(text: string): Parsed<Host> {
  if (text.length === 0) return failed('the host is empty')
  if (text.charCodeAt(0) === 0x5b || text.includes(':')) return parseIpv6(text)
  const decoded = decodePercent(text)
  if (decoded === undefined) return failed('the host has a broken percent escape')
  const unicode = textFromOctets(decoded)
  if (unicode === undefined) return failed('the host has octets that are not UTF-8')
  const ascii = asciiHost(unicode)
  if (ascii === undefined) return failed('the host has a character that belongs in no name')
  const address = numericFromAscii(ascii)
  if (address === 'invalid') return failed('the host looks like a number and is no address')
  if (address !== undefined) return { ok: true, value: { kind: 'address', address } }
  const name = hostNameFromAscii(ascii)
  if (name === undefined) return failed('the host has an empty label, or one of more than 63 octets, or is longer than 253')
  return { ok: true, value: { kind: 'name', name } }
}

function parseIpv6(text: string): Parsed<Host> {
  if (text.includes('%')) return failed('an IPv6 address with a zone is not forwarded')
  const address = parseIpv6Host(text)
  if (address === 'invalid') return failed(text.startsWith('[') ? 'what is in the brackets is no IPv6 address' : 'the host has a colon and is no IPv6 address')
  return { ok: true, value: { kind: 'address', address } }
}

/** `host[:port]` and nothing else. Without a default the port is required, as in CONNECT (RFC 9110 9.3.6). */
export function parseAuthority(text: string, defaultPort: number | undefined): Parsed<Target> {
  if (text.includes('@')) return failed('userinfo is not forwarded')
  const bracket = text.charCodeAt(0) === 0x5b
  const close = bracket ? text.indexOf(']') : -1
  if (bracket && close < 0) return failed('the bracket round the IPv6 address is not closed')
  const colon = text.indexOf(':', close + 1)
  if (bracket && colon !== close + 1 && close !== text.length - 1) return failed('something stands between the bracket and the port')
  if (colon < 0) return defaultPort === undefined ? failed('the port is missing') : withPort(text, defaultPort)
  if (!bracket && text.includes(':', colon + 1)) return failed('an IPv6 address needs brackets')
  const digits = text.slice(colon + 1)
  // An empty port means the default (RFC 3986 3.2.3); a CONNECT has none.
  if (digits.length === 0) return defaultPort === undefined ? failed('the port is missing') : withPort(text.slice(0, colon), defaultPort)
  const port = parsePort(digits)
  return port === undefined ? failed('the port is no decimal number from 1 to 65535') : withPort(text.slice(0, colon), port)
}

function withPort(text: string, port: number): Parsed<Target> {
  const host = parseHost(text)
  return host.ok ? { ok: true, value: { host: host.value, port } } : host
}

function parsePort(digits: string): number | undefined {
  if (digits.length > 5) return undefined
  let port = 0
  for (let i = 0; i < digits.length; i++) {
    const code = digits.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return undefined
    port = port * 10 + code - 0x30
  }
  return port >= 1 && port <= 65535 ? port : undefined
}

/** Canonical, with brackets round IPv6. */
export function hostText(host: Host): string {
  if (host.kind === 'name') return host.name
  return host.address.family === 6 ? `[${host.address.text}]` : host.address.text
}

export function authorityText(target: Target, defaultPort?: number): string {
  return target.port === defaultPort ? hostText(target.host) : `${hostText(target.host)}:${target.port}`
}
