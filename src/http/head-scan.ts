// Finds the end of a head, each octet looked at once, however the head is cut into reads (RFC 9112 2.2). Only CRLF ends a line; a bare CR or
// LF, NUL and every control octet save HTAB are told at once, before the rest has come. Danger prevented: two parsers that see different
// lines in the same octets (request smuggling by bare LF or CR), and heads that grow without bound.
import { CR, HTAB, LF } from './characters.ts'

export interface ScanLimits {
  /** octets of the first line, without its CRLF */
  readonly lineBytes: number
  /** octets of all that follows the first line */
  readonly fieldBytes: number
}

export type ScanResult = 'more' | 'end' | 'bad-octet' | 'long-line' | 'long-head'

const IN_LINE = 0
const LINE_START = 1
const CR_IN_LINE = 2
const CR_AT_START = 3

/** Empty lines before a request line that are passed over (RFC 9112 2.2 asks for at least one). */
const EMPTY_LINES = 4

export class HeadScan {
  /** offset of the first octet that is not yet looked at; after `end`: the first octet behind the head */
  at = 0
  /** offset of the first line: behind the empty lines that came before it */
  start = 0
  /** offset behind the first line's CRLF; -1 while the line is open */
  lineEnd = -1
  #state = LINE_START
  #skipped = 0

  reset(at: number): void {
    this.at = at
    this.start = at
    this.lineEnd = -1
    this.#state = LINE_START
    this.#skipped = 0
  }

  /** Looks at `bytes[at..to)`. The head's octets must stay at the same offsets from call to call until `reset`. */
  scan(bytes: Uint8Array, to: number, limits: ScanLimits): ScanResult {
    let at = this.at
    let state = this.#state
    while (at < to) {
      const octet = bytes[at] ?? 0
      at++
      if (state === IN_LINE) {
        if (octet > 31 && octet !== 127) continue
        if (octet === CR) state = CR_IN_LINE
        else if (octet !== HTAB) return 'bad-octet'
      } else if (state === LINE_START) {
        if (octet === CR) state = CR_AT_START
        else if ((octet > 31 && octet !== 127) || octet === HTAB) state = IN_LINE
        else return 'bad-octet'
      } else {
        if (octet !== LF) return 'bad-octet'
        if (state === CR_IN_LINE) {
          state = LINE_START
          if (this.lineEnd < 0) this.lineEnd = at
        } else if (this.lineEnd < 0) {
          // an empty line before the first line
          if (++this.#skipped > EMPTY_LINES) return 'bad-octet'
          this.start = at
          state = LINE_START
        } else {
          this.at = at
          return at - this.lineEnd - 2 > limits.fieldBytes ? 'long-head' : at - this.start > 0 && this.lineEnd - 2 - this.start > limits.lineBytes ? 'long-line' : 'end'
        }
      }
    }
    this.at = at
    this.#state = state
    if (this.lineEnd < 0) return at - this.start > limits.lineBytes + 1 ? 'long-line' : 'more'
    if (this.lineEnd - 2 - this.start > limits.lineBytes) return 'long-line'
    return at - this.lineEnd > limits.fieldBytes ? 'long-head' : 'more'
  }
}
