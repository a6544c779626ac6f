// Rule 15: CONNECT takes host:port and nothing else, answers 2xx only when the connection stands, and carries octets as they come (RFC 9110 9.3.6,
// RFC 9112 3.2.3).
import { refused, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const connect = (authority: string, more = ''): string => `CONNECT ${authority} HTTP/1.1\r\nHost: {origin}\r\n${more}\r\n`
const tunnelled = (up: string, down: string): Outcome => ({ origin: [], raw: up, client: [{ to: 'CONNECT', status: 200, lacks: ['content-length', 'transfer-encoding'] }], tunnel: down, end: 'open' })

/** Authorities that are none. */
const INVALID: readonly (readonly [authority: string, ref: string])[] = [
  ['{host}', 'RFC 9110 9.3.6'], ['{host}:', 'RFC 9110 9.3.6'], ['{host}:0', 'RFC 9110 9.3.6'], ['{host}:65536', 'tinyproxy 3c0fde9'], ['{host}:65979', 'wire rule D2'], ['{host}:99999', 'wire rule D2'], ['{host}:4294967739', 'wire rule D2'], ['{host}:+{port}', 'wire rule 15'], ['{host}:-1', 'wire rule 15'], ['{host}:{port}x', 'wire rule 15'], ['{host}:0x1bb', 'wire rule 15'], ['{host}:4 43', 'wire rule 15'],
  ['{host}:{port}/', 'wire rule 15'], ['{host}:{port}/x', 'wire rule D2'], ['{host}:{port}?x', 'wire rule 15'], ['{host}:{port}#x', 'wire rule 15'], ['{host}:{port}:{port}', 'wire rule 15'], ['{host}::{port}', 'wire rule 15'], [':{port}', 'wire rule 15'], ['user@{origin}', 'wire rule D2'], ['good.test@{origin}', 'wire rule D2'], ['user:pw@{origin}', 'wire rule D2'], ['@{origin}', 'wire rule D2'],
  ['http://{origin}/', 'RFC 9112 3.2.3'], ['http://{origin}', 'RFC 9112 3.2.3'], ['https://{origin}', 'RFC 9112 3.2.3'], ['//{origin}', 'RFC 9112 3.2.3'], ['/{origin}', 'RFC 9112 3.2.3'], ['/', 'RFC 9112 3.2.3'], ['*', 'RFC 9112 3.2.3'], ['{origin},{origin}', 'wire rule 15'], ['[{host}]:{port}', 'CVE-2022-29188'], ['[127.0.0.1]:{port}', 'CVE-2022-29188'], ['::1:{port}', 'RFC 3986 3.2.2'],
  ['[::1:{port}', 'RFC 3986 3.2.2'], ['[::1]{port}', 'RFC 3986 3.2.2'], ['[::1]', 'RFC 9110 9.3.6'], ['[::1%25lo]:{port}', 'RFC 6874'], ['[::1%lo]:{port}', 'RFC 6874'], ['[]:{port}', 'RFC 3986 3.2.2'], ['[v1.x]:{port}', 'RFC 3986 3.2.2'], ['{host}%00:{port}', 'penligent.ai'], ['{host}\0:{port}', 'OpenShell#1498'], ['{host}%zz:{port}', 'RFC 3986 2.1'], ['{host}%3a{port}', 'RFC 3986 2.2'],
  ['a..b:{port}', 'RFC 1035 2.3.1'], ['.:{port}', 'RFC 1035 2.3.1'], ['{host}\\x:{port}', 'wire rule 15'], ['{host}\t:{port}', 'wire rule 15'], ['\xe2\x93\x94.test:{port}', 'wire rule D2'], ['{host}:\xef\xbc\x98\xef\xbc\x90', 'wire rule D2'], ['{host};x:{port}', 'wire rule 15'], ['1.2.3.4.5:{port}', 'WHATWG URL 3.5'], ['0x:{port}', 'wire rule D2'], ['256.1.1.1:{port}', 'WHATWG URL 3.5'],
]

const OTHER = [refused([400, 403, 404, 405, 409, 500, 501, 502, 503]), { origin: [], client: [{ status: [400, 403, 404, 405, 409, 500, 501, 502, 503] }], end: 'open' as const }]
const invalid = INVALID.map(([authority, ref]): WireCase => ({ name: `CONNECT to \`${JSON.stringify(authority).slice(1, -1)}\` is refused`, ref, send: connect(authority), raw: true, expect: { ...refused(), raw: '' }, or: OTHER.map((each) => ({ ...each, raw: '' })) }))

export const file: CaseFile = {
  rule: '15',
  title: 'CONNECT: authority, framing, early octets, ends',
  cases: [
    { name: 'a tunnel carries octets both ways', ref: 'RFC 9110 9.3.6', raw: true, send: [connect('{origin}'), { until: '\r\n\r\n' }, 'ping'], answers: [[{ until: 'ping' }, 'pong']], expect: tunnelled('ping', 'pong') },
    { name: 'octets sent with the head are tunnel data, once and in order', ref: 'CVE-2025-64763', raw: true, send: `${connect('{origin}')}early`, answers: [[{ until: 'early' }, 'late']], expect: tunnelled('early', 'late') },
    { name: 'a request sent with the head is tunnel data too', ref: 'RFC 9110 9.3.6', raw: true, send: `${connect('{origin}')}GET /x HTTP/1.1\r\n\r\n`, answers: [[{ until: '\r\n\r\n' }, 'x']], expect: tunnelled('GET /x HTTP/1.1\r\n\r\n', 'x') },
    { name: 'a server may speak first', ref: 'RFC 9110 9.3.6', raw: true, send: [connect('{origin}'), { until: '220 hello' }, 'EHLO'], answers: ['220 hello'], expect: tunnelled('EHLO', '220 hello') },
    { name: 'all octet values pass', ref: 'wire rule 13', raw: true, send: [connect('{origin}'), { until: '\r\n\r\n' }, Array.from({ length: 256 }, (_, at) => String.fromCharCode(at)).join('')], answers: [[{ until: '\xff' }, Array.from({ length: 256 }, (_, at) => String.fromCharCode(255 - at)).join('')]], expect: tunnelled(Array.from({ length: 256 }, (_, at) => String.fromCharCode(at)).join(''), Array.from({ length: 256 }, (_, at) => String.fromCharCode(255 - at)).join('')) },
    { name: 'what the upstream sent before its end arrives whole', ref: 'RFC 9110 9.3.6', raw: true, send: [connect('{origin}'), { until: '\r\n\r\n' }, 'go'], answers: [[{ until: 'go' }, { repeat: 'x', times: 200_000 }, 'end', { end: 'fin' }]], expect: { ...tunnelled('go', `${'x'.repeat(200_000)}end`), end: 'closed' } },
    { name: 'a half-closed client still reads', ref: 'wire rule 15', raw: true, send: [connect('{origin}'), { until: '\r\n\r\n' }, 'last', { end: 'fin' }], answers: [[{ until: 'last' }, { pause: 100 }, 'answer', { end: 'fin' }]], expect: { ...tunnelled('last', 'answer'), end: 'closed' } },
    { name: 'a Host that disagrees does not decide', ref: 'RFC 9112 3.2.3', raw: true, send: ['CONNECT {origin} HTTP/1.1\r\nHost: {other}\r\n\r\n', { until: '\r\n\r\n' }, 'a'], answers: [[{ until: 'a' }, 'b']], expect: tunnelled('a', 'b'), or: [{ ...refused(), raw: '' }] },
    { name: 'HTTP/1.0 CONNECT opens a tunnel', ref: 'RFC 2817 5.2', raw: true, send: ['CONNECT {origin} HTTP/1.0\r\n\r\n', { until: '\r\n\r\n' }, 'a'], answers: [[{ until: 'a' }, 'b']], expect: tunnelled('a', 'b') },
    { name: 'a length of 0 is no body', ref: 'RFC 9110 9.3.6', raw: true, send: [connect('{origin}', 'Content-Length: 0\r\n'), { until: '\r\n\r\n' }, 'a'], answers: [[{ until: 'a' }, 'b']], expect: tunnelled('a', 'b'), or: [{ ...refused(), raw: '' }] },
    { name: 'a CONNECT with a length is refused', ref: 'wire rule D1', raw: true, send: `${connect('{origin}', 'Content-Length: 5\r\n')}hello`, expect: { ...refused(), raw: '' }, or: [tunnelled('hello', ''), { origin: [], raw: '', client: [{ status: 400 }], end: 'open' }] },
    { name: 'a CONNECT with chunks is refused', ref: 'wire rule D1', raw: true, send: `${connect('{origin}', 'Transfer-Encoding: chunked\r\n')}0\r\n\r\n`, expect: { ...refused(), raw: '' }, or: [tunnelled('0\r\n\r\n', ''), { origin: [], raw: '', client: [{ status: 400 }], end: 'open' }] },
    { name: 'a 1.1 CONNECT without Host is refused', ref: 'RFC 9112 3.2', raw: true, send: 'CONNECT {origin} HTTP/1.1\r\n\r\n', expect: { ...refused(), raw: '' } },
    { name: 'a CONNECT with two Hosts is refused', ref: 'RFC 9112 3.2', raw: true, send: 'CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\nHost: {origin}\r\n\r\n', expect: { ...refused(), raw: '' } },
    { name: 'a CONNECT with a broken Host is refused', ref: 'RFC 9112 3.2', raw: true, send: 'CONNECT {origin} HTTP/1.1\r\nHost: a b\r\n\r\n', expect: { ...refused(), raw: '' } },
    { name: 'requests behind a refused CONNECT are not requests', ref: 'wire rule 15', send: 'CONNECT {host}:0 HTTP/1.1\r\nHost: {host}\r\n\r\nGET http://{origin}/smuggled HTTP/1.1\r\nHost: {origin}\r\n\r\n', path: 'plain', expect: refused() },
    { name: 'a CONNECT that nobody answers is 502, framed, and closed', ref: 'RFC 9110 9.3.6', send: 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n', path: 'plain', expect: { origin: [], client: [{ status: 502, has: ['Proxy-Status: greengate; error=connection_refused'] }], end: 'closed' }, or: OTHER },
    { name: 'a CONNECT behind a request on the same connection', ref: 'proxy-chain#628', path: 'plain', send: ['GET http://{host}:{port}/x HTTP/1.1\r\nHost: {origin}\r\n\r\n', { until: 'ok' }, 'CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n\r\nGET /inside HTTP/1.1\r\nHost: {origin}\r\n\r\n'], expect: { origin: [{ line: 'GET /x HTTP/1.1' }, { line: 'GET /inside HTTP/1.1' }], client: [{ status: 200, body: 'ok' }, { to: 'CONNECT', status: 200 }], tunnel: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', end: 'open' } },
    ...invalid,
  ],
}
