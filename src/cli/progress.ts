// A bar for whoever waits at a terminal; nothing in a pipe. Danger prevented: a command that reads for a minute and looks as if it hung, and a bar's
// control codes in somebody's file.

export class Progress {
  readonly #all: number
  readonly #shown = process.stderr.isTTY === true
  #before = 0
  #next = 0

  constructor(all: number) {
    this.#all = all
  }

  at(octets: number): void {
    if (!this.#shown || this.#all === 0 || Date.now() < this.#next) return
    this.#next = Date.now() + 200
    const share = Math.min(1, (this.#before + octets) / this.#all)
    process.stderr.write(`\r[${'#'.repeat(Math.round(share * 30)).padEnd(30)}] ${Math.round(share * 100)} %`)
  }

  done(octets: number): void {
    this.#before += octets
  }

  end(): void {
    if (this.#shown && this.#next > 0) process.stderr.write('\r\x1b[K')
  }
}
