// A client's connection: heads read within their deadline, one exchange at a time, pipelined requests held in order and in bounds, and an end
// that does not lose the last answer. Dangers prevented: slow heads that hold a descriptor for ever, pipelining without bound,
// an error answer lost to a reset because the client was still sending.
import type { Socket } from 'node:net'
import type { Client } from '../decision/facts.ts'
import { type HttpFault, requestFault } from '../http/fault.ts'
import { RequestReader } from '../http/request-reader.ts'
import type { Target } from '../net/target.ts'
import type { Limits } from '../policy/policy.ts'
import { arm, deadline, type Deadline, disarm } from './deadlines.ts'
import { Exchange } from './exchange.ts'
import type { Gate, Inbound } from './gate.ts'
import { watchHalfClosed } from './half-closed.ts'
import { Held } from './held.ts'
import type { LimitRefusal } from './limits.ts'
import { Linger } from './linger.ts'
import type { Peer } from './peer.ts'
import { type Pool, poolOf } from './pool.ts'
import { RAW_TARGET } from './notes.ts'
import { Outgoing } from './outgoing.ts'
import { Reads } from './reads.ts'
import { Turns } from './turns.ts'
import { refuseUnread } from './unread.ts'

/** A client may wait as long for its next request. */
const KEEP_ALIVE_MS = 60_000
/** `head`: between or within heads; `exchange`: a request under way; `linger`: answered, the rest is dropped; `gone`: closed or handed over. */
type Mode = 'head' | 'exchange' | 'linger' | 'gone'

const SPENT_READER = new RequestReader()
const SPENT_HELD = new Held()

const limitsOf = (gate: Gate): Limits => gate.snapshot().compiled.policy.limits

