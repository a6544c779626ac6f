// Rule 7, D1: where a request's body ends must be said once and plainly, or the request is refused before an octet of it is sent (RFC 9112 6.1 to 6.3,
// RFC 9110 8.6). Behind each head stands what a lenient hop would take for a second request.
import { get, OK, passes, post, refused, type CaseFile, type WireCase } from '../case.ts'

const SMUGGLED = 'GET {uri}/smuggled HTTP/1.1\r\nHost: {origin}\r\n\r\n'
const X = { line: 'POST /x HTTP/1.1' }

/** Lengths that are none. */
const LENGTHS: readonly (readonly [value: string, ref: string])[] = [
  ['+3', 'CVE-2020-15049'], ['-3', 'RFC 9110 8.6'], ['3 ,3', 'RFC 9110 8.6'], ['3,', 'RFC 9110 8.6'], [',3', 'RFC 9110 8.6'], ['3,4', 'RFC 9112 6.3'], ['3 3', 'RFC 9110 8.6'], ['3;a', 'RFC 9110 8.6'], ['3.0', 'RFC 9110 8.6'], ['3e0', 'RFC 9110 8.6'], ['0x3', 'RFC 9110 8.6'], ['0b11', 'RFC 9110 8.6'], ['0o3', 'RFC 9110 8.6'], ['3_0', 'smuggler'],
  ['', 'RFC 9110 8.6'], [' ', 'RFC 9110 8.6'], ['a', 'RFC 9110 8.6'], ['3a', 'RFC 9110 8.6'], ['"3"', 'RFC 9110 8.6'], ['\xb3', 'RFC 9110 8.6'], ['\xa03', 'RFC 9110 8.6'], ['3\xa0', 'RFC 9110 8.6'], ['18446744073709551619', 'CVE-2021-40346'], ['99999999999999999999999999999999', 'RFC 9110 8.6'],
  ['9007199254740993', 'RFC 9110 8.6'], ['-0', 'RFC 9110 8.6'], ['NaN', 'RFC 9110 8.6'], ['Infinity', 'RFC 9110 8.6'], ['chunked', 'smuggler'], ["3'", 'smuggler'], ['3\\', 'smuggler'], ['(3)', 'smuggler'],
]

const lengths = LENGTHS.map(([value, ref]): WireCase => ({ name: `a Content-Length of \`${value}\` is refused`, ref, send: post('/x', [`Content-Length: ${value}`], `abc${SMUGGLED}`), expect: refused(), or: [refused([400, 411, 413, 500, 501])] }))

/** Forms of the field, or of several. */
const FIELDS: readonly (readonly [what: string, fields: readonly string[], ref: string])[] = [
  ['two lengths', ['Content-Length: 3', 'Content-Length: 4'], 'RFC 9112 6.3'], ['two lengths, the second 0', ['Content-Length: 3', 'Content-Length: 0'], 'CVE-2018-7159'], ['two lengths, the first 0', ['Content-Length: 0', 'Content-Length: 3'], 'CVE-2018-7159'], ['two lengths of other letters', ['Content-Length: 3', 'content-length: 4'], 'RFC 9112 6.3'],
  ['a length with a blank before its colon', ['Content-Length : 3'], 'tinyproxy#623'], ['a length with a tab before its colon', ['Content-Length\t: 3'], 'CVE-2021-22959'], ['a folded length', ['Content-Length:', ' 3'], 'RFC 9112 5.2'], ['a length behind a folded line', ['X: 1', ' Content-Length: 3'], 'RFC 9112 5.2'],
  ['a length behind a bare LF', ['X: 1\nContent-Length: 3'], 'RFC 9112 2.2'], ['a length behind a bare CR', ['X: 1\rContent-Length: 3'], 'CVE-2023-30589'], ['a length behind a NUL', ['X: 1\0Content-Length: 3'], 'RFC 9110 5.5'], ['a length with a NUL in its name', ['Content-Length\0: 3'], 'smuggler'], ['a length with a VT behind it', ['Content-Length: 3\x0b'], 'smuggler'], ['a length with a VT before it', ['Content-Length:\x0b3'], 'smuggler'],
  ['length and coding', ['Content-Length: 3', 'Transfer-Encoding: chunked'], 'CVE-2005-2088'], ['coding and length', ['Transfer-Encoding: chunked', 'Content-Length: 3'], 'tinyproxy CVE-2026-54387'], ['length 0 and coding', ['Content-Length: 0', 'Transfer-Encoding: chunked'], 'CVE-2026-29057'], ['coding and a bad length', ['Transfer-Encoding: chunked', 'Content-Length: a'], 'RFC 9112 6.3'],
  ['coding, and a length named by Connection', ['Connection: content-length', 'Transfer-Encoding: chunked', 'Content-Length: 3'], 'RFC 9110 7.6.1'], ['length, and a coding named by Connection', ['Connection: transfer-encoding', 'Content-Length: 3', 'Transfer-Encoding: chunked'], 'RFC 9110 7.6.1'], ['two codings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'RFC 9112 7.1'],
  ['two codings, the second identity', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], 'RFC 9112 6.1'], ['two codings, the first identity', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], 'RFC 9112 6.1'], ['two codings, the second another', ['Transfer-Encoding: chunked', 'Transfer-Encoding: x'], 'smuggler'], ['two codings, the first another', ['Transfer-Encoding: x', 'Transfer-Encoding: chunked'], 'smuggler'],
]

