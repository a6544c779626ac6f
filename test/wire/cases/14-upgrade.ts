// Rule 14: an upgrade to a WebSocket is relayed whole or not at all; any other is stripped and the request goes on; nothing is a tunnel behind anything but
// a 101 that was asked for (RFC 9110 7.8, RFC 6455 4, Pingora CVE-2026-2833, Envoy CVE-2024-23326).
import { get, OK, passes, type CaseFile, type Gets, type Outcome, type WireCase } from '../case.ts'

const KEY = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
const upgrade = (...more: readonly string[]): string => get('/ws', 'Connection: Upgrade', 'Upgrade: websocket', ...KEY, ...more)
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
const ASKED = { line: 'GET /ws HTTP/1.1', has: ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='] }
const X = { line: 'GET /x HTTP/1.1', lacks: ['upgrade', 'connection'] }
const answered = (client: Gets): Outcome => ({ origin: [ASKED], client: [client], end: 'closed' })
const OTHER: readonly Outcome[] = [{ origin: [ASKED], client: [{ status: [200, 400, 403, 426, 500, 501, 502] }], end: 'open' }, { origin: [ASKED], client: [{ status: [200, 400, 403, 426, 500, 501, 502] }], end: 'closed' }]

/** Other protocols, and what is no upgrade: the request goes on without. */
const STRIPPED: readonly (readonly [what: string, fields: readonly string[], ref: string])[] = [
  ['h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'], 'RFC 9113 3.1'], ['TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.0'], 'RFC 2817'], ['a protocol of nobody', ['Connection: Upgrade', 'Upgrade: foo/2'], 'RFC 9110 7.8'],
  ['several protocols', ['Connection: Upgrade', 'Upgrade: websocket, h2c'], 'RFC 9110 7.8'], ['two Upgrade fields', ['Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket'], 'RFC 9110 7.8'], ['an Upgrade that Connection does not name', ['Upgrade: websocket'], 'RFC 9110 7.8'], ['an Upgrade without a value', ['Connection: Upgrade', 'Upgrade:'], 'RFC 9110 7.8'],
]
const stripped = STRIPPED.map(([what, fields, ref]): WireCase => ({ name: `${what}: stripped, and the request goes on`, ref, send: get('/x', ...fields), expect: passes(X), or: [passes({ line: 'GET /x HTTP/1.1' })] }))

