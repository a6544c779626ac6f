// The field lines of a head (RFC 9112 5, RFC 9110 5): name, colon without whitespace before it, value trimmed. Order and multiplicity are
// kept, bytes stay latin1. Every field that the proxy must know has a number, found without allocating. Danger prevented: a field that one
// hop reads and the next one does not (whitespace before the colon, folded lines, `Content_Length`).
import { COLON, CR, HTAB, SP, TOKEN } from './characters.ts'

/** Numbers of the known fields; 0 is any other. */
export const FIELD = {
  OTHER: 0,
  HOST: 1,
  CONNECTION: 2,
  CONTENT_LENGTH: 3,
  TRANSFER_ENCODING: 4,
  KEEP_ALIVE: 5,
  PROXY_CONNECTION: 6,
  PROXY_AUTHORIZATION: 7,
  PROXY_AUTHENTICATE: 8,
  PROXY_AUTHENTICATION_INFO: 9,
  TE: 10,
  TRAILER: 11,
  UPGRADE: 12,
  HTTP2_SETTINGS: 13,
  VIA: 14,
  EXPECT: 15,
  MAX_FORWARDS: 16,
  FORWARDED: 17,
  X_FORWARDED: 18,
  CONTENT_TYPE: 19,
  USER_AGENT: 20,
  ACCEPT: 21,
  DATE: 22,
  AUTHORIZATION: 23,
  COOKIE: 24,
  /** a known name with an underscore for its dash: what CGI and its heirs cannot tell from the real one, so it is never sent on */
  LOOKALIKE: 25,
} as const

/** By length, so that a name is compared with at most a few others. */
const KNOWN: readonly (readonly { readonly name: string; readonly id: number }[])[] = (() => {
  const names: readonly (readonly [string, number])[] = [
    ['host', FIELD.HOST],
    ['connection', FIELD.CONNECTION],
    ['content-length', FIELD.CONTENT_LENGTH],
    ['transfer-encoding', FIELD.TRANSFER_ENCODING],
    ['keep-alive', FIELD.KEEP_ALIVE],
    ['proxy-connection', FIELD.PROXY_CONNECTION],
    ['proxy-authorization', FIELD.PROXY_AUTHORIZATION],
    ['proxy-authenticate', FIELD.PROXY_AUTHENTICATE],
    ['proxy-authentication-info', FIELD.PROXY_AUTHENTICATION_INFO],
    ['te', FIELD.TE],
    ['trailer', FIELD.TRAILER],
    ['upgrade', FIELD.UPGRADE],
    ['http2-settings', FIELD.HTTP2_SETTINGS],
    ['via', FIELD.VIA],
    ['expect', FIELD.EXPECT],
    ['max-forwards', FIELD.MAX_FORWARDS],
    ['forwarded', FIELD.FORWARDED],
    ['x-forwarded-for', FIELD.X_FORWARDED],
    ['x-forwarded-host', FIELD.X_FORWARDED],
    ['x-forwarded-proto', FIELD.X_FORWARDED],
    ['x-real-ip', FIELD.X_FORWARDED],
    ['content-type', FIELD.CONTENT_TYPE],
    ['user-agent', FIELD.USER_AGENT],
    ['accept', FIELD.ACCEPT],
    ['date', FIELD.DATE],
    ['authorization', FIELD.AUTHORIZATION],
    ['cookie', FIELD.COOKIE],
  ]
  const byLength: { name: string; id: number }[][] = Array.from({ length: 32 }, () => [])
  for (const [name, id] of names) byLength[name.length]?.push({ name, id })
  return byLength
})()

/** `name` (lower case) stands at `text[from..from+name.length)`, letters of either case: 1; the same with an underscore for a dash: 2; else 0. */
function compareName(text: string, from: number, name: string): 0 | 1 | 2 {
  let answer: 1 | 2 = 1
  for (let at = 0; at < name.length; at++) {
    const code = text.charCodeAt(from + at)
    const wanted = name.charCodeAt(at)
    if (code === wanted || (code >= 65 && code <= 90 && code + 32 === wanted)) continue
    if (code !== 95 || wanted !== 45) return 0
    answer = 2
  }
  return answer
}

/** The number of the field whose name stands at `text[from..to)`. */
export function fieldId(text: string, from: number, to: number): number {
  const candidates = KNOWN[to - from]
  if (candidates === undefined) return FIELD.OTHER
  for (let index = 0; index < candidates.length; index++) {
    const known = candidates[index]
    if (known === undefined) break
    const answer = compareName(text, from, known.name)
    if (answer !== 0) return answer === 1 ? known.id : FIELD.LOOKALIKE
  }
  return FIELD.OTHER
}

