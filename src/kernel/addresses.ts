// The addresses that the kernel answers to, of every interface: what os.networkInterfaces tells, and beside it the IPv6 addresses of
// interfaces without a carrier, which it leaves out although the kernel still takes packets for them. Danger prevented: a request to
// the gateway's own address that the guard takes for a stranger's.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { ipFromValue, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'

/** One line of /proc/net/if_inet6: 32 hex digits, index, prefix, scope, flags, name. */
export function parseIfInet6(text: string): Ip[] {
  const found: Ip[] = []
  for (const line of text.split('\n')) {
    const digits = /^([0-9a-f]{32})\s/i.exec(line)?.[1]
    if (digits !== undefined) found.push(ipFromValue(6, BigInt(`0x${digits}`)))
  }
  return found
}

/** Each address once, in a steady order, so that two answers can be compared as text. Both sources are memory of the kernel, not disk. */
export function ownAddresses(): Ip[] {
  const found = new Map<string, Ip>()
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) {
      const zone = entry.address.indexOf('%')
      const ip = parseIp(zone < 0 ? entry.address : entry.address.slice(0, zone))
      if (ip !== undefined) found.set(ip.text, ip)
    }
  }
  try {
    for (const ip of parseIfInet6(readFileSync('/proc/net/if_inet6', 'latin1'))) found.set(ip.text, ip)
  } catch {
    // a machine without IPv6 has no such file
  }
  return [...found.values()].sort((a, b) => a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0))
}
