// The chunked coding, read (RFC 9112 7.1), one octet at a time through its framing and in whole slices through its data; any cut into reads gives
// the same result. Sizes, extensions and trailers are checked, bounded and dropped: nothing of them is ever sent on. Danger prevented: chunk
// sizes that wrap (1 hop sees 5, the next 2^64+5), line ends hidden in extensions (TERM.EXT desync), trailers that become fields, and floods
// of framing round little data (CVE-2024-22019).
import { COLON, CR, HEX, HTAB, LF, SP, TOKEN, VALUE } from './characters.ts'

const SIZE_FIRST = 0
const SIZE = 1
const EXT_NAME_FIRST = 2
const EXT_NAME = 3
const EXT_VALUE_FIRST = 4
const EXT_VALUE = 5
const EXT_QUOTED = 6
const EXT_ESCAPE = 7
const EXT_AFTER_QUOTED = 8
const SIZE_LF = 9
const DATA = 10
const DATA_CR = 11
const DATA_LF = 12
const TRAILER_START = 13
const TRAILER_NAME = 14
const TRAILER_VALUE = 15
const TRAILER_LF = 16
const END_LF = 17
const DONE = 18
const BROKEN = 19

/** Digits of a chunk size, leading zeros included: 2^52 octets at most, with room for zeros that some senders pad with. */
const SIZE_DIGITS = 16
/** Octets of extensions in one body: those that carry a signature a chunk need some; nobody needs more. */
const EXTENSION_BYTES = 16 * 1024
const EXTENSION_LINE_BYTES = 2 * 1024
const TRAILER_BYTES = 16 * 1024

