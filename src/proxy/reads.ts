// The reads of a socket that speaks HTTP: into a buffer of its own that grows with what comes, until the socket is handed to somebody else. Danger
// prevented: a buffer read into while another socket is still writing it.
import type { Socket } from 'node:net'
import { type OwnReads, readInto } from './own-reads.ts'
import { ReadSize, START_OCTETS } from './read-size.ts'

/** A body is moved in pieces of this size at most: the buffer stays with its connection from one message to the next. */
const LARGEST = 256 * 1024

export class Reads {
  readonly #socket: Socket
  readonly #own: OwnReads | undefined
  readonly #size = new ReadSize()
  #handedOver = false

  /** `reader`'s chunk is its own until it returns, and after a false (which stops the reads) until `resume` is called on the socket. */
  constructor(socket: Socket, reader: (chunk: Buffer) => boolean) {
    this.#socket = socket
    this.#own = readInto(socket, START_OCTETS, (chunk) => {
      // a copy for whoever listens to the stream now
      if (this.#handedOver) return socket.push(Buffer.from(chunk))
      const more = reader(chunk)
      this.#grow(chunk.length)
      return more
    })
    if (this.#own === undefined) {
      socket.on('data', (chunk: Buffer) => {
        if (!this.#handedOver && !reader(chunk)) socket.pause()
      })
    }
    socket.once('close', () => this.#size.release())
  }

  #grow(octets: number): void {
    const own = this.#own
    if (own !== undefined && octets === own.size && octets < LARGEST) own.grow(this.#size.grown())
  }

  /** Within a read: the chunk is still being written, and reading goes on all the same. */
  renew(): void {
    this.#own?.renew()
  }

  /** What comes from now on goes to the stream, as from any socket. Paused. */
  handOver(): void {
    this.#handedOver = true
    this.#socket.pause()
    if (this.#own === undefined) this.#socket.removeAllListeners('data')
  }
}
