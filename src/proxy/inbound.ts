// A client's connection: heads read within their deadline, one exchange at a time, pipelined requests held in order and in bounds, and an end
// that does not lose the last answer. Dangers prevented: slow heads that hold a descriptor for ever, pipelining without bound,
// an error answer lost to a reset because the client was still sending.
import type { Socket } from 'node:net'
import type { Client } from '../decision/facts.ts'
import { type HttpFault, requestFault } from '../http/fault.ts'
import { HeadBuffer } from '../http/head-buffer.ts'
import { parseRequestHead } from '../http/request-head.ts'
import { parseRequestLine } from '../http/request-line.ts'
import { type Ip, ipFromSocket } from '../net/ip.ts'
import type { Target } from '../net/target.ts'
import type { Limits } from '../policy/policy.ts'
import { arm, deadline, type Deadline, disarm } from './deadlines.ts'
import { Exchange } from './exchange.ts'
import { Held } from './held.ts'
import type { Gate, Inbound } from './gate.ts'
import type { LimitRefusal } from './limits.ts'
import { type Pool, poolOf } from './pool.ts'
import { Outgoing } from './outgoing.ts'
import { Reads } from './reads.ts'
import { resetNow } from './reset.ts'
import { refuseUnread } from './unread.ts'

/** A client may wait as long for its next request. */
const KEEP_ALIVE_MS = 60_000
/** How long, and for how many octets, the rest of a refused upload is read and dropped, so that the answer arrives (RFC 9112 9.6). */
const LINGER_MS = 3_000
const LINGER_BYTES = 64 * 1024 * 1024
/** The longest method, two spaces and the version. */
const LINE_ROOM = 64 + 2 + 8

/** `head`: between or within heads; `exchange`: a request under way; `linger`: answered, the rest is dropped; `gone`: closed or handed over. */
type Mode = 'head' | 'exchange' | 'linger' | 'gone'

export function serveConnection(socket: Socket, gate: Gate, limited?: LimitRefusal): Inbound {
  return new InboundConnection(socket, gate, limited)
}

export class InboundConnection implements Inbound {
  readonly socket: Socket
  readonly gate: Gate
  readonly pool: Pool
  /** over a limit before it said anything: its first request is answered with that */
  readonly limited: LimitRefusal | undefined
  readonly address: Ip
  readonly port: number
  readonly via: Ip
  /** known from the first exchange on */
  client: Client | undefined
  /** set behind a CONNECT to port 80: what comes are plain requests to this target */
  inside: Target | undefined
  #mode: Mode = 'head'
  #exchange: Exchange | undefined
  readonly #head = new HeadBuffer()
  #lineChecked = false
  #began = 0
  readonly #held = new Held()
  readonly outgoing = new Outgoing()
  #reads: Reads | undefined
  #stopped = false
  #dropped = 0
  /** its end must not look like the end of an answer */
  #byReset = false
  #reading = false
  /** the client has ended its side */
  ended = false
  #draining = false
  readonly #deadline: Deadline
  readonly #onEnd = (): void => this.#clientEnd()
  readonly written = (): void => {
    if (this.socket.writableLength === 0) this.#allWritten()
  }
  readonly #onClose = (): void => this.#closed()

