// Where a message ends (RFC 9112 6.3). What is ambiguous is refused, not repaired: two lengths, a length beside a coding, any coding but one
// `chunked`, a coding in HTTP/1.0. Danger prevented: request and response smuggling, two hops that see the end at different octets.
import { FIELD, type Fields } from './fields.ts'
import { listMembers, parseCount } from './list.ts'

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly octets: number }
  | { readonly kind: 'chunked' }
  /** responses only: the end is the end of the connection */
  | { readonly kind: 'close' }

export const NO_BODY: Framing = { kind: 'none' }
export const CHUNKED: Framing = { kind: 'chunked' }
export const UNTIL_CLOSE: Framing = { kind: 'close' }

/** `coding`: a transfer coding that we do not speak, in itself well formed (RFC 9112 6.1 asks for 501). */
export type FramingProblem = { readonly kind: 'problem'; readonly problem: string; readonly coding: boolean }

function problem(text: string, coding = false): FramingProblem {
  return { kind: 'problem', problem: text, coding }
}

/** What Content-Length and Transfer-Encoding say, the same for both directions; undefined: neither stands there. */
export function declaredFraming(fields: Fields, minor: 0 | 1): Framing | FramingProblem | undefined {
  let length: string | undefined
  let coding: string | undefined
  const { count } = fields
  for (let index = 0; index < count; index++) {
    const id = fields.id(index)
    if (id === FIELD.CONTENT_LENGTH) {
      if (length !== undefined) return problem('more than one Content-Length')
      length = fields.value(index)
    } else if (id === FIELD.TRANSFER_ENCODING) {
      if (coding !== undefined) return problem('more than one Transfer-Encoding')
      coding = fields.value(index)
    }
  }
  if (coding !== undefined) {
    if (length !== undefined) return problem('both Content-Length and Transfer-Encoding')
    if (minor === 0) return problem('a Transfer-Encoding in HTTP/1.0')
    if (coding.toLowerCase() === 'chunked') return CHUNKED
    const members = listMembers(coding)
    const known = members.length > 1 && members.indexOf('chunked') === members.length - 1
    return problem('a Transfer-Encoding that is not `chunked` alone', known)
  }
  if (length === undefined) return undefined
  const octets = parseCount(length)
  if (octets === undefined) return problem('an invalid Content-Length')
  return octets === 0 ? NOTHING : { kind: 'length', octets }
}

/** a declared length of zero: no body, and said so */
export const NOTHING: Framing = { kind: 'length', octets: 0 }

/**
 * A response's framing (RFC 9112 6.3): HEAD, 1xx, 204 and 304 have no body whatever their fields say; 205 has none either (RFC 9110 15.3.6);
 * without a declared length the body runs to the end of the connection.
 */
export function responseFraming(fields: Fields, minor: 0 | 1, status: number, method: string): Framing | FramingProblem {
  const declared = declaredFraming(fields, minor)
  if (declared?.kind === 'problem') return declared
  // RFC 9110 8.6, RFC 9112 6.1: none may stand in a 1xx. It has no body, and yet some read one by it (llhttp): then the next answer is another's
  if (status < 200 && declared !== undefined && declared !== NOTHING) return problem('an interim answer with a body')
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_BODY
  return declared ?? UNTIL_CLOSE
}
