// The life of one request: asked, decided, resolved, guarded, connected, forwarded or handed to a tunnel, told. Each stage has the last one's
// result and no more: nothing is resolved without a leave, nothing dialled without a permit, nothing sent but what was judged.
import type { Cause, Denial, Leave, Permit, RequestFacts } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { HttpFault } from '../http/fault.ts'
import { forwardsLeft } from '../http/max-forwards.ts'
import type { RequestHead } from '../http/request-head.ts'
import { redactUnread } from '../log/redact.ts'
import type { Ip } from '../net/ip.ts'
import { answerLocally, answerOwn } from './answers.ts'
import { type Asked, type Fetch, whatIsAsked } from './asked.ts'
import { Delivery } from './delivery.ts'
import { dial } from './dial.ts'
import type { InboundConnection } from './inbound.ts'
import type { LimitRefusal } from './limits.ts'
import { Notes } from './notes.ts'
import { bodiless, dialStatus, isWebSocket, loopProblem, requestFacts } from './request-facts.ts'
import { refusalBytes } from './refusing.ts'
import { goInside, handOver } from './hand-over.ts'
import { judgeAddresses, judgeReach, judgeRequest } from './judge.ts'
import { formCause } from './unread.ts'
import type { Upstream } from './upstream.ts'

export class Exchange {
  readonly inbound: InboundConnection
  readonly request: RequestHead
  readonly snapshot: Snapshot
  readonly notes: Notes
  #delivery: Delivery | undefined
  #abort: AbortController | undefined
  #over = false

  constructor(inbound: InboundConnection, request: RequestHead, began: number, headBytes: number) {
    this.inbound = inbound
    this.request = request
    this.snapshot = inbound.gate.snapshot()
    this.notes = new Notes(inbound, this.snapshot, began)
    this.notes.method = request.method
    this.notes.userAgent = request.userAgent
    this.notes.bytesIn = headBytes
  }

  start(): void {
    const asked = whatIsAsked(this.request, this.inbound.inside)
    if (asked.kind === 'fault') {
      this.notes.what = redactUnread(this.request.target, true)
      return this.refuseForm(asked)
    }
    this.#run(asked).catch((error: unknown) => this.#crash(error))
  }

  async #run(asked: Exclude<Asked, HttpFault>): Promise<void> {
    const { inbound, request, snapshot, notes } = this
    if (inbound.client === undefined) {
      const mac = inbound.gate.mac(inbound.peer.address)
      inbound.client = { address: inbound.peer.address, mac: mac instanceof Promise ? await mac : mac }
      if (this.#over) return
    }
    const { client } = inbound
    notes.what = asked.kind === 'own' ? asked.path : asked.uri
    const { limited } = inbound
    if (limited !== undefined) return this.refuseLimit(limited)
    if (asked.kind === 'own') {
      const denial = judgeReach(snapshot, client, inbound.peer.via)
      if (denial !== undefined) return this.deny(denial)
      return answerOwn(this, asked.path)
    }
    notes.target = asked.target
    const facts = requestFacts(client, inbound.peer.via, request, asked)
    const decided = judgeRequest(snapshot, facts)
    notes.observed = decided.observed
    if (decided.verdict === 'deny') return this.deny(decided)
    if (asked.kind === 'fetch') {
      const problem = loopProblem(request)
      if (problem !== undefined) return this.refuseForm(problem)
      if (forwardsLeft(request.method, request.maxForwards) === 0) return answerLocally(this)
    }
    const permit = await this.#permit(decided, facts)
    if (permit === undefined) return
    if (asked.kind === 'connect' && !facts.tunnel) return goInside(this, asked.target, permit.endpoints[0])
    await this.connect(asked, permit, true)
  }

  /** The addresses, and the judgement on them. undefined: refused. */
  async #permit(leave: Leave, facts: RequestFacts): Promise<Permit | undefined> {
    const { host } = facts.target
    let addresses: readonly Ip[] = host.kind === 'address' ? [host.address] : []
    if (host.kind === 'name') {
      const answer = await this.inbound.gate.resolver.resolve(host.name, this.inbound.peer.address.text)
      if (this.#over) return undefined
      this.notes.dns = answer.ms
      if (!answer.ok) {
        if (facts.method === 'CONNECT' && !facts.tunnel) goInside(this, facts.target, undefined)
        else this.refuseUpstream(answer.error === 'dns_timeout' ? 504 : 502, answer.error, answer.error === 'dns_timeout' ? 'the name was not resolved in time' : 'the name cannot be resolved')
        return undefined
      }
      addresses = answer.addresses
    }
    this.notes.addresses = addresses
    const guarded = judgeAddresses(this.snapshot, leave, addresses)
    this.notes.observed = guarded.observed
    if (guarded.verdict === 'allow') return guarded
    this.deny(guarded)
    return undefined
  }

