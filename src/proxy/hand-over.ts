// A CONNECT or an upgrade, from the moment its connection stands: the 200, then both sockets to the tunnel (or, to port 80, back to the parser).
// Dangers prevented: a 2xx before there is a connection, early bytes read as requests, a tunnel that outlives the policy that allowed it.
import type { Socket } from 'node:net'
import type { Cause, Endpoint, Permit, RequestFacts, RuleLimit } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import { endToEndFields } from '../http/forward-head.ts'
import { mediaType } from '../http/media-type.ts'
import type { Target } from '../net/target.ts'
import type { Fetch } from './asked.ts'
import type { Exchange } from './exchange.ts'
import type { LiveExchange, LiveTunnel, Relay, RelayEnd } from './gate.ts'
import type { InboundConnection } from './inbound.ts'
import { judgeAnew, judgeResponse } from './judge.ts'
import type { Admission } from './limits.ts'
import { limitOf, sameLimit } from './pace.ts'
import { PSEUDONYM } from './pseudonym.ts'
import { refusalBytes } from './refusing.ts'
import type { Notes } from './notes.ts'
import { openTunnel } from './tunnel.ts'
import { openUpgrade } from './upgrade.ts'

/** RFC 9110 9.3.6: no length, no coding. */
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'
export function handOver(exchange: Exchange, asked: Fetch | { readonly kind: 'connect'; readonly target: Target }, upstream: Socket, endpoint: Endpoint, permit: Permit): void {
  const { inbound, notes, request, snapshot } = exchange
  const { limits } = snapshot.compiled.policy
  const admission = inbound.gate.limits.tunnel(inbound.peer.address, limits)
  if (admission.refused !== undefined) {
    upstream.destroy()
    return exchange.refuseLimit(admission.refused)
  }
  const { socket: client, early } = inbound.detach()
  notes.outlive()
  const live = new LiveRelay(inbound, notes, { ...permit.facts, userAgent: notes.userAgent }, endpoint, limitOf(snapshot, endpoint), admission)
  const pace = inbound.gate.limits.paces.of(snapshot, endpoint, inbound.peer.address)
  notes.limit = pace?.text
  const shared = { client, early, upstream, target: asked.target, endpoint, snapshot, gate: inbound.gate, pace, onEnd: live.onEnd }
  if (asked.kind === 'connect') {
    notes.status = 200
    if (inbound.peer.original === undefined) {
      notes.bytesOut += ESTABLISHED.length
      client.write(ESTABLISHED, 'latin1')
    }
    live.relay = openTunnel(shared)
  } else {
    const { forwardedFor, via: named } = snapshot.compiled.policy.web
    const via = named ? PSEUDONYM : undefined
    live.relay = openUpgrade({
      ...shared,
      head: request,
      fields: endToEndFields(request, { via, forwardedFor, clientAddress: inbound.peer.address.text }),
      via,
      host: asked.host,
      path: asked.path,
      refuse: (status, error, reason) => {
        notes.verdict = 'error'
        return refusalBytes(exchange, { status, error, cause: { by: 'upstream', kind: 'upstream', reason }, retryAfterS: undefined }, true)
      },
      judge: (type) => {
        const denial = judgeResponse(snapshot, permit, endpoint, mediaType(type))
        if (denial === undefined) return undefined
        notes.verdict = 'deny'
        const { cause } = denial
        return { bytes: refusalBytes(exchange, { status: 403, error: 'http_request_denied', cause, retryAfterS: undefined }, true), cause }
      },
    })
  }
  live.begin()
}

const PLAIN_INSIDE: Cause = { by: 'connect-ports', kind: 'connect-ports', reason: 'plain requests inside a CONNECT, each decided by itself' }

/** No connection yet: whether there may be one, and to which address, is decided for each request inside. `open`: an address that none of them need be refused. */
export function goInside(exchange: Exchange, target: Target, open: Endpoint | undefined): void {
  const { inbound, notes } = exchange
  inbound.inside = target
  notes.verdict = 'allow'
  notes.cause = open?.cause ?? PLAIN_INSIDE
  notes.status = 200
  notes.bytesOut += ESTABLISHED.length
  inbound.socket.write(ESTABLISHED, 'latin1')
  exchange.close()
  inbound.finish(false)
}

/** What is left of the exchange once it is handed over: its request and the rules that judged it are not kept for as long as a tunnel may last. */
class LiveRelay implements LiveExchange {
  place = -1
  readonly #inbound: InboundConnection
  readonly #notes: Notes
  readonly #facts: RequestFacts
  readonly #endpoint: Endpoint
  #limit: RuleLimit | undefined
  readonly #admission: Admission
  relay: Relay | undefined
  #over = false
  readonly onEnd = (end: RelayEnd): void => this.#ended(end)

  constructor(inbound: InboundConnection, notes: Notes, facts: RequestFacts, endpoint: Endpoint, limit: RuleLimit | undefined, admission: Admission) {
    this.#inbound = inbound
    this.#notes = notes
    this.#facts = facts
    this.#endpoint = endpoint
    this.#limit = limit
    this.#admission = admission
  }

  begin(): void {
    // it may have ended before it was returned
    if (!this.#over) this.#inbound.gate.live.add(this)
  }

  tunnel(): LiveTunnel {
    return this.#notes.tunnel(this.relay?.octets)
  }

  rejudge(snapshot: Snapshot, now: number): void {
    const judged = judgeAnew(snapshot, this.#facts, this.#endpoint, now)
    if (judged.verdict === 'allow') return this.#repace(snapshot, judged.endpoint)
    this.#notes.decidedBy(snapshot)
    this.relay?.end('http_request_denied', 'policy', judged.cause)
  }

  #repace(snapshot: Snapshot, endpoint: Endpoint): void {
    const limit = limitOf(snapshot, endpoint)
    if (this.relay === undefined || sameLimit(limit, this.#limit)) return
    this.#limit = limit
    const pace = this.#inbound.gate.limits.paces.of(snapshot, endpoint, this.#inbound.peer.address)
    this.#notes.limit = pace?.text
    this.relay.pace(pace)
  }

  #ended(end: RelayEnd): void {
    if (this.#over) return
    this.#over = true
    const notes = this.#notes
    this.#inbound.gate.live.delete(this)
    this.#admission.release()
    notes.bytesIn += end.bytesIn
    notes.bytesOut += end.bytesOut
    notes.serverName = end.serverName
    notes.ech = end.ech
    notes.status = end.status
    if (end.observed.length > 0) notes.observed = [...notes.observed, ...end.observed]
    if (end.cause !== undefined) {
      notes.cause = end.cause
      notes.verdict = end.fault === 'policy' ? 'deny' : notes.verdict
    }
    if (end.error !== undefined) notes.fail(end.error, end.fault ?? 'gateway')
    if (end.fault === 'upstream' || end.fault === 'gateway') notes.verdict = 'error'
    notes.tell()
  }
}
