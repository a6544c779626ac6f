// The life of one request: asked, decided, resolved, guarded, connected, forwarded or handed to a tunnel, told. Each stage has the last one's
// result and no more: nothing is resolved without a leave, nothing dialled without a permit, nothing sent but what was judged.
import type { Cause, Client, Denial, Leave, Permit } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { HttpFault } from '../http/fault.ts'
import { forwardsLeft } from '../http/max-forwards.ts'
import type { RequestHead } from '../http/request-head.ts'
import { redactUnread } from '../log/redact.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { answerLocally, answerOwn } from './answers.ts'
import { type Asked, type Fetch, whatIsAsked } from './asked.ts'
import { Delivery } from './delivery.ts'
import type { Dial } from './dial.ts'
import type { InboundConnection } from './inbound.ts'
import { inTheirTongue } from './tls-alert.ts'
import { clientOf } from './known-clients.ts'
import type { LimitRefusal } from './limits.ts'
import { Notes } from './notes.ts'
import { askedAmong } from './peer.ts'
import { type Reached, reachUpstream } from './reach-upstream.ts'
import { bodiless, loopProblem, requestFacts } from './request-facts.ts'
import type { DnsResult } from './resolve.ts'
import { refusalBytes } from './refusing.ts'
import { goInside } from './hand-over.ts'
import { judgeAddresses, judgeReach, judgeRequest } from './judge.ts'
import { formCause } from './unread.ts'
import type { Upstream } from './upstream.ts'

export class Exchange {
  readonly inbound: InboundConnection
  readonly request: RequestHead
  readonly snapshot: Snapshot
  readonly notes: Notes
  #delivery: Delivery | undefined
  #dial: Dial | undefined
  /** nothing more of it is to be done */
  over = false

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
    const asked = whatIsAsked(this.request, this.inbound.inside, this.inbound.peer.original)
    if (asked.kind === 'fault') {
      this.notes.what = redactUnread(this.request.target, true)
      return this.refuseForm(asked)
    }
    this.guarded(() => this.#known(asked))
  }

  /** Runs a stage of it: a fault of ours ends this exchange, and no other. */
  guarded(stage: () => void): void {
    try {
      stage()
    } catch (error) {
      this.#crash(error)
    }
  }

  // What is at hand is used at once: only what must be waited for makes a promise.
  #known(asked: Exclude<Asked, HttpFault>): void {
    const { inbound } = this
    if (inbound.client !== undefined) return this.#judge(asked, inbound.client)
    const { address } = inbound.peer
    const go = (mac: Mac | undefined): void => {
      const client = clientOf(address, mac)
      inbound.client = client
      if (!this.over) this.#judge(asked, client)
    }
    const mac = inbound.gate.mac(address)
    if (mac instanceof Promise) mac.then(go).catch((error: unknown) => this.#crash(error))
    else go(mac)
  }

  #judge(asked: Exclude<Asked, HttpFault>, client: Client): void {
    const { inbound, request, snapshot, notes } = this
    notes.what = asked.kind === 'own' ? asked.path : asked.uri
    const { limited } = inbound
    if (limited !== undefined) return this.refuseLimit(limited)
    if (asked.kind === 'own') {
      const denial = judgeReach(snapshot, client, inbound.peer.via)
      return denial === undefined ? answerOwn(this, asked.path) : this.deny(denial)
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
    const { host } = asked.target
    if (host.kind === 'address') return this.#guard(asked, decided, [host.address])
    const answer = inbound.gate.resolver.resolve(host.name, inbound.peer.address.text)
    if (answer instanceof Promise) answer.then((late) => this.#resolved(asked, decided, late)).catch((error: unknown) => this.#crash(error))
    else this.#resolved(asked, decided, answer)
  }

  #resolved(asked: Reached, leave: Leave, answer: DnsResult): void {
    if (this.over) return
    this.notes.dns = answer.ms
    if (answer.ok) return this.#guard(asked, leave, askedAmong(this.inbound.peer, answer.addresses))
    if (asked.kind === 'connect' && !leave.facts.tunnel) return goInside(this, asked.target, undefined)
    const late = answer.error === 'dns_timeout'
    this.refuseUpstream(late ? 504 : 502, answer.error, late ? 'the name was not resolved in time' : 'the name cannot be resolved')
  }

  #guard(asked: Reached, leave: Leave, addresses: readonly Ip[]): void {
    this.notes.addresses = addresses
    const guarded = judgeAddresses(this.snapshot, leave, addresses)
    this.notes.observed = guarded.observed
    if (guarded.verdict === 'deny') return this.deny(guarded)
    if (asked.kind === 'connect' && !leave.facts.tunnel) return goInside(this, asked.target, guarded.endpoints[0])
    this.#dial = reachUpstream(this, asked, guarded, true)
  }

  deliver(asked: Fetch, permit: Permit, upstream: Upstream): void {
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
    if (this.over) return
    this.over = true
    this.#dial?.abort()
    this.#delivery?.stop()
    this.notes.fail('client_closed', 'client')
    this.notes.tell()
    this.inbound.destroy()
  }

  /** Nothing more of this exchange: the answer is written, or another holds the socket. */
  close(): void {
    this.over = true
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
    if (this.over) return
    const close = more.mustClose === true || this.mustClose
    this.reply(refusalBytes(this, { status, error, cause, retryAfterS: more.retryAfterS }, close), close)
  }

  /** Sends a complete answer of our own and ends the exchange. */
  reply(page: Buffer, close: boolean): void {
    const answer = inTheirTongue(this.inbound.peer, page, this.notes.verdict === 'deny')
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
    this.guarded(() => {
      this.#dial = reachUpstream(this, asked, permit, false)
    })
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