/** Answers that are no switch, or another. */
const BAD: readonly (readonly [what: string, answer: string])[] = [
  ['to another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'], ['to none', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n'], ['without Connection', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'], ['to two', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n'],
]
const bad = BAD.map(([what, answer]): WireCase => ({ name: `a 101 ${what} is 502`, ref: 'RFC 9110 7.8', ours: true, send: `${upgrade()}early`, answers: [answer], expect: answered({ status: 502, has: ['X-Greengate-Rule: upstream'] }) }))

/** What a plain answer must not be, one to an upgrade must not either. */
const PLAIN_BAD: readonly (readonly [what: string, answer: string])[] = [
  ['of HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'], ['that switches in HTTP/2.0', SWITCH.replace('1.1', '2.0')], ['with more fields than limits.header-count', `HTTP/1.1 200 OK\r\n${'A: 1\r\n'.repeat(400)}Content-Length: 2\r\n\r\nok`],
  ['behind a 103 with a length', `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n${SWITCH}`], ['behind a 103 with chunks', `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${SWITCH}`],
]
const plainBad = PLAIN_BAD.map(([what, answer]): WireCase => ({ name: `an answer ${what} is 502`, ref: 'RFC 9112 6.3', ours: true, send: upgrade(), answers: [answer], expect: answered({ status: 502, has: ['X-Greengate-Rule: upstream'] }) }))

/** Order, letters and multiplicity are kept; two Cookies stay two; a name that is a number is no index. */
const ASIS = ['B: 1', 'A: 1', 'b: 2', '5: five', 'Cookie: a=1', '__proto__: z', 'Cookie: b=2', 'X-L: \xe9']
const WS_FIELDS = ['Connection: Upgrade', 'Upgrade: websocket']
const switched: Gets = { status: 101, has: ['Via: 1.1 {via}'] }
const hop = (status: number): string => `HTTP/1.1 ${status} x\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent_Length: 9\r\nX-End: 1\r\n`

export const file: CaseFile = {
  rule: '14',
  title: 'Upgrade: relayed behind a 101 that was asked for, else stripped',
  cases: [
    { name: 'a WebSocket is relayed both ways', ref: 'RFC 6455 4', ours: true, send: [upgrade(), { until: '\r\n\r\n' }, '\x81\x82abcd12', { until: '\x81\x02hi' }], answers: [[SWITCH, '\x81\x02hi']], expect: { origin: [ASKED], client: [{ status: 101, has: ['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='] }], tunnel: '\x81\x02hi', up: '\x81\x82abcd12', end: 'open' } },
    { name: 'octets behind the head reach nobody before the 101', ref: 'CVE-2026-2833', ours: true, send: `${upgrade()}GET /smuggled HTTP/1.1\r\nHost: {origin}\r\n\r\n`, answers: ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'], expect: answered({ status: 200, body: 'ok' }), or: OTHER },
    { name: 'a 200 is a response and no tunnel', ref: 'CVE-2024-23326', ours: true, send: upgrade(), answers: ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'], expect: answered({ status: 200, body: 'ok' }), or: OTHER },
    { name: 'a chunked refusal is passed on', ref: 'RFC 9110 7.8', ours: true, send: upgrade(), answers: ['HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'], expect: answered({ status: 403, body: 'no' }) },
    { name: 'a 426 is passed on', ref: 'RFC 9110 15.5.22', ours: true, send: upgrade(), answers: ['HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n'], expect: answered({ status: 426 }) },
    { name: 'a 103 before the 101 goes on', ref: 'RFC 8297', ours: true, send: [upgrade(), { until: ' 101 ' }], answers: [[`HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${SWITCH}`]], expect: { origin: [ASKED], client: [{ status: 101 }], interim: [103], tunnel: '', end: 'open' } },
    { name: 'a POST does not become a WebSocket', ref: 'RFC 6455 4.1', send: 'POST {uri}/x HTTP/1.1\r\nHost: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nab', expect: passes({ line: 'POST /x HTTP/1.1', body: 'ab', lacks: ['upgrade'] }), or: [passes({ line: 'POST /x HTTP/1.1', body: 'ab' })] },
    { name: 'a GET with a body does not', ref: 'RFC 6455 4.1', send: 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nab', expect: passes({ ...X, body: 'ab' }), or: [passes({ line: 'GET /x HTTP/1.1' })] },
    { name: 'HTTP/1.0 does not', ref: 'RFC 9110 7.8', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', expect: { origin: [X], client: [OK], end: 'closed' }, or: [{ origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' }] },
    { name: 'the fields of an upgrade keep order, letters and multiplicity', ref: 'RFC 9110 5.3', ours: true, send: [get('/ws?a=b//c%20', ...WS_FIELDS, ...ASIS), { until: ' 101 ' }], answers: [[SWITCH]], expect: { origin: [{ line: 'GET /ws?a=b//c%20 HTTP/1.1', fields: [...ASIS, ...WS_FIELDS] }], client: [switched], tunnel: '', end: 'open' } },
    { name: 'Via tells the hop of an upgrade both ways', ref: 'RFC 9110 7.6.3', ours: true, send: [get('/ws', ...WS_FIELDS, 'Via: 1.0 a'), { until: ' 101 ' }], answers: [[SWITCH]], expect: { origin: [{ line: 'GET /ws HTTP/1.1', has: ['Via: 1.0 a', 'Via: 1.1 {via}'] }], client: [switched], tunnel: '', end: 'open' } },
    { name: 'what Connection names ends here in an answer to an upgrade, and a lookalike too', ref: 'RFC 9110 7.6.1; CVE-2025-64484', ours: true, send: upgrade(), answers: [`${hop(200)}Content-Length: 2\r\n\r\nok`], expect: answered({ status: 200, body: 'ok', fields: ['X-End: 1'], has: ['Via: 1.1 {via}'] }) },
    { name: 'and in an interim one', ref: 'RFC 9110 7.6.1', ours: true, send: upgrade(), answers: [`${hop(103)}\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`], expect: { ...answered({ status: 200, body: 'ok', hides: ['X-Hop'] }), interim: [103] } },
    { name: 'interim answers to an upgrade without end are 502', ref: 'wire.md 9', ours: true, send: upgrade(), answers: ['HTTP/1.1 103 x\r\n\r\n'.repeat(500)], expect: { ...answered({ status: 502 }), interim: Array.from({ length: 32 }, () => 103) } },
    { name: 'a 205 to an upgrade has no content', ref: 'RFC 9110 15.3.6', ours: true, send: upgrade(), answers: ['HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok'], expect: answered({ status: 205, body: '' }) },
    { name: 'the length of an answer to an upgrade is spelled anew', ref: 'wire.md 5', ours: true, send: upgrade(), answers: ['HTTP/1.1 200 OK\r\nContent-Length: 0002\r\n\r\nok'], expect: answered({ status: 200, body: 'ok', has: ['Content-Length: 2'] }) },
    ...stripped, ...bad, ...plainBad,
  ],
}