const fields = FIELDS.map(([what, lines, ref]): WireCase => ({ name: `${what}: refused`, ref, send: post('/x', lines, `0\r\n\r\n${SMUGGLED}`), expect: refused(), or: [refused([400, 411, 501]), { origin: [{ line: 'POST /x HTTP/1.1', body: '' }], client: [OK], end: 'closed' }] }))

/** Codings but `chunked` alone: the obfuscations of the desync corpora among them. */
const CODINGS: readonly (readonly [line: string, ref: string])[] = [
  ['Transfer-Encoding: gzip, chunked', 'tinyproxy#616'], ['Transfer-Encoding: gzip', 'RFC 9112 6.1'], ['Transfer-Encoding: identity', 'RFC 9112 6.1'], ['Transfer-Encoding: chunked, chunked', 'RFC 9112 6.1'], ['Transfer-Encoding: chunked, gzip', 'RFC 9112 6.3'], ['Transfer-Encoding: identity, chunked', 'smuggler'], ['Transfer-Encoding: chunked, identity', 'smuggler'],
  ['Transfer-Encoding: chunked,', 'RFC 9110 5.6.1'], ['Transfer-Encoding: ,chunked', 'RFC 9110 5.6.1'], ['Transfer-Encoding: chunked;q=1', 'RFC 9112 7'], ['Transfer-Encoding: chunked; a=b', 'RFC 9112 7'], ['Transfer-Encoding: xchunked', 'smuggler'], ['Transfer-Encoding: chunkedx', 'smuggler'], ['Transfer-Encoding: x chunked', 'smuggler'], ['Transfer-Encoding: chunked x', 'smuggler'], ['Transfer-Encoding: "chunked"', 'smuggler'],
  ["Transfer-Encoding: 'chunked'", 'smuggler'], ['Transfer-Encoding: \\chunked', 'smuggler'], ['Transfer-Encoding: [chunked]', 'smuggler'], ['Transfer-Encoding: (a)chunked', 'smuggler'], ['Transfer-Encoding: chunked\\', 'smuggler'], ['Transfer-Encoding: chunk', 'smuggler'], ['Transfer-Encoding: c hunked', 'smuggler'], ['Transfer-Encoding:', 'RFC 9112 6.1'], ['Transfer-Encoding: ', 'RFC 9112 6.1'], ['Transfer-Encoding: ,', 'RFC 9112 6.1'],
  ['Transfer-Encoding: \xa0chunked', 'smuggler'], ['Transfer-Encoding: chunked\xa0', 'smuggler'], ['Transfer-Encoding: chunked\xff', 'smuggler'], ['Transfer-Encoding: \x0bchunked', 'smuggler'], ['Transfer-Encoding:\x0cchunked', 'smuggler'], ['Transfer-Encoding: chunked\x0b', 'smuggler'], ['Transfer-Encoding: chunked\0', 'smuggler'], ['Transfer-Encoding: \0chunked', 'smuggler'], ['Transfer-Encoding: chunked\x7f', 'smuggler'],
  ['Transfer-Encoding : chunked', 'tinyproxy#623'], ['Transfer-Encoding\t: chunked', 'smuggler'], ['Transfer-Encoding\x0b: chunked', 'smuggler'], ['Transfer-Encoding\0: chunked', 'smuggler'], ['Transfer-Encoding\xa0: chunked', 'smuggler'], ['Transfer Encoding: chunked', 'smuggler'], ['Transfer-Encoding chunked', 'smuggler'], [' Transfer-Encoding: chunked', 'smuggler'], ['\tTransfer-Encoding: chunked', 'smuggler'], ['Transfer-Encoding:\r\n chunked', 'smuggler'],
  ['Transfer-Encoding: chunked\r\n ', 'smuggler'], ['X: 1\rTransfer-Encoding: chunked', 'smuggler'], ['X: 1\nTransfer-Encoding: chunked', 'smuggler'], ['X: 1\r\rTransfer-Encoding: chunked', 'smuggler'], ['X:\nTransfer-Encoding: chunked', 'smuggler'], ['Transfer-Encoding: cow', 'RFC 9112 6.1'], ['Transfer-Encoding: trailers', 'RFC 9112 6.1'], ['Transfer-Encoding: deflate', 'RFC 9112 6.1'], ['Transfer-Encoding: compress', 'RFC 9112 6.1'],
  ['Transfer-Encoding: ch\xfcnked', 'smuggler'], ['Transfer-Encoding: \xc3\xa7hunked', 'smuggler'],
]

