// Rule 6: what is no request line, no field line or no head is refused at once (RFC 9112 2.2, 3, 5; RFC 9110 5, 9.1).
import { passes, refused, type CaseFile, type WireCase } from '../case.ts'

const line = (first: string, more = ''): string => `${first}\r\nHost: {origin}\r\n${more}\r\n`
const field = (text: string): string => `GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n${text}\r\n\r\n`

const LINES: readonly (readonly [what: string, first: string, ref: string, status?: number | readonly number[]])[] = [
  ['with two spaces before the target', 'GET  {uri}/x HTTP/1.1', 'RFC 9112 3'], ['with two spaces before the version', 'GET {uri}/x  HTTP/1.1', 'RFC 9112 3'], ['with tabs', 'GET\t{uri}/x\tHTTP/1.1', 'RFC 9112 3'], ['with a blank at its end', 'GET {uri}/x HTTP/1.1 ', 'RFC 9112 3'],
  ['behind a blank', ' GET {uri}/x HTTP/1.1', 'RFC 9112 2.2'], ['with a blank in its target', 'GET {uri}/a b HTTP/1.1', 'RFC 9112 3.2'], ['with a tab in its target', 'GET {uri}/a\tb HTTP/1.1', 'RFC 9112 3.2'], ['with a NUL in its target', 'GET {uri}/a\0b HTTP/1.1', 'RFC 9112 3.2'],
  ['with a DEL in its target', 'GET {uri}/a\x7fb HTTP/1.1', 'RFC 9112 3.2'], ['with an ESC in its target', 'GET {uri}/a\x1b[31m HTTP/1.1', 'RFC 9112 3.2'], ['with a bare CR in its target', 'GET {uri}/a\rb HTTP/1.1', 'RFC 9112 2.2'], ['with a form feed for a space', 'GET\x0c{uri}/x HTTP/1.1', 'RFC 9112 3'],
  ['without a version', 'GET {uri}/x', 'RFC 1945'], ['without a target', 'GET HTTP/1.1', 'RFC 9112 3'], ['with a method alone', 'GET', 'RFC 9112 3'], ['with an empty method', ' {uri}/x HTTP/1.1', 'RFC 9112 3.1'], ['with a version in small letters', 'GET {uri}/x http/1.1', 'RFC 9112 2.3'],
  ['of HTTP/0.9 with a version', 'GET {uri}/x HTTP/0.9', 'RFC 9112 2.3', [400, 505]], ['of HTTP/2.0', 'GET {uri}/x HTTP/2.0', 'RFC 9110 15.6.6', [400, 505]], ['of HTTP/3.0', 'GET {uri}/x HTTP/3.0', 'RFC 9110 15.6.6', [400, 505]], ['of HTTP/9.9', 'GET {uri}/x HTTP/9.9', 'RFC 9110 15.6.6', [400, 505]],
  ['of HTTP/1.10', 'GET {uri}/x HTTP/1.10', 'RFC 9112 2.3'], ['of HTTP/01.1', 'GET {uri}/x HTTP/01.1', 'RFC 9112 2.3'], ['of HTTP/1.01', 'GET {uri}/x HTTP/1.01', 'RFC 9112 2.3'], ['of HTTP/1', 'GET {uri}/x HTTP/1', 'RFC 9112 2.3'], ['of HTTP/1,1', 'GET {uri}/x HTTP/1,1', 'RFC 9112 2.3'], ['of HTTP/ 1.1', 'GET {uri}/x HTTP/ 1.1', 'RFC 9112 2.3'],
  ['of HTTP/+1.1', 'GET {uri}/x HTTP/+1.1', 'RFC 9112 2.3'], ['of ICY/1.1', 'GET {uri}/x ICY/1.1', 'RFC 9112 2.3'], ['of HTTPS/1.1', 'GET {uri}/x HTTPS/1.1', 'RFC 9112 2.3'], ['of RTSP/1.0', 'DESCRIBE {uri}/x RTSP/1.0', 'llhttp'], ['with a word behind the version', 'GET {uri}/x HTTP/1.1 x', 'RFC 9112 3'],
  ['with a method in brackets', 'G(T {uri}/x HTTP/1.1', 'RFC 9110 5.6.2'], ['with a method with an at', 'G@T {uri}/x HTTP/1.1', 'RFC 9110 5.6.2'], ['with a method with a colon', 'GET: {uri}/x HTTP/1.1', 'RFC 9110 5.6.2'], ['with a quoted method', '"GET" {uri}/x HTTP/1.1', 'RFC 9110 5.6.2'], ['with a NUL in its method', 'GE\0T {uri}/x HTTP/1.1', 'RFC 9110 5.6.2'], ['with high octets in its method', 'G\xcbT {uri}/x HTTP/1.1', 'RFC 9110 5.6.2'],
]

