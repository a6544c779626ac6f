// One connection to an upstream, lent to one exchange at a time. Dangers prevented: bytes of one answer read as the next one's (surplus bytes and
// bytes on an idle connection end it), an answer lost because the upstream stopped reading the request, sockets that outlive their user.
import type { Socket } from 'node:net'
import type { Endpoint } from '../decision/facts.ts'
import { arm, deadline, type Deadline, disarm } from './deadlines.ts'

/** How long an upstream that takes no more of the request may go on answering. */
const LAST_WORDS_MS = 1_000

/** Who uses it now. After `upstreamClosed` nothing more comes. */
export interface UpstreamUser {
  upstreamData(chunk: Buffer): void
  upstreamDrain(): void
  /** the upstream ended its side in order */
  upstreamEnd(): void
  /** it is gone: `code` is the system's error, undefined for a close without one */
  upstreamClosed(code: string | undefined): void
}

export class Upstream {
  readonly socket: Socket
  readonly endpoint: Endpoint
  readonly key: string
  /** it has answered before: its next request may be lost to a close that is already on its way */
  reused = false
  #user: UpstreamUser | undefined
  #code: string | undefined
  readonly #idle: Deadline

  constructor(socket: Socket, endpoint: Endpoint, key: string, onGone: (upstream: Upstream) => void) {
    this.socket = socket
    this.endpoint = endpoint
    this.key = key
    this.#idle = deadline(() => socket.destroy())
    keepReadable(socket)
    socket.on('data', (chunk: Buffer) => {
      if (this.#user === undefined) this.destroy()
      else this.#user.upstreamData(chunk)
    })
    socket.on('drain', () => this.#user?.upstreamDrain())
    socket.on('end', () => {
      if (this.#user === undefined) this.destroy()
      else this.#user.upstreamEnd()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#code ??= error.code ?? 'ERROR'
      // a failed write: what the upstream said before it stopped reading is still to be read; a failed read ends it
      if (error.syscall !== 'write') socket.destroy()
      else arm(this.#idle, LAST_WORDS_MS)
    })
    socket.on('close', () => {
      disarm(this.#idle)
      onGone(this)
      const user = this.#user
      this.#user = undefined
      user?.upstreamClosed(this.#code)
    })
  }

  lend(user: UpstreamUser): void {
    disarm(this.#idle)
    this.#user = user
  }

  /** Idle from now on: whatever is read ends it. */
  rest(idleMs: number): void {
    this.#user = undefined
    this.reused = true
    this.socket.resume()
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
    this.socket.resetAndDestroy()
  }

  get alive(): boolean {
    return !this.socket.destroyed && this.socket.writable && this.socket.readable
  }
}

/**
 * Node destroys a socket on the first failed write, and with it an answer that is already in the kernel's buffer (an upload refused early). Here
 * the owner destroys. The two switches are Node's own, set where its streams keep them; without them only that early answer is lost.
 */
function keepReadable(socket: Socket): void {
  const states = socket as unknown as { readonly _readableState?: { autoDestroy: boolean }; readonly _writableState?: { autoDestroy: boolean } }
  if (states._readableState !== undefined) states._readableState.autoDestroy = false
  if (states._writableState !== undefined) states._writableState.autoDestroy = false
}