const codings = CODINGS.map(([line, ref]): WireCase => ({ name: `\`${JSON.stringify(line).slice(1, -1)}\` is refused`, ref, send: post('/x', [line], `0\r\n\r\n${SMUGGLED}`), expect: refused([400, 501]), or: [refused([400, 411, 501]), { origin: [], client: [{ status: [400, 411, 501] }], end: 'open' }] }))

/** Names that are not the field's, but near it: other fields, passed on or dropped, and no framing. */
const NEAR = ['Transfer_Encoding: chunked', 'Transfer-Encodings: chunked', 'X-Transfer-Encoding: chunked', 'Content_Length: 5', 'Content-Lengths: 5', 'Content-Length-X: 5', 'TransferEncoding: chunked', 'Content-Encoding: chunked', 'TE: chunked']

const near = NEAR.map((line): WireCase => ({ name: `\`${line}\` frames nothing`, ref: 'CVE-2025-64484', send: `${get('/x', line)}${get('/y')}`, expect: passes({ line: 'GET /x HTTP/1.1', lacks: ['transfer-encoding', 'content-length'] }, { line: 'GET /y HTTP/1.1' }) }))

export const file: CaseFile = {
  rule: '7',
  title: 'Content-Length and Transfer-Encoding of requests; smuggling',
  cases: [
    { name: 'a body by its length', ref: 'RFC 9112 6.2', send: post('/x', ['Content-Length: 3'], 'abc'), expect: passes({ ...X, body: 'abc' }) },
    { name: 'a length of 0', ref: 'RFC 9112 6.2', send: post('/x', ['Content-Length: 0'], ''), expect: passes({ ...X, has: ['Content-Length: 0'], body: '' }) },
    { name: 'a length with leading zeros is sent as our own digits', ref: 'RFC 9110 8.6', send: post('/x', ['Content-Length: 0003'], 'abc'), expect: passes({ ...X, body: 'abc' }), or: [refused()] },
    { name: 'a body by chunks', ref: 'RFC 9112 7.1', send: post('/x', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'), expect: passes({ ...X, body: 'abc' }) },
    { name: '`Chunked` in any letters', ref: 'RFC 9112 7', send: post('/x', ['Transfer-Encoding: cHUNKED'], '3\r\nabc\r\n0\r\n\r\n'), expect: passes({ ...X, body: 'abc' }) },
    { name: 'chunked with a tab behind it is refused', ref: 'llhttp', send: post('/x', ['Transfer-Encoding: chunked\t'], `0\r\n\r\n${SMUGGLED}`), expect: refused(), or: [passes({ ...X, body: '' }, { line: 'GET /smuggled HTTP/1.1' })] },
    { name: 'chunked with blanks round it', ref: 'RFC 9112 5.1', send: post('/x', ['Transfer-Encoding: \t chunked  '], '3\r\nabc\r\n0\r\n\r\n'), expect: passes({ ...X, body: 'abc' }) },
    { name: 'no length and no coding is no body', ref: 'RFC 9112 6.3', send: `${post('/x', [], '')}${get('/y')}`, expect: passes({ ...X, body: '' }, { line: 'GET /y HTTP/1.1' }) },
    { name: 'a GET with a body is passed whole', ref: 'RFC 9110 9.3.1', send: `GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\nContent-Length: 3\r\n\r\nabc${get('/y')}`, expect: passes({ line: 'GET /x HTTP/1.1', body: 'abc' }, { line: 'GET /y HTTP/1.1' }), or: [refused()] },
    { name: 'what stands behind the length is the next request', ref: 'RFC 9112 6.3', send: `${post('/x', ['Content-Length: 3'], 'abc')}${get('/y')}`, expect: passes({ ...X, body: 'abc' }, { line: 'GET /y HTTP/1.1' }) },
    { name: 'a body that looks like a request is a body', ref: 'RFC 9112 6.3', send: post('/x', ['Content-Length: 18'], 'GET /y HTTP/1.1\r\n\r'), expect: passes({ ...X, body: 'GET /y HTTP/1.1\r\n\r' }) },
    { name: 'two identical lengths are refused', ref: 'RFC 9112 6.3', send: post('/x', ['Content-Length: 3', 'Content-Length: 3'], 'abc'), expect: refused(), or: [passes({ ...X, body: 'abc' })] },
    { name: 'a length as a list of the same is refused', ref: 'RFC 9110 8.6', send: post('/x', ['Content-Length: 3, 3'], 'abc'), expect: refused(), or: [passes({ ...X, body: 'abc' })] },
    { name: 'a coding in HTTP/1.0 is faulty', ref: 'RFC 9112 6.1', send: `POST {uri}/x HTTP/1.0\r\nHost: {origin}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, expect: refused(), or: [{ origin: [{ ...X, body: '' }], client: [OK], end: 'closed' }] },
    { name: 'a coding in HTTP/1.0 with keep-alive is faulty', ref: 'RFC 9112 6.1', send: `POST {uri}/x HTTP/1.0\r\nHost: {origin}\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, expect: refused(), or: [{ origin: [{ ...X, body: '' }], client: [OK], end: 'closed' }] },
    { name: 'a body cut by the client never looks whole upstream', ref: 'RFC 9112 8', send: [post('/x', ['Content-Length: 10'], 'abc'), { end: 'fin' }], expect: { origin: [{ ...X, cut: true }], client: [], end: 'closed' }, either: [{ origin: [], client: [], end: 'closed' }, { origin: [{ ...X, cut: true }], client: [{ status: 400 }], end: 'closed' }] },
    { name: 'a chunked body cut by the client never looks whole upstream', ref: 'RFC 9112 8', send: [post('/x', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n'), { end: 'fin' }], expect: { origin: [{ ...X, cut: true }], client: [], end: 'closed' }, either: [{ origin: [], client: [], end: 'closed' }, { origin: [{ ...X, cut: true }], client: [{ status: 400 }], end: 'closed' }] },
    ...lengths, ...fields, ...codings, ...near,
  ],
}
