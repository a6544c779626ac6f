// Private destinations: what stays closed whatever the rules say, unless `resolves-to` opens it. Danger prevented: a name on the
// internet that resolves to the LAN, to this gateway, or to a cloud's metadata service, written in whichever form (SSRF, rebinding).
import type { Ip } from '../net/ip.ts'
import type { NetworkSet } from '../net/network.ts'
import { embeddedIps, scopeOf } from '../net/scope.ts'
import { reserved } from './cause.ts'
import type { Refused } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'

function firm(reason: string): Refused {
  return { cause: reserved('private', reason), firm: true }
}

// none of these names an address: the gateway is no DNS oracle (wire rule 19)
const NOT_PUBLIC = firm('the target leads to an address that is not public: the network behind the gateway is closed to requests')
const OWN = firm('the target leads to the gateway itself, which is closed to requests through the proxy')
const PROXY_PORT = firm('the target is the proxy\'s own port: requests would go round in a circle')
const ADMIN_PORT = firm('the target is one of the gateway\'s admin ports, which are never reached through the proxy')

/** `opened`: what the deciding rule's `resolves-to` opens. An address inside another (mapped, NAT64, 6to4, ...) is judged as well. */
export function closed(compiled: CompiledPolicy, address: Ip, port: number, opened: NetworkSet | undefined): Refused | undefined {
  const outer = closedAsItStands(compiled, address, port, opened)
  if (outer !== undefined || address.family === 4) return outer
  for (const inner of embeddedIps(address)) {
    const refused = closedAsItStands(compiled, inner, port, opened)
    if (refused !== undefined) return refused
  }
  return undefined
}

function closedAsItStands(compiled: CompiledPolicy, address: Ip, port: number, opened: NetworkSet | undefined): Refused | undefined {
  const own = compiled.known.own.has(address)
  if (own && compiled.closedPorts.has(port)) return port === compiled.machine.proxyPort ? PROXY_PORT : ADMIN_PORT
  if (opened !== undefined && opened.has(address)) return undefined
  if (own) return OWN
  return scopeOf(address) === 'public' ? undefined : NOT_PUBLIC
}
