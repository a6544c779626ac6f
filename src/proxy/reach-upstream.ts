// From a permit to a connection: one at rest where that may be used, else a new one to an address that was judged; then the exchange goes on with it.
// Danger prevented: a connection of one decision used for another, and one that nobody waits for left open.
import type { Permit } from '../decision/facts.ts'
import type { Asked, Fetch } from './asked.ts'
import { Dial, type Dialled } from './dial.ts'
import type { Exchange } from './exchange.ts'
import { handOver } from './hand-over.ts'
import { ownUpstream } from './pinned.ts'
import { dialStatus, isWebSocket } from './request-facts.ts'

export type Reached = Fetch | Extract<Asked, { kind: 'connect' }>

/** What is dialled, for whoever must abort it; undefined: nothing is. */
export function reachUpstream(exchange: Exchange, asked: Reached, permit: Permit, mayReuse: boolean): Dial | undefined {
  const { inbound, request, snapshot } = exchange
  const relayed = asked.kind === 'connect' || isWebSocket(request)
  const idle = relayed || !mayReuse ? undefined : (ownUpstream(inbound, asked.target, permit.endpoints) ?? inbound.pool.take(asked.target, permit.endpoints))
  if (idle !== undefined && asked.kind === 'fetch') {
    exchange.deliver(asked, permit, idle)
    return undefined
  }
  return new Dial(permit.endpoints, { timeoutMs: snapshot.compiled.policy.limits.dialMs, allowHalfOpen: true }, (dialled) => {
    exchange.guarded(() => reached(exchange, asked, permit, relayed, dialled))
  })
}

function reached(exchange: Exchange, asked: Reached, permit: Permit, relayed: boolean, dialled: Dialled): void {
  const { inbound, notes } = exchange
  if (exchange.over) {
    if (dialled.ok) dialled.socket.destroy()
    return
  }
  notes.dial = dialled.ms
  if (!dialled.ok) {
    notes.cause = permit.endpoints[0]?.cause
    return exchange.refuseUpstream(dialStatus(dialled.error), dialled.error, `no connection: ${dialled.error.replaceAll('_', ' ')}`)
  }
  const { socket, endpoint } = dialled
  if (!relayed && asked.kind === 'fetch') return exchange.deliver(asked, permit, inbound.pool.adopt(socket, asked.target, endpoint))
  notes.permitted(endpoint)
  handOver(exchange, asked, socket, endpoint, permit)
}
