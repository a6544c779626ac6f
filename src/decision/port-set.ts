// Ports and services as questions: does this rule speak of that port? Danger prevented: a service whose protocol is forgotten, so
// that a rule about UDP opens TCP.
import type { PortRange, ServicePart, ServiceSet } from '../policy/policy.ts'
import type { PacketFacts } from './facts.ts'

export function hasPort(ranges: readonly PortRange[], port: number): boolean {
  for (const range of ranges) if (port >= range.first && port <= range.last) return true
  return false
}

/** The TCP target ports of a service set, the proxy's own among them where it is named. */
export function tcpPorts(services: ServiceSet, proxyPort: number): readonly PortRange[] {
  if (services.any) return [{ first: 0, last: 65535 }]
  return services.parts.flatMap((part) => {
    if (part.protocol === 'proxy') return [{ first: proxyPort, last: proxyPort }]
    return part.protocol === 'tcp' && part.sourcePort === undefined ? [{ first: part.first, last: part.last }] : []
  })
}

export function holdsPacket(services: ServiceSet, packet: PacketFacts, proxyPort: number): boolean {
  return services.any || services.parts.some((part) => partHolds(part, packet, proxyPort))
}

function partHolds(part: ServicePart, packet: PacketFacts, proxyPort: number): boolean {
  const { protocol, port } = packet
  switch (part.protocol) {
    case 'proxy':
      return protocol === 'tcp' && port === proxyPort
    case 'icmp':
      // ICMPv6 is another protocol with other numbers (RFC 4443): the family of the target says which is meant
      return protocol === 'icmp' && (part.all === true || (port !== undefined && port === (packet.to.family === 4 ? part.v4 : part.v6)))
    case 'ip':
      return protocol === part.number
    default:
      if (protocol !== part.protocol || port === undefined || port < part.first || port > part.last) return false
      // DHCP alone tells a source port, and it is IPv4's
      return part.sourcePort === undefined || (packet.to.family === 4 && (packet.sourcePort === undefined || packet.sourcePort === part.sourcePort))
  }
}
