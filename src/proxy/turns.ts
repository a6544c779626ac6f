// Whose turn it is. What is refused, or answered from here, waits for nobody: a client that reads fast would have all of a long pipeline answered, and the
// next read too, before anybody else is heard, since writes that the kernel takes at once come back before the event loop goes round. Danger prevented: one
// client's flood of refused requests on a few connections, behind which those of all others wait.

/** Requests in a row that one connection has answered at once before the other connections come first. */
const AT_ONCE = 8

export class Turns {
  readonly #owner: { readonly nextTurn: () => void }
  #answered = 0
  /** what others sent comes first */
  waiting = false

  /** `nextTurn` is called when the others have had theirs. */
  constructor(owner: { readonly nextTurn: () => void }) {
    this.#owner = owner
  }

  /** After each request. `atOnce`: it is answered, and the next may be read. True: not before `nextTurn`. */
  over(atOnce: boolean): boolean {
    this.#answered = atOnce ? this.#answered + 1 : 0
    if (this.#answered < AT_ONCE) return false
    this.#answered = 0
    this.waiting = true
    setImmediate(() => {
      this.waiting = false
      this.#owner.nextTurn()
    })
    return true
  }
}
