// Packet rules as sets of packets, for the proof of shadows. Danger prevented: two rules compared by how they are written.
import { EVERYTHING, networkSet } from '../net/network.ts'
import type { ServiceSet } from '../policy/policy.ts'
import { EVERY_WORD, numbers, words } from './box.ts'
import type { Box, Side } from './box.ts'
import type { CompiledPolicy } from './compile.ts'
import type { ClientSet } from './client-set.ts'
import type { ReadyPacketRule } from './packet-rule.ts'
import type { PacketRule } from '../policy/policy.ts'
import type { Area } from './shadow.ts'

/** Where each protocol's numbers stand on the one line of services. */
const UDP = 65536
const ICMP4 = 2 * 65536
const ICMP6 = ICMP4 + 512
const OTHER = ICMP6 + 512
const LAST = OTHER + 255

/** Who: by address, by MAC, by both. */
export function clientSides(clients: ClientSet): readonly (readonly [Side, Side])[] {
  const everywhere: Side = { kind: 'ranges', set: EVERYTHING }
  if (clients.any) return [[everywhere, EVERY_WORD]]
  const sides: (readonly [Side, Side])[] = []
  if (!clients.networks.empty) sides.push([{ kind: 'ranges', set: clients.networks }, EVERY_WORD])
  if (clients.macs.size > 0) sides.push([everywhere, words(...clients.macs)])
  for (const pin of clients.pins) sides.push([{ kind: 'ranges', set: pin.networks }, words(...pin.macs)])
  return sides
}

/** A part that asks for a source port is the whole port at most, and nothing at least. */
function serviceSide(services: ServiceSet, proxyPort: number, atMost: boolean): Side {
  if (services.any) return numbers([{ first: 0, last: LAST }], networkSet)
  return numbers(services.parts.flatMap((part) => {
    switch (part.protocol) {
      case 'proxy': return [{ first: proxyPort, last: proxyPort }]
      case 'ip': return [{ first: OTHER + part.number, last: OTHER + part.number }]
      case 'icmp':
        if (part.all === true) return [{ first: ICMP4, last: OTHER - 1 }]
        return [...(part.v4 === undefined ? [] : [ICMP4 + part.v4]), ...(part.v6 === undefined ? [] : [ICMP6 + part.v6])].map((at) => ({ first: at, last: at }))
      default: {
        if (part.sourcePort !== undefined && !atMost) return []
        const base = part.protocol === 'udp' ? UDP : 0
        return [{ first: base + part.first, last: base + part.last }]
      }
    }
  }), networkSet)
}

export function packetArea(compiled: CompiledPolicy, ready: ReadyPacketRule): Area<PacketRule> {
  const { rule } = ready
  const targets: Side = { kind: 'ranges', set: ready.targets }
  const paths = rule.via === 'both' ? words('direct', 'proxy') : words(rule.via)
  const boxes = (atMost: boolean): readonly Box[] => {
    const services = serviceSide(rule.services, compiled.machine.proxyPort, atMost)
    const senders: Box[] = clientSides(ready.clients).map(([addresses, macs]) => [words('client'), addresses, macs, targets, services, paths])
    if (rule.from.gateway) senders.push([words('gateway'), { kind: 'ranges', set: EVERYTHING }, EVERY_WORD, targets, services, paths])
    return senders.filter((box) => box.every((side) => side.kind === 'words' || !side.set.empty))
  }
  return { rule, most: boxes(true), least: boxes(false) }
}