const lines = LINES.map(([what, first, ref, status]): WireCase => ({ name: `a request line ${what} is refused`, ref, send: line(first), expect: refused(status), ...(status === undefined ? { or: [refused([400, 405, 414, 500, 501, 505])] } : {}) }))

const FIELDS: readonly (readonly [what: string, text: string, ref: string])[] = [
  ['with a blank before its colon', 'X : 1', 'RFC 9112 5.1'], ['with a tab before its colon', 'X\t: 1', 'RFC 9112 5.1'], ['with a blank in its name', 'X Y: 1', 'RFC 9110 5.1'], ['without a name', ': 1', 'CVE-2023-25725'], ['without a colon', 'X', 'RFC 9112 5'], ['without a colon, and blanks', 'X 1', 'RFC 9112 5'],
  ['folded by a blank', 'X: 1\r\n 2', 'RFC 9112 5.2'], ['folded by a tab', 'X: 1\r\n\t2', 'RFC 9112 5.2'], ['folded to nothing', 'X: 1\r\n \r\nY: 2', 'RFC 9112 5.2'], ['with a bare CR in its value', 'X: a\rb', 'RFC 9112 2.2'], ['with a bare LF at its end', 'X: 1\nY: 2', 'RFC 9112 2.2'], ['with a NUL in its value', 'X: a\0b', 'RFC 9110 5.5'],
  ['with an ESC in its value', 'X: a\x1bb', 'RFC 9110 5.5'], ['with a DEL in its value', 'X: a\x7fb', 'RFC 9110 5.5'], ['with a vertical tab in its value', 'X: a\x0bb', 'RFC 9110 5.5'], ['with a form feed before its value', 'X:\x0c1', 'RFC 9110 5.5'], ['with a backspace in its name', 'X\b: 1', 'RFC 9110 5.1'],
  ['with brackets in its name', 'X(Y): 1', 'RFC 9110 5.1'], ['with a slash in its name', 'X/Y: 1', 'RFC 9110 5.1'], ['with an at in its name', 'X@Y: 1', 'RFC 9110 5.1'], ['with a quote in its name', '"X": 1', 'RFC 9110 5.1'], ['with a NUL in its name', 'X\0: 1', 'RFC 9110 5.1'], ['with high octets in its name', 'X\xe4: 1', 'RFC 9110 5.1'],
  ['with a comma in its name', 'X,Y: 1', 'RFC 9110 5.1'], ['with a semicolon in its name', 'X;Y: 1', 'RFC 9110 5.1'], ['with an equals sign in its name', 'X=Y: 1', 'RFC 9110 5.1'], ['with a backslash in its name', 'X\\Y: 1', 'RFC 9110 5.1'], ['with braces in its name', '{X}: 1', 'RFC 9110 5.1'], ['ended by CR CR LF', 'X: 1\r\r\nY: 2', 'RFC 9112 2.2'],
  ['ended by LF CR', 'X: 1\n\rY: 2', 'RFC 9112 2.2'], ['that is blanks alone', '  ', 'RFC 9112 5'], ['with a no-break space before its colon', 'X\xa0: 1', 'RFC 9110 5.1'],
]

const fields = FIELDS.map(([what, text, ref]): WireCase => ({ name: `a field ${what} is refused`, ref, send: field(text), expect: refused() }))

