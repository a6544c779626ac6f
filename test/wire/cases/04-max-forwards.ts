// Rule 4: Max-Forwards counts for TRACE and OPTIONS, and is answered here at 0 (RFC 9110 7.6.2, 9.3.7, 9.3.8).
import { denied, get, passes, refused, type CaseFile, type WireCase } from '../case.ts'

const ask = (method: string, ...fields: readonly string[]): string => `${method} {uri}/x HTTP/1.1\r\nHost: {origin}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`

const counted = (['OPTIONS', 'TRACE'] as const).flatMap((method): WireCase[] => [
  { name: `${method} with Max-Forwards 10 goes on with 9`, ref: 'RFC 9110 7.6.2', send: ask(method, 'Max-Forwards: 10'), expect: passes({ line: `${method} /x HTTP/1.1`, has: ['Max-Forwards: 9'] }), or: method === 'TRACE' ? [refused([400, 403, 405, 501]), { origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }] : [] },
  { name: `${method} with Max-Forwards 1 goes on with 0`, ref: 'RFC 9110 7.6.2', send: ask(method, 'Max-Forwards: 1'), expect: passes({ line: `${method} /x HTTP/1.1`, has: ['Max-Forwards: 0'] }), or: method === 'TRACE' ? [{ origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }] : [] },
  { name: `${method} with Max-Forwards 0 is answered here`, ref: 'RFC 9110 7.6.2', send: ask(method, 'Max-Forwards: 0'), expect: { origin: [], client: [{ status: 200 }], end: 'open' }, or: [{ origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }, refused([403, 405, 501])] },
  { name: `${method} with Max-Forwards 00 is answered here`, ref: 'RFC 9110 7.6.2', send: ask(method, 'Max-Forwards: 00'), expect: { origin: [], client: [{ status: 200 }], end: 'open' }, or: [refused(), { origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }] },
  { name: `${method} without Max-Forwards goes on without`, ref: 'RFC 9110 7.6.2', send: ask(method), expect: passes({ line: `${method} /x HTTP/1.1`, lacks: ['max-forwards'] }), or: method === 'TRACE' ? [{ origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }] : [] },
  ...['-1', 'a', '1.5', '+1', '0x1', '1, 2', ''].map((value): WireCase => ({ name: `${method} with Max-Forwards \`${value}\` is refused`, ref: 'RFC 9110 7.6.2', send: ask(method, `Max-Forwards: ${value}`), expect: refused(), or: [passes({ line: `${method} /x HTTP/1.1` }), { origin: [], client: [{ status: [200, 403, 405, 501] }], end: 'open' }] })),
])

export const file: CaseFile = {
  rule: '4',
  title: 'Max-Forwards; TRACE',
  cases: [
    ...counted,
    { name: 'two Max-Forwards are refused', ref: 'RFC 9110 5.3', send: ask('OPTIONS', 'Max-Forwards: 1', 'Max-Forwards: 5'), expect: refused(), or: [passes({ line: 'OPTIONS /x HTTP/1.1' })] },
    { name: 'a GET carries its Max-Forwards on as it is', ref: 'RFC 9110 7.6.2', send: get('/x', 'Max-Forwards: 0'), expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'the answer to TRACE shows no credentials', ref: 'RFC 9110 9.3.8', send: ask('TRACE', 'Max-Forwards: 0', 'Authorization: Basic c2VjcmV0', 'Cookie: secret', 'Proxy-Authorization: Basic c2VjcmV0', 'X: 1'), expect: { origin: [], client: [{ status: 200, has: ['Content-Type: message/http'], says: ['X: 1'], hides: ['c2VjcmV0', 'secret'] }], end: 'open' }, or: [{ origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }] },
    { name: 'a TRACE with a body is refused', ref: 'RFC 9110 9.3.8', send: 'TRACE {uri}/x HTTP/1.1\r\nHost: {origin}\r\nContent-Length: 3\r\n\r\nabc', expect: refused(), or: [refused([403, 405, 501]), { origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }] },
    { name: 'a length of 0 is no body of a TRACE', ref: 'RFC 9110 9.3.8', send: 'TRACE {uri}/x HTTP/1.1\r\nHost: {origin}\r\nContent-Length: 0\r\n\r\n', expect: passes({ line: 'TRACE /x HTTP/1.1' }), or: [refused([400, 405, 501]), denied([403, 405, 501])] },
    { name: 'a TRACE with a chunked body is refused', ref: 'RFC 9110 9.3.8', send: 'TRACE {uri}/x HTTP/1.1\r\nHost: {origin}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', expect: refused(), or: [refused([403, 405, 501]), { origin: [], client: [{ status: [403, 405, 501] }], end: 'open' }] },
  ],
}
