// Names in one hash that is walked label by label from the right: each suffix of a host at a dot is looked up without being cut out.
// Danger prevented: a string and its hash made anew for each label of each request.

/** FNV-1a with a shift, so that the low bits which choose the slot see every octet. From the last octet to the first. */
export function nameStep(hash: number, code: number): number {
  const mixed = Math.imul(hash ^ code, 0x01000193)
  return mixed ^ (mixed >>> 15)
}

export class NameTable {
  readonly size: number
  readonly #names: readonly string[]
  /** open addressing; index + 1 of the name, 0 for a free slot; at most half full */
  readonly #slots: Int32Array

  /** Distinct names. */
  constructor(names: readonly string[]) {
    this.size = names.length
    this.#names = names
    let size = 8
    while (size < names.length * 2) size *= 2
    this.#slots = new Int32Array(size)
    names.forEach((name, index) => {
      let hash = 0
      for (let i = name.length - 1; i >= 0; i--) hash = nameStep(hash, name.charCodeAt(i))
      let slot = hash & (size - 1)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (size - 1)
      this.#slots[slot] = index + 1
    })
  }

  /** Index of the name that `name` from `start` on is, whose hash is given, or -1. */
  find(name: string, start: number, hash: number): number {
    const mask = this.#slots.length - 1
    const length = name.length - start
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] ?? 0
      if (entry === 0) return -1
      const candidate = this.#names[entry - 1] ?? ''
      if (candidate.length === length && name.endsWith(candidate)) return entry - 1
    }
  }
}
