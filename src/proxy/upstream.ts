// One connection to an upstream, lent to one exchange at a time. Dangers prevented: bytes of one answer read as the next one's (surplus bytes and
// bytes on an idle connection end it), an answer lost because the upstream stopped reading the request, sockets that outlive their user.
import type { Socket } from 'node:net'
import type { Endpoint } from '../decision/facts.ts'
import { HeadBuffer } from '../http/head-buffer.ts'
import { arm, deadline, type Deadline, disarm } from './deadlines.ts'
import { keepReadable, readOn, writeFailed } from './keep-readable.ts'
import { Outgoing } from './outgoing.ts'
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
  readonly endpoint: Endpoint
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
    const taken = user.upstreamData(chunk)
    if (taken === 'renew') this.#reads.renew()
    return taken !== 'stop'
  }

  lend(user: UpstreamUser): void {
    disarm(this.#idle)
    this.#user = user
    this.socket.resume()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Idle from now on: whatever is read ends it. */
  rest(idleMs: number): void {
    this.#user = undefined
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
