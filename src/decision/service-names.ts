// What a port is called: by the table that everybody knows (`MDBS_DAEMON`), and here, by the policy's own services (`IPCopProxy`). Danger
// prevented: a log that shows a refused proxy request under the name of a database, as IPCop's did, and leaves its reader to guess.
import type { Ip } from '../net/ip.ts'
import type { ServiceSet } from '../policy/policy.ts'
import { icmpTypeName, nameOf } from '../policy/services.ts'
import type { CompiledPolicy } from './compile.ts'
import type { PacketFacts } from './facts.ts'
import { holdsPacket } from './port-set.ts'

export interface ServiceNames {
  /** lower case, as the policy language has it */
  readonly known?: string
  readonly here?: string
}

export interface AskedService {
  readonly to: Ip
  readonly protocol: PacketFacts['protocol']
  readonly port: number | undefined
}

/** How many ports a service means: the narrowest tells most. */
function width({ any, parts }: ServiceSet): number {
  if (any) return Infinity
  return parts.reduce((sum, part) => sum + ('first' in part ? part.last - part.first + 1 : part.protocol === 'icmp' && part.all === true ? 256 : 1), 0)
}

export function serviceNames(compiled: CompiledPolicy, { to, protocol, port }: AskedService): ServiceNames {
  const { policy, machine } = compiled
  let here: { readonly name: string; readonly width: number } | undefined
  for (const [name, set] of policy.services) {
    if (!holdsPacket(set, { from: 'gateway', to, protocol, port, now: 0 }, machine.proxyPort)) continue
    // of two that mean the same, the first: groups of services stand after what they hold
    if (here === undefined || width(set) < here.width) here = { name, width: width(set) }
  }
  // the proxy is the gateway's: a port of the same number elsewhere is whatever it is there
  const proxy = here === undefined && protocol === 'tcp' && port === machine.proxyPort && compiled.known.own.has(to) ? 'proxy' : undefined
  const known = port === undefined ? undefined : protocol === 'icmp' ? icmpTypeName(to.family, port) : protocol === 'tcp' || protocol === 'udp' ? nameOf(protocol, port) : undefined
  const told = here?.name ?? proxy
  return { ...(known === undefined ? {} : { known }), ...(told === undefined ? {} : { here: told }) }
}
