// The reads of a socket that speaks HTTP: into a buffer of its own that grows with what comes, until the socket is handed to somebody else. Danger
// prevented: a buffer read into while another socket is still writing it.
import type { Socket } from 'node:net'
import { type OwnReads, type Reader, readInto } from './own-reads.ts'
import { ReadSize, START_OCTETS } from './read-size.ts'

/** A body is moved in pieces of this size at most: the buffer stays with its connection from one message to the next. */
const LARGEST = 256 * 1024

export class Reads implements Reader {
  readonly #reader: Reader
  readonly #socket: Socket
  readonly #own: OwnReads | undefined
  readonly #size = new ReadSize()
  #handedOver = false
  #most = LARGEST

  /** `reader`'s chunk is its own until it returns, and after a false (which stops the reads) until `resume` is called on the socket. */
  constructor(socket: Socket, reader: Reader) {
    this.#socket = socket
    this.#reader = reader
    this.#own = readInto(socket, START_OCTETS, this)
    if (this.#own === undefined) {
      socket.on('data', (chunk: Buffer) => {
        if (!this.#handedOver && !reader.take(chunk)) socket.pause()
      })
      // a 'data' listener alone would start the flow
      socket.pause()
    }
  }

  take(chunk: Buffer): boolean {
    // a copy for whoever listens to the stream now
    if (this.#handedOver) return this.#socket.push(Buffer.from(chunk))
    const more = this.#reader.take(chunk)
    if (!this.#handedOver) this.#grow(chunk.length)
    return more
  }

  /** No read larger than this, or than what it has grown to already. */
  bound(octets = LARGEST): void {
    this.#most = Math.min(octets, LARGEST)
  }

  /** Back within the bound, where it was set after the buffer had grown. Paused, and nothing of the buffer is still being written. */
  fit(): void {
    const own = this.#own
    if (own === undefined || this.#handedOver || own.size <= this.#most || own.size <= START_OCTETS) return
    own.shrink(START_OCTETS)
    this.#size.release()
  }

  /** The socket is closed: its share of the memory for large reads goes back. */
  release(): void {
    this.#size.release()
  }

  #grow(octets: number): void {
    const own = this.#own
    if (own !== undefined && octets === own.size && octets * 4 <= this.#most) own.grow(this.#size.grown())
  }

  /** Within a read: the chunk is still being written, and reading goes on all the same. */
  renew(): void {
    this.#own?.renew()
  }

  /** What comes from now on goes to the stream, as from any socket. Paused. */
  handOver(): void {
    this.#handedOver = true
    this.#size.release()
    this.#socket.pause()
    if (this.#own === undefined) this.#socket.removeAllListeners('data')
  }
}