  constructor(socket: Socket, gate: Gate, limited: LimitRefusal | undefined) {
    this.socket = socket
    this.gate = gate
    this.limited = limited
    this.pool = poolOf(gate)
    const address = ipFromSocket(socket.remoteAddress)
    const via = ipFromSocket(socket.localAddress)
    this.#deadline = deadline(() => this.#due())
    if (address === undefined || via === undefined) {
      // it closed before it could be served
      this.address = NOWHERE
      this.via = NOWHERE
      this.port = 0
      this.#mode = 'gone'
      socket.destroy()
      return
    }
    this.address = address
    this.via = via
    this.port = socket.remotePort ?? 0
    this.#reads = new Reads(socket, (chunk) => this.#data(chunk))
    socket.on('end', this.#onEnd)
    socket.on('drain', this.written)
    socket.on('close', this.#onClose)
    socket.resume()
    arm(this.#deadline, this.#limits.headMs)
  }

  get #limits(): Limits {
    return this.gate.snapshot().compiled.policy.limits
  }

  /** One deadline a connection; what it means is what is under way. */
  arm(ms: number): void {
    arm(this.#deadline, ms)
  }

  #due(): void {
    if (this.#mode === 'exchange') this.#exchange?.due()
    else if (this.#mode === 'head' && this.#head.started) this.#refuse(requestFault('the request head did not come in time', 408))
    else if (this.#mode === 'head') this.#close()
    else if (this.#byReset) resetNow(this.socket)
    else this.destroy()
  }

  /** The chunk is ours until we return, and after a false until the reads go on. */
  #data(chunk: Buffer): boolean {
    if (this.#mode === 'head' && this.#held.empty) {
      this.#read(chunk)
      this.#pump()
    } else if (this.#mode === 'linger') {
      if ((this.#dropped += chunk.length) > LINGER_BYTES) this.destroy()
    } else if (this.#mode !== 'gone') this.#ahead(chunk)
    return !this.#stopped
  }

  /** More of the request's body, or of what comes behind it. */
  #ahead(chunk: Buffer): void {
    const exchange = this.#exchange
    if (exchange === undefined || !this.#held.empty || !exchange.wantsBody || exchange.sending) this.#held.add(chunk)
    else {
      const rest = exchange.bodyData(chunk)
      if (rest !== undefined) this.#held.add(rest)
      if (exchange.sending) {
        if (exchange.wantsBody) this.#stop()
        else this.#reads?.renew()
      }
    }
    if (this.#held.full) this.#stop()
  }

  #stop(): void {
    this.#stopped = true
    this.socket.pause()
  }

  #go(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.socket.resume()
  }

  /** Heads out of what is held, until one is under way or nothing is left. An exchange may end within the loop. */
  #pump(): void {
    if (this.#reading) return
    this.#reading = true
    while (this.#mode === 'head' && !this.socket.writableNeedDrain) {
      const chunk = this.#held.take()
      if (chunk === undefined) break
      this.#read(chunk)
    }
    this.#reading = false
    if (this.#mode !== 'head' || !this.#held.empty) return
    if (this.ended) this.#close()
    else this.#go()
  }

  #read(chunk: Buffer): void {
    const head = this.#head
    const limits = this.#limits
    if (!head.started) {
      this.#began = Date.now()
      this.#lineChecked = false
    }
    const started = head.started
    const result = head.push(chunk, { lineBytes: limits.uriBytes + LINE_ROOM, fieldBytes: limits.headerBytes })
    if (result === 'end') {
      const text = head.text()
      const lineEnd = head.lineEnd
      const rest = head.rest()
      head.reset()
      const request = parseRequestHead(text, lineEnd, limits)
      if (rest !== undefined) this.#held.putBack(Buffer.from(rest))
      if (request.kind === 'fault') return this.#refuse(request, text)
      disarm(this.#deadline)
      this.#mode = 'exchange'
      this.#exchange = new Exchange(this, request, this.#began, text.length)
      this.#exchange.start()
    } else if (result === 'more') {
      if (!started) arm(this.#deadline, limits.headMs)
      // no need to wait for the fields of what is no request of ours
      if (!this.#lineChecked && head.lineComplete) {
        this.#lineChecked = true
        const line = parseRequestLine(head.seen(head.lineEnd), 0, head.lineEnd - 2, limits.uriBytes)
        if (line.kind === 'fault') this.#refuse(line)
      }
    } else if (result === 'bad-octet') this.#refuse(requestFault('an invalid octet or line end in the request head'))
    else if (result === 'long-line') this.#refuse(requestFault('the request target is too long', 414))
    else this.#refuse(requestFault('the request head is too long', 431))
  }

  /** A request that could not be read: answered, told, and the connection closed, since nobody knows where the next one would begin. */
  #refuse(fault: HttpFault, text = this.#head.seen(2048)): void {
    const answer = refuseUnread(this, fault, text, this.#began)
    this.#head.reset()
    this.#close(answer)
  }

  /** The exchange takes (more of) the request's body now: first what is held, then what is read. */
  openBody(): void {
    const exchange = this.#exchange
    while (exchange !== undefined && exchange.wantsBody && !exchange.sending) {
      const chunk = this.#held.take()
      if (chunk === undefined) break
      const rest = exchange.bodyData(chunk)
      if (rest !== undefined) this.#held.putBack(rest)
    }
    if (this.#mode !== 'exchange' || exchange === undefined) return
    if (!this.#held.full && !(exchange.wantsBody && exchange.sending)) this.#go()
    if (this.ended && this.#held.empty && exchange.wantsBody) exchange.clientGone()
  }

  /** The answer is written to its end. */
  finish(close: boolean): void {
    this.#exchange = undefined
    if (this.#mode !== 'exchange') return
    this.#mode = 'head'
    if (close || this.#draining || (this.ended && this.#held.empty)) return this.#close()
    arm(this.#deadline, KEEP_ALIVE_MS)
    this.#pump()
  }

  get hasMore(): boolean {
    return !this.#held.empty
  }

  get closing(): boolean {
    return this.#draining || this.gate.draining
  }

  #allWritten(): void {
    if (this.#exchange !== undefined) this.#exchange.clientWritten()
    else this.#pump()
  }

  #clientEnd(): void {
    this.ended = true
    if (this.#mode === 'exchange') this.#exchange?.clientEnd()
    else if (this.#mode === 'linger') this.destroy()
    else if (this.#held.empty) this.#close()
  }

  #closed(): void {
    disarm(this.#deadline)
    this.#mode = 'gone'
    this.#held.empties()
    const exchange = this.#exchange
    this.#exchange = undefined
    exchange?.clientGone()
  }

  /** Sends what is left, ends our side and waits for the client's, dropping what it still sends. */
  #close(last?: Buffer): void {
    this.#mode = 'linger'
    this.#held.empties()
    if (last === undefined) this.socket.end()
    else this.socket.end(last)
    if (this.ended) this.socket.destroySoon()
    else {
      this.#go()
      arm(this.#deadline, LINGER_MS)
    }
  }

  /** Takes the socket out for a tunnel or an upgrade, paused and without our listeners; `early` is what the client sent ahead. */
  detach(): { readonly socket: Socket; readonly early: Buffer } {
    const { socket } = this
    disarm(this.#deadline)
    this.#mode = 'gone'
    this.#exchange = undefined
    this.#reads?.handOver()
    socket.off('end', this.#onEnd).off('drain', this.written).off('close', this.#onClose)
    return { socket, early: this.#held.empties() }
  }

  drain(): void {
    this.#draining = true
    if (this.#mode === 'head' && !this.#head.started) this.#close()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Leaves the client with an answer that is visibly not whole: where only the close would end it, by a reset. */
  breakOff(byReset: boolean): void {
    const { socket } = this
    this.#mode = 'linger'
    this.#exchange = undefined
    if (!byReset) return this.#close()
    this.#byReset = true
    if (socket.writableLength === 0) resetNow(socket)
    else {
      socket.write('', () => resetNow(socket))
      arm(this.#deadline, LINGER_MS)
    }
  }
}

const NOWHERE: Ip = { family: 4, value: 0n, text: '0.0.0.0' }