export class InboundConnection implements Inbound {
  place = -1
  readonly socket: Socket
  readonly gate: Gate
  readonly pool: Pool
  /** over a limit before it said anything: its first request is answered with that */
  readonly limited: LimitRefusal | undefined
  readonly peer: Peer
  /** known from the first exchange on */
  client: Client | undefined
  /** set behind a CONNECT to port 80: what comes are plain requests to this target */
  inside: Target | undefined
  #mode: Mode = 'head'
  #exchange: Exchange | undefined
  #reader = new RequestReader()
  #began = 0
  #held = new Held()
  readonly outgoing = new Outgoing()
  readonly reads: Reads
  #stopped = false
  #linger: Linger | undefined
  #reading = false
  readonly #turns = new Turns(this)
  /** the client has ended its side */
  ended = false
  #draining = false
  readonly #deadline: Deadline
  readonly #onEnd = (): void => this.#clientEnd()
  readonly written = (): void => {
    if (this.socket.writableLength > 0) return
    if (this.#exchange !== undefined) this.#exchange.clientWritten()
    else this.#pump()
  }
  readonly #onClose = (): void => this.#closed()

  constructor(socket: Socket, peer: Peer, gate: Gate, limited: LimitRefusal | undefined) {
    this.socket = socket
    this.peer = peer
    this.gate = gate
    this.limited = limited
    this.pool = poolOf(gate)
    this.#deadline = deadline(() => this.#due())
    this.reads = new Reads(socket, this)
    socket.on('end', this.#onEnd)
    socket.on('drain', this.written)
    socket.on('close', this.#onClose)
    socket.resume()
    arm(this.#deadline, limitsOf(this.gate).headMs)
  }

  /** One deadline a connection: what it means is what is under way. */
  arm(ms: number): void { arm(this.#deadline, ms) }

  #due(): void {
    if (this.#mode === 'exchange') this.#exchange?.due()
    else if (this.#mode === 'head' && this.#reader.started) this.#refuse(requestFault('the request head did not come in time', 408))
    else if (this.#mode === 'head') this.#close()
    else this.#linger?.due()
  }

  /** The chunk is ours until we return, and after a false until the reads go on. */
  take(chunk: Buffer): boolean {
    if (this.#mode === 'head' && this.#held.empty && !this.#turns.waiting) {
      this.#read(chunk)
      this.#pump()
    } else if (this.#mode === 'linger') this.#linger?.drop(chunk.length)
    else if (this.#mode !== 'gone') this.#ahead(chunk)
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
        else this.reads.renew()
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
    while (this.#mode === 'head' && !this.#turns.waiting && !this.socket.writableNeedDrain) {
      const chunk = this.#held.take()
      if (chunk === undefined) break
      this.#read(chunk)
    }
    this.#reading = false
    if (this.#mode !== 'head' || this.#turns.waiting || !this.#held.empty) return
    if (this.ended) this.#close()
    else this.#go()
  }

  #read(chunk: Buffer): void {
    const reader = this.#reader
    const limits = limitsOf(this.gate)
    const started = reader.started
    if (!started) this.#began = Date.now()
    const request = reader.push(chunk, limits)
    if (request === undefined) {
      if (!started) arm(this.#deadline, limits.headMs)
      return
    }
    if (request.kind === 'fault') return this.#refuse(request)
    if (reader.rest !== undefined) this.#held.putBack(Buffer.from(reader.rest))
    disarm(this.#deadline)
    this.#mode = 'exchange'
    this.#exchange = new Exchange(this, request, this.#began, reader.octets)
    this.#exchange.start()
    if (this.#turns.over(this.#between)) this.#stop()
  }

  get #between(): boolean { return this.#mode === 'head' }

  nextTurn(): void { this.#pump() }

  /** A request that could not be read: answered, told, and the connection closed, since nobody knows where the next one would begin. */
  #refuse(fault: HttpFault): void {
    this.#close(refuseUnread(this, fault, this.#reader.seen(RAW_TARGET), this.#reader.received, this.#began))
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

  /** The answer is written to its end; `byReset`: as far as it came, and where only the close would end it, its end must not look like one. */
  finish(close: boolean, byReset = false): void {
    this.#exchange = undefined
    if (this.#mode !== 'exchange') return
    this.#mode = 'head'
    if (close || this.#draining || (this.ended && this.#held.empty)) return this.#close(undefined, byReset)
    arm(this.#deadline, KEEP_ALIVE_MS)
    this.#pump()
  }

  get hasMore(): boolean { return !this.#held.empty }

  get closing(): boolean { return this.#draining || this.gate.draining }

  #clientEnd(): void {
    this.ended = true
    if (this.#mode === 'linger') return this.#linger?.clientEnd()
    if (this.#mode === 'head' && this.#held.empty) return this.#close()
    watchHalfClosed(this.socket)
    this.#exchange?.clientEnd()
  }

  #closed(): void {
    this.reads.release()
    disarm(this.#deadline)
    this.#mode = 'gone'
    this.#held.empties()
    const exchange = this.#exchange
    this.#exchange = undefined
    exchange?.clientGone()
  }

  #close(last?: Buffer, byReset = false): void {
    this.#mode = 'linger'
    this.#exchange = undefined
    this.#held.empties()
    this.#linger = new Linger(this.socket, (ms) => arm(this.#deadline, ms), limitsOf(this.gate).idleBodyMs, { ended: this.ended, byReset, last })
    this.#go()
  }

  /** Takes the socket out for a tunnel or an upgrade, paused and without our listeners; `early` is what the client sent ahead. */
  detach(): { readonly socket: Socket; readonly early: Buffer } {
    const { socket } = this
    disarm(this.#deadline)
    this.#mode = 'gone'
    this.#exchange = undefined
    this.reads.handOver()
    socket.off('end', this.#onEnd).off('drain', this.written).off('close', this.#onClose)
    const early = this.#held.empties()
    // no more requests: a tunnel may last a day
    this.#reader = SPENT_READER
    this.#held = SPENT_HELD
    return { socket, early }
  }

  drain(): void {
    this.#draining = true
    if (this.#mode === 'head' && !this.#reader.started) this.#close()
  }

  destroy(): void { this.socket.destroy() }
}
