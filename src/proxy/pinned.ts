// Connections to upstreams that belong to one client: by NTLM and Negotiate it is the connection that is authenticated and not the request (RFC 4559 6), so
// what follows on it is answered in the name of whom it authenticated. Such a one never comes among those that all clients share; it serves its client's
// connection, and ends with it. Danger prevented: one client's request answered with what another may see.
import type { Endpoint } from '../decision/facts.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { Target } from '../net/target.ts'
import type { InboundConnection } from './inbound.ts'
import { IDLE_MS, poolKey } from './pool.ts'
import type { Upstream } from './upstream.ts'

interface Pin {
  /** one a client's connection: who asks several origins in turn is asked anew who he is */
  upstream: Upstream
}

const pins = new WeakMap<InboundConnection, Pin>()
/** upstreams that are pinned: nobody is looked up while there are none */
const pinned = new WeakSet<Upstream>()
let ever = false

/** This client's own connection to one of these, at rest. */
export function ownUpstream(inbound: InboundConnection, target: Target, endpoints: readonly Endpoint[]): Upstream | undefined {
  if (!ever) return undefined
  const upstream = pins.get(inbound)?.upstream
  if (upstream === undefined || !upstream.alive) return undefined
  for (const endpoint of endpoints) {
    if (poolKey(target, endpoint) !== upstream.key) continue
    upstream.endpoint = endpoint
    return upstream
  }
  return undefined
}

/** After a complete exchange without surplus bytes: to its client where it is bound to it, else to all. */
export function giveBack(inbound: InboundConnection, request: RequestHead, upstream: Upstream): void {
  if (!request.bindsConnection && !(ever && pinned.has(upstream))) return inbound.pool.give(upstream)
  if (!upstream.alive || inbound.socket.destroyed) return upstream.destroy()
  const pin = pins.get(inbound)
  if (pin === undefined) {
    const made: Pin = { upstream }
    pins.set(inbound, made)
    inbound.socket.once('close', () => made.upstream.destroy())
  } else if (pin.upstream !== upstream) {
    pin.upstream.destroy()
    pin.upstream = upstream
  }
  ever = true
  pinned.add(upstream)
  upstream.rest(IDLE_MS)
}
