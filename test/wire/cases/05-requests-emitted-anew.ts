// Rule 5 in requests: what goes upstream is written anew from what was read: heads in one spelling, sizes of our own, no extension and no trailer; each
// part of the framing has its bound (RFC 9112 2.2, 5, 7.1; RFC 9110 5.5). What is broken in chunks stands under rule 8.
import { get, passes, post, refused, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const X = { line: 'POST /x HTTP/1.1' }
const LAST = '0\r\n\r\n'
const BODY = 'hello world'

/** [what, the chunked body]: each is `hello world`, and the strict reader at the origin takes no extension, trailer or odd size. */
const SPELLINGS: readonly (readonly [what: string, ref: string, body: string])[] = [
  ['a chunk an octet', 'RFC 9112 7.1', `${[...BODY].map((each) => `1\r\n${each}\r\n`).join('')}${LAST}`],
  ['sizes of sixteen digits', 'RFC 9112 7.1', `000000000000000b\r\n${BODY}\r\n0000000000000000\r\n\r\n`],
  ['sizes in capitals', 'RFC 9112 7.1', `B\r\n${BODY}\r\n${LAST}`],
  ['an extension without a value', 'RFC 9112 7.1.1', `b;ilovew3\r\n${BODY}\r\n${LAST}`],
  ['extensions on each chunk', 'RFC 9112 7.1.1', `5;a=b;c=d\r\nhello\r\n6;e\r\n world\r\n0;f=g\r\n\r\n`],
  ['an extension that looks like a size', 'CVE-2024-35161', `5;6\r\nhello\r\n6;0\r\n world\r\n${LAST}`],
  ['quoted extensions with what frames', 'CVE-2023-46846', `b;a="0; \\"x\\" \\\\ :"\r\n${BODY}\r\n${LAST}`],
  ['an extension of obs-text', 'RFC 9110 5.6.4', `b;a="\x80\xff"\r\n${BODY}\r\n${LAST}`],
  ['a chunk signature', 'AWS SigV4 streaming', `b;chunk-signature=${'0a'.repeat(32)}\r\n${BODY}\r\n0;chunk-signature=${'0a'.repeat(32)}\r\n\r\n`],
  ['extensions at their bound', 'CVE-2023-39326', `b;${'a'.repeat(1900)}\r\n${BODY}\r\n${LAST}`],
  ['one trailer', 'RFC 9110 6.5', `b\r\n${BODY}\r\n0\r\nX-T: 1\r\n\r\n`],
  ['trailers that a head would mean', 'RFC 9110 6.5.1', `b\r\n${BODY}\r\n0\r\nHost: evil\r\nAuthorization: evil\r\nConnection: close\r\nExpect: 100-continue\r\nCookie: evil\r\n\r\n`],
  ['trailers named before', 'RFC 9110 6.6.2', `b\r\n${BODY}\r\n0\r\nX-A: 1\r\nX-B:\r\n\r\n`],
  ['a hundred trailers', 'RFC 9112 7.1.2', `b\r\n${BODY}\r\n0\r\n${Array.from({ length: 100 }, (_, at) => `X-${at}: ${at}\r\n`).join('')}\r\n`],
]
const NO_TRAILERS = ['x-t', 'x-a', 'x-b', 'x-0', 'authorization', 'cookie', 'expect', 'trailer']
const chunks = SPELLINGS.map(([what, ref, body]): WireCase => ({ name: `chunks: ${what}`, ref, send: post('/x', ['Transfer-Encoding: chunked', 'Trailer: X-A, X-B'], body) + get('/y'), expect: passes({ ...X, body: BODY, fields: ['Transfer-Encoding: chunked'] }, { line: 'GET /y HTTP/1.1' }), or: [passes({ ...X, body: BODY, lacks: NO_TRAILERS }, { line: 'GET /y HTTP/1.1' })] }))

/** Nothing of the framing goes on for ever. */
const BROKEN: Outcome = { origin: [{ ...X, cut: true }], client: [{ status: 400 }], end: 'closed' }
const FLOODS: readonly (readonly [what: string, ref: string, body: string])[] = [
  ['a size of a thousand zeros', 'RFC 9112 7.1', `${'0'.repeat(1000)}b\r\n${BODY}\r\n${LAST}`],
  ['an extension of three thousand octets', 'CVE-2023-39326', `b;${'a'.repeat(3000)}\r\n${BODY}\r\n${LAST}`],
  ['an extension round each octet of a body', 'CVE-2024-22019', `1;${'a'.repeat(1000)}\r\nx\r\n`.repeat(100) + LAST],
  ['a quoted extension without end', 'CVE-2024-22019', `b;a="${'a'.repeat(9000)}`],
  ['a trailer that is too long', 'RFC 9112 7.1.2', `b\r\n${BODY}\r\n0\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`],
  ['a trailer\'s name that is too long', 'RFC 9112 7.1.2', `b\r\n${BODY}\r\n0\r\n${'a'.repeat(20_000)}: 1\r\n\r\n`],
]
const floods = FLOODS.map(([what, ref, body]): WireCase => ({ name: `chunks: ${what} is refused`, ref, ours: true, send: post('/x', ['Transfer-Encoding: chunked'], body), expect: BROKEN, either: [refused()], records: [{ verdict: 'error', status: 400, fault: 'client', error: 'http_request_error' }] }))

/** [what, field lines as sent, as they arrive] */
const LINES: readonly (readonly [what: string, sent: readonly string[], arrive: readonly string[]])[] = [
  ['blanks and tabs round values', ['A: \t 1 \t', 'B:2', 'C:\t3', 'D:4  '], ['A: 1', 'B: 2', 'C: 3', 'D: 4']],
  ['blanks within values', ['A: 1 \t  2'], ['A: 1 \t  2']],
  ['empty values', ['A:', 'B: \t ', 'C: 3'], ['A: ', 'B: ', 'C: 3']],
  ['the spelling of names', ['aCCEPT: */*', 'x-LOWER: 1', "!#$%&'*+-.^`|~: 2"], ['aCCEPT: */*', 'x-LOWER: 1', "!#$%&'*+-.^`|~: 2"]],
  ['octets from 0x80 on', ['A: \x80\xa0\xff', 'User-Agent: gr\xfc\xdfe'], ['A: \x80\xa0\xff', 'User-Agent: gr\xfc\xdfe']],
  ['what looks like a line end, written out', ['A: a\\r\\nB: b', 'C: %0d%0aD: d'], ['A: a\\r\\nB: b', 'C: %0d%0aD: d']],
  ['names of JavaScript\'s objects', ['__proto__: 1', 'constructor: 2', 'toString: 3'], ['__proto__: 1', 'constructor: 2', 'toString: 3']],
  ['a long value', [`A: ${'v'.repeat(8000)}`], [`A: ${'v'.repeat(8000)}`]],
]
const heads = LINES.map(([what, sent, arrive]): WireCase => ({ name: `heads: ${what}`, ref: 'RFC 9112 5', send: get('/x', ...sent), expect: passes({ line: 'GET /x HTTP/1.1', fields: arrive }), or: [passes({ line: 'GET /x HTTP/1.1' })] }))

export const file: CaseFile = {
  rule: '5',
  title: 'requests are emitted anew: sizes, extensions, trailers, spelling, bounds',
  cases: [
    ...chunks, ...floods, ...heads,
    { name: 'a length is written in our own digits', ref: 'RFC 9110 8.6', ours: true, send: post('/x', ['Content-Length: 0000011'], BODY), expect: passes({ ...X, body: BODY, fields: ['Content-Length: 11'] }) },
    { name: 'a coding is written in our own letters', ref: 'RFC 9112 7', ours: true, send: post('/x', ['tRANSFER-eNCODING:\t CHUNKED '], `b\r\n${BODY}\r\n${LAST}`), expect: passes({ ...X, body: BODY, has: ['Transfer-Encoding: chunked'] }) },
    { name: 'the version upstream is our own', ref: 'RFC 9110 2.5', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\nConnection: keep-alive\r\n\r\n', expect: passes({ line: 'GET /x HTTP/1.1', lacks: ['connection'] }), or: [{ origin: [{ line: 'GET /x HTTP/1.1' }], client: [{ status: 200 }], end: 'closed' }] },
    { name: 'an empty line before the request line is not sent on', ref: 'RFC 9112 2.2', send: `\r\n${get('/x')}`, expect: passes({ line: 'GET /x HTTP/1.1' }) },
    { name: 'every octet in a body goes on as sent, by length', ref: 'RFC 9112 6.2', send: post('/x', ['Content-Length: 256'], String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))), expect: passes({ ...X, body: String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at)) }) },
    { name: 'every octet in a body goes on as sent, in chunks', ref: 'RFC 9112 7.1', send: post('/x', ['Transfer-Encoding: chunked'], `100\r\n${String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))}\r\n${LAST}`), expect: passes({ ...X, body: String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at)) }) },
  ],
}
