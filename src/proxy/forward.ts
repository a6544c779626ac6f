// One request on one upstream connection: its head and body out, the answer back, each by its own framing and at the pace of who takes it.
// Dangers prevented: a broken or cut body completed on the other side, an answer cut short that looks whole, memory that grows with a body,
// an early answer held back until the upload ends.
import { BodyReader } from '../http/body-reader.ts'
import { addChunk, LAST_CHUNK } from '../http/chunked-encoder.ts'
import { type HttpFault, responseFault } from '../http/fault.ts'
import type { HeadBuffer } from '../http/head-buffer.ts'
import { type ReplyFraming, replyHead } from '../http/reply-head.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { ResponseHead } from '../http/response-head.ts'
import { httpDate } from './clock.ts'
import type { ClientSide, ForwardLimits, ForwardOwner } from './forward-owner.ts'
import type { Turn } from './pace.ts'
import { Interim } from './interim.ts'
import { closedProblem, headProblem, readHead, replyFraming } from './reply-framing.ts'
import type { Taken, Upstream, UpstreamUser } from './upstream.ts'

export class Forward implements UpstreamUser {
  readonly upstream: Upstream
  readonly #client: ClientSide
  readonly #owner: ForwardOwner
  readonly #request: RequestHead
  readonly #limits: ForwardLimits
  readonly #head: HeadBuffer
  readonly #requestBody: BodyReader
  #responseBody: BodyReader | undefined
  #reply: ReplyFraming = 'none'
  readonly #interim = new Interim()
  /** nothing of the final answer has been written to the client */
  #unsent = true
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

  constructor(upstream: Upstream, client: ClientSide, owner: ForwardOwner, request: RequestHead, limits: ForwardLimits) {
    this.upstream = upstream
    this.#head = upstream.head
    this.#client = client
    this.#owner = owner
    this.#request = request
    this.#limits = limits
    this.#requestBody = new BodyReader(request.framing)
  }

  /** Sends the request's head; the body follows by `bodyData`. `turn`: how fast the answer comes. */
  send(head: string, turn: Turn | undefined): void {
    const { upstream } = this
    upstream.lend(this, turn)
    const { done } = this.#requestBody
    upstream.socket.write(head, 'latin1', done ? undefined : upstream.written)
    if (done) this.#owner.requestSent()
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

  /** its end is the close alone */
  get endsByClose(): boolean { return this.#reply === 'close' }

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
    if (socket.writable) outgoing.flush(socket, written, true)
    else outgoing.drop()
    if (body.problem !== undefined) {
      this.abort()
      this.#owner.badBody(body.problem)
    } else if (body.done) this.#owner.requestSent()
    return at
  }

  /** The upstream says nothing to `Expect: 100-continue`: the client is not kept waiting for what may never come. */
  continueAnyway(): void {
    if (!this.#over && !this.#interim.continued && this.response === undefined && this.#requestBody.octets === 0) this.#client.socket.write(this.#interim.sayContinue(), 'latin1')
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
    // a head that is drawn out has its time in all; an interim one shows that the upstream is at work
    if (this.response !== undefined) this.#owner.moved()
    let rest: Buffer | undefined = chunk
    while (rest !== undefined && !this.#over) rest = this.#responseBody === undefined ? this.#headData(rest) : this.#responseData(rest, this.#responseBody)
    if (!this.#over) this.#flush()
    const held = this.#held && this.#client.socket.writableLength !== 0
    this.#held = false
    if (this.#over) return held ? 'renew' : 'go'
    this.#stopped = held || this.#client.socket.writableNeedDrain
    return this.#stopped ? 'stop' : 'go'
  }

  #flush(): void {
    const { outgoing, socket, written } = this.#client
    this.#unsent = this.response === undefined
    if (outgoing.flush(socket, written)) this.#held = true
  }

  #headData(chunk: Buffer): Buffer | undefined {
    const scanned = this.#head.push(chunk, this.#limits.scan)
    if (scanned !== 'end') {
      const problem = headProblem(scanned, this.#head)
      return problem === undefined ? undefined : this.#fail(problem)
    }
    const head = readHead(this.#head, this.#limits.headerCount, this.#request.method)
    const rest = this.#head.rest()
    this.#head.reset()
    if (head.kind === 'fault') this.#fail(head)
    else if (head.status < 200) this.#interimHead(head)
    else return this.#finalHead(head, rest)
    return rest
  }

  #interimHead(head: ResponseHead): void {
    this.#owner.moved()
    const text = this.#interim.take(head, this.#request.minor, this.#limits.via)
    if (typeof text === 'string') this.#client.outgoing.add(text)
    else this.#fail(text)
  }

  #finalHead(head: ResponseHead, rest: Buffer | undefined): Buffer | undefined {
    this.#flush()
    const verdict = this.#owner.answer(head)
    if (verdict === undefined) return undefined
    this.response = head
    const old = this.#request.minor === 0
    this.#reply = replyFraming(head, this.#request.method, old)
    const text = replyHead(head, { framing: this.#reply, old, close: verdict.close || this.#reply === 'close', via: this.#limits.via, date: httpDate() })
    this.bytesOut += text.length
    this.#client.outgoing.add(text)
    const body = (this.#responseBody = new BodyReader(head.framing))
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
      if (body.problem !== undefined) return this.#cut(responseFault(body.problem, 'http_response_transfer_coding'))
    }
    return body.done ? this.#finish(at === chunk.length) : undefined
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
    if (this.response !== undefined) return this.#cut(responseFault('the upstream closed the connection within its answer', 'http_response_incomplete'))
    this.#over = true
    this.upstream.destroy()
    this.#owner.failed(closedProblem(this.heard), code ?? 'END')
  }

  #fail(problem: HttpFault): undefined {
    this.#flush()
    this.abort()
    this.#owner.failed(problem, undefined)
  }

  /** Nothing of it was sent: then nothing is. */
  #cut(problem: HttpFault): undefined {
    this.abort()
    if (!this.#unsent) {
      this.#flush()
      return void this.#owner.cut(problem.error)
    }
    this.#client.outgoing.drop()
    this.response = undefined
    this.bytesOut = 0
    this.#owner.retracted(problem)
  }

  abort(): void {
    this.#over = true
    this.upstream.reset()
  }
}
