// One request on one upstream connection: its head and body out, the answer back, each by its own framing and at the pace of who takes it.
// Dangers prevented: a broken or cut body completed on the other side, an answer cut short that looks whole, memory that grows with a body,
// an early answer held back until the upload ends.
import type { Socket } from 'node:net'
import { BodyReader } from '../http/body-reader.ts'
import { addChunk, LAST_CHUNK } from '../http/chunked-encoder.ts'
import type { HttpFault } from '../http/fault.ts'
import { responseFault } from '../http/fault.ts'
import { HeadBuffer } from '../http/head-buffer.ts'
import type { ScanLimits } from '../http/head-scan.ts'
import { type ReplyFraming, replyHead } from '../http/reply-head.ts'
import type { RequestHead } from '../http/request-head.ts'
import { parseResponseHead, type ResponseHead } from '../http/response-head.ts'
import { httpDate } from './clock.ts'
import type { Outgoing } from './outgoing.ts'
import { headProblem, replyFraming } from './reply-framing.ts'
import type { Taken, Upstream, UpstreamUser } from './upstream.ts'

/** What becomes of it. Each of the last four is called at most once, and is the last word. */
export interface ForwardOwner {
  /** something moved: deadlines count from here */
  moved(): void
  /** the upstream takes more of the request's body */
  roomForBody(): void
  /** the request is sent to its end */
  requestSent(): void
  /** may this answer be passed on, and is the client's connection closed after it? undefined: refused, the owner has ended this */
  answer(head: ResponseHead): { readonly close: boolean } | undefined
  /** nothing of the final answer has been sent to the client */
  failed(problem: HttpFault, code: string | undefined): void
  /** the request's own body is broken */
  badBody(problem: string): void
  /** the answer was begun and cannot be finished: it must stay visibly unfinished */
  cut(problem: string): void
  /** the answer is whole */
  done(): void
}

/** The client's connection, as far as an answer needs it. */
export interface ClientSide {
  readonly socket: Socket
  readonly outgoing: Outgoing
  /** given with a write: leads to `clientWritten` */
  readonly written: () => void
}

export interface ForwardLimits {
  readonly scan: ScanLimits
  readonly headerCount: number
}

const MOST_INTERIM = 32
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

export class Forward implements UpstreamUser {
  readonly upstream: Upstream
  readonly #client: ClientSide
  readonly #owner: ForwardOwner
  readonly #request: RequestHead
  readonly #limits: ForwardLimits
  readonly #via: string | undefined
  readonly #head = new HeadBuffer()
  readonly #requestBody: BodyReader
  #responseBody: BodyReader | undefined
  #reply: ReplyFraming = 'none'
  #interim = 0
  #continued = false
  #over = false
  #stopped = false
  /** the client's socket holds octets of the read under way */
  #held = false
  /** the final answer */
  response: ResponseHead | undefined
  /** of the answer, to the client; and of its body alone */
  bytesOut = 0
  /** any byte of an answer was read */
  heard = false
  /** the connection may serve another request */
  reusable = false

  constructor(upstream: Upstream, client: ClientSide, owner: ForwardOwner, request: RequestHead, limits: ForwardLimits, via: string | undefined) {
    this.upstream = upstream
    this.#client = client
    this.#owner = owner
    this.#request = request
    this.#limits = limits
    this.#via = via
    this.#requestBody = new BodyReader(request.framing)
  }

  /** Sends the request's head; the body follows by `bodyData`. */
  send(head: string): void {
    const { upstream } = this
    upstream.lend(this)
    if (this.#requestBody.done) {
      upstream.socket.write(head, 'latin1')
      this.#owner.requestSent()
    } else upstream.socket.write(head, 'latin1', upstream.written)
  }

  get wantsBody(): boolean {
    return !this.#over && !this.#requestBody.done
  }

  /** The upstream has not sent all that it was given, which may still be in its giver's memory. */
  get sending(): boolean {
    const { socket } = this.upstream
    return socket.writableLength !== 0 && socket.writable
  }

  get requestDone(): boolean {
    return this.#requestBody.done
  }

  /** the client knows the end of the answer by the close alone */
  get endsByClose(): boolean {
    return this.#reply === 'close'
  }

  get bytesIn(): number {
    return this.#requestBody.octets
  }

  /** Sends a piece of the request's body; answers how much of `chunk` belongs to it. */
  bodyData(chunk: Buffer): number {
    const body = this.#requestBody
    const { outgoing, socket, written } = this.upstream
    const chunked = this.#request.framing.kind === 'chunked'
    this.#owner.moved()
    let at = 0
    while (at < chunk.length && !body.done && body.problem === undefined) {
      at = body.step(chunk, at, chunk.length)
      if (body.to > body.from) {
        const piece = chunk.subarray(body.from, body.to)
        if (chunked) addChunk(outgoing, piece)
        else outgoing.add(piece)
      }
    }
    if (body.done && chunked) outgoing.add(LAST_CHUNK)
    if (socket.writable) outgoing.flush(socket, written)
    else outgoing.drop()
    if (body.problem !== undefined) {
      this.abort()
      this.#owner.badBody(body.problem)
    } else if (body.done) this.#owner.requestSent()
    return at
  }

