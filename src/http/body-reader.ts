// A body read by its framing, whatever the cut into reads: the next slice of data, and where the message ends (RFC 9112 6). Danger prevented:
// an octet behind the end that is taken for the body, or of the body that is taken for the next message.
import { ChunkedDecoder } from './chunked-decoder.ts'
import type { Framing } from './framing.ts'

export class BodyReader {
  /** the slice that the last `step` found; empty when `from === to` */
  from = 0
  to = 0
  /** data octets seen so far */
  octets = 0
  done: boolean
  problem: string | undefined
  readonly #chunked: ChunkedDecoder | undefined
  /** octets still to come; of a body that runs to the close, without end */
  #left: number

  constructor(framing: Framing) {
    this.#chunked = framing.kind === 'chunked' ? new ChunkedDecoder() : undefined
    this.#left = framing.kind === 'length' ? framing.octets : framing.kind === 'close' ? Infinity : 0
    this.done = this.#chunked === undefined && this.#left === 0
  }

  /** Reads on from `at`; answers where it stopped: at `end`, behind a slice, at the body's end or at a problem. */
  step(bytes: Uint8Array, at: number, end: number): number {
    const chunked = this.#chunked
    if (chunked === undefined) {
      const stop = end - at < this.#left ? end : at + this.#left
      this.from = at
      this.to = stop
      this.#left -= stop - at
      this.octets += stop - at
      if (this.#left === 0) this.done = true
      return stop
    }
    const stop = chunked.step(bytes, at, end)
    this.from = chunked.from
    this.to = chunked.to
    this.octets += chunked.to - chunked.from
    if (chunked.problem !== undefined) this.problem = chunked.problem
    else if (chunked.done) this.done = true
    return stop
  }
}
