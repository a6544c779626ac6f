// The request line (RFC 9112 3): method SP request-target SP HTTP-version, each one space. Extension methods keep their case. Danger
// prevented: targets with control octets, other protocols (HTTP/2's preface, HTTP/0.9), versions that frame their messages otherwise.
import { isAll, SP, TARGET, TOKEN } from './characters.ts'
import { type HttpFault, requestFault } from './fault.ts'

export interface RequestLine {
  readonly kind: 'line'
  readonly method: string
  /** as sent, latin1 */
  readonly target: string
  readonly minor: 0 | 1
}

/** Longest method; a longer one is none that anybody implements (RFC 9112 3: 501). */
const METHOD_LENGTH = 64

const NOT_IMPLEMENTED = requestFault('a method that nobody implements', 501)

/** Of a line that is too long before its end: its method is, and not its target. */
export function longMethod(seen: (octets: number) => string): HttpFault | undefined {
  const text = seen(METHOD_LENGTH + 1)
  return text.length > METHOD_LENGTH && isAll(text, TOKEN) ? NOT_IMPLEMENTED : undefined
}

/** Reads `text[from..to)`, the line without its CRLF. */
export function parseRequestLine(text: string, from: number, to: number, uriBytes: number): RequestLine | HttpFault {
  let space = from
  while (space < to && TOKEN[text.charCodeAt(space)] === 1) space++
  if (space === from || text.charCodeAt(space) !== SP || space >= to) return requestFault('a request line without a valid method')
  if (space - from > METHOD_LENGTH) return NOT_IMPLEMENTED
  const targetFrom = space + 1
  let targetTo = targetFrom
  while (targetTo < to && TARGET[text.charCodeAt(targetTo)] === 1) targetTo++
  if (targetTo === targetFrom) return requestFault('a request line without a target')
  if (targetTo >= to) return requestFault('a request line without a version')
  if (text.charCodeAt(targetTo) !== SP) return requestFault(text.charCodeAt(targetTo) > 127 ? 'an octet above ASCII in the request target: it must be percent-encoded' : 'a control octet in the request target')
  if (targetTo - targetFrom > uriBytes) return requestFault('the request target is too long', 414)
  const minor = parseVersion(text, targetTo + 1, to)
  if (typeof minor !== 'number') return minor
  return { kind: 'line', method: text.slice(from, space), target: text.slice(targetFrom, targetTo), minor }
}

/** `HTTP/1.0` or `HTTP/1.1`, in this case of letters; another well-formed version is 505. */
function parseVersion(text: string, from: number, to: number): 0 | 1 | HttpFault {
  if (to - from !== 8 || !text.startsWith('HTTP/', from)) return requestFault('an invalid protocol version')
  const major = text.charCodeAt(from + 5) - 48
  const minor = text.charCodeAt(from + 7) - 48
  if (major < 0 || major > 9 || minor < 0 || minor > 9 || text[from + 6] !== '.') return requestFault('an invalid protocol version')
  if (major === 1 && (minor === 0 || minor === 1)) return minor
  return requestFault('only HTTP/1.1 and HTTP/1.0 are spoken here', 505)
}
