// Walks a tree of choices that is not known beforehand: whoever needs a value asks, each run takes one way, and the next run another, until
// all are taken. So a packet is told apart no further than some judge asks. Danger prevented: a proof that multiplies every dimension by
// every other and then gives up.

export class Chooser {
  #choices: number[] = []
  #sizes: number[] = []
  #at = 0
  readonly #random: (() => number) | undefined

  /** `random`: each run takes a way by chance, and `next` never ends. */
  constructor(random?: () => number) {
    this.#random = random
  }

  /** 0 to `size` - 1. */
  choose(size: number): number {
    if (size < 1) throw new Error('nothing to choose from')
    const at = this.#at++
    const known = this.#choices[at]
    if (known !== undefined) return known
    const choice = this.#random === undefined ? 0 : Math.floor(this.#random() * size)
    this.#choices.push(choice)
    this.#sizes.push(size)
    return choice
  }

  /** How much of the whole this run speaks for. */
  get share(): number {
    let share = 1
    for (const size of this.#sizes) share /= size
    return share
  }

  /** Ready for the next run; false: every way was taken. */
  next(): boolean {
    this.#at = 0
    if (this.#random !== undefined) {
      this.#choices = []
      this.#sizes = []
      return true
    }
    for (let last = this.#choices.length - 1; last >= 0; last--) {
      const choice = (this.#choices[last] ?? 0) + 1
      if (choice < (this.#sizes[last] ?? 0)) {
        this.#choices[last] = choice
        return true
      }
      this.#choices.pop()
      this.#sizes.pop()
    }
    return false
  }
}

/** The same sequence for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = state
    value = Math.imul(value ^ (value >>> 15), value | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}
