// One request on one upstream connection: its head and body out, the answer back, each by its own framing and at the pace of who takes it.
// Dangers prevented: a broken or cut body completed on the other side, an answer cut short that looks whole, memory that grows with a body,
// an early answer held back until the upload ends.
import type { Socket } from 'node:net'
import { BodyReader } from '../http/body-reader.ts'
import { LAST_CHUNK, writeChunk } from '../http/chunked-encoder.ts'
import type { HttpFault } from '../http/fault.ts'
import { responseFault } from '../http/fault.ts'
import { HeadBuffer } from '../http/head-buffer.ts'
import type { ScanLimits, ScanResult } from '../http/head-scan.ts'
import { type ReplyFraming, replyHead } from '../http/reply-head.ts'
import type { RequestHead } from '../http/request-head.ts'
import { parseResponseHead, type ResponseHead } from '../http/response-head.ts'
import { httpDate } from './clock.ts'
import type { Upstream, UpstreamUser } from './upstream.ts'

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

export interface ForwardLimits {
  readonly scan: ScanLimits
  readonly headerCount: number
}

const MOST_INTERIM = 32
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

export class Forward implements UpstreamUser {
  readonly upstream: Upstream
  readonly #client: Socket
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
  /** the final answer */
  response: ResponseHead | undefined
  /** of the answer, to the client; and of its body alone */
  bytesOut = 0
  /** any byte of an answer was read */
  heard = false
  /** the connection may serve another request */
  reusable = false

  constructor(upstream: Upstream, client: Socket, owner: ForwardOwner, request: RequestHead, limits: ForwardLimits, via: string | undefined) {
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
    this.upstream.lend(this)
    this.upstream.socket.write(head, 'latin1')
    this.upstream.socket.resume()
    if (this.#requestBody.done) this.#owner.requestSent()
  }

  get wantsBody(): boolean {
    return !this.#over && !this.#requestBody.done
  }

  /** no more of it until the upstream has taken what it has */
  get bodyBlocked(): boolean {
    const { socket } = this.upstream
    return this.wantsBody && socket.writable && socket.writableNeedDrain
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
    const { socket } = this.upstream
    this.#owner.moved()
    let at = 0
    socket.cork()
    while (at < chunk.length && !body.done && body.problem === undefined) {
      at = body.step(chunk, at, chunk.length)
      if (body.to > body.from && socket.writable) {
        const piece = chunk.subarray(body.from, body.to)
        if (this.#request.framing.kind === 'chunked') writeChunk(socket, piece)
        else socket.write(piece)
      }
    }
    if (body.done && this.#request.framing.kind === 'chunked' && socket.writable) socket.write(LAST_CHUNK)
    socket.uncork()
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
    this.#client.write(CONTINUE, 'latin1')
  }

  clientDrain(): void {
    if (!this.#over) this.upstream.socket.resume()
  }

  upstreamDrain(): void {
    this.#owner.moved()
    if (!this.#over && !this.#requestBody.done) this.#owner.roomForBody()
  }

  upstreamData(chunk: Buffer): void {
    this.heard = true
    this.#owner.moved()
    const client = this.#client
    client.cork()
    let rest: Buffer | undefined = chunk
    while (rest !== undefined && !this.#over) {
      rest = this.#responseBody === undefined ? this.#headData(rest) : this.#responseData(rest, this.#responseBody)
    }
    client.uncork()
    if (!this.#over && client.writableNeedDrain) this.upstream.socket.pause()
  }

  #headData(chunk: Buffer): Buffer | undefined {
    const scanned = this.#head.push(chunk, this.#limits.scan)
    if (scanned !== 'end') {
      const problem = scanned === 'more' ? notHttp(this.#head) : scanProblem(scanned)
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
    if (this.#request.minor === 1) this.#client.write(replyHead(head, { framing: 'none', old: false, close: false, via: this.#via, date: '' }), 'latin1')
  }

  #finalHead(head: ResponseHead, rest: Buffer | undefined): Buffer | undefined {
    const verdict = this.#owner.answer(head)
    if (verdict === undefined) return undefined
    this.response = head
    const old = this.#request.minor === 0
    const empty = head.status === 205
    this.#reply = empty ? 'zero' : replyFraming(head, this.#request.method, old)
    const text = replyHead(head, { framing: this.#reply, old, close: verdict.close || this.#reply === 'close', via: this.#via, date: httpDate() })
    this.bytesOut += text.length
    this.#client.write(text, 'latin1')
    const body = new BodyReader(head.framing)
    this.#responseBody = body
    // RFC 9110 15.3.6: a 205 has no content; one that sends some is not read to its end
    if (empty && !body.done) return this.#finish(false)
    if (body.done) return this.#finish(rest === undefined)
    return rest
  }

  #responseData(chunk: Buffer, body: BodyReader): Buffer | undefined {
    const client = this.#client
    let at = 0
    while (at < chunk.length && !body.done) {
      at = body.step(chunk, at, chunk.length)
      if (body.to > body.from) {
        const piece = body.from === 0 && body.to === chunk.length ? chunk : chunk.subarray(body.from, body.to)
        this.bytesOut += piece.length
        if (this.#reply === 'chunked') writeChunk(client, piece)
        else client.write(piece)
      }
      if (body.problem !== undefined) {
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
    if (this.#reply === 'chunked') this.#client.write(LAST_CHUNK)
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

function replyFraming(head: ResponseHead, method: string, old: boolean): ReplyFraming {
  const { framing } = head
  if (framing.kind === 'length') return 'length'
  if (framing.kind === 'none') return method === 'HEAD' || head.status === 304 ? 'as-declared' : 'none'
  return old ? 'close' : 'chunked'
}

function scanProblem(result: ScanResult): HttpFault {
  if (result === 'bad-octet') return responseFault('an invalid octet or line end in the head of the answer')
  return responseFault('the head of the answer is too long', 'http_response_header_section_size')
}

/** The first octets already tell that this is no HTTP server: it need not go silent first. */
function notHttp(head: HeadBuffer): HttpFault | undefined {
  const seen = head.seen(7)
  return 'HTTP/1.'.startsWith(seen) ? undefined : responseFault('the answer is not HTTP/1')
}