/** Whole heads with other line ends than CRLF. */
const ENDS: readonly (readonly [what: string, text: string])[] = [
  ['LF alone throughout', 'GET {uri}/x HTTP/1.1\nHost: {origin}\n\n'], ['LF behind the request line', 'GET {uri}/x HTTP/1.1\nHost: {origin}\r\n\r\n'], ['LF for the empty line', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n\n'], ['LF before the empty line', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\n\r\n'],
  ['CR alone throughout', 'GET {uri}/x HTTP/1.1\rHost: {origin}\r\r'], ['CR behind the request line', 'GET {uri}/x HTTP/1.1\rHost: {origin}\r\n\r\n'], ['CR CR LF behind the request line', 'GET {uri}/x HTTP/1.1\r\r\nHost: {origin}\r\n\r\n'], ['CR CR LF for the empty line', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n\r\r\n'],
]

const ends = ENDS.map(([what, text]): WireCase => ({ name: `a head with ${what} is refused`, ref: 'RFC 9112 2.2; CVE-2023-30589', send: text, expect: refused(), or: what.includes('LF') && !what.includes('CR') ? [passes({ line: 'GET /x HTTP/1.1' })] : [] }))

const METHODS = ['PATCH', 'DELETE', 'PROPFIND', 'MKCOL', 'REPORT', 'M-SEARCH', 'PURGE', 'get', 'Get', 'FOO', 'X_1', "!#$%&'*+-.^_`|~", 'QUERY', 'BREW']

const methods = METHODS.map((method): WireCase => ({ name: `the method \`${method}\` goes on with its letters as sent`, ref: 'RFC 9110 9.1', send: line(`${method} {uri}/x HTTP/1.1`), expect: passes({ line: `${method} /x HTTP/1.1` }), or: [refused([400, 405, 501])] }))

export const file: CaseFile = {
  rule: '6',
  title: 'request line, fields, line ends: what is none is refused',
  cases: [
    { name: 'an empty line before the request line is passed over', ref: 'RFC 9112 2.2', send: `\r\n${line('GET {uri}/x HTTP/1.1')}`, expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'two empty lines before the request line are passed over', ref: 'RFC 9112 2.2', send: `\r\n\r\n${line('GET {uri}/x HTTP/1.1')}`, expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'an empty line between two requests is passed over', ref: 'RFC 9112 2.2', send: `${line('GET {uri}/1 HTTP/1.1')}\r\n${line('GET {uri}/2 HTTP/1.1')}`, expect: passes({ line: 'GET /1 HTTP/1.1' }, { line: 'GET /2 HTTP/1.1' }) },
    { name: 'a field line between the request line and a blank-led one is refused', ref: 'RFC 9112 2.2', send: 'GET {uri}/x HTTP/1.1\r\n X: 1\r\nHost: {origin}\r\n\r\n', expect: refused() },
    { name: 'an empty value is a value', ref: 'RFC 9110 5.5', send: field('X:'), expect: passes({ line: 'GET /x HTTP/1.1', has: ['X: '] }) },
    { name: 'a value with colons stays whole', ref: 'RFC 9110 5.5', send: field('X: a:b: c'), expect: passes({ line: 'GET /x HTTP/1.1', has: ['X: a:b: c'] }) },
    { name: 'a value with high octets stays as sent', ref: 'RFC 9110 5.5', send: field('X: \xc3\xa4\xff'), expect: passes({ line: 'GET /x HTTP/1.1', has: ['X: \xc3\xa4\xff'] }) },
    { name: 'a value with tabs inside stays as sent', ref: 'RFC 9110 5.5', send: field('X: a\tb'), expect: passes({ line: 'GET /x HTTP/1.1', has: ['X: a\tb'] }) },
    { name: 'a name of all token characters goes on', ref: 'RFC 9110 5.6.2', send: field("!#$%&'*+-.^_`|~1aZ: v"), expect: passes({ line: 'GET /x HTTP/1.1', has: ["!#$%&'*+-.^_`|~1aZ: v"] }) },
    { name: 'the preface of HTTP/2 is refused', ref: 'RFC 9113 3.4', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', expect: refused([400, 505]) },
    { name: 'a TLS hello is refused', ref: 'RFC 8446 5.1', send: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', expect: refused() },
    { name: 'an HTTP/0.9 request is refused', ref: 'RFC 1945', send: 'GET {uri}/x\r\n', expect: refused() },
    ...methods, ...lines, ...fields, ...ends,
  ],
}
