// Rule 3 in requests: fields of this hop end here, and so does what Connection names; framing and Host cannot be stripped that way; the rest keeps its
// order and multiplicity (RFC 9110 7.6.1).
import { PSEUDONYM } from '../../../src/proxy/pseudonym.ts'
import { get, OK, passes, post, type CaseFile, type WireCase } from '../case.ts'

const X = { line: 'GET /x HTTP/1.1' }

/** Fields that end here by their nature. */
const ENDS: readonly (readonly [field: string, ref: string])[] = [
  ['Connection: keep-alive', 'RFC 9110 7.6.1'], ['Connection: x', 'RFC 9110 7.6.1'], ['Connection:', 'RFC 9110 7.6.1'], ['Keep-Alive: timeout=5', 'RFC 9110 7.6.1'], ['Proxy-Connection: keep-alive', 'RFC 9110 7.6.1'], ['Proxy-Authorization: Basic YTpi', 'RFC 9110 11.7.1'], ['proxy-AUTHORIZATION: Bearer x', 'RFC 9110 11.7.1'],
  ['Proxy-Authenticate: Basic', 'RFC 9110 11.7.1'], ['Proxy-Authentication-Info: x', 'RFC 9110 11.7.3'], ['TE: trailers', 'RFC 9110 10.1.4'], ['TE: gzip;q=0.5', 'RFC 9110 10.1.4'], ['Trailer: X', 'RFC 9110 6.6.2'], ['Upgrade: h2c', 'RFC 9110 7.8'], ['HTTP2-Settings: AAMAAABk', 'RFC 7540 3.2.1'],
]

const ends = ENDS.map(([field, ref]): WireCase => ({ name: `\`${field}\` ends here`, ref, send: get('/x', 'A: 1', field, 'B: 2'), expect: passes({ ...X, fields: ['A: 1', 'B: 2'] }), or: [passes({ ...X, has: ['A: 1', 'B: 2'], lacks: [(field.split(':')[0] ?? '').toLowerCase()].filter((name) => name !== 'connection') })] }))

/** Named by Connection: gone. */
const NAMED: readonly (readonly [connection: readonly string[], ref: string])[] = [
  [['Connection: x-a'], 'RFC 9110 7.6.1'], [['Connection: X-A'], 'RFC 9110 7.6.1'], [['Connection: close, x-a'], 'RFC 9110 7.6.1'], [['Connection: x-a, keep-alive'], 'RFC 9110 7.6.1'], [['Connection: , ,x-a,,'], 'RFC 9110 5.6.1'], [['Connection:\tx-a\t'], 'RFC 9110 5.6.1'], [['Connection: keep-alive', 'Connection: x-a'], 'RFC 9110 5.3'],
  [['Connection: x-a', 'Connection: x-b'], 'CVE-2023-49606'], [['connection: X-a', 'CONNECTION: close'], 'RFC 9110 5.3'],
]

const named = NAMED.map(([connection, ref]): WireCase => ({
  name: `\`${connection.join(' | ').replaceAll('\t', '\\t')}\` takes away what it names`, ref, send: get('/x', 'X-A: secret', ...connection, 'B: 2'),
  expect: { ...passes({ ...X, fields: ['B: 2'] }), end: connection.some((each) => /close/.test(each)) ? 'closed' : 'open' },
  or: [{ ...passes({ ...X, has: ['B: 2'], lacks: ['x-a'] }), end: connection.some((each) => /close/.test(each)) ? 'closed' : 'open' }],
}))

