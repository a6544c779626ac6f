// A bar for whoever waits at a terminal; nothing in a pipe. Danger prevented: a command that reads for a minute and looks as if it hung, and a bar's
// control codes in somebody's file.

const FIRST_MS = 400
const EVERY_MS = 200

export class Progress {
  readonly #all: number
  readonly #shown = process.stderr.isTTY === true
  #before = 0
  /** what is short shows none */
  #next = Date.now() + FIRST_MS
  #drawn = false

  constructor(all: number) {
    this.#all = all
  }

  at(octets: number): void {
    if (!this.#shown || this.#all === 0 || Date.now() < this.#next) return
    this.#next = Date.now() + EVERY_MS
    this.#drawn = true
    const share = Math.min(1, (this.#before + octets) / this.#all)
    process.stderr.write(`\r[${'#'.repeat(Math.round(share * 30)).padEnd(30)}] ${Math.round(share * 100)} %`)
  }

  done(octets: number): void {
    this.#before += octets
  }

  end(): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K')
  }
}

/** A bar while it lasts: the work tells how much of it is done, from 0 to 1. */
export async function withBar<T>(work: (at: (share: number) => void) => T | Promise<T>): Promise<T> {
  const progress = new Progress(1)
  try {
    return await work((share) => progress.at(share))
  } finally {
    progress.end()
  }
}
