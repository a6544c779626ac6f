// Rule 1: plain requests go out in origin-form with exactly one Host made from the target; the client's own Host decides nothing, and must be one and valid
// (RFC 9112 3.2, RFC 9110 7.2). Vectors of "Host of Troubles" among them.
import { get, OK, passes, refused, type CaseFile, type WireCase } from '../case.ts'

const head = (line: string, ...fields: readonly string[]): string => `${line} HTTP/1.1\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`

/** Host values that are none (RFC 9112 3.2: a 400). */
const INVALID: readonly (readonly [value: string, ref: string])[] = [
  ['a b', 'RFC 3986 3.2.2'], ['a/b', 'RFC 3986 3.2.2'], ['user@{origin}', 'RFC 9110 7.2'], ['{origin}/path', 'RFC 9110 7.2'], ['http://{origin}/', 'RFC 9110 7.2'], ['{origin}, {origin}', 'RFC 9112 3.2'],
  ['{host}:99999', 'RFC 3986 3.2.3'], ['{host}:-1', 'RFC 3986 3.2.3'], ['{host}:80:80', 'RFC 3986 3.2.2'], ['[::1', 'RFC 3986 3.2.2'], ['::1', 'RFC 3986 3.2.2'], ['{host}:8o', 'RFC 3986 3.2.3'],
  ['{host}#x', 'RFC 3986 3.2.2'], ['{host}?x', 'RFC 3986 3.2.2'], ['{host}\\x', 'RFC 3986 3.2.2'], ['[{host}]', 'CVE-2022-29188'], ['a..b', 'RFC 1035 2.3.1'], ['%zz', 'RFC 3986 2.1'], ['1.2.3.4.5', 'WHATWG URL 3.5'],
]

const invalid = INVALID.map(([value, ref]): WireCase => ({ name: `a Host of \`${value}\` is refused`, ref, send: head('GET {uri}/x', `Host: ${value}`), expect: refused() }))

/** Forms of the field itself. */
const FORMS: readonly (readonly [what: string, fields: readonly string[], ref: string])[] = [
  ['twice the same', ['Host: {origin}', 'Host: {origin}'], 'RFC 9112 3.2'],
  ['twice, another first', ['Host: {other}', 'Host: {origin}'], 'Host of Troubles'],
  ['twice, another last', ['Host: {origin}', 'Host: {other}'], 'CVE-2016-4554'],
  ['twice in other letters', ['Host: {origin}', 'hOST: {other}'], 'Host of Troubles'],
  ['with a blank before its colon', ['Host : {origin}'], 'RFC 9112 5.1'],
  ['with a tab before its colon', ['Host\t: {origin}'], 'RFC 9112 5.1'],
  ['folded', ['Host:', ' {origin}'], 'RFC 9112 5.2'],
  ['behind a blank', [' Host: {origin}', 'Host: {origin}'], 'Host of Troubles'],
  ['continued on a second line', ['Host: {origin}', '\t{other}'], 'RFC 9112 5.2'],
]

/** Parts of the very target: what begins like it is no authority for that. */
const PARTS: readonly (readonly [target: string, host: string])[] = [['/x', '{origin}/x'], ['/x/y', '{origin}/x'], ['/x/', '{origin}/'], ['?a/b', '{origin}?a'], ['/?a?b', '{origin}/?a']]

const parts = PARTS.map(([target, host]): WireCase => ({ name: `a Host of \`${host}\` is refused in a request for \`${target}\``, ref: 'RFC 9112 3.2', send: head(`GET http://{origin}${target}`, `Host: ${host}`), path: 'plain', expect: refused() }))

const forms = FORMS.map(([what, fields, ref]): WireCase => ({ name: `a Host ${what} is refused`, ref, send: head('GET {uri}/x', ...fields), expect: refused() }))

