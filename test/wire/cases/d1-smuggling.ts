// D1: requests that hops read in different ways, each under the name of whom it hurt. Behind each stands what a lenient hop would take for a second request;
// whole alphabets of such forms are under rules 6, 7, 8, 14 and 15.
import { reply } from '../answers.ts'
import { get, OK, passes, post, refused, type Arrives, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const EVIL = get('/evil')
const X: Arrives = { line: 'POST /x HTTP/1.1', body: 'abc' }
const CHUNKS = '3\r\nabc\r\n0\r\n\r\n'
const LATER: Arrives = { line: 'GET /later HTTP/1.1' }
const head = (method: string, version: string, ...fields: readonly string[]): string => `${method} {uri}/x HTTP/${version}\r\nHost: {origin}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`

/** Refused before an octet of it is sent. */
const no = (name: string, ref: string, send: WireCase['send'], more: Partial<WireCase> = {}): WireCase => ({ name: `${name}: refused`, ref, send, expect: refused([400, 501]), records: [{ verdict: 'error', rule: 'framing', fault: 'client' }], ...more })
/** Read in the one right way, and what follows is the next request. */
const yes = (name: string, ref: string, send: string, arrives: Arrives, more: Partial<WireCase> = {}): WireCase => ({ name, ref, send: send + get('/later'), expect: passes(arrives, LATER), or: [refused()], ...more })

const both = 'CVE-2005-2088; tinyproxy CVE-2026-54387, CVE-2026-54388 (tinyproxy#609, PR#610); node-http-proxy CVE-2026-29057 (http-party/node-http-proxy#1721)'
const lengthAndCoding: readonly WireCase[] = [
  no('a length that ends within the chunks', both, post('/x', ['Content-Length: 4', 'Transfer-Encoding: chunked'], `5c\r\n${EVIL}\r\n0\r\n\r\n`)),
  no('chunks that end within the length', both, post('/x', ['Transfer-Encoding: chunked', 'Content-Length: 60'], `0\r\n\r\n${EVIL}`)),
  no('a GET with both', both, head('GET', '1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked') + `0\r\n\r\n${EVIL}`),
  no('a DELETE with both', both, head('DELETE', '1.1', 'Transfer-Encoding: chunked', 'Content-Length: 5') + `0\r\n\r\n${EVIL}`),
  no('an OPTIONS with both', both, head('OPTIONS', '1.1', 'Transfer-Encoding: chunked', 'Content-Length: 5') + `0\r\n\r\n${EVIL}`),
  no('both, and an expectation', both, post('/x', ['Expect: 100-continue', 'Content-Length: 3', 'Transfer-Encoding: chunked'], CHUNKS + EVIL)),
  no('both, and an upgrade', both, head('GET', '1.1', 'Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 3', 'Transfer-Encoding: chunked') + CHUNKS + EVIL),
]

const list = 'tinyproxy#616 (bypass of its fix)'
const codings: readonly WireCase[] = [
  ...['gzip, chunked', 'chunked, gzip', 'identity, chunked', 'chunked, chunked', 'gzip,chunked', 'x, chunked', ', chunked', 'chunked,'].map((value) => no(`Transfer-Encoding: ${value}`, list, post('/x', [`Transfer-Encoding: ${value}`], CHUNKS + EVIL))),
  no('the list over two fields', list, post('/x', ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], CHUNKS + EVIL)),
  no('an unknown coding with a length', list, post('/x', ['Transfer-Encoding: gzip', 'Content-Length: 3'], `abc${EVIL}`)),
]