/** RFC 9110 6.5.1: what may frame a message stands in no trailer. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding'])

const SEMICOLON = 59
const EQUALS = 61
const QUOTE = 34
const BACKSLASH = 92

export class ChunkedDecoder {
  /** the slice of body data that the last `step` found; empty when `from === to` */
  from = 0
  to = 0
  problem: string | undefined
  #state = SIZE_FIRST
  /** of the size under construction, then what is left of the chunk's data */
  #size = 0
  #digits = 0
  #extensions = 0
  #extensionLine = 0
  #trailers = 0
  #trailerName = ''

  get done(): boolean {
    return this.#state === DONE
  }

  /** Reads on from `at`, up to the next piece of data, the end, a problem or `end`; answers where it stopped. Call until `end`, `done` or `problem`. */
  step(bytes: Uint8Array, at: number, end: number): number {
    this.from = 0
    this.to = 0
    while (at < end) {
      if (this.#state === DATA) {
        const stop = end - at < this.#size ? end : at + this.#size
        this.from = at
        this.to = stop
        this.#size -= stop - at
        if (this.#size === 0) this.#state = DATA_CR
        return stop
      }
      if (this.#state >= DONE) return at
      const octet = bytes[at] ?? 0
      at++
      const problem = this.#octet(octet)
      if (problem !== undefined) {
        this.problem = problem
        this.#state = BROKEN
        return at
      }
    }
    return at
  }

  #octet(octet: number): string | undefined {
    switch (this.#state) {
      case SIZE_FIRST:
      case SIZE: {
        const digit = HEX[octet] ?? 255
        if (digit < 16) {
          if (++this.#digits > SIZE_DIGITS) return 'a chunk size with too many digits'
          this.#size = this.#size * 16 + digit
          if (this.#size > Number.MAX_SAFE_INTEGER) return 'a chunk size that is too large'
          this.#state = SIZE
          return undefined
        }
        if (this.#state === SIZE_FIRST) return 'a chunk size without a digit'
        if (octet === CR) this.#state = SIZE_LF
        else if (octet === SEMICOLON) this.#state = EXT_NAME_FIRST
        else return 'an invalid octet in a chunk size'
        return undefined
      }
      case SIZE_LF:
        if (octet !== LF) return 'a chunk size line that does not end in CRLF'
        this.#state = this.#size === 0 ? TRAILER_START : DATA
        this.#digits = 0
        this.#extensionLine = 0
        return undefined
      case DATA_CR:
        if (octet !== CR) return 'chunk data that is not followed by CRLF'
        this.#state = DATA_LF
        return undefined
      case DATA_LF:
        if (octet !== LF) return 'chunk data that is not followed by CRLF'
        this.#state = SIZE_FIRST
        return undefined
      case TRAILER_START:
      case TRAILER_NAME:
      case TRAILER_VALUE:
      case TRAILER_LF:
      case END_LF:
        return this.#trailer(octet)
      default:
        return this.#extension(octet)
    }
  }

  /** `;name`, `;name=token`, `;name="quoted"`; no blanks between (RFC 9112 7.1.1 calls them bad) */
  #extension(octet: number): string | undefined {
    if (++this.#extensions > EXTENSION_BYTES || ++this.#extensionLine > EXTENSION_LINE_BYTES) return 'chunk extensions that are too long'
    const token = TOKEN[octet] === 1
    switch (this.#state) {
      case EXT_NAME_FIRST:
        if (!token) return 'a chunk extension without a name'
        this.#state = EXT_NAME
        return undefined
      case EXT_NAME:
        if (token) return undefined
        if (octet !== EQUALS) return this.#extensionEnd(octet)
        this.#state = EXT_VALUE_FIRST
        return undefined
      case EXT_VALUE_FIRST:
        if (octet === QUOTE) this.#state = EXT_QUOTED
        else if (token) this.#state = EXT_VALUE
        else return 'a chunk extension without a value'
        return undefined
      case EXT_VALUE:
        return token ? undefined : this.#extensionEnd(octet)
      case EXT_QUOTED:
        if (octet === QUOTE) this.#state = EXT_AFTER_QUOTED
        else if (octet === BACKSLASH) this.#state = EXT_ESCAPE
        else if (VALUE[octet] !== 1) return 'an invalid octet in a chunk extension'
        return undefined
      case EXT_ESCAPE:
        if (VALUE[octet] !== 1) return 'an invalid octet in a chunk extension'
        this.#state = EXT_QUOTED
        return undefined
      default:
        return this.#extensionEnd(octet)
    }
  }

  #extensionEnd(octet: number): string | undefined {
    if (octet === CR) this.#state = SIZE_LF
    else if (octet === SEMICOLON) this.#state = EXT_NAME_FIRST
    else return 'an invalid octet in a chunk extension'
    return undefined
  }

  #trailer(octet: number): string | undefined {
    if (++this.#trailers > TRAILER_BYTES) return 'trailers that are too long'
    switch (this.#state) {
      case TRAILER_START:
        this.#trailerName = String.fromCharCode(octet)
        if (octet === CR) this.#state = END_LF
        else if (TOKEN[octet] === 1) this.#state = TRAILER_NAME
        else return 'an invalid trailer'
        return undefined
      case TRAILER_NAME:
        if (octet === COLON) {
          this.#state = TRAILER_VALUE
          if (FRAMING.has(this.#trailerName.toLowerCase())) return 'a trailer that frames the message'
        } else if (TOKEN[octet] === 1) this.#trailerName = this.#trailerName.length > 32 ? this.#trailerName : this.#trailerName + String.fromCharCode(octet)
        else return octet === SP || octet === HTAB ? 'whitespace before a colon in a trailer' : 'an invalid trailer'
        return undefined
      case TRAILER_VALUE:
        if (octet === CR) this.#state = TRAILER_LF
        else if (VALUE[octet] !== 1) return 'an invalid octet in a trailer'
        return undefined
      case TRAILER_LF:
        if (octet !== LF) return 'a trailer that does not end in CRLF'
        this.#state = TRAILER_START
        return undefined
      default:
        if (octet !== LF) return 'a trailer section that does not end in CRLF'
        this.#state = DONE
        return undefined
    }
  }
}