/** Of each field in `marks`: its number, where its line begins, its colon, where its value begins and ends. */
const MARKS = 5

/** The fields of one head: where they stand in its text, so that a name or a value is a string of its own only when somebody asks for it. */
export class Fields {
  readonly #text: string
  readonly #marks: readonly number[]
  /** behind the last field line */
  readonly #end: number

  constructor(text: string, marks: readonly number[], end: number) {
    this.#text = text
    this.#marks = marks
    this.#end = end
  }

  get count(): number {
    return this.#marks.length / MARKS
  }

  id(index: number): number {
    return this.#marks[index * MARKS] ?? 0
  }

  name(index: number): string {
    const at = index * MARKS
    return this.#text.slice(this.#marks[at + 1], this.#marks[at + 2])
  }

  nameLength(index: number): number {
    const at = index * MARKS
    return (this.#marks[at + 2] ?? 0) - (this.#marks[at + 1] ?? 0)
  }

  value(index: number): string {
    const at = index * MARKS
    return this.#text.slice(this.#marks[at + 3], this.#marks[at + 4])
  }

  /** Behind the field's line. */
  #lineEnd(index: number): number {
    return this.#marks[(index + 1) * MARKS + 1] ?? this.#end
  }

  /** Its line is octet for octet what we should write: the name, a colon, one blank, the value, CRLF. */
  #isCanonical(index: number): boolean {
    const at = index * MARKS
    const first = this.#marks[at + 3] ?? 0
    return first === (this.#marks[at + 2] ?? 0) + 2 && this.#text.charCodeAt(first - 1) === SP && (this.#marks[at + 4] ?? 0) + 2 === this.#lineEnd(index)
  }

  /**
   * The fields `from` to `to`, written anew. Lines that stand there as they would be written are taken together: the same octets, without
   * a string for each of them.
   */
  lines(from: number, to: number): string {
    let text = ''
    let index = from
    while (index < to) {
      const first = index
      while (index < to && this.#isCanonical(index)) index++
      if (index > first) text += this.#text.slice(this.#marks[first * MARKS + 1], this.#lineEnd(index - 1))
      else {
        text += `${this.name(index)}: ${this.value(index)}\r\n`
        index++
      }
    }
    return text
  }

  /** All names and all values, in order. */
  get names(): string[] {
    return Array.from({ length: this.count }, (_, index) => this.name(index))
  }

  get values(): string[] {
    return Array.from({ length: this.count }, (_, index) => this.value(index))
  }
}

/** filled by one `parseFields` at a time, and copied at its end */
const scratch: number[] = []

/** Reads the field lines of `text[from..)`, which ends with the empty line and holds no control octet but HTAB and CRLF. A problem, or the fields. */
export function parseFields(text: string, from: number, maxCount: number): Fields | string {
  let at = from
  let used = 0
  while (text.charCodeAt(at) !== CR) {
    let colon = at
    while (TOKEN[text.charCodeAt(colon)] === 1) colon++
    if (text.charCodeAt(colon) !== COLON || colon === at) return lineProblem(text, at, colon)
    if (used >= maxCount * MARKS) return TOO_MANY
    const stop = text.indexOf('\r', colon)
    let first = colon + 1
    while (first < stop && isBlank(text.charCodeAt(first))) first++
    let last = stop
    while (last > first && isBlank(text.charCodeAt(last - 1))) last--
    const id = fieldId(text, at, colon)
    // blanks round a value are nothing (RFC 9112 5.1), but a tab behind this one is read as part of the coding by some (llhttp)
    if (id === FIELD.TRANSFER_ENCODING && text.slice(last, stop).includes('\t')) return 'a tab behind a Transfer-Encoding'
    scratch[used++] = id
    scratch[used++] = at
    scratch[used++] = colon
    scratch[used++] = first
    scratch[used++] = last
    at = stop + 2
  }
  return new Fields(text, scratch.slice(0, used), at)
}

/** the one problem of `parseFields` that is a matter of size */
export const TOO_MANY = 'too many fields'

function isBlank(code: number): boolean {
  return code === SP || code === HTAB
}

function lineProblem(text: string, at: number, colon: number): string {
  const first = text.charCodeAt(at)
  if (isBlank(first)) return 'a field line begins with whitespace'
  if (colon === at && first === COLON) return 'a field without a name'
  const stop = text.charCodeAt(colon)
  if (isBlank(stop)) return 'whitespace in a field name or before its colon'
  return stop === CR ? 'a field line without a colon' : 'an invalid octet in a field name'
}