  /** The upstream says nothing to `Expect: 100-continue`: the client is not kept waiting for what may never come. */
  continueAnyway(): void {
    if (this.#over || this.#continued || this.response !== undefined || this.#requestBody.octets > 0) return
    this.#continued = true
    this.#client.socket.write(CONTINUE, 'latin1')
  }

  /** The client has taken all that was written to it. */
  clientWritten(): void {
    if (this.#over || !this.#stopped) return
    this.#stopped = false
    this.upstream.resume()
  }

  upstreamWritten(): void {
    this.#owner.moved()
    if (this.wantsBody) this.#owner.roomForBody()
  }

  upstreamData(chunk: Buffer): Taken {
    this.heard = true
    this.#owner.moved()
    let rest: Buffer | undefined = chunk
    while (rest !== undefined && !this.#over) {
      rest = this.#responseBody === undefined ? this.#headData(rest) : this.#responseData(rest, this.#responseBody)
    }
    if (!this.#over) this.#flush()
    const held = this.#held && this.#client.socket.writableLength !== 0
    this.#held = false
    if (this.#over) return held ? 'renew' : 'go'
    this.#stopped = held || this.#client.socket.writableNeedDrain
    return this.#stopped ? 'stop' : 'go'
  }

  #flush(): void {
    const { outgoing, socket, written } = this.#client
    if (outgoing.flush(socket, written)) this.#held = true
  }

  #headData(chunk: Buffer): Buffer | undefined {
    const scanned = this.#head.push(chunk, this.#limits.scan)
    if (scanned !== 'end') {
      const problem = headProblem(scanned, this.#head)
      if (problem !== undefined) this.#fail(problem)
      return undefined
    }
    const text = this.#head.text()
    const lineEnd = this.#head.lineEnd
    const rest = this.#head.rest()
    this.#head.reset()
    const head = parseResponseHead(text, lineEnd, this.#limits.headerCount, this.#request.method)
    if (head.kind === 'fault') this.#fail(head)
    else if (head.status < 200) this.#interimHead(head)
    else return this.#finalHead(head, rest)
    return rest
  }

  /** 1xx: for clients of HTTP/1.1 alone (RFC 9110 15.2); 101 was not asked for. */
  #interimHead(head: ResponseHead): void {
    if (head.status === 101) return this.#fail(responseFault('the upstream switched protocols unasked'))
    if (++this.#interim > MOST_INTERIM) return this.#fail(responseFault('the upstream sends interim answers without end'))
    if (head.status === 100 && this.#continued) return
    if (head.status === 100) this.#continued = true
    if (this.#request.minor === 1) this.#client.outgoing.add(replyHead(head, { framing: 'none', old: false, close: false, via: this.#via, date: '' }))
  }

  #finalHead(head: ResponseHead, rest: Buffer | undefined): Buffer | undefined {
    this.#flush()
    const verdict = this.#owner.answer(head)
    if (verdict === undefined) return undefined
    this.response = head
    const old = this.#request.minor === 0
    this.#reply = replyFraming(head, this.#request.method, old)
    const text = replyHead(head, { framing: this.#reply, old, close: verdict.close || this.#reply === 'close', via: this.#via, date: httpDate() })
    this.bytesOut += text.length
    this.#client.outgoing.add(text)
    const body = new BodyReader(head.framing)
    this.#responseBody = body
    // RFC 9110 15.3.6: a 205 has no content; one that sends some is not read to its end
    if (this.#reply === 'zero' && !body.done) return this.#finish(false)
    if (body.done) return this.#finish(rest === undefined)
    return rest
  }

  #responseData(chunk: Buffer, body: BodyReader): Buffer | undefined {
    let at = 0
    while (at < chunk.length && !body.done) {
      at = body.step(chunk, at, chunk.length)
      if (body.to > body.from) {
        const piece = body.from === 0 && body.to === chunk.length ? chunk : chunk.subarray(body.from, body.to)
        this.bytesOut += piece.length
        if (this.#reply === 'chunked') addChunk(this.#client.outgoing, piece)
        else this.#client.outgoing.add(piece)
      }
      if (body.problem !== undefined) {
        this.#flush()
        this.#cut(body.problem)
        return undefined
      }
    }
    if (body.done) this.#finish(at === chunk.length)
    return undefined
  }

  /** The answer is whole. `clean`: nothing came behind it. */
  #finish(clean: boolean): undefined {
    this.#over = true
    if (this.#reply === 'chunked') this.#client.outgoing.add(LAST_CHUNK)
    this.#flush()
    this.reusable = clean && this.#requestBody.done && this.response?.keepAlive === true
    this.#owner.done()
    return undefined
  }

  upstreamEnd(): void {
    if (this.#over) return
    if (this.#responseBody !== undefined && this.response?.framing.kind === 'close') this.#finish(false)
    else this.#ended(undefined)
  }

  upstreamClosed(code: string | undefined): void {
    if (!this.#over) this.#ended(code ?? 'closed')
  }

  #ended(code: string | undefined): void {
    if (this.response !== undefined) return this.#cut('the upstream closed the connection within its answer')
    this.#over = true
    this.upstream.destroy()
    const problem = this.heard ? 'the upstream closed the connection within the head of its answer' : 'the upstream closed the connection without an answer'
    this.#owner.failed(responseFault(problem, this.heard ? 'http_response_incomplete' : 'connection_terminated'), code ?? 'END')
  }

  #fail(problem: HttpFault): void {
    this.#flush()
    this.abort()
    this.#owner.failed(problem, undefined)
  }

  #cut(problem: string): void {
    this.abort()
    this.#owner.cut(problem)
  }

  /** Ends it at once: the client left, a deadline passed, the policy says no. */
  abort(): void {
    this.#over = true
    this.upstream.reset()
  }
}
