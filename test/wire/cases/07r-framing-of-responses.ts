// Rules 7 and 8 in responses: a length or coding that is not plain is 502 while nothing was sent, and a visible cut afterwards (RFC 9112 6.3, 7.1).
import { bad, broken, chunked, raw, relayed, recovers } from '../answers.ts'
import type { CaseFile, WireCase } from '../case.ts'

const TEXT = { status: 200, body: 'ok' }
const OK = 'HTTP/1.1 200 OK'
const CODING = 'http_response_transfer_coding'

const lengths = ['+2', '-2', '2,', ',2', '2 2', '2.0', '0x2', '2e0', '', 'a', '2a', '"2"', '18446744073709551618', '9007199254740993', '\xb2', '2\x0b', '2;a'].map((value): WireCase =>
  bad(`a Content-Length of \`${value}\``, 'RFC 9110 8.6', raw(OK, [`Content-Length: ${value}`], 'ok'), { or: recovers(TEXT) }))

const pairs: readonly WireCase[] = [
  bad('two lengths', 'RFC 9112 6.3', raw(OK, ['Content-Length: 2', 'Content-Length: 3'], 'ok'), { or: recovers(TEXT) }),
  bad('two lengths of the same', 'RFC 9112 6.3', raw(OK, ['Content-Length: 2', 'Content-Length: 2'], 'ok'), { or: recovers(TEXT) }),
  bad('a length as a list', 'RFC 9112 6.3', raw(OK, ['Content-Length: 2, 2'], 'ok'), { or: recovers(TEXT) }),
  bad('a length as a list of two', 'RFC 9112 6.3', raw(OK, ['Content-Length: 2, 3'], 'ok'), { or: recovers(TEXT) }),
  bad('a length and a coding', 'RFC 9112 6.3', raw(OK, ['Content-Length: 2', 'Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'), { or: recovers(TEXT) }),
  bad('a coding and a length', 'CVE-2024-35161', raw(OK, ['Transfer-Encoding: chunked', 'Content-Length: 12'], '2\r\nok\r\n0\r\n\r\n'), { or: recovers(TEXT) }),
  bad('a coding in HTTP/1.0', 'RFC 9112 6.1', raw('HTTP/1.0 200 OK', ['Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'), { or: recovers(TEXT) }),
]

const codings = ['gzip, chunked', 'identity, chunked'].map((value): WireCase =>
  bad(`a Transfer-Encoding of \`${value}\``, 'RFC 9112 6.1', raw(OK, [`Transfer-Encoding: ${value}`], '2\r\nok\r\n0\r\n\r\n'), { error: CODING, or: recovers(TEXT) }))
const oddCodings = ['gzip', 'identity', 'chunked, chunked', 'chunked, gzip', 'xchunked', 'chunked;a', '', 'chunked,', '"chunked"', 'chunked\x0b'].map((value): WireCase =>
  bad(`a Transfer-Encoding of \`${JSON.stringify(value).slice(1, -1)}\``, 'RFC 9112 6.1', raw(OK, [`Transfer-Encoding: ${value}`], '2\r\nok\r\n0\r\n\r\n'), { or: [...recovers(TEXT), ...recovers({ status: 200 })] }))
const twoCodings = bad('two codings', 'RFC 9112 6.1', raw(OK, ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'), { or: recovers(TEXT) })

/** [what, the body, what of it the client has when it is cut] */
const faults: readonly (readonly [string, string, string])[] = [
  ['a size with a sign', '+2\r\nok\r\n0\r\n\r\n', ''], ['a size with 0x', '0x2\r\nok\r\n0\r\n\r\n', ''], ['a size behind a blank', ' 2\r\nok\r\n0\r\n\r\n', ''], ['a size before a blank', '2 \r\nok\r\n0\r\n\r\n', ''], ['an empty size', '\r\nok\r\n0\r\n\r\n', ''], ['a size that is none', 'x\r\nok\r\n0\r\n\r\n', ''],
  ['a size too large', 'fffffffffffffffff\r\nok\r\n0\r\n\r\n', ''], ['a size line ended by LF', '2\nok\r\n0\r\n\r\n', ''], ['a size line ended by CR CR LF', '2\r\r\nok\r\n0\r\n\r\n', ''], ['data longer than its size', '2\r\nokk\r\n0\r\n\r\n', 'ok'], ['data followed by LF', '2\r\nok\n0\r\n\r\n', 'ok'], ['a last chunk ended by LF', '2\r\nok\r\n0\n\r\n', 'ok'],
  ['a last line ended by LF', '2\r\nok\r\n0\r\n\n', 'ok'], ['a trailer with a bare LF', '2\r\nok\r\n0\r\nX: 1\n\r\n', 'ok'], ['a folded trailer', '2\r\nok\r\n0\r\nX: 1\r\n y\r\n\r\n', 'ok'], ['a trailer that frames', '2\r\nok\r\n0\r\nContent-Length: 2\r\n\r\n', 'ok'], ['an extension with a bare LF', '2;a\nb\r\nok\r\n0\r\n\r\n', ''], ['a second size that is none', '1\r\no\r\nx\r\nk\r\n0\r\n\r\n', 'o'],
]
// `recovers`: what a lenient reader makes of it
const chunkFaults = faults.map(([what, body, sent]): WireCase => broken(what, 'RFC 9112 7.1', chunked(body), sent, CODING, { or: [...recovers(TEXT), ...recovers({ status: 200 })] }))

export const file: CaseFile = {
  rule: '7r',
  title: 'Content-Length, Transfer-Encoding and chunks of responses',
  side: 'response',
  cases: [relayed('a length with leading zeros, sent as our own digits', 'RFC 9110 8.6', raw(OK, ['Content-Length: 0002'], 'ok'), TEXT), ...lengths, ...pairs, ...codings, ...oddCodings, twoCodings, ...chunkFaults],
}
