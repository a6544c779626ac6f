// Rule 11 in requests: versions, Expect, persistence (RFC 9110 2.5, 10.1.1; RFC 9112 9.3).
import { get, OK, passes, post, refused, type CaseFile, type WireCase } from '../case.ts'

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const X = { line: 'POST /x HTTP/1.1' }
const expecting = post('/x', ['Content-Length: 3', 'Expect: 100-continue'], '')

export const file: CaseFile = {
  rule: '11',
  title: 'versions, Expect and persistence of requests',
  cases: [
    { name: 'HTTP/1.0 goes on as 1.1 and its connection ends', ref: 'RFC 9110 2.5; RFC 9112 9.3', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\n\r\n', expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' } },
    { name: 'HTTP/1.0 with keep-alive lives', ref: 'RFC 9112 9.3', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\nConnection: keep-alive\r\n\r\n', expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [{ ...OK, has: ['Connection: keep-alive'] }], end: 'open' }, or: [{ origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' }] },
    { name: 'HTTP/1.0 with the old Proxy-Connection lives', ref: 'RFC 9112 C.2.2', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\nProxy-Connection: Keep-Alive\r\n\r\n', expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'open' }, or: [{ origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' }] },
    { name: 'Connection: close ends it behind the answer, announced', ref: 'RFC 9112 9.6', send: get('/x', 'Connection: close'), expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [{ ...OK, has: ['Connection: close'] }], end: 'closed' } },
    { name: 'close among other options ends it', ref: 'RFC 9112 9.6', send: get('/x', 'Connection: a, CLOSE ,b'), expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [{ ...OK, has: ['Connection: close'] }], end: 'closed' } },
    { name: 'close in a second Connection field ends it', ref: 'RFC 9112 9.6', send: get('/x', 'Connection: keep-alive', 'Connection: close'), expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' } },
    { name: 'what follows a close is no request', ref: 'RFC 9112 9.6', send: `${get('/x', 'Connection: close')}${get('/y')}`, expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' } },
    { name: 'an expectation goes on, the 100 comes back, then the body', ref: 'RFC 9110 10.1.1', send: [expecting, { until: '100 Continue' }, 'abc'], answerAt: 'head', answers: [[CONTINUE, { until: 'abc' }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']], expect: { ...passes({ ...X, body: 'abc' }), interim: [100] } },
    { name: 'an origin that says nothing to an expectation does not stall it', ref: 'RFC 9110 10.1.1', send: [expecting, { until: '100 Continue' }, 'abc'], expect: { ...passes({ ...X, body: 'abc' }), interim: [100] } },
    ...(['Expect: 100-continue, 200-maybe', 'Expect: 100-continue\r\nExpect: 200-maybe'].map((field): WireCase => ({ name: `\`${field.replaceAll('\r\n', ' | ')}\` does not stall either`, ref: 'RFC 9110 10.1.1', send: [post('/x', ['Content-Length: 3', field], ''), { until: '100 Continue' }, 'abc'], expect: { ...passes({ ...X, body: 'abc' }), interim: [100] }, or: [refused(417), { origin: [], client: [{ status: 417 }], end: 'open' }] }))),
    { name: 'a client that does not wait for the 100 is served', ref: 'RFC 9110 10.1.1', send: [expecting, 'abc'], expect: passes({ ...X, body: 'abc' }) },
    { name: 'a refusal instead of the 100 reaches the client, and the connection ends', ref: 'RFC 9110 10.1.1', send: [expecting, { pause: 50 }], answerAt: 'head', answers: ['HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n'], expect: { origin: [{ ...X, cut: true }], client: [{ status: 417, has: ['Connection: close'] }], end: 'closed' }, or: [{ origin: [{ ...X, cut: true }], client: [{ status: 417 }], end: 'open' }] },
    { name: 'an expectation of HTTP/1.0 is not passed on', ref: 'RFC 9110 10.1.1', send: 'POST {uri}/x HTTP/1.0\r\nHost: {origin}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc', expect: { origin: [{ ...X, body: 'abc', lacks: ['expect'] }], client: [OK], interim: [], end: 'closed' }, or: [{ origin: [{ ...X, body: 'abc' }], client: [OK], interim: [], end: 'closed' }] },
    { name: 'an expectation without a body is no reason to wait', ref: 'RFC 9110 10.1.1', send: get('/x', 'Expect: 100-continue'), expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'another expectation is passed on or refused', ref: 'RFC 9110 10.1.1', send: get('/x', 'Expect: 200-maybe'), expect: passes({ line: 'GET /x HTTP/1.1' }), either: [refused(417), { origin: [], client: [{ status: 417 }], end: 'open' }], or: [refused(417), { origin: [], client: [{ status: 417 }], end: 'open' }] },
    { name: 'pipelined requests are answered in their order', ref: 'RFC 9112 9.3.2', send: `${get('/1')}${post('/2', ['Content-Length: 3'], 'abc')}${get('/3')}HEAD {uri}/4 HTTP/1.1\r\nHost: {origin}\r\n\r\n`, answers: ['1', '2', '3', '4'].map((each) => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${each === '4' ? '' : each}`), expect: { origin: [{ line: 'GET /1 HTTP/1.1' }, { line: 'POST /2 HTTP/1.1', body: 'abc' }, { line: 'GET /3 HTTP/1.1' }, { line: 'HEAD /4 HTTP/1.1' }], client: [{ status: 200, body: '1' }, { status: 200, body: '2' }, { status: 200, body: '3' }, { to: 'HEAD', status: 200 }], end: 'open' } },
    { name: 'a broken request behind a good one is refused behind its answer', ref: 'RFC 9112 9.3.2', send: `${get('/1')}GET  {uri}/2 HTTP/1.1\r\n\r\n`, expect: { origin: [{ line: 'GET /1 HTTP/1.1' }], client: [OK, { status: 400 }], end: 'closed' } },
    { name: 'a client that ends its side behind a request gets its answer', ref: 'RFC 9112 9.6', send: [get('/x'), { end: 'fin' }], answers: [[{ pause: 300 }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']], expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' } },
  ],
}
