// The octets of a head as they come: read in place when one read holds it all, gathered in a buffer that doubles when not. Danger
// prevented: quadratic work for a client that sends an octet at a time.
import { HeadScan, type ScanLimits, type ScanResult } from './head-scan.ts'

const FIRST_CAPACITY = 2048

export class HeadBuffer {
  readonly #scan = new HeadScan()
  #bytes: Buffer | undefined
  #length = 0
  #owned: Buffer | undefined

  /** some octets of a head are here, and not its end */
  get started(): boolean {
    return this.#length > 0
  }

  /** Adds what was read. After anything but `more`, ask for the head and then `reset`. */
  push(chunk: Buffer, limits: ScanLimits): ScanResult {
    if (this.#owned === undefined) {
      this.#bytes = chunk
      this.#length = chunk.length
    } else this.#append(chunk)
    const result = this.#scan.scan(this.#bytes ?? chunk, this.#length, limits)
    // a read's memory may be used again: what is kept is kept in our own
    if (result === 'more' && this.#owned === undefined) {
      this.#length = 0
      this.#append(chunk)
    }
    return result
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length
    let owned = this.#owned
    if (owned === undefined || owned.length < length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, length * 2))
      if (owned !== undefined) owned.copy(grown, 0, 0, this.#length)
      owned = grown
      this.#owned = grown
      this.#bytes = grown
    }
    chunk.copy(owned, this.#length)
    this.#length = length
  }

  /** the head, latin1, from its first line to its empty line */
  text(): string {
    return this.#bytes?.toString('latin1', this.#scan.start, this.#scan.at) ?? ''
  }

  /** offset in `text` behind the first line's CRLF; negative while that line is open */
  get lineEnd(): number {
    return this.#scan.lineEnd - this.#scan.start
  }

  /** nothing, not even an empty line, stood before the first line */
  get atStart(): boolean {
    return this.#scan.start === 0
  }

  get lineComplete(): boolean {
    return this.#scan.lineEnd >= 0
  }

  /** what has come of a head that is not complete or not valid, for a log */
  seen(maxLength: number): string {
    return this.#bytes?.toString('latin1', this.#scan.start, Math.min(this.#length, this.#scan.start + maxLength)) ?? ''
  }

  /** octets that have come, of what may follow the head too */
  get received(): number {
    return this.#length
  }

  /** the octets behind the head: a view, valid while the read's memory is */
  rest(): Buffer | undefined {
    return this.#scan.at < this.#length ? this.#bytes?.subarray(this.#scan.at, this.#length) : undefined
  }

  reset(): void {
    this.#bytes = undefined
    this.#owned = undefined
    this.#length = 0
    this.#scan.reset(0)
  }
}
