// A packet in an admin's words: `tcp/25 to 203.0.113.9`, `icmp/echo-request to ...`. Danger prevented: a reason that only the program
// that wrote it can read.
import { nameOf } from '../policy/services.ts'
import type { PacketFacts } from './facts.ts'

const ECHO_REQUEST = { 4: 8, 6: 128 } as const

export function serviceText(facts: PacketFacts): string {
  const { protocol, port, to } = facts
  if (typeof protocol === 'number') return `ip/${protocol}`
  if (port === undefined) return protocol
  if (protocol === 'icmp') return port === ECHO_REQUEST[to.family] ? 'icmp/echo-request' : `icmp/${port}`
  const name = nameOf(protocol, port)
  return name === undefined ? `${protocol}/${port}` : `${protocol}/${port} (${name})`
}

export function packetText(facts: PacketFacts): string {
  return `${serviceText(facts)} to ${facts.to.text}`
}
