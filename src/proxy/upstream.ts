// One connection to an upstream, lent to one exchange at a time. Dangers prevented: bytes of one answer read as the next one's (surplus bytes and
// bytes on an idle connection end it), an answer lost because the upstream stopped reading the request, sockets that outlive their user.
import type { Socket } from 'node:net'
import type { Endpoint } from '../decision/facts.ts'
import { HeadBuffer } from '../http/head-buffer.ts'
import { arm, deadline, type Deadline, disarm } from './deadlines.ts'
import { keepReadable, readOn, writeFailed } from './keep-readable.ts'
import { Outgoing } from './outgoing.ts'
import type { Turn } from './pace.ts'
import { Reads } from './reads.ts'
import { resetNow } from './reset.ts'

/** `stop`: no more until `resume`, the chunk is held; `renew`: go on, but the chunk is held. */
export type Taken = 'go' | 'stop' | 'renew'

/** Who uses it now. After `upstreamClosed` nothing more comes. */
export interface UpstreamUser {
  upstreamData(chunk: Buffer): Taken
  /** all that was written to it is sent */
  upstreamWritten(): void
  /** the upstream ended its side in order */
  upstreamEnd(): void
  /** it is gone: `code` is the system's error, undefined for a close without one */
  upstreamClosed(code: string | undefined): void
}

/** How long an upstream that takes no more of the request may go on answering. */
const LAST_WORDS_MS = 1_000

export class Upstream {
  readonly socket: Socket
  /** by which decision it is used now */
  endpoint: Endpoint
  readonly key: string
  /** it has answered before: its next request may be lost to a close that is already on its way */
  reused = false
  readonly outgoing = new Outgoing()
  /** of the answers' heads; empty between them */
  readonly head = new HeadBuffer()
  #user: UpstreamUser | undefined
  #code: string | undefined
  readonly #reads: Reads
  readonly #idle: Deadline
  /** of its user: what is read waits at a bucket, where it is limited */
  #turn: Turn | undefined
  /** its user said `stop` */
  #stopped = false
  /** given with a write: told when nothing is left to be written */
  readonly written = (): void => {
    if (this.socket.writableLength === 0) this.#user?.upstreamWritten()
  }

  constructor(socket: Socket, endpoint: Endpoint, key: string, onGone: (upstream: Upstream) => void) {
    this.socket = socket
    this.endpoint = endpoint
    this.key = key
    this.#idle = deadline(() => socket.destroy())
    keepReadable(socket)
    this.#reads = new Reads(socket, this)
    socket.on('end', () => {
      if (this.#user === undefined) this.destroy()
      else this.#user.upstreamEnd()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#code ??= error.code ?? 'ERROR'
      if (!writeFailed(error)) return void socket.destroy()
      // what it said before it stopped reading is still to be read
      readOn(socket)
      arm(this.#idle, LAST_WORDS_MS)
    })
    socket.on('close', () => {
      disarm(this.#idle)
      this.#reads.release()
      this.pace(undefined)
      onGone(this)
      const user = this.#user
      this.#user = undefined
      user?.upstreamClosed(this.#code)
    })
  }

  take(chunk: Buffer): boolean {
    const user = this.#user
    if (user === undefined) {
      this.destroy()
      return false
    }
    // by its end a short answer has given the turn back, and counts all the same
    const turn = this.#turn
    const taken = user.upstreamData(chunk)
    if (taken === 'renew') this.#reads.renew()
    this.#stopped = taken === 'stop'
    const waits = turn !== undefined && turn.moved(chunk.length)
    return !this.#stopped && !waits
  }

  /** `turn`: how fast it may be read. */
  lend(user: UpstreamUser, turn: Turn | undefined): void {
    disarm(this.#idle)
    this.#user = user
    this.#stopped = false
    this.pace(turn)
    // who comes with a new connection waits behind those who wait already
    if (turn?.holds() === true) this.socket.pause()
    else this.socket.resume()
  }

  /** From now on by this turn; undefined: as it comes. */
  pace(turn: Turn | undefined): void {
    const waited = this.waiting
    this.#turn?.end()
    this.#turn = turn
    this.#reads.bound(turn?.readOctets)
    if (turn !== undefined) turn.goOn = () => this.#goOn()
    if (waited) this.#goOn()
  }

  /** It has had its share, and others come first. */
  get waiting(): boolean {
    return this.#turn?.waiting === true
  }

  #goOn(): void {
    if (this.#stopped || this.waiting || this.socket.destroyed) return
    this.#reads.fit()
    this.socket.resume()
  }

  resume(): void {
    this.#stopped = false
    this.#goOn()
  }

  /** Idle from now on: whatever is read ends it. */
  rest(idleMs: number): void {
    this.#user = undefined
    this.pace(undefined)
    this.reused = true
    arm(this.#idle, idleMs)
  }

  /** Ends it at once; its user hears nothing more. */
  destroy(): void {
    this.#user = undefined
    this.socket.destroy()
  }

  /** Ends it in the middle of an exchange: the upstream need not go on with what nobody waits for. */
  reset(): void {
    this.#user = undefined
    resetNow(this.socket)
  }

  get alive(): boolean {
    return !this.socket.destroyed && this.socket.writable && this.socket.readable
  }
}
