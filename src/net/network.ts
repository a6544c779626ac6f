// Networks as ranges of addresses, and sets of them with their algebra. Danger prevented: a network that means more or less than
// its author saw (host bits set, a mask with holes, a range back to front), which other tools round silently.
import { ipFromValue, parseIp } from './ip.ts'
import type { Family, Ip } from './ip.ts'

export { EVERYTHING, NOTHING, complement, intersect, networkSet, subtract, union } from './networkset.ts'
export type { NetworkSet } from './networkset.ts'

/** Both ends included. */
export interface Range {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

export type NetworkParse =
  { readonly ok: true; readonly range: Range } | { readonly ok: false; readonly problem: string; readonly hint?: string }

/** An address, a CIDR block, address/netmask, or first-last; IPv4 and IPv6 alike. */
export function parseNetwork(text: string): NetworkParse {
  const slash = text.indexOf('/')
  if (slash >= 0) return parseBlock(text, text.slice(0, slash).trim(), text.slice(slash + 1).trim())
  const dash = text.indexOf('-')
  if (dash >= 0) return parseSpan(text, text.slice(0, dash).trim(), text.slice(dash + 1).trim())
  const ip = parseIp(text)
  return ip === undefined ? notAddress(text) : { ok: true, range: single(ip) }
}

export function single(ip: Ip): Range {
  return { family: ip.family, first: ip.value, last: ip.value }
}

/** The block of `prefix` bits that holds the address. */
export function blockOf(ip: { readonly family: Family; readonly value: bigint }, prefix: number): Range {
  const size = 1n << BigInt(bitsOf(ip.family) - prefix)
  const first = (ip.value / size) * size
  return { family: ip.family, first, last: first + size - 1n }
}

function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128
}

function notAddress(text: string): NetworkParse {
  const problem = `\`${text}\` is not an address`
  if (/^\d+(\.\d+){3}$/.test(text)) {
    if (text.split('.').some((part) => Number(part) > 255)) return { ok: false, problem: `${problem}: a part is over 255` }
    const plain = text.split('.').map(Number).join('.')
    return { ok: false, problem: `${problem}: a leading zero reads as octal in some programs`, hint: `write \`${plain}\` if decimal is meant` }
  }
  if (text.includes('%')) return { ok: false, problem: `${problem}: a zone means something on one machine only`, hint: `write \`${text.slice(0, text.indexOf('%'))}\`` }
  if (/^\[.*\]$/.test(text)) return { ok: false, problem, hint: `write \`${text.slice(1, -1)}\`, without brackets` }
  return { ok: false, problem }
}

function parseBlock(text: string, left: string, right: string): NetworkParse {
  const ip = parseIp(left)
  if (ip === undefined) return notAddress(left)
  const bits = bitsOf(ip.family)
  let prefix: number
  if (/^\d{1,3}$/.test(right)) {
    prefix = Number(right)
    if (prefix > bits) return { ok: false, problem: `\`/${right}\` is no prefix length: IPv${ip.family} has ${bits} bits` }
  } else {
    const mask = parseIp(right)
    if (mask === undefined || mask.family !== ip.family) return { ok: false, problem: `\`${right}\` is neither a prefix length nor a netmask` }
    const found = prefixOfMask(mask.value, bits)
    if (found === undefined) {
      const inverse = prefixOfMask((1n << BigInt(bits)) - 1n - mask.value, bits)
      if (inverse !== undefined) return { ok: false, problem: `\`${right}\` is a wildcard mask, the inverse of a netmask`, hint: `write \`${left}/${inverse}\`` }
      return { ok: false, problem: `the netmask \`${right}\` has a hole: its ones must stand before its zeros` }
    }
    prefix = found
  }
  const range = blockOf(ip, prefix)
  if (range.first !== ip.value) return { ok: false, problem: `\`${text}\` has host bits set`, hint: `write \`${rangeText(range)}\` for the network, or \`${ip.text}\` for the address` }
  return { ok: true, range }
}

function prefixOfMask(mask: bigint, bits: number): number | undefined {
  const zeros = (1n << BigInt(bits)) - 1n - mask
  if ((zeros & (zeros + 1n)) !== 0n) return undefined
  return bits - (zeros === 0n ? 0 : zeros.toString(2).length)
}

function parseSpan(text: string, left: string, right: string): NetworkParse {
  if (left === '' || right === '') return notAddress(text)
  const first = parseIp(left)
  if (first === undefined) return notAddress(left)
  const last = parseIp(right)
  if (last === undefined) {
    const whole = /^\d{1,3}$/.test(right) && first.family === 4 ? parseIp(first.text.replace(/\d+$/, right)) : undefined
    if (whole !== undefined && whole.value > first.value) return { ok: false, problem: `\`${text}\` ends in a number, not in an address`, hint: `write \`${first.text}-${whole.text}\`` }
    return notAddress(right)
  }
  if (first.family !== last.family) return { ok: false, problem: `\`${text}\` goes from one family to the other` }
  if (first.value > last.value) return { ok: false, problem: `\`${text}\` ends before it begins`, hint: `write \`${last.text}-${first.text}\`` }
  return { ok: true, range: { family: first.family, first: first.value, last: last.value } }
}

/** The fewest CIDR blocks that make the range, each with its prefix length. */
export function cidrs(range: Range): string[] {
  const bits = bitsOf(range.family)
  const blocks: string[] = []
  let first = range.first
  while (first <= range.last) {
    let free = 0
    while (free < bits && (first & ((2n << BigInt(free)) - 1n)) === 0n && first + (2n << BigInt(free)) - 1n <= range.last) free++
    blocks.push(`${ipFromValue(range.family, first).text}/${bits - free}`)
    first += 1n << BigInt(free)
  }
  return blocks
}

/** `192.168.51.0/27`, one address bare, else `first-last`. What it prints, `parseNetwork` reads as the same range. */
export function rangeText(range: Range): string {
  const first = ipFromValue(range.family, range.first).text
  if (range.first === range.last) return first
  const size = range.last - range.first + 1n
  if ((size & (size - 1n)) === 0n && range.first % size === 0n) return `${first}/${bitsOf(range.family) - (size.toString(2).length - 1)}`
  return `${first}-${ipFromValue(range.family, range.last).text}`
}
