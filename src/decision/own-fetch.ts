// What the gateway may fetch for itself: the policy's guard, asked for an address. Public addresses are open; a private one only where a rule of the
// policy opens it for the machine's own programs. Danger prevented: a list's URL, or a redirect of its server, that leads into the network behind.
import type { Ip } from '../net/ip.ts'
import type { Target } from '../net/target.ts'
import { authorityText } from '../net/target.ts'
import { canonicalUri } from '../net/uri.ts'
import { closed } from './closed.ts'
import type { CompiledPolicy } from './compile.ts'
import { decide } from './decide.ts'
import type { RequestFacts } from './facts.ts'
import { guard } from './guard.ts'
import { nearestVia } from './nearest-via.ts'

export interface OwnFetch {
  readonly target: Target
  readonly secure: boolean
  /** origin-form */
  readonly path: string
  readonly now: number
  /** loopback: as whom the machine's own programs ask */
  readonly client: Ip
}

/** Those of the addresses that may be dialled, in their order. */
export function openToFetch(compiled: CompiledPolicy, fetch: OwnFetch, addresses: readonly Ip[]): readonly Ip[] {
  const { target } = fetch
  const shut = addresses.filter((address) => closed(compiled, address, target.port, undefined) !== undefined)
  if (shut.length === 0) return addresses
  const opened = openedByRules(compiled, fetch, shut)
  return addresses.filter((address) => !shut.includes(address) || opened.includes(address))
}

function openedByRules(compiled: CompiledPolicy, { target, secure, path, now, client }: OwnFetch, addresses: readonly Ip[]): readonly Ip[] {
  const facts: RequestFacts = {
    client: { address: client, mac: undefined }, via: nearestVia(compiled, client), now, method: secure ? 'CONNECT' : 'GET', target,
    uri: secure ? authorityText(target) : canonicalUri(target, path), tunnel: secure, userAgent: undefined, contentType: undefined,
  }
  const leave = decide(compiled, facts)
  if (leave.verdict !== 'open') return []
  const permit = guard(compiled, leave, addresses)
  return permit.verdict === 'allow' ? permit.endpoints.map(({ address }) => address) : []
}
