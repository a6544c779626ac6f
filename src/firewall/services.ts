// Services as what a packet carries: protocol, ports and types, split by family where ICMP differs. Danger prevented: a service of
// one family that opens another, or `-p 0`, which iptables reads as every protocol.
import type { Family } from '../net/ip.ts'
import type { PortRange, ServiceSet } from '../policy/policy.ts'
import type { Tests } from './ruleset.ts'
import { BOTH } from './ruleset.ts'

/** A part of a line's conditions, in the families in which it can hold. */
export interface Term {
  readonly families: readonly Family[]
  readonly tests: Tests
  /** the author named addresses of this family here, so that its coming to nothing must be told */
  readonly explicit?: true
}

const LAST_PORT = 65535

/** Sorted, overlapping and adjacent ones joined; the whole span becomes none at all: every port. */
export function mergePorts(ports: readonly PortRange[]): readonly PortRange[] {
  const merged: PortRange[] = []
  for (const { first, last } of ports.toSorted((a, b) => a.first - b.first)) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before.last + 1) merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, last) }
    else merged.push({ first, last })
  }
  const [only] = merged
  return only !== undefined && merged.length === 1 && only.first <= 0 && only.last >= LAST_PORT ? [] : merged
}

export function portTerm(protocol: 'tcp' | 'udp', ports: readonly PortRange[]): Term {
  return { families: BOTH, tests: { l4: { protocol, ports: mergePorts(ports) } } }
}

/** The cells of a service set; `proxyPort` is the port in use. */
export function serviceTerms(services: ServiceSet, proxyPort: number): readonly Term[] {
  if (services.any) return [{ families: BOTH, tests: {} }]
  const ports: Record<'tcp' | 'udp', PortRange[]> = { tcp: [], udp: [] }
  const types: Record<Family, Set<number>> = { 4: new Set(), 6: new Set() }
  let everyIcmp = false
  const terms: Term[] = []
  const numbers = new Set<number>()
  for (const part of services.parts) {
    if (part.protocol === 'proxy') ports.tcp.push({ first: proxyPort, last: proxyPort })
    else if (part.protocol === 'icmp') {
      if (part.all === true) everyIcmp = true
      if (part.v4 !== undefined) types[4].add(part.v4)
      if (part.v6 !== undefined) types[6].add(part.v6)
    } else if (part.protocol === 'ip') numbers.add(part.number)
    else if (part.sourcePort !== undefined) {
      const { protocol, first, last, sourcePort } = part
      // DHCP is IPv4's: its discovery has no address yet, so it is the only thing that a source port may tell
      terms.push({ families: [4], tests: { l4: { protocol, ports: [{ first, last }], sourcePort } } })
    } else ports[part.protocol].push({ first: part.first, last: part.last })
  }
  for (const protocol of ['tcp', 'udp'] as const) if (ports[protocol].length > 0) terms.push(portTerm(protocol, ports[protocol]))
  for (const family of BOTH) {
    const named = everyIcmp ? [] : [...types[family]].sort((a, b) => a - b)
    if (everyIcmp || named.length > 0) terms.push({ families: [family], tests: { l4: { protocol: 'icmp', types: named } } })
  }
  // 0 is the hop-by-hop header, never what a packet carries
  for (const number of [...numbers].sort((a, b) => a - b)) if (number > 0) terms.push({ families: BOTH, tests: { l4: { protocol: 'ip', number } } })
  return terms
}