export const file: CaseFile = {
  rule: '1',
  title: 'origin-form, one Host, made from the target',
  cases: [
    { name: 'a GET in absolute-form goes out in origin-form', ref: 'RFC 9112 3.2.1', send: get('/a/b?c=d'), expect: passes({ line: 'GET /a/b?c=d HTTP/1.1', has: ['Host: {origin}'] }) },
    { name: 'the Host of an absolute-form request is ignored for routing and made anew', ref: 'RFC 9112 3.2.2', send: 'GET {uri}/x HTTP/1.1\r\nHost: {other}\r\n\r\n', path: 'plain', expect: passes({ line: 'GET /x HTTP/1.1' }), or: [refused()] },
    { name: 'a Host of other letters is made anew from the target', ref: 'RFC 9110 4.2.3', send: 'GET http://{host}:{port}/x HTTP/1.1\r\nHOST: {origin}\r\n\r\n', path: 'plain', expect: passes({ line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] }) },
    { name: 'an absolute target in capitals is canonical in Host', ref: 'RFC 3986 6.2.2.1', send: 'GET HTTP://{host}:{port}/x HTTP/1.1\r\nHost: {origin}\r\n\r\n', path: 'plain', expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'a Host with blanks round its value is read', ref: 'RFC 9112 5.1', send: head('GET {uri}/x', 'Host: \t {origin} \t'), expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'an empty Host beside an absolute target is refused', ref: 'RFC 9112 3.2', send: head('GET {uri}/x', 'Host:'), expect: refused(), or: [passes({ line: 'GET /x HTTP/1.1' })] },
    { name: 'a 1.1 request without Host is refused', ref: 'RFC 9112 3.2', send: 'GET {uri}/x HTTP/1.1\r\n\r\n', expect: refused() },
    { name: 'a 1.0 request without Host passes in absolute-form', ref: 'RFC 9112 3.2.2', send: 'GET {uri}/x HTTP/1.0\r\n\r\n', path: 'plain', expect: { origin: [{ line: 'GET /x HTTP/1.1' }], client: [OK], end: 'closed' } },
    { name: 'two requests in turn, each whole', ref: 'RFC 9112 9.3.2', send: `${get('/1')}${get('/2')}`, expect: { origin: [{ line: 'GET /1 HTTP/1.1' }, { line: 'GET /2 HTTP/1.1' }], client: [OK, OK], end: 'open' } },
    { name: 'OPTIONS on an authority alone goes out as an asterisk', ref: 'RFC 9112 3.2.4', send: 'OPTIONS http://{origin} HTTP/1.1\r\nHost: {origin}\r\n\r\n', path: 'plain', expect: passes({ line: 'OPTIONS * HTTP/1.1' }) },
    { name: 'OPTIONS on a path keeps it', ref: 'RFC 9112 3.2.4', send: 'OPTIONS {uri}/ HTTP/1.1\r\nHost: {origin}\r\n\r\n', expect: passes({ line: 'OPTIONS / HTTP/1.1' }) },
    { name: 'OPTIONS on an authority with a query keeps it', ref: 'RFC 9112 3.2.4', send: 'OPTIONS http://{origin}?a HTTP/1.1\r\nHost: {origin}\r\n\r\n', path: 'plain', expect: passes({ line: 'OPTIONS /?a HTTP/1.1' }) },
    { name: 'an asterisk is for OPTIONS alone', ref: 'RFC 9112 3.2.4', send: head('GET *', 'Host: {origin}'), expect: refused() },
    { name: 'authority-form is for CONNECT alone', ref: 'RFC 9112 3.2.3', send: head('GET {origin}', 'Host: {origin}'), path: 'plain', expect: refused() },
    { name: 'origin-form for another host is not fetched', ref: 'RFC 9112 3.2.2', send: head('GET /x', 'Host: {origin}'), path: 'plain', ours: true, expect: refused() },
    ...forms,
    ...invalid,
    ...parts,
  ],
}
