// What a client sent ahead of its turn: copied, in order, and counted, so that its connection can be stopped. Danger prevented: pipelining without
// bound, and octets held in memory that the next read takes.
const MOST_OCTETS = 64 * 1024
const MOST_PIECES = 256

const NOTHING = Buffer.alloc(0)

export class Held {
  #pieces: Buffer[] = []
  #octets = 0

  get empty(): boolean {
    return this.#pieces.length === 0
  }

  /** No more is to be read until some of it is taken. */
  get full(): boolean {
    return this.#octets > MOST_OCTETS || this.#pieces.length > MOST_PIECES
  }

  add(chunk: Buffer): void {
    this.#pieces.push(Buffer.from(chunk))
    this.#octets += chunk.length
  }

  take(): Buffer | undefined {
    const piece = this.#pieces.shift()
    if (piece !== undefined) this.#octets -= piece.length
    return piece
  }

  /** Back to the front: what was left of a piece taken, or of the read that held a head. */
  putBack(piece: Buffer): void {
    this.#pieces.unshift(piece)
    this.#octets += piece.length
  }

  /** All of it, and nothing is left. */
  empties(): Buffer {
    if (this.#pieces.length === 0) return NOTHING
    const [first] = this.#pieces
    const all = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#octets = 0
    return all
  }
}