const own = 'tinyproxy#604; Squid GHSA-j83v-w3p4-5cqh'
const reframed: readonly WireCase[] = [
  yes('`Chunked` is written as chunked', own, post('/x', ['Transfer-Encoding: Chunked'], CHUNKS), { ...X, has: ['Transfer-Encoding: chunked'] }),
  yes('a blank behind it too', own, post('/x', ['Transfer-Encoding: chunked '], CHUNKS), { ...X, has: ['Transfer-Encoding: chunked'] }),
  yes('an extension is not sent on', own, post('/x', ['Transfer-Encoding: chunked'], '3;evil=1\r\nabc\r\n0;evil\r\n\r\n'), X),
  yes('a trailer named Host is no Host', own, post('/x', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\nHost: evil\r\n\r\n'), X),
  yes('a trailer that frames is none', own, post('/x', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\nX-Content-Length: 5\r\n\r\n'), { ...X, lacks: ['x-content-length'] }),
  { name: '`Connection: close, Host` keeps Host', ref: own, send: get('/x', 'Connection: close, Host') + EVIL, expect: { origin: [{ line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] }], client: [OK], end: 'closed' } },
  no('two coding fields', own, post('/x', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNKS + EVIL)),
]

const colon = 'tinyproxy#623; CVE-2021-22959'
const lines: readonly WireCase[] = [
  no('a length with a blank before its colon', colon, post('/x', ['Content-Length : 3'], `abc${EVIL}`)),
  no('a coding with a blank before its colon', colon, post('/x', ['Transfer-Encoding : chunked'], CHUNKS + EVIL)),
  no('a blank before the colon of any field', colon, get('/x', 'X : 1') + EVIL),
  no('a blank before the first field\'s name', 'CVE-2024-27982', `POST {uri}/x HTTP/1.1\r\n Content-Length: 3\r\nHost: {origin}\r\n\r\nabc${EVIL}`),
  no('a blank before a length\'s name', 'CVE-2024-27982', post('/x', [' Content-Length: 3'], `abc${EVIL}`)),
  no('a length behind a folded line', 'CVE-2024-27982', post('/x', ['X: 1', '\tContent-Length: 3'], `abc${EVIL}`)),
  no('two lengths', 'CVE-2018-7159', post('/x', ['Content-Length: 3', 'Content-Length: 90'], `abc${EVIL}`)),
  no('a length of two numbers', 'CVE-2018-7159', post('/x', ['Content-Length: 3 90'], `abc${EVIL}`)),
  ...(['\n', '\r', '\r\r\n', '\n\r'] as const).map((end) => no(`a line that ends in ${JSON.stringify(end)}`, 'CVE-2023-30589', `POST {uri}/x HTTP/1.1\r\nHost: {origin}\r\nX: 1${end}Content-Length: 3\r\n\r\nabc${EVIL}`)),
  no('a head that ends in two LF', 'CVE-2023-30589', `GET {uri}/x HTTP/1.1\nHost: {origin}\n\n${EVIL}`),
  no('a CR that opens a field', 'CVE-2023-30589', post('/x', ['X: 1\rTransfer-Encoding: chunked'], CHUNKS + EVIL)),
  ...['+3', ' +3', '-3', '0x3', '3;', '"3"', '3\x0b', '\x0c3', '1e1', '1_0'].map((value) => no(`a length of ${JSON.stringify(value)}`, 'Squid CVE-2020-15049', post('/x', [`Content-Length: ${value}`], `abc${EVIL}`))),
  no('chunks in HTTP/1.0', 'RFC 9112 6.1', head('POST', '1.0', 'Transfer-Encoding: chunked') + CHUNKS + EVIL),
  no('chunks in HTTP/1.0 that stays', 'RFC 9112 6.1', head('POST', '1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked') + CHUNKS + EVIL),
]

const underscore: readonly WireCase[] = ['Content_Length: 3', 'content_length: 3', 'Transfer_Encoding: chunked', 'Transfer_encoding: chunked', 'Proxy_Authorization: x', 'Proxy_Connection: x', 'Keep_Alive: x'].map((field) =>
  yes(`\`${field}\` is neither framing nor sent on`, 'CVE-2025-64484', get('/x', field, 'X_Own: 1'), { line: 'GET /x HTTP/1.1', fields: ['X_Own: 1'] }, { ours: true }))

const chunkLines: readonly WireCase[] = ([
  ['a line end within an extension', 'ATS CVE-2026-24033', '3;a\nb\r\nabc\r\n0\r\n\r\n'], ['a line end within a quoted extension', 'Squid CVE-2023-46846', '3;a="\r\n0\r\n\r\n"\r\nabc\r\n0\r\n\r\n'], ['a quote that does not close', 'ATS CVE-2026-24033', '3;a="\r\nabc\r\n0\r\n\r\n'], ['a size and a bare LF', 'ATS CVE-2024-35161', '3\nabc\r\n0\r\n\r\n'], ['a last chunk and a bare LF', 'ATS CVE-2024-35161', '3\r\nabc\r\n0\n\n'], ['a trailer with a blank before its colon', 'ATS CVE-2024-35161', '3\r\nabc\r\n0\r\nX : 1\r\n\r\n'],
  ['a trailer of a length', 'Squid CVE-2023-46846', '3\r\nabc\r\n0\r\nContent-Length: 50\r\n\r\n'],
] as const).map(([what, ref, body]): WireCase => ({ name: `${what}: never completed`, ref, send: post('/x', ['Transfer-Encoding: chunked'], body) + EVIL, expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [{ status: 400 }], end: 'closed' }, either: [refused()], or: [{ origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [], end: 'closed' }] }))

const WS = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
const ASKED: Outcome = { origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' }
const upgrades: readonly WireCase[] = [
  { name: 'a request behind an upgrade that is answered by 200 reaches nobody', ref: 'Pingora CVE-2026-2833', ours: true, send: get('/x', ...WS) + EVIL, answers: [reply()], expect: ASKED },
  { name: 'a request behind an upgrade that is refused reaches nobody', ref: 'Pingora CVE-2026-2833', ours: true, send: get('/x', ...WS) + EVIL, answers: [reply([], 'no', 'HTTP/1.1 400 Bad Request')], expect: { ...ASKED, client: [{ status: 400, body: 'no' }] } },
  { name: 'octets behind an upgrade wait for the 101', ref: 'Pingora CVE-2026-2833', ours: true, send: [get('/x', ...WS) + '\x81\x80abcd', { until: '\x81\x00' }], answers: [[{ pause: 60 }, SWITCH, { until: '\x81\x80abcd' }, '\x81\x00']], expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [{ status: 101 }], tunnel: '\x81\x00', up: '\x81\x80abcd', end: 'open' } },
  { name: 'an upgrade to HTTP/2 is no upgrade', ref: 'Envoy CVE-2024-23326', send: get('/x', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA') + get('/later'), expect: passes({ line: 'GET /x HTTP/1.1', lacks: ['upgrade', 'http2-settings'] }, LATER) },
  { name: 'a 200 to an upgrade is no tunnel', ref: 'Envoy CVE-2024-23326', ours: true, send: [get('/x', ...WS), { until: 'ok' }, EVIL], answers: [[reply(), { pause: 100 }, 'evil']], expect: ASKED },
]

const CONNECT = 'CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n'
const TUNNEL = { to: 'CONNECT', status: 200 } as const
const connects: readonly WireCase[] = [
  { name: 'octets sent early with a CONNECT arrive once, behind the dial', ref: 'Envoy CVE-2025-64763', raw: true, send: [`${CONNECT}\r\nearly`, { until: '\r\n\r\n' }, ' and late'], answers: [[{ until: 'late' }, 'x']], expect: { origin: [], raw: 'early and late', client: [TUNNEL], tunnel: 'x', end: 'open' } },
  { name: 'octets sent early with a CONNECT that is refused are dropped, and are no requests', ref: 'Envoy CVE-2025-64763', ours: true, path: 'plain', policy: { web: '  rules:\n    - { name: no, action: deny, methods: [CONNECT] }\n' }, send: `${CONNECT}\r\n${EVIL}${EVIL}`, expect: { origin: [], client: [{ to: 'CONNECT', status: 403 }], end: 'closed' } },
  { name: 'octets sent early with a CONNECT that nobody answers are dropped', ref: 'Envoy CVE-2025-64763', path: 'plain', send: `CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n${EVIL}`, expect: { origin: [], client: [{ to: 'CONNECT', status: 502 }], end: 'closed' }, or: [{ origin: [], client: [{ to: 'CONNECT', status: [502, 503, 504] }], end: 'closed' }] },
  { name: 'a CONNECT with a length is refused', ref: 'wire rule D1: CONNECT with a body', raw: true, send: `${CONNECT}Content-Length: 40\r\n\r\n${EVIL}`, expect: { ...refused(), raw: '' }, or: [{ origin: [], raw: '', client: [{ status: [400, 411, 501] }], end: 'open' }] },
  { name: 'a CONNECT with chunks is refused', ref: 'wire rule D1: CONNECT with a body', raw: true, send: `${CONNECT}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`, expect: { ...refused([400, 501]), raw: '' } },
  { name: 'a connection to an origin that is owed a body serves nobody else', ref: 'ATS CVE-2025-31699', send: [post('/x', ['Content-Length: 60'], 'abc'), { until: 'ok' }], answerAt: 'head', answers: [reply()], expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [OK], end: 'closed', connections: 1 }, or: [{ origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [OK], end: 'open' }] },
  { name: 'nor does one whose answer nobody waited for', ref: 'ATS CVE-2025-31699', send: [get('/x'), { until: 'ha' }, { end: 'rst' }], answers: [['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha', { until: 'never' }]], expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [{ status: 200, cut: true }], connections: 1, end: 'closed' } },
  { name: 'a CONNECT after a request does not go over the request\'s connection', ref: 'proxy-chain#628', path: 'plain', send: [get('/x'), { until: 'ok' }, `${CONNECT}\r\n`, { until: '\r\n\r\n' }, 'GET /tunnel HTTP/1.1\r\nHost: {origin}\r\n\r\n'], expect: { origin: [{ line: 'GET /x HTTP/1.1' }, { line: 'GET /tunnel HTTP/1.1' }], client: [OK, TUNNEL], tunnel: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', connections: 2, end: 'open' } },
  { name: 'a second CONNECT within the first is tunnel data', ref: 'proxy-chain#628', raw: true, send: [`${CONNECT}\r\n`, { until: '\r\n\r\n' }, 'CONNECT {other} HTTP/1.1\r\n\r\n'], answers: [[{ until: '\r\n\r\n' }, 'x']], expect: { origin: [], raw: 'CONNECT {other} HTTP/1.1\r\n\r\n', client: [TUNNEL], tunnel: 'x', end: 'open' } },
]

const hop: readonly WireCase[] = [
  yes('the same field named twice by Connection goes once', 'tinyproxy CVE-2023-49606', get('/x', 'Connection: x-a', 'X-A: 1', 'Connection: x-a', 'x-a: 2'), { line: 'GET /x HTTP/1.1', fields: [] }),
  yes('Connection that names itself', 'tinyproxy CVE-2023-49606', get('/x', 'Connection: Connection, connection', 'A: 1'), { line: 'GET /x HTTP/1.1', fields: ['A: 1'] }),
  yes('Connection cannot take away what this hop writes: Via', 'CVE-2025-48865', get('/x', 'Connection: Via', 'Via: 1.0 a'), { line: 'GET /x HTTP/1.1', has: ['Via: 1.1 {via}'] }, { ours: true }),
  yes('Connection cannot take away Host', 'CVE-2025-48865', get('/x', 'Connection: Host, X-Forwarded-Host'), { line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] }),
  yes('nor a length', 'CVE-2025-48865', post('/x', ['Connection: Content-Length', 'Content-Length: 3'], 'abc'), X),
  yes('what is of this hop ends here though nobody names it', 'CVE-2025-48865', get('/x', 'Proxy-Authorization: Basic x', 'Proxy-Connection: close, x', 'TE: trailers', 'Upgrade: x', 'Keep-Alive: 1'), { line: 'GET /x HTTP/1.1', fields: [] }, { expect: { origin: [{ line: 'GET /x HTTP/1.1', fields: [] }], client: [OK], end: 'closed' }, ours: true }),
]

/** A path is sent as it was judged: nothing in between writes it anew. */
const path: readonly WireCase[] = ['/a/../b', '/%0d%0aX:%20y', '/a%20HTTP/1.1%0d%0a', '/%c4%8d%c4%8a', '/a?b=%0aGET%20/evil'].map((each) => yes(`\`${each}\` is sent as it was judged`, 'r3verii TOCTOU 2026 (ClientRequest.path)', `GET {uri}${each} HTTP/1.1\r\nHost: {origin}\r\n\r\n`, { line: `GET ${each} HTTP/1.1` }))

export const file: CaseFile = {
  rule: 'D1',
  title: 'smuggling and splitting, by the names of whom they hurt',
  cases: [...lengthAndCoding, ...codings, ...reframed, ...lines, ...underscore, ...chunkLines, ...upgrades, ...connects, ...hop, ...path],
}
