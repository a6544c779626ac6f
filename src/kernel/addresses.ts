// The addresses that the kernel answers to, of every interface: what os.networkInterfaces tells, and beside it those of interfaces
// without a carrier (a cable pulled, a bridge nobody is on), which it leaves out although the kernel still takes packets for them.
// Danger prevented: a request to the gateway's own address that the guard takes for a stranger's.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
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

/** The IPv4 addresses of /proc/net/fib_trie that are routed to this machine itself: `|-- ADDRESS`, below it `/32 host LOCAL`. */
export function parseFibTrie(text: string): Ip[] {
  const found: Ip[] = []
  let leaf = ''
  for (const line of text.split('\n')) {
    const trimmed = line.trimStart()
    if (trimmed.startsWith('|-- ')) leaf = trimmed.slice(4)
    else if (trimmed === '/32 host LOCAL') {
      const ip = parseIp(leaf)
      if (ip !== undefined) found.push(ip)
    }
  }
  return found
}

/** A router with the whole internet's routes has a hundred megabytes here, an office a few kilobytes: what is behind this is not read. */
const MOST_TRIE = 1 << 20

function fibTrie(): string {
  const file = openSync('/proc/net/fib_trie', 'r')
  try {
    const chunks: Buffer[] = []
    for (let length = 0; length < MOST_TRIE; ) {
      const chunk = Buffer.allocUnsafe(1 << 16)
      const read = readSync(file, chunk)
      if (read === 0) break
      chunks.push(chunk.subarray(0, read))
      length += read
    }
    return Buffer.concat(chunks).toString('latin1')
  } finally {
    closeSync(file)
  }
}

/** Each address once, in a steady order, so that two answers can be compared as text. All sources are memory of the kernel, not disk. */
export function ownAddresses(): Ip[] {
  const found = new Map<string, Ip>()
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) {
      const zone = entry.address.indexOf('%')
      const ip = parseIp(zone < 0 ? entry.address : entry.address.slice(0, zone))
      if (ip !== undefined) found.set(ip.text, ip)
    }
  }
  for (const read of [() => parseFibTrie(fibTrie()), () => parseIfInet6(readFileSync('/proc/net/if_inet6', 'latin1'))]) {
    try {
      for (const ip of read()) found.set(ip.text, ip)
    } catch {
      // a machine without IPv6, or with its routes hidden, has no such file
    }
  }
  return [...found.values()].sort((a, b) => a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0))
}
