// A permitted request on its way: forwarded, its answer judged before a byte of the body goes on, its deadlines, one second try where the
// upstream's connection had died unnoticed. Dangers prevented: an idle body that holds both sides for ever, a request sent twice that
// was not safe to repeat, a policy's change that leaves running what it forbids.
import type { Endpoint, Permit } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import { type HttpFault, requestFault } from '../http/fault.ts'
import { forwardHead } from '../http/forward-head.ts'
import { mediaType } from '../http/media-type.ts'
import { forwardsLeft } from '../http/max-forwards.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { Limits } from '../policy/policy.ts'
import type { Fetch } from './asked.ts'
import { BodyPace } from './body-pace.ts'
import type { Exchange } from './exchange.ts'
import { coarseNow } from './deadlines.ts'
import { Forward } from './forward.ts'
import { forwardLimits } from './forward-limits.ts'
import type { ForwardOwner } from './forward-owner.ts'
import type { LiveExchange } from './gate.ts'
import { bodiless } from './request-facts.ts'
import { judgeAnew, judgeObserved, judgeResponse } from './judge.ts'
import { giveBack } from './pinned.ts'
import { queuedOctets } from './queued.ts'
import { PSEUDONYM } from './pseudonym.ts'
import type { Upstream } from './upstream.ts'

/** How long a client that expects 100 Continue waits for it. */
const CONTINUE_MS = 1_000
/** RFC 9110 9.2.2: may be sent again when nobody can tell whether it arrived */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

export class Delivery implements ForwardOwner, LiveExchange {
  place = -1
  readonly #exchange: Exchange
  readonly #asked: Fetch
  readonly #permit: Permit
  readonly #endpoint: Endpoint
  readonly #pace: BodyPace
  readonly #forward: Forward
  readonly #limits: Limits
  #idleMs: number
  #movedAt = coarseNow()
  #queued = 0
  #awaitingContinue = false
  /** the answer's head is sent */
  begun = false
  #close = false

  constructor(exchange: Exchange, asked: Fetch, permit: Permit, upstream: Upstream) {
    const { inbound, request, snapshot } = exchange
    const { policy } = snapshot.compiled
    this.#exchange = exchange
    this.#asked = asked
    this.#permit = permit
    this.#endpoint = upstream.endpoint
    this.#pace = new BodyPace(inbound, exchange.notes, snapshot, upstream.endpoint, () => this.roomForBody())
    this.#limits = policy.limits
    this.#idleMs = policy.limits.idleBodyMs
    this.#forward = new Forward(upstream, inbound, this, request, forwardLimits(policy))
  }

  begin(): void {
    const { inbound, request, snapshot } = this.#exchange
    const { via, forwardedFor } = snapshot.compiled.policy.web
    const { socket } = this.#forward.upstream
    inbound.gate.live.add(this)
    const left = forwardsLeft(request.method, request.maxForwards)
    // the head and what has come of the body in one write
    if (!this.#forward.requestDone) socket.cork()
    this.#forward.send(forwardHead(request, {
      path: this.#asked.path,
      host: this.#asked.host,
      via: via ? PSEUDONYM : undefined,
      forwardedFor,
      clientAddress: inbound.peer.address.text,
      maxForwards: left === undefined ? undefined : left - 1,
    }), this.#pace.down)
    if (this.#forward.requestDone) return
    this.#awaitingContinue = request.expectContinue
    this.#arm(this.#awaitingContinue ? CONTINUE_MS : this.#idleMs)
    this.#pace.begin()
    inbound.openBody()
    socket.uncork()
  }

