// How large a direction's read buffer may be: small as long as it is silent, larger as reads fill it, and all large ones of a worker together
// within a budget. Danger prevented: memory that grows with the number of fast tunnels; idle ones that hold what they once needed.
export const START_OCTETS = 1024
const LARGEST = 1024 * 1024
/** what anybody may have beyond the budget */
const MODEST = 64 * 1024
const BUDGET = 128 * 1024 * 1024

let granted = 0

/** One direction's share. */
export class ReadSize {
  #octets = START_OCTETS

  /** The next size after a read that filled the buffer; the same where no more is given. */
  grown(): number {
    const wanted = Math.min(LARGEST, this.#octets * 4)
    const more = wanted - this.#octets
    if (wanted <= MODEST || granted + more <= BUDGET) {
      granted += more
      this.#octets = wanted
    }
    return this.#octets
  }

  /** Back to the start; at the end of the direction too. */
  release(): void {
    granted -= this.#octets - START_OCTETS
    this.#octets = START_OCTETS
  }
}
