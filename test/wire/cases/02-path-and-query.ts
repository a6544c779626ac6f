// Rule 2: path and query go on byte for byte; no scheme but http in absolute-form; no userinfo, no fragment upstream (RFC 9110 4.2, 7.1; RFC 3986).
import { passes, refused, type CaseFile, type WireCase } from '../case.ts'

const ask = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: {origin}\r\n\r\n`

/** Sent on as they are: no decoding, no normalising, no merging. */
const KEPT: readonly (readonly [path: string, ref: string])[] = [
  ['/a//b', 'RFC 3986 6.2.2'], ['//a', 'RFC 3986 3.3'], ['/a/../b', 'RFC 3986 5.2.4'], ['/./a/.', 'RFC 3986 5.2.4'], ['/..', 'RFC 3986 5.2.4'], ['/%2e%2e/a', 'RFC 3986 2.3'], ['/%2E/%2f', 'RFC 3986 2.2'],
  ['/%41', 'RFC 3986 2.3'], ['/%7euser', 'RFC 3986 2.3'], ['/a%20b', 'RFC 3986 2.1'], ['/%zz', 'wire rule 2'], ['/%', 'wire rule 2'], ['/%00', 'wire rule 2'], ['/%0d%0aX:%201', 'wire rule 2'], ['/a;b=c;d', 'RFC 3986 3.3'], ['/a+b', 'RFC 3986 3.3'],
  ['/a?b?c', 'RFC 3986 3.4'], ['/?', 'RFC 3986 3.4'], ['/a?', 'RFC 3986 3.4'], ['/?a=b&&c', 'RFC 3986 3.4'], ['/a?b=http://c/d', 'RFC 3986 3.4'], ['/a:b@c', 'RFC 3986 3.3'], ['/{|}^`', 'WHATWG URL 4.3'], ['/"<>', 'wire rule 2'],
  ['/a\\b', 'wire rule 2'], ['/*', 'RFC 3986 3.3'], ['/~!$&\'()*+,;=:@', 'RFC 3986 3.3'], ['/[a]', 'RFC 3986 3.3'], ['/http://x/', 'RFC 3986 3.3'], ['/A/a', 'RFC 3986 6.2.2.1'], ['/a%c3%a4', 'RFC 3986 2.5'], [`/${'a'.repeat(8000)}`, 'RFC 9110 4.1'],
]

const kept = KEPT.map(([path, ref]): WireCase => ({ name: `\`${path.length > 60 ? `${path.slice(0, 20)}... (${path.length})` : path}\` goes on as sent`, ref, send: ask(`{uri}${path}`), expect: passes({ line: `GET ${path} HTTP/1.1` }) }))

/** Targets that are none of ours: nothing is sent. */
const REFUSED: readonly (readonly [target: string, ref: string])[] = [
  ['https://{origin}/x', 'wire rule 2'], ['ftp://{origin}/x', 'CVE-2026-47729'], ['gopher://{origin}/x', 'wire rule D7'], ['ws://{origin}/x', 'RFC 6455 3'], ['wss://{origin}/x', 'RFC 6455 3'], ['urn:x', 'CVE-2025-54574'], ['file:///etc/passwd', 'wire rule D7'], ['cache_object://{origin}/info', 'wire rule D7'],
  ['mailto:a@b', 'wire rule D7'], ['data:,x', 'wire rule D7'], ['http:/x', 'RFC 9110 4.2.1'], ['http:x', 'RFC 9110 4.2.1'], ['http:///x', 'RFC 9110 4.2.1'], ['http://', 'RFC 9110 4.2.1'], ['http://:80/', 'RFC 9110 4.2.1'], ['http:\\\\{origin}\\x', 'WHATWG URL 4.4'], ['http://?x', 'RFC 9110 4.2.1'],
  ['http://{origin}\\@{other}/', 'wire rule D2'], ['http://user@{origin}/x', 'RFC 9110 4.2.4'], ['http://user:pw@{origin}/x', 'RFC 9110 4.2.4'], ['http://@{origin}/x', 'RFC 9110 4.2.4'], ['http://{other}@{origin}/', 'wire rule D2'], ['http://{origin}@{other}/', 'wire rule D2'], ['http://a@b@{origin}/', 'RFC 9110 4.2.4'],
  ['x', 'RFC 9112 3.2'], ['?x', 'RFC 9112 3.2'], ['#x', 'RFC 9112 3.2'], ['.', 'RFC 9112 3.2'], ['http', 'RFC 9112 3.2'], ['hTTps://{origin}/', 'wire rule 2'], ['view-source:http://{origin}/', 'wire rule 2'],
  ['http://{host}:0/', 'RFC 3986 3.2.3'], ['http://{host}:65536/', 'RFC 3986 3.2.3'], ['http://{host}:{port}a/', 'RFC 3986 3.2.3'], ['http://{host}:+{port}/', 'RFC 3986 3.2.3'], ['http://{host}:-1/', 'RFC 3986 3.2.3'], ['http://{host}:4294967376/', 'tinyproxy 3c0fde9'], ['http://{host}:{port}:{port}/', 'RFC 3986 3.2'], ['http://{host}%3a{port}/', 'RFC 3986 2.2'],
  ['http://[{host}]/', 'CVE-2022-29188'], ['http://[127.0.0.1]/', 'RFC 3986 3.2.2'], ['http://[::1/', 'RFC 3986 3.2.2'], ['http://::1/', 'RFC 3986 3.2.2'], ['http://[::1%25lo]/', 'RFC 6874'], ['http://[v1.a]/', 'RFC 3986 3.2.2'], ['http://a..b/', 'RFC 1035 2.3.1'], ['http://.a/', 'RFC 1035 2.3.1'], [`http://${'a'.repeat(64)}.test/`, 'RFC 1035 2.3.4'],
  ['http://{host}%00/', 'wire rule D2'], ['http://{host}%20/', 'wire rule D2'], ['http://{host}%2f{other}/', 'wire rule D2'], ['http://{host}%40{other}/', 'wire rule D2'], ['http://{host}%23/', 'wire rule D2'], ['http://{host}%zz/', 'RFC 3986 2.1'], ['http://{host},{other}/', 'wire rule D2'], ['http://{host};x/', 'wire rule D2'], ['http://{host}|x/', 'wire rule D2'], ['http://{host}^x/', 'wire rule D2'],
]

