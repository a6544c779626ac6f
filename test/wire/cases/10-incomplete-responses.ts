// Rule 10: what the origin did not finish stays visibly unfinished; one that says nothing is 502 or 504; an early answer reaches a client that is still
// sending (RFC 9112 8, 9.5, 9.6).
import { ASKED, answered, gets, isCut, raw, refusedAs } from '../answers.ts'
import { post, type CaseFile, type WireCase } from '../case.ts'

const FIN = { end: 'fin' } as const
const RST = { end: 'rst' } as const
const EARLY = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig'
const INCOMPLETE = 'http_response_incomplete'

/** [what, what came of the answer, what the client has of it] */
const cuts: readonly (readonly [string, string, string])[] = [
  ['a length', raw('HTTP/1.1 200 OK', ['Content-Length: 10'], 'half'), 'half'],
  ['a length, with nothing of it', raw('HTTP/1.1 200 OK', ['Content-Length: 10']), ''],
  ['chunks, behind one', raw('HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'], '4\r\nhalf\r\n'), 'half'],
  ['chunks, within one', raw('HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'], '8\r\nhalf'), 'half'],
  ['chunks, within a size', raw('HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'], '4\r\nhalf\r\n1'), 'half'],
  ['chunks, within the last one', raw('HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'], '4\r\nhalf\r\n0\r\n'), 'half'],
  ['chunks, within a trailer', raw('HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'], '4\r\nhalf\r\n0\r\nX: 1\r\n'), 'half'],
]

const cutCases = cuts.flatMap(([what, answer, body]) => ([['closed', FIN], ['reset', RST]] as const).map(([how, end]): WireCase =>
  answered(`cut in ${what}, ${how}`, 'RFC 9112 8', [answer, { pause: 60 }, end], isCut({ status: 200, body }), { either: [isCut({ status: 200 })], or: [isCut({ status: 200 }), { origin: [ASKED], client: [{ status: [502, 504] }], end: 'open' }, { origin: [ASKED], client: [{ status: [502, 504] }], end: 'closed' }], records: [{ verdict: 'error', error: INCOMPLETE, fault: 'upstream' }] })))

/** [what, what came before the end, the error]; nothing of an answer: 502 */
const none: readonly (readonly [string, string, string])[] = [
  ['nothing', '', 'connection_terminated'], ['half a status line', 'HTTP/1.1 20', INCOMPLETE], ['half a head', 'HTTP/1.1 200 OK\r\nX: 1\r\n', INCOMPLETE], ['a 103 alone', 'HTTP/1.1 103 x\r\n\r\n', INCOMPLETE],
]
const noneCases = none.flatMap(([what, text, error]) => ([['closed', FIN], ['reset', RST]] as const).map(([how, end]): WireCase =>
  answered(`${what}, ${how}`, 'RFC 9110 15.6.3', [text, { pause: 40 }, end], refusedAs(error), { either: [refusedAs('connection_terminated')], or: [{ origin: [ASKED], client: [{ status: [500, 502, 504] }], end: 'open' }, { origin: [ASKED], client: [{ status: [500, 502, 504] }], end: 'closed' }, { origin: [ASKED, ASKED], client: [{ status: [500, 502, 504] }], end: 'open' }] })))

const upload = post('/x', ['Content-Length: 1000'], 'some of it')

export const file: CaseFile = {
  rule: '10',
  title: 'incomplete, silent and early answers',
  side: 'response',
  cases: [
    ...cutCases,
    ...noneCases,
    answered('a body that the close ends is whole', 'RFC 9112 6.3', ['HTTP/1.1 200 OK\r\n\r\nok', FIN], gets({ status: 200, body: 'ok' }), { or: [{ ...gets({ status: 200, body: 'ok' }), end: 'closed' }] }),
    answered('a body that a reset ends is not', 'RFC 9112 8', ['HTTP/1.1 200 OK\r\n\r\nhalf', { pause: 60 }, RST], isCut({ status: 200 }), { or: [{ ...gets({ status: 200 }), end: 'closed' }] }),
    { name: 'a body that the close ends, to HTTP/1.0', ref: 'RFC 9112 6.3', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\n\r\n', answers: [['HTTP/1.1 200 OK\r\n\r\nok', FIN]], expect: { origin: [ASKED], client: [{ status: 200, body: 'ok', framing: 'close' }], end: 'closed' } },
    { name: 'chunks to HTTP/1.0 come without their coding', ref: 'RFC 9112 7.1', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\n\r\n', answers: ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'], expect: { origin: [ASKED], client: [{ status: 200, body: 'ok', lacks: ['transfer-encoding'] }], end: 'closed' } },
    { name: 'cut chunks to HTTP/1.0 end in a reset', ref: 'RFC 9112 8', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\n\r\n', answers: [['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', { pause: 60 }, FIN]], expect: { origin: [ASKED], client: [{ status: 200, cut: true }], end: 'closed' }, or: [{ origin: [ASKED], client: [{ status: 200 }], end: 'closed' }] },
    { name: 'an early answer reaches a client that is still sending', ref: 'RFC 9112 9.5', send: upload, answerAt: 'head', answers: [EARLY], expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [{ status: 413, body: 'big' }], end: 'closed' } },
    { name: 'an early answer and a reset behind it reach a client that is still sending', ref: 'RFC 9112 9.6', send: [upload, { pause: 50 }, 'x'.repeat(100)], answerAt: 'head', answers: [[EARLY, { pause: 50 }, FIN]], expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [{ status: 413, body: 'big' }], end: 'closed' } },
    answered('a silent origin is 504', 'RFC 9110 15.6.5', [{ pause: 3000 }], { origin: [ASKED], client: [{ status: 504, has: ['Proxy-Status: greengate; error=http_response_timeout'] }], end: 'open' }, { policy: { top: 'limits: { first-byte: 500ms, new-per-second: 100000, new-per-second-per-client: 100000 }\n' }, ours: true }),
    answered('an origin that falls silent within a body is cut', 'RFC 9112 8', ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', { pause: 3000 }], isCut({ status: 200, body: 'half' }), { policy: { top: 'limits: { idle-body: 500ms, new-per-second: 100000, new-per-second-per-client: 100000 }\n' }, ours: true }),
    { name: 'nobody there is 502', ref: 'RFC 9110 15.6.3', send: 'GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: a\r\n\r\n', path: 'plain', expect: { origin: [], client: [{ status: 502, has: ['Proxy-Status: greengate; error=connection_refused'] }], end: 'open' }, or: [{ origin: [], client: [{ status: [502, 503, 504] }], end: 'open' }, { origin: [], client: [{ status: [502, 503, 504] }], end: 'closed' }] },
  ],
}
