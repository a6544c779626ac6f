// Finds which of many literals a text holds, in one pass whatever their number (Aho and Corasick, 1975). Danger prevented: a judgement
// whose time grows with the number of expressions times the length of what a client sends.

/** Lower case of ASCII; what is over U+00FF is one octet that no literal has, save the two letters that fold to ASCII. */
const OTHER = 0

export class Automaton {
  /** which column of the table an octet has; OTHER where no literal holds it */
  readonly #columns: Uint8Array
  readonly #width: number
  /** state × column → state */
  readonly #next: Int32Array
  /** state → the nearest state on its suffix chain, itself included, in which a literal ends; 0 for none */
  readonly #ends: Int32Array
  /** state → the state after it on the same chain; 0 for none */
  readonly #further: Int32Array
  /** state → first of its literals in #ids, and one past the last */
  readonly #firstId: Int32Array
  readonly #ids: Int32Array

  /** `owners[i]` are the ids told when `literals[i]` is found. Literals are distinct, lower case, not empty. */
  constructor(literals: readonly string[], owners: readonly (readonly number[])[]) {
    this.#columns = columnsOf(literals)
    this.#width = Math.max(...this.#columns) + 1
    let most = 1
    for (const literal of literals) most += literal.length
    const next = new Int32Array(most * this.#width)
    const endOf = new Map<number, number>()
    let states = 1
    literals.forEach((literal, index) => {
      let state = 0
      for (let i = 0; i < literal.length; i++) {
        const cell = state * this.#width + (this.#columns[literal.charCodeAt(i)] ?? OTHER)
        if (next[cell] === 0) next[cell] = states++
        state = next[cell] ?? 0
      }
      endOf.set(state, index)
    })
    this.#next = next.slice(0, states * this.#width)
    this.#ends = new Int32Array(states)
    this.#further = new Int32Array(states)
    this.#firstId = new Int32Array(states + 1)
    const ids: number[] = []
    for (let state = 0; state < states; state++) {
      this.#firstId[state] = ids.length
      const index = endOf.get(state)
      if (index !== undefined) for (const id of owners[index] ?? []) ids.push(id)
    }
    this.#firstId[states] = ids.length
    this.#ids = Int32Array.from(ids)
    this.#link(states)
  }

  /** Breadth first: where a literal breaks off, go on in the longest suffix that begins one. */
  #link(states: number): void {
    const width = this.#width
    const next = this.#next
    const fail = new Int32Array(states)
    const queue = new Int32Array(states)
    let tail = 0
    for (let column = 0; column < width; column++) {
      const state = next[column] ?? 0
      if (state !== 0) queue[tail++] = state
    }
    for (let head = 0; head < tail; head++) {
      const state = queue[head] ?? 0
      const back = fail[state] ?? 0
      const own = (this.#firstId[state + 1] ?? 0) > (this.#firstId[state] ?? 0)
      this.#ends[state] = own ? state : (this.#ends[back] ?? 0)
      this.#further[state] = this.#ends[back] ?? 0
      for (let column = 0; column < width; column++) {
        const child = next[state * width + column] ?? 0
        const after = next[back * width + column] ?? 0
        if (child === 0) next[state * width + column] = after
        else {
          fail[child] = after
          queue[tail++] = child
        }
      }
    }
  }

  /** Sets `marks[id]` to `stamp` for each id found; tells whether there was one. */
  scan(text: string, marks: Uint32Array, stamp: number): boolean {
    const columns = this.#columns
    const next = this.#next
    const width = this.#width
    let state = 0
    let found = false
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      state = next[state * width + (code < 256 ? (columns[code] ?? OTHER) : wide(columns, code))] ?? 0
      for (let end = this.#ends[state] ?? 0; end !== 0; end = this.#further[end] ?? 0) {
        found = true
        for (let id = this.#firstId[end] ?? 0; id < (this.#firstId[end + 1] ?? 0); id++) marks[this.#ids[id] ?? 0] = stamp
      }
    }
    return found
  }
}

/** The long s and the Kelvin sign fold to s and k (Unicode case folding), as the expressions' engine does. */
function wide(columns: Uint8Array, code: number): number {
  if (code === 0x17f) return columns[0x73] ?? OTHER
  return code === 0x212a ? (columns[0x6b] ?? OTHER) : OTHER
}

function columnsOf(literals: readonly string[]): Uint8Array {
  const columns = new Uint8Array(256)
  let used = OTHER
  for (const literal of literals) {
    for (let i = 0; i < literal.length; i++) {
      const code = literal.charCodeAt(i)
      if (columns[code] === OTHER) columns[code] = ++used
    }
  }
  for (let code = 0x41; code <= 0x5a; code++) columns[code] = columns[code | 0x20] ?? OTHER
  return columns
}