const refusedTargets = REFUSED.map(([target, ref]): WireCase => ({ name: `the target \`${target.slice(0, 80)}\` is refused`, ref, send: ask(target), path: 'plain', expect: refused(), or: [{ origin: [], client: [{ status: [400, 403, 404, 409, 414, 500, 501, 502, 503] }], end: 'closed' }, { origin: [], client: [{ status: [400, 403, 404, 409, 500, 501, 502, 503] }], end: 'open' }] }))

export const file: CaseFile = {
  rule: '2',
  title: 'path and query byte for byte; no other scheme, userinfo or fragment',
  cases: [
    ...kept,
    { name: 'an empty path becomes a slash', ref: 'RFC 9112 3.2.1', send: ask('http://{origin}'), path: 'plain', expect: passes({ line: 'GET / HTTP/1.1' }) },
    { name: 'a query without a path gets a slash before it', ref: 'RFC 9112 3.2.1', send: ask('http://{origin}?a=b'), path: 'plain', expect: passes({ line: 'GET /?a=b HTTP/1.1' }) },
    { name: 'a query whose text has a slash and an at stays a query', ref: 'RFC 3986 3.2', send: ask('http://{origin}?a/b@c'), path: 'plain', expect: passes({ line: 'GET /?a/b@c HTTP/1.1' }) },
    { name: 'an empty port is the default one', ref: 'RFC 3986 3.2.3', send: 'GET http://{host}:/x HTTP/1.1\r\nHost: {host}\r\n\r\n', path: 'inside', expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'leading zeros of a port mean the same port', ref: 'RFC 3986 3.2.3', send: ask('http://{host}:0{port}/x'), path: 'plain', expect: passes({ line: 'GET /x HTTP/1.1' }), either: [refused()] },
    { name: 'a fragment is not sent on', ref: 'RFC 9110 7.1', send: ask('{uri}/a#b'), expect: passes({ line: 'GET /a HTTP/1.1' }), or: [refused()] },
    { name: 'a fragment behind a query is not sent on', ref: 'RFC 9110 7.1', send: ask('{uri}/a?b#c?d'), expect: passes({ line: 'GET /a?b HTTP/1.1' }), or: [refused()] },
    { name: 'a fragment right behind the authority is refused', ref: 'wire rule D2; llhttp', send: ask('http://{origin}#@{other}/'), path: 'plain', expect: refused(), or: [passes({ line: 'GET / HTTP/1.1' })] },
    { name: 'a bare fragment right behind the authority is refused', ref: 'llhttp', send: ask('http://{origin}#'), path: 'plain', expect: refused(), or: [passes({ line: 'GET / HTTP/1.1' })] },
    { name: 'octets above ASCII in a path are refused', ref: 'RFC 3986 2; llhttp', send: ask('{uri}/\xc3\xa4'), expect: refused(), or: [passes({ line: 'GET /\xc3\xa4 HTTP/1.1' }), passes({ line: 'GET /%C3%A4 HTTP/1.1' })] },
    { name: 'octets above ASCII in a host are refused', ref: 'RFC 3986 3.2.2', send: ask('http://\xe2\x93\x94xample.test/'), path: 'plain', expect: refused(), or: [{ origin: [], client: [{ status: [400, 403, 404, 500, 502, 503] }], end: 'open' }, refused([403, 404, 500, 502, 503])] },
    ...refusedTargets,
  ],
}
