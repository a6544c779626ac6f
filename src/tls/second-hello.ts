// The second ClientHello: a server may answer the first with a HelloRetryRequest, and the client says hello once more, in clear (RFC 8446 4.1.2,
// 4.1.4). It must be the same but for its keys, yet servers follow the name in it (OpenSSL's do). Danger prevented: a first hello for the name
// that the tunnel was asked for, and a second for another.
import { HelloReader } from './client-hello.ts'
import type { HelloReading } from './client-hello.ts'

const HANDSHAKE = 22
const SERVER_HELLO = 2
const RECORD_HEADER = 5
/** within the server's first record: type and length of the message, its version, its random */
const RANDOM_AT = RECORD_HEADER + 4 + 2
const RANDOM_END = RANDOM_AT + 32
/** RFC 8446 4.1.3: the random of a ServerHello that is a HelloRetryRequest */
const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')

/** Follows both directions from the end of the first hello until there has been a second one, or there can be none. */
export class RetryWatch {
  readonly #server = Buffer.alloc(RANDOM_END)
  #serverOctets = 0
  #serverRead = false
  /** of a record that is passed on: its header as far as it came, and how much of its content is to come */
  readonly #header = Buffer.alloc(RECORD_HEADER)
  #headerOctets = 0
  #left = 0
  #hello: HelloReader | undefined

  /** held of the second hello */
  get held(): Buffer | undefined {
    return this.#hello?.bytes
  }

  /** What the server said: false when no second hello can follow, and nobody need look any more. */
  server(chunk: Buffer): boolean {
    if (this.#serverRead) return true
    this.#serverOctets += chunk.copy(this.#server, this.#serverOctets)
    const known = this.#server.subarray(0, this.#serverOctets)
    if (known[0] !== HANDSHAKE || (known.length > RECORD_HEADER && known[RECORD_HEADER] !== SERVER_HELLO)) return false
    if (known.length < RANDOM_END) return true
    this.#serverRead = true
    return known.subarray(RANDOM_AT).equals(RETRY_RANDOM)
  }

  /**
   * What the client said: how much of it goes on at once (early data, a ChangeCipherSpec), and the reading of a second hello, which is held
   * in copy: until the server has answered with something else, a handshake record is a second hello or an error.
   */
  client(chunk: Buffer): { readonly passes: number; readonly reading: HelloReading | undefined } {
    let at = 0
    while (this.#hello === undefined && at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at)
        this.#left -= step
        at += step
      } else if (this.#headerOctets === 0 && chunk[at] === HANDSHAKE) this.#hello = new HelloReader()
      else {
        this.#header[this.#headerOctets++] = chunk[at++] ?? 0
        if (this.#headerOctets === RECORD_HEADER) {
          this.#headerOctets = 0
          this.#left = this.#header.readUInt16BE(3)
        }
      }
    }
    return { passes: at, reading: this.#hello?.push(chunk.subarray(at)) }
  }
}