  #arm(ms: number): void {
    this.#exchange.inbound.arm(ms)
  }

  get wantsBody(): boolean {
    return this.#forward.wantsBody
  }

  get sending(): boolean {
    return this.#forward.sending || this.#pace.waiting
  }

  get requestDone(): boolean { return this.#forward.requestDone }

  bodyData(chunk: Buffer): number {
    const taken = this.#forward.bodyData(chunk)
    this.#pace.moved(taken)
    return taken
  }

  clientWritten(): void {
    this.moved()
    this.#forward.clientWritten()
  }

  due(): void {
    const exchange = this.#exchange
    if (this.#awaitingContinue) {
      this.#awaitingContinue = false
      this.#forward.continueAnyway()
      return this.#arm(this.#idleMs)
    }
    const { socket } = exchange.inbound
    const queued = queuedOctets(socket) + queuedOctets(this.#forward.upstream.socket)
    if (queued !== this.#queued || this.#forward.upstream.waiting || this.#pace.waiting) this.moved()
    this.#queued = queued
    const left = this.#movedAt + this.#idleMs - coarseNow()
    if (left > 0) return this.#arm(left)
    if (this.begun) return this.cut('http_response_timeout', socket.writableLength > 0 ? 'client' : 'upstream')
    const { requestDone: waiting, sending } = this.#forward
    this.stop()
    if (waiting) exchange.refuseUpstream(504, 'http_response_timeout', 'the upstream did not answer in time')
    else if (sending) exchange.refuseUpstream(504, 'http_response_timeout', 'the upstream did not take the request in time')
    else exchange.refuseForm(requestFault('the request body did not come in time', 408))
  }

  /** Ends it at once: the client left, a deadline passed, the policy says no. */
  stop(): void {
    this.#forward.abort()
    this.#settle()
  }

  #settle(): void {
    const { inbound, notes } = this.#exchange
    inbound.gate.live.delete(this)
    this.#pace.end()
    notes.bytesIn += this.#forward.bytesIn
    notes.bytesOut += this.#forward.bytesOut
  }

  moved(): void {
    this.#movedAt = coarseNow()
  }

  roomForBody(): void {
    this.moved()
    if (!this.#forward.sending) this.#exchange.inbound.reads.fit()
    this.#exchange.inbound.openBody()
  }

  requestSent(): void {
    this.#awaitingContinue = false
    this.moved()
    if (this.begun) return
    this.#idleMs = this.#limits.firstByteMs
    this.#arm(this.#idleMs)
  }

  answer(head: ResponseHead): { readonly close: boolean } | undefined {
    const exchange = this.#exchange
    const { notes, snapshot } = exchange
    const type = mediaType(head.contentType)
    const denial = judgeResponse(snapshot, this.#permit, this.#endpoint, type)
    if (denial !== undefined) {
      this.stop()
      exchange.deny(denial)
      return undefined
    }
    notes.firstByte = notes.elapsed
    notes.status = head.status
    notes.contentType = type
    notes.observed = judgeObserved(snapshot, this.#permit, this.#endpoint, type)
    this.begun = true
    this.#idleMs = this.#limits.idleBodyMs
    this.#arm(this.#idleMs)
    // an answer before the request's end: what is left of the upload will not be waited for
    const old = exchange.request.minor === 0
    this.#close = exchange.mustClose || (old && head.framing.kind !== 'length' && head.framing.kind !== 'none')
    return { close: this.#close }
  }

  failed(problem: HttpFault, code: string | undefined): void {
    const exchange = this.#exchange
    const { request, notes } = exchange
    this.#settle()
    const lost = code !== undefined && !this.#forward.heard && this.#forward.upstream.reused
    if (lost && bodiless(request) && IDEMPOTENT.has(request.method)) return exchange.again(this.#asked, this.#permit)
    notes.fail(problem.error, 'upstream')
    exchange.refuseUpstream(502, problem.error, problem.problem)
  }

  badBody(problem: string): void {
    const exchange = this.#exchange
    this.#settle()
    if (this.begun) return this.#unfinished('http_request_error', 'client')
    exchange.refuseForm(requestFault(problem))
  }

  cut(error: string, fault: 'client' | 'upstream' = 'upstream'): void {
    this.stop()
    this.#unfinished(error, fault)
  }

  retracted(problem: HttpFault): void {
    this.begun = false
    this.#exchange.notes.contentType = undefined
    this.failed(problem, undefined)
  }

  /** The client is left with what it can tell is not whole: no final chunk, a length not reached, a reset where only the close ends it. */
  #unfinished(error: string, fault: 'client' | 'upstream' | 'policy'): void {
    const exchange = this.#exchange
    exchange.notes.fail(error, fault)
    if (fault !== 'policy') exchange.notes.verdict = 'error'
    exchange.close()
    exchange.inbound.finish(true, this.#forward.endsByClose)
  }

  done(): void {
    const exchange = this.#exchange
    const forward = this.#forward
    this.#settle()
    if (forward.reusable && !exchange.inbound.gate.draining) giveBack(exchange.inbound, exchange.request, forward.upstream)
    else forward.upstream.destroy()
    exchange.close()
    exchange.inbound.finish(this.#close)
  }

  get judged(): { readonly generation: number; readonly now: number } {
    return { generation: this.#exchange.snapshot.generation, now: this.#permit.facts.now }
  }

  rejudge(snapshot: Snapshot, now: number): void {
    const exchange = this.#exchange
    const judged = judgeAnew(snapshot, this.#permit.facts, this.#endpoint, now, this.begun ? exchange.notes.contentType : undefined)
    if (judged.verdict === 'allow') return this.#pace.change(snapshot, judged.endpoint, this.#forward.upstream)
    exchange.notes.decidedBy(snapshot)
    this.stop()
    if (!this.begun) return exchange.deny(judged)
    exchange.notes.verdict = 'deny'
    exchange.notes.cause = judged.cause
    this.#unfinished('http_request_denied', 'policy')
  }
}
