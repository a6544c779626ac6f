// One line of the firewall's log as data, wherever it was read: NFLOG, the kernel's ring, the journal, a syslog file. Danger prevented: four
// readers that each tell another story of one packet.
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'

export interface FirewallRecord {
  /** epoch milliseconds */
  readonly time: number
  /** the prefix of the line: `GREEN DROP`, `GREEN REJECT no-news`, `RED DROP` */
  readonly chain: string
  /** interfaces; absent: it came from, or went to, the machine itself */
  readonly in?: string
  readonly out?: string
  /** the sender's, where it was on the link */
  readonly mac?: Mac
  readonly source: Ip
  readonly target: Ip
  readonly protocol: 'tcp' | 'udp' | 'icmp' | number
  readonly sourcePort?: number
  /** the target's port, or the ICMP type */
  readonly port?: number
  readonly length?: number
}

/** As our rules name their ends; nobody else's log line begins so. */
const PREFIX = /^((?:GREEN|RED|OUTPUT|INPUT|FORWARD|LOOPBACK)(?: [A-Za-z0-9_.-]{1,64}){1,6}) ?$/

/** `GREEN DROP ` → `GREEN DROP`; undefined: not one of ours. */
export function chainOf(prefix: string): string | undefined {
  return PREFIX.exec(prefix)?.[1]
}

/** What became of the packet, and which rule says so: `GREEN WOULD DROP`, `GREEN REJECT no-news`. */
export function chainParts(chain: string): { readonly verdict: string; readonly would: boolean; readonly rule?: string } {
  const words = chain.split(' ').slice(1)
  const would = words[0] === 'WOULD'
  const [verdict = '', rule] = would ? words.slice(1) : words
  return { verdict: verdict.toLowerCase(), would, ...(rule === undefined ? {} : { rule }) }
}
