// A flow that passes, told in the policy's words: who (client, group), what for (service), and which rule would let it begin now. Danger
// prevented: a flow that an older policy allowed, shown as if the rules in force had allowed it.
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import type { CompiledPolicy } from './compile.ts'
import type { PacketDecision, PacketFacts } from './facts.ts'
import { groupOf } from './group.ts'
import { decidePacket } from './packet.ts'
import { serviceNames } from './service-names.ts'
import type { ServiceNames } from './service-names.ts'

export interface FlowFacts {
  readonly source: Ip
  readonly mac: Mac | undefined
  readonly target: Ip
  readonly protocol: PacketFacts['protocol']
  readonly port: number | undefined
  readonly sourcePort: number | undefined
  readonly now: number
}

export interface ToldFlow {
  /** the gateway itself began it */
  readonly own: boolean
  readonly group: string | undefined
  readonly names: ServiceNames
  readonly decision: PacketDecision
}

export function tellFlow(compiled: CompiledPolicy, facts: FlowFacts): ToldFlow {
  const { source, mac, target: to, protocol, port, sourcePort, now } = facts
  const own = compiled.known.own.has(source)
  const client = { address: source, mac }
  return {
    own,
    group: own ? undefined : groupOf(compiled, client),
    names: serviceNames(compiled, { to, protocol, port }),
    decision: decidePacket(compiled, { from: own ? 'gateway' : client, to, protocol, port, now, ...(sourcePort === undefined ? {} : { sourcePort }) }),
  }
}