  /** A connection to one of the judged endpoints: one at rest where `mayReuse`, else a new one. */
  async connect(asked: Fetch | Extract<Asked, { kind: 'connect' }>, permit: Permit, mayReuse: boolean): Promise<void> {
    const { inbound, notes, snapshot } = this
    const relayed = asked.kind === 'connect' || isWebSocket(this.request)
    const idle = relayed || !mayReuse ? undefined : inbound.pool.take(asked.target, permit.endpoints)
    if (idle !== undefined && asked.kind === 'fetch') return this.#deliver(asked, permit, idle)
    this.#abort = new AbortController()
    const dialled = await dial(permit.endpoints, { timeoutMs: snapshot.compiled.policy.limits.dialMs, signal: this.#abort.signal, allowHalfOpen: true })
    if (this.#over) {
      if (dialled.ok) dialled.socket.destroy()
      return
    }
    notes.dial = dialled.ms
    if (!dialled.ok) {
      notes.cause = permit.endpoints[0]?.cause
      return this.refuseUpstream(dialStatus(dialled.error), dialled.error, `no connection: ${dialled.error.replaceAll('_', ' ')}`)
    }
    const { socket, endpoint } = dialled
    if (!relayed && asked.kind === 'fetch') return this.#deliver(asked, permit, inbound.pool.adopt(socket, asked.target, endpoint))
    notes.permitted(endpoint)
    handOver(this, asked, socket, endpoint, permit)
  }

  #deliver(asked: Fetch, permit: Permit, upstream: Upstream): void {
    this.notes.permitted(upstream.endpoint)
    this.notes.reused = upstream.reused
    this.#delivery = new Delivery(this, asked, permit, upstream)
    this.#delivery.begin()
  }

  // --- what the connection tells it

  get wantsBody(): boolean {
    return this.#delivery?.wantsBody ?? false
  }

  /** what was taken of the body is still being sent */
  get sending(): boolean {
    return this.#delivery?.sending ?? false
  }

  /** Takes what belongs to the request's body; answers what is behind it. */
  bodyData(chunk: Buffer): Buffer | undefined {
    const taken = this.#delivery?.bodyData(chunk) ?? 0
    return taken < chunk.length ? chunk.subarray(taken) : undefined
  }

  clientWritten(): void {
    this.#delivery?.clientWritten()
  }

  /** The client ended its side: half a request is none; a whole one is still answered. */
  clientEnd(): void {
    const missing = this.#delivery === undefined ? !bodiless(this.request) : this.#delivery.wantsBody
    if (missing && !this.inbound.hasMore) this.clientGone()
  }

  due(): void {
    this.#delivery?.due()
  }

  clientGone(): void {
    if (this.#over) return
    this.#over = true
    this.#abort?.abort()
    this.#delivery?.stop()
    this.notes.fail('client_closed', 'client')
    this.notes.tell()
    this.inbound.destroy()
  }

  /** Nothing more of this exchange: the answer is written, or another holds the socket. */
  close(): void {
    this.#over = true
    this.notes.tell()
  }

  deny(denial: Denial): void {
    this.notes.verdict = 'deny'
    this.notes.observed = denial.observed
    this.notes.fail('http_request_denied', 'policy')
    this.refuse(403, 'http_request_denied', denial.cause)
  }

  refuseForm(fault: HttpFault): void {
    // its body may have broken after it was allowed
    this.notes.verdict = 'error'
    this.notes.fail(fault.error, 'client')
    this.refuse(fault.status, fault.error, formCause(fault), { mustClose: true })
  }

  refuseLimit(limited: LimitRefusal): void {
    this.notes.verdict = 'deny'
    this.notes.fail('connection_limit_reached', 'policy')
    this.refuse(429, 'connection_limit_reached', limited.cause, { mustClose: true, retryAfterS: limited.retryAfterS })
  }

  /** The other side's fault, or ours (503): the request was allowed. */
  refuseUpstream(status: number, error: string, problem: string): void {
    const by = status === 503 ? 'gateway' : 'upstream'
    this.notes.verdict = 'error'
    this.notes.fail(error, by)
    this.refuse(status, error, { by, kind: by, reason: problem })
  }

  /** Answers in place of the upstream, in order, complete and framed. */
  refuse(status: number, error: string, cause: Cause, more: { readonly mustClose?: boolean; readonly retryAfterS?: number } = {}): void {
    if (this.#over) return
    const close = more.mustClose === true || this.mustClose
    this.reply(refusalBytes(this, { status, error, cause, retryAfterS: more.retryAfterS }, close), close)
  }

  /** Sends a complete answer of our own and ends the exchange. */
  reply(answer: Buffer, close: boolean): void {
    this.notes.bytesOut += answer.length
    this.inbound.socket.write(answer)
    this.close()
    this.inbound.finish(close)
  }

  /** The client, its body or the gateway's end asks that nothing follows on this connection; nor does anything after a refused CONNECT. */
  get mustClose(): boolean {
    const { request, inbound } = this
    if (!request.keepAlive || inbound.closing || request.method === 'CONNECT') return true
    return this.#delivery === undefined ? !bodiless(request) : !this.#delivery.requestDone
  }

  /** The connection at rest had died: once more, on a new one. */
  again(asked: Fetch, permit: Permit): void {
    this.#delivery = undefined
    this.connect(asked, permit, false).catch((error: unknown) => this.#crash(error))
  }

  #crash(error: unknown): void {
    this.notes.error = `proxy_internal_error: ${error instanceof Error ? error.message : 'unknown'}`
    this.notes.fault = 'gateway'
    this.notes.verdict = 'error'
    this.#delivery?.stop()
    if (this.#delivery?.begun === true) return this.clientGone()
    this.refuse(500, 'proxy_internal_error', { by: 'gateway', kind: 'gateway', reason: 'an error within the gateway' }, { mustClose: true })
  }
}
