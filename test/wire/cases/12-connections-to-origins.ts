// Rule 12: a connection to an origin serves another request only where its last answer was whole and said so; a request is sent twice only where that is
// safe and the kept connection closed without a word; answers come in the order of their requests; a close is announced (RFC 9112 9.2, 9.3, 9.6; RFC 9110 9.2.2).
import { reply } from '../answers.ts'
import { get, OK, post, type Arrives, type CaseFile, type Gets, type Outcome, type Step, type WireCase } from '../case.ts'

const FIN = { end: 'fin' } as const
const RST = { end: 'rst' } as const
const X = { line: 'GET /x HTTP/1.1' }
const Y = { line: 'GET /y HTTP/1.1' }
const line = (method: string, path = '/y'): string => `${method} {uri}${path} HTTP/1.1\r\nHost: {origin}\r\n`
/** the first request, and its answer */
const FIRST: readonly Step[] = [get('/x'), { until: 'ok' }]

function turn(name: string, ref: string, send: readonly Step[], answers: NonNullable<WireCase['answers']>, expect: Outcome, more: Partial<WireCase> = {}): WireCase {
  return { name, ref, send, answers, expect, ...more }
}

/** The second request goes over the first one's connection, or over another. */
function then(name: string, ref: string, answer: string | readonly Step[], client: Gets, connections: 1 | 2, first: string = get('/x'), arrives: Arrives = X): WireCase {
  return turn(name, ref, [first, { until: '\r\n\r\n' }, { pause: 150 }, get('/y')], [answer], { origin: [arrives, Y], client: [client, OK], connections, end: 'open' }, {
    records: [{ reused: false }, { reused: connections === 1 }],
    // to close a connection is always allowed (RFC 9112 9.3)
    or: [{ origin: [arrives, Y], client: [client, OK], end: 'open' }, { origin: [arrives, Y], client: [client, OK], end: 'closed' }, { origin: [arrives], client: [client], end: 'closed' }],
  })
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
const EMPTY = { status: 204 } as const

const reuse: readonly WireCase[] = [
  then('behind a length', 'RFC 9112 9.3', reply(), OK, 1),
  then('behind chunks', 'RFC 9112 9.3', CHUNKED, OK, 1),
  then('behind an error', 'RFC 9112 9.3', reply([], 'ok', 'HTTP/1.1 503 Unavailable'), { status: 503, body: 'ok' }, 1),
  then('behind a 204', 'RFC 9112 9.3', 'HTTP/1.1 204 No Content\r\n\r\n', EMPTY, 1),
  then('behind a 103 and its answer', 'RFC 8297', `HTTP/1.1 103 x\r\n\r\n${reply()}`, OK, 1),
  then('behind keep-alive of HTTP/1.0', 'RFC 9112 9.3', reply(['Connection: keep-alive'], 'ok', 'HTTP/1.0 200 OK'), OK, 1),
  then('behind an upload by its length', 'RFC 9112 9.3', reply(), OK, 1, post('/x', ['Content-Length: 3'], 'abc'), { line: 'POST /x HTTP/1.1', body: 'abc' }),
  then('behind an upload in chunks', 'RFC 9112 9.3', reply(), OK, 1, post('/x', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'), { line: 'POST /x HTTP/1.1', body: 'abc' }),
  then('not behind close', 'RFC 9112 9.6', reply(['Connection: close']), { ...OK, lacks: ['connection'] }, 2),
  then('not behind close among other options', 'RFC 9112 9.6', reply(['Connection: x, CLOSE']), OK, 2),
  then('not behind close in a second field', 'RFC 9112 9.6', reply(['Connection: keep-alive', 'Connection: close']), OK, 2),
  then('not behind HTTP/1.0', 'RFC 9112 9.3', reply([], 'ok', 'HTTP/1.0 200 OK'), OK, 2),
  then('not behind HTTP/1.0 that says both', 'RFC 9112 9.3', reply(['Connection: keep-alive, close'], 'ok', 'HTTP/1.0 200 OK'), OK, 2),
  then('not behind a body that the close ends', 'RFC 9112 6.3', ['HTTP/1.1 200 OK\r\n\r\nok', FIN], OK, 2),
  then('not behind a body that the close ends, whatever it says', 'RFC 9112 6.3', ['HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nok', FIN], OK, 2),
  then('not behind surplus octets', 'RFC 9112 6.3', `${reply()}\r\n`, OK, 2),
  then('not once it was closed', 'RFC 9112 9.6', [reply(), { pause: 20 }, FIN], OK, 2),
  then('not once it was reset', 'RFC 9112 9.6', [reply(), { pause: 20 }, RST], OK, 2),
  then('not once its server said that it waited too long', 'RFC 9110 15.5.9', [reply(), { pause: 20 }, reply(['Connection: close'], '', 'HTTP/1.1 408 Request Timeout'), FIN], OK, 2),
]

/** The kept connection ends when the second request is there. */
function lost(name: string, ref: string, send: string, ends: readonly Step[], expect: Outcome, last: Partial<Readonly<Record<string, unknown>>>, more: Partial<WireCase> = {}): WireCase {
  return turn(name, ref, [...FIRST, send], [reply(), ends, ...(more.answers ?? [])], expect, { ...more, answers: [reply(), ends, ...(more.answers ?? [])], records: [{ status: 200 }, last] })
}

const again = (arrives: Arrives, client: Gets): Outcome => ({ origin: [X, arrives, arrives], client: [OK, client], connections: 2, end: 'open' })
const BROKEN: Gets = { status: 502, has: ['Proxy-Status: greengate; error=connection_terminated'] }
const once = (arrives: Arrives): Outcome => ({ origin: [X, arrives], client: [OK, BROKEN], connections: 1, end: 'open' })
/** another answers so, closes, or does not keep connections */
const WITHOUT = (arrives: Arrives): readonly Outcome[] => [{ origin: [X, arrives], client: [OK, { status: [500, 502, 503, 504] }], end: 'closed' }, { origin: [X, arrives], client: [OK, { status: [500, 502, 503, 504] }], end: 'open' }]

const SAFE = (['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'] as const).flatMap((method) => ([['closed', FIN], ['reset', RST]] as const).map(([how, end]): WireCase => {
  const arrives = { line: `${method} /y HTTP/1.1` }
  const client: Gets = method === 'HEAD' ? { to: 'HEAD', status: 200 } : OK
  return lost(`a ${method} over a kept connection that is ${how} unanswered goes over another`, 'RFC 9112 9.2; RFC 9110 9.2.2', `${line(method)}\r\n`, [end], again(arrives, client), { status: 200, reused: false, error: undefined }, {
    ...(method === 'HEAD' ? { answers: ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'] } : {}), or: WITHOUT(arrives).map((each) => ({ ...each, client: [OK, { ...each.client[1], ...(method === 'HEAD' ? { to: 'HEAD' as const } : {}), status: [500, 502, 503, 504] }] })),
  })
}))

const UNSAFE = ['POST', 'PATCH', 'LOCK', 'get', 'Put', 'MKCOL'].map((method): WireCase => {
  const arrives = { line: `${method} /y HTTP/1.1` }
  return lost(`a ${method} is not sent twice`, 'RFC 9110 9.2.2', `${line(method)}\r\n`, [FIN], once(arrives), { status: 502, error: 'connection_terminated', fault: 'upstream' }, { or: WITHOUT(arrives) })
})

const WITH_BODY = (['GET', 'PUT', 'DELETE'] as const).flatMap((method): WireCase[] => {
  const arrives = { line: `${method} /y HTTP/1.1`, body: 'abc' }
  return [['Content-Length: 3', 'abc'], ['Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n']].map(([field, body]) =>
    lost(`a ${method} whose body is gone is not sent twice (${field})`, 'RFC 9112 9.2', `${line(method)}${field}\r\n\r\n${body}`, [FIN], once(arrives), { status: 502, error: 'connection_terminated', fault: 'upstream' }, { or: [...WITHOUT(arrives), { ...again(arrives, OK), connections: 2 }] }))
})

const WHEN: readonly WireCase[] = [
  lost('a request is sent twice at most', 'RFC 9112 9.2', get('/y'), [FIN], { origin: [X, Y, Y], client: [OK, BROKEN], connections: 2, end: 'open' }, { status: 502, error: 'connection_terminated', fault: 'upstream' }, { answers: [[FIN]], or: [{ origin: [X, Y], client: [OK, { status: [502, 503, 504] }], end: 'open' }, { origin: [X, Y, Y], client: [OK, { status: [502, 503, 504] }], end: 'closed' }] }),
  lost('nor where a part of an answer came', 'RFC 9112 9.2', get('/y'), ['HTTP/1.1 2', { pause: 30 }, FIN], { origin: [X, Y], client: [OK, { status: 502, has: ['Proxy-Status: greengate; error=http_response_incomplete'] }], connections: 1, end: 'open' }, { status: 502, error: 'http_response_incomplete', fault: 'upstream' }, { or: [...WITHOUT(Y), again(Y, OK)] }),
  lost('nor where an interim answer came', 'RFC 9112 9.2', get('/y'), ['HTTP/1.1 103 x\r\n\r\n', { pause: 30 }, FIN], { origin: [X, Y], client: [OK, { status: 502, has: ['Proxy-Status: greengate; error=http_response_incomplete'] }], connections: 1, end: 'open' }, { status: 502, fault: 'upstream' }, { or: [...WITHOUT(Y), again(Y, OK)] }),
  lost('nor where what came is no answer', 'RFC 9112 9.2', get('/y'), ['evil\r\n\r\n', FIN], { origin: [X, Y], client: [OK, { status: 502, hides: ['evil'] }], connections: 1, end: 'open' }, { status: 502, error: 'http_protocol_error' }, { or: [...WITHOUT(Y), { origin: [X, Y], client: [OK, { status: 200 }], end: 'closed' }] }),
  turn('nor over a connection that was never used', 'RFC 9112 9.2', [get('/x')], [[FIN]], { origin: [X], client: [BROKEN], connections: 1, end: 'open' }, { records: [{ status: 502, reused: false, error: 'connection_terminated' }], or: [{ origin: [X], client: [{ status: [500, 502, 503, 504] }], end: 'closed' }, { origin: [X, X], client: [OK], end: 'open' }] }),
  lost('what is pipelined behind it is answered too', 'RFC 9112 9.3.2', `${get('/y')}${get('/z')}`, [RST], { origin: [X, Y, Y, { line: 'GET /z HTTP/1.1' }], client: [OK, OK, OK], connections: 2, end: 'open' }, { status: 200 }, { or: WITHOUT(Y) }),
].map((each) => (each.name.startsWith('what is pipelined') ? { ...each, records: [{ status: 200 }, { status: 200 }, { status: 200, reused: true }] } : each))

const CHALLENGE = 'HTTP/1.1 401 x\r\nWWW-Authenticate: NTLM TlRMTVNTUAAC\r\nContent-Length: 2\r\n\r\nok'
const authenticated: readonly WireCase[] = [
  turn('the steps by which NTLM authenticates a connection go over that one', 'RFC 4559 6', [get('/x', 'Authorization: NTLM TlRMTVNTUAAB'), { until: 'ok' }, { pause: 50 }, get('/y', 'Authorization: NTLM TlRMTVNTUAAD')], [CHALLENGE], { origin: [X, Y], client: [{ status: 401, has: ['WWW-Authenticate: NTLM TlRMTVNTUAAC'] }, OK], connections: 1, end: 'open', next: 'same' }),
]

const body = (text: string): Gets => ({ status: 200, body: text })
const DENY = { web: '  rules:\n    - { name: closed, action: deny, uri: [/closed] }\n' }

const order: readonly WireCase[] = [
  turn('a slow answer holds up the quick one behind it', 'RFC 9112 9.3.2', [get('/x') + get('/y')], [[{ pause: 150 }, reply([], 'slow')], reply([], 'quick')], { origin: [X, Y], client: [body('slow'), body('quick')], end: 'open' }),
  turn('a refusal waits for the answer before it', 'RFC 9112 9.3.2', [get('/x') + get('/closed') + get('/y')], [[{ pause: 100 }, reply()]], { origin: [X, Y], client: [OK, { status: 403 }, OK], end: 'open' }, { ours: true, policy: DENY }),
  turn('answers of every framing, in their order', 'RFC 9112 9.3.2', [get('/1') + line('HEAD', '/2') + '\r\n' + get('/3') + get('/4') + get('/5')], [CHUNKED, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', ['HTTP/1.1 200 OK\r\n\r\nclosed', FIN], reply()], { origin: ['GET /1', 'HEAD /2', 'GET /3', 'GET /4', 'GET /5'].map((each) => ({ line: `${each} HTTP/1.1` })), client: [OK, { to: 'HEAD', status: 200 }, { status: 304 }, body('closed'), OK], end: 'open' }, { or: [{ origin: ['GET /1', 'HEAD /2', 'GET /3', 'GET /4'].map((each) => ({ line: `${each} HTTP/1.1` })), client: [OK, { to: 'HEAD', status: 200 }, { status: 304 }, body('closed')], end: 'closed' }] }),
  turn('an upload behind a slow answer waits and arrives whole', 'RFC 9112 9.3.2', [get('/x') + post('/y', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n') + get('/z')], [[{ pause: 100 }, reply()]], { origin: [X, { line: 'POST /y HTTP/1.1', body: 'abc' }, { line: 'GET /z HTTP/1.1' }], client: [OK, OK, OK], end: 'open' }),
  turn('behind an answer that is cut nothing is answered', 'RFC 9112 8', [get('/x') + get('/y')], [['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', { pause: 60 }, FIN]], { origin: [X], client: [{ status: 200, cut: true }], end: 'closed' }, { or: [{ origin: [X, Y], client: [{ status: 502 }, OK], end: 'open' }] }),
  turn('behind a failed one the next is answered', 'RFC 9112 9.3.2', [get('/x') + get('/y')], [['evil\r\n\r\n', FIN]], { origin: [X, Y], client: [{ status: 502 }, OK], end: 'open' }, { ours: true }),
  turn('interim answers stand before the answer that they belong to', 'RFC 9110 15.2', [get('/x') + get('/y')], [[{ pause: 60 }, reply([], 'one')], `HTTP/1.1 103 x\r\n\r\n${reply([], 'two')}`], { origin: [X, Y], client: [body('one'), body('two')], interim: [103], end: 'open' }, { or: [{ origin: [X, Y], client: [body('one'), body('two')], end: 'open' }] }),
]

const CLOSE: Gets = { ...OK, has: ['Connection: close'] }
const closes: readonly WireCase[] = [
  turn('the last answer of several says close', 'RFC 9112 9.6', [get('/x') + get('/y', 'Connection: close') + get('/z')], [], { origin: [X, Y], client: [{ ...OK, lacks: ['connection'] }, CLOSE], end: 'closed' }, { or: [{ origin: [X, Y], client: [OK, CLOSE], end: 'closed' }] }),
  turn('a client may say close in the old Proxy-Connection', 'RFC 9112 C.2.2', [get('/x', 'Proxy-Connection: close')], [], { origin: [X], client: [CLOSE], end: 'closed' }, { or: [{ origin: [X], client: [OK], end: 'open' }] }),
  turn('the close of the origin is not the client\'s', 'RFC 9112 9.6', [get('/x')], [reply(['Connection: close'])], { origin: [X], client: [{ ...OK, lacks: ['connection'] }], end: 'open', next: 'fresh' }, { or: [{ origin: [X], client: [CLOSE], end: 'closed' }] }),
  turn('an answer before the end of an upload says close', 'RFC 9112 9.3', [post('/x', ['Content-Length: 9'], 'abc')], [reply()], { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [CLOSE], end: 'closed' }, { answerAt: 'head', or: [{ origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [OK], end: 'open' }] }),
  turn('HTTP/1.0 is told close', 'RFC 9112 9.3', ['GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\n\r\n'], [], { origin: [X], client: [CLOSE], end: 'closed' }, { or: [{ origin: [X], client: [OK], end: 'closed' }] }),
  turn('HTTP/1.0 that keeps its connection is told close where only the close ends the body', 'RFC 9112 6.3', ['GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\nConnection: keep-alive\r\n\r\n'], [CHUNKED], { origin: [X], client: [{ ...CLOSE, framing: 'close' }], end: 'closed' }, { or: [{ origin: [X], client: [OK], end: 'closed' }, { origin: [X], client: [OK], end: 'open' }] }),
  turn('close and keep-alive together mean close', 'RFC 9112 9.3', [get('/x', 'Connection: keep-alive, close')], [], { origin: [X], client: [CLOSE], end: 'closed' }),
  turn('a refused form says close', 'RFC 9112 9.6', [get('/x') + get('/y', 'A : 1')], [], { origin: [X], client: [OK, { status: 400, has: ['Connection: close'] }], end: 'closed' }, { or: [{ origin: [X], client: [OK, { status: 400 }], end: 'closed' }] }),
]

export const file: CaseFile = {
  rule: '12',
  title: 'connections to origins: reuse, the second try, order, announced closes',
  cases: [...reuse, ...SAFE, ...UNSAFE, ...WITH_BODY, ...WHEN, ...authenticated, ...order, ...closes],
}
