// Lines out of chunks, without the file ever being in memory whole. Danger prevented: a list of gigabytes, or one without line ends, that
// takes the gateway's memory with it.

/** A line that is longer is told as bad and passed over. */
const MOST_OCTETS = 16 * 1024

/** Told of each line: octets `from` to `to` of `source`, valid during the call only. `cut`: too long, and this is its beginning. */
export type LineSink = (source: Uint8Array, from: number, to: number, cut: boolean) => void

export class LineSplitter {
  readonly #sink: LineSink
  #rest = new Uint8Array(256)
  #kept = 0
  #cut = false
  #begun = false

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  /** Nothing of a line is kept: the next octet begins one. Not before the first, where a mark may stand. */
  get between(): boolean {
    return this.#begun && this.#kept === 0 && !this.#cut
  }

  push(chunk: Uint8Array): void {
    let from = this.#begun ? 0 : withoutMark(chunk)
    if (chunk.length > 0) this.#begun = true
    for (;;) {
      const end = chunk.indexOf(0x0a, from)
      if (end < 0) break
      if (this.#kept > 0 || this.#cut) {
        this.#keep(chunk, from, end)
        this.#tell()
      } else this.#emit(chunk, from, end, false)
      from = end + 1
    }
    this.#keep(chunk, from, chunk.length)
  }

  /** The last line may lack its end. */
  end(): void {
    if (this.#kept > 0 || this.#cut) this.#tell()
  }

  #tell(): void {
    const kept = this.#kept
    const cut = this.#cut
    this.#kept = 0
    this.#cut = false
    this.#emit(this.#rest, 0, kept, cut)
  }

  #emit(source: Uint8Array, from: number, to: number, cut: boolean): void {
    let first = from
    let last = to
    while (last > first && isBlank(source[last - 1] ?? 0)) last--
    while (first < last && isBlank(source[first] ?? 0)) first++
    if (last - first > MOST_OCTETS) this.#sink(source, first, first + MOST_OCTETS, true)
    else this.#sink(source, first, last, cut)
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const room = MOST_OCTETS - this.#kept
    const taken = Math.min(to - from, room)
    if (taken < to - from) this.#cut = true
    if (this.#kept + taken > this.#rest.length) {
      const larger = new Uint8Array(Math.min(MOST_OCTETS, Math.max(this.#kept + taken, this.#rest.length * 2)))
      larger.set(this.#rest.subarray(0, this.#kept))
      this.#rest = larger
    }
    this.#rest.set(chunk.subarray(from, from + taken), this.#kept)
    this.#kept += taken
  }
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09 || octet === 0x0d
}

/** A byte order mark at the head of a file is no part of its first line. */
function withoutMark(chunk: Uint8Array): number {
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0
}