/** What Connection cannot take away. */
const KEPT: readonly (readonly [name: string, send: string, expect: ReturnType<typeof passes>, ref: string])[] = [
  ['Host', get('/x', 'Connection: host'), passes(X), 'GHSA-j83v-w3p4-5cqh'], ['Host beside close', get('/x', 'Connection: close, Host'), { ...passes(X), end: 'closed' }, 'tinyproxy#604'],
  ['Content-Length', post('/x', ['Connection: content-length', 'Content-Length: 3'], 'abc'), passes({ line: 'POST /x HTTP/1.1', body: 'abc' }), 'CVE-2022-1388; RFC 9110 7.6.1'],
  ['Transfer-Encoding', post('/x', ['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'), passes({ line: 'POST /x HTTP/1.1', body: 'abc' }), 'RFC 9110 7.6.1'],
  ['Max-Forwards', 'OPTIONS {uri}/x HTTP/1.1\r\nHost: {origin}\r\nMax-Forwards: 3\r\nConnection: max-forwards\r\n\r\n', passes({ line: 'OPTIONS /x HTTP/1.1', has: ['Max-Forwards: 2'] }), 'RFC 9110 7.6.2'],
  ['Authorization', get('/x', 'Connection: close, authorization', 'Authorization: Basic YTpi'), { ...passes({ ...X, fields: ['Authorization: Basic YTpi'] }), end: 'closed' }, 'CVE-2025-48865; wire rule D1'],
]

const kept = KEPT.map(([name, send, expect, ref]): WireCase => ({ name: `Connection cannot take away ${name}`, ref, send, expect, or: name === 'Max-Forwards' ? [passes({ line: 'OPTIONS /x HTTP/1.1' })] : name === 'Authorization' ? [{ ...passes(X), end: 'closed' }] : [] }))

export const file: CaseFile = {
  rule: '3',
  title: 'hop-by-hop fields of requests',
  cases: [
    { name: 'the rest keeps its order, letters and multiplicity', ref: 'RFC 9110 5.3', send: get('/x', 'Z: 1', 'a: 2', 'Cookie: a=1', 'Z: 3', 'cookie: b=2', 'A: 4'), expect: passes({ ...X, fields: ['Z: 1', 'a: 2', 'Cookie: a=1', 'Z: 3', 'cookie: b=2', 'A: 4'] }), or: [passes({ ...X, has: ['Z: 1', 'a: 2', 'Z: 3', 'A: 4'] })] },
    { name: 'Authorization and Cookie are end to end', ref: 'RFC 9110 11.6.2', send: get('/x', 'Authorization: Basic YTpi', 'Cookie: a=b'), expect: passes({ ...X, has: ['Authorization: Basic YTpi', 'Cookie: a=b'] }) },
    { name: 'a field with an underscore that CGI takes for a framing one is not sent on', ref: 'CVE-2025-64484', send: get('/x', 'Content_Length: 5', 'Transfer_Encoding: chunked', 'A: 1'), expect: passes({ ...X, fields: ['A: 1'] }), or: [passes({ ...X, has: ['A: 1'] })] },
    { name: 'X-Forwarded-For of a client is not passed on as it is', ref: 'wire rule D7', send: get('/x', 'X-Forwarded-For: 1.2.3.4', 'Forwarded: for=1.2.3.4', 'X-Real-IP: 1.2.3.4'), ours: true, expect: passes({ ...X, fields: [] }) },
    { name: 'Via tells the hop', ref: 'RFC 9110 7.6.3', send: get('/x', 'Via: 1.0 a'), ours: true, expect: passes({ ...X, has: ['Via: 1.0 a', `Via: 1.1 ${PSEUDONYM}`] }) },
    { name: 'a Via that names us in other letters is a loop', ref: 'RFC 9110 7.6.3', send: get('/x', `Via: 1.0 a, 1.1 ${PSEUDONYM.toUpperCase()} (x)`), ours: true, expect: denied502() },
    { name: 'a Via that names us is a loop', ref: 'RFC 9110 7.6.3', send: get('/x', `Via: 1.1 ${PSEUDONYM}`), ours: true, expect: denied502() },
    ...ends, ...named, ...kept,
    { name: 'a hundred nominated fields are all gone', ref: 'CVE-2023-49606', send: get('/x', `Connection: ${Array.from({ length: 90 }, (_, at) => `x-${at}`).join(', ')}`, ...Array.from({ length: 90 }, (_, at) => `X-${at}: 1`)), expect: { origin: [{ ...X, fields: [] }], client: [OK], end: 'open' }, or: [passes({ ...X, lacks: ['x-0', 'x-45', 'x-89'] })] },
  ],
}

function denied502(): ReturnType<typeof passes> {
  return { origin: [], client: [{ status: 502, has: ['Proxy-Status: greengate; error=proxy_loop_detected'] }], end: 'closed' }
}
