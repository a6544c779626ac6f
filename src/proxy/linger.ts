// The last act of a client's connection: what was written is sent to its end, then our side ends, and what the client still sends is dropped for a
// while, so that a reset does not take the answer from it (RFC 9112 9.6). Dangers prevented: an error answer lost to a client that was still
// uploading; the tail of an answer lost to a slow one; a connection that never ends.
import type { Socket } from 'node:net'
import { resetNow } from './reset.ts'

/** How long, and for how many octets, the rest of an upload is dropped. */
const DROP_MS = 3_000
const DROP_OCTETS = 64 * 1024 * 1024

export class Linger {
  readonly #socket: Socket
  /** its end must not look like the end of an answer */
  readonly #byReset: boolean
  #dropped = 0

  /** `idleMs`: how long the client may take for what is not sent yet; `ended`: its side is closed; `last`: sent before the end. */
  constructor(socket: Socket, arm: (ms: number) => void, idleMs: number, options: { readonly ended: boolean; readonly byReset?: boolean; readonly last?: Buffer | undefined }) {
    this.#socket = socket
    this.#byReset = options.byReset === true
    const sent = (): void => (this.#byReset ? resetNow(socket) : options.ended ? void socket.destroy() : arm(DROP_MS))
    if (this.#byReset) {
      if (socket.writableLength === 0) {
        sent()
        return
      }
      socket.write('', sent)
    } else if (options.last === undefined) socket.end(sent)
    else socket.end(options.last, sent)
    arm(idleMs)
  }

  drop(octets: number): void {
    this.#dropped += octets
    if (this.#dropped > DROP_OCTETS) this.due()
  }

  clientEnd(): void {
    if (!this.#byReset) this.#socket.destroySoon()
  }

  due(): void {
    if (this.#byReset) resetNow(this.#socket)
    else this.#socket.destroy()
  }
}
