// Rules 5 and 8 in requests: a chunk is a hexadecimal size, CRLF, that many octets, CRLF; extensions and trailers end here; a broken or cut body is never
// completed towards the origin (RFC 9112 7.1).
import { get, passes, post, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const X = { line: 'POST /x HTTP/1.1' }
const SMUGGLED = get('/smuggled')
const chunked = (body: string): string => post('/x', ['Transfer-Encoding: chunked'], body)

/** Refused; what of it was already on its way shows at the origin as cut. */
const BROKEN: Outcome = { origin: [{ ...X, cut: true }], client: [{ status: 400 }], end: 'closed' }
const UNSENT: Outcome = { origin: [], client: [{ status: 400 }], end: 'closed' }

const FAULTS: readonly (readonly [what: string, body: string, ref: string])[] = [
  ['a size with a sign', '+3\r\nabc\r\n0\r\n\r\n', 'smuggler'], ['a negative size', '-3\r\nabc\r\n0\r\n\r\n', 'smuggler'], ['a size with 0x', '0x3\r\nabc\r\n0\r\n\r\n', 'CVE-2024-1135'], ['a size behind a blank', ' 3\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['a size before a blank', '3 \r\nabc\r\n0\r\n\r\n', 'http-garden'], ['a size before a tab', '3\t\r\nabc\r\n0\r\n\r\n', 'http-garden'],
  ['a size with an underscore', '1_0\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['an empty size', '\r\nabc\r\n0\r\n\r\n', 'RFC 9112 7.1'], ['a size that is no number', 'g\r\nabc\r\n0\r\n\r\n', 'RFC 9112 7.1'], ['a size of 2^64+3', '10000000000000003\r\nabc\r\n0\r\n\r\n', 'CVE-2021-40346'], ['a size of 2^32+3 that is not there, cut by a line end', '100000003\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['a size of many f', `${'f'.repeat(20)}\r\nabc\r\n0\r\n\r\n`, 'RFC 9112 7.1'],
  ['a size with a NUL', '3\0\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['a size with a dot', '3.0\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['a size with full-width digits', '\xef\xbc\x93\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['a size line ended by LF', '3\nabc\r\n0\r\n\r\n', 'TERM.EXT'], ['a size line ended by CR', '3\rabc\r\n0\r\n\r\n', 'TERM.EXT'], ['a size line ended by CR CR LF', '3\r\r\nabc\r\n0\r\n\r\n', 'TERM.EXT'],
  ['data longer than its size', '3\r\nabcd\r\n0\r\n\r\n', 'CHUNK.SPILL'], ['data shorter than its size', '3\r\nab\r\n0\r\n\r\n', 'RFC 9112 7.1'], ['data followed by LF', '3\r\nabc\n0\r\n\r\n', 'ONE.TWO'], ['data followed by CR', '3\r\nabc\r0\r\n\r\n', 'ONE.TWO'], ['data followed by nothing', '3\r\nabc0\r\n\r\n', 'TWO.ONE'], ['data followed by two other octets', '3\r\nabcXX0\r\n\r\n', 'SPILL'], ['data followed by LF CR', '3\r\nabc\n\r0\r\n\r\n', 'SPILL'],
  ['a last chunk with a blank', '3\r\nabc\r\n0 \r\n\r\n', 'RFC 9112 7.1'], ['a last chunk ended by LF', '3\r\nabc\r\n0\n\r\n', 'TERM.EXT'], ['a last line ended by LF', '3\r\nabc\r\n0\r\n\n', 'TERM.EXT'], ['a trailer without a colon', '3\r\nabc\r\n0\r\nX\r\n\r\n', 'RFC 9112 7.1.2'], ['a trailer with a blank before its colon', '3\r\nabc\r\n0\r\nX : 1\r\n\r\n', 'RFC 9112 5.1'], ['a folded trailer', '3\r\nabc\r\n0\r\nX: 1\r\n 2\r\n\r\n', 'RFC 9112 5.2'],
  ['a trailer behind a blank', '3\r\nabc\r\n0\r\n X: 1\r\n\r\n', 'RFC 9112 5.2'], ['a trailer ended by LF', '3\r\nabc\r\n0\r\nX: 1\n\r\n', 'RFC 9112 2.2'], ['a trailer with a bare CR', '3\r\nabc\r\n0\r\nX: a\rb\r\n\r\n', 'RFC 9112 2.2'], ['a trailer with a NUL', '3\r\nabc\r\n0\r\nX: a\0b\r\n\r\n', 'RFC 9110 5.5'], ['a trailer that frames', '3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n', 'RFC 9110 6.5.1'], ['a trailer with a coding', '3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n', 'RFC 9110 6.5.1'],
  ['an extension with a bare LF', '3;a\nb\r\nabc\r\n0\r\n\r\n', 'ATS CVE-2026-24033'], ['an extension with a bare CR', '3;a\rb\r\nabc\r\n0\r\n\r\n', 'ATS CVE-2024-35161'], ['a quoted extension over a line end', '3;a="\r\nabc"\r\n0\r\n\r\n', 'CVE-2023-46846'], ['an extension with a NUL', '3;a\0\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['an extension without a name', '3;\r\nabc\r\n0\r\n\r\n', 'http-garden'], ['an extension behind a comma', '3,a\r\nabc\r\n0\r\n\r\n', 'http-garden'],
  ['an extension without end', `3;${'a'.repeat(40_000)}\r\nabc\r\n0\r\n\r\n`, 'CVE-2024-22019'], ['a trailer section without end', `3\r\nabc\r\n0\r\n${'X: 1\r\n'.repeat(20_000)}\r\n`, 'RFC 9112 7.1.2'],
]

const faults = FAULTS.map(([what, body, ref]): WireCase => (what.startsWith('a size of 2^32')
  ? { name: `${what}: waits for the rest, and the next request is part of it`, ref, send: [chunked(body), { end: 'fin' }], expect: { origin: [{ ...X, cut: true }], client: [], end: 'closed' }, either: [{ origin: [], client: [], end: 'closed' }, BROKEN] }
  : { name: `${what}: refused, and never completed`, ref, send: `${chunked(body)}${SMUGGLED}`, expect: BROKEN, either: [UNSENT], or: [{ origin: [{ ...X, cut: true }], client: [], end: 'closed' }, { origin: [], client: [], end: 'closed' }] }))

const GOOD: readonly (readonly [what: string, body: string, wanted: string, ref: string])[] = [
  ['several chunks', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 'abcde', 'RFC 9112 7.1'], ['an empty body', '0\r\n\r\n', '', 'RFC 9112 7.1'], ['sizes in both letters', 'a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789', 'RFC 9112 7.1'], ['sizes with leading zeros', '0003\r\nabc\r\n000\r\n\r\n', 'abc', 'RFC 9112 7.1'],
  ['an extension', '3;a=b\r\nabc\r\n0\r\n\r\n', 'abc', 'RFC 9112 7.1.1'], ['an extension without value', '3;a\r\nabc\r\n0;b\r\n\r\n', 'abc', 'RFC 9112 7.1.1'], ['a quoted extension', '3;a="b;c\\"d"\r\nabc\r\n0\r\n\r\n', 'abc', 'RFC 9112 7.1.1'], ['a trailer', '3\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n', 'abc', 'RFC 9112 7.1.2'], ['a trailer named Host', '3\r\nabc\r\n0\r\nHost: evil\r\n\r\n', 'abc', 'wire rule D1'],
  ['data that looks like a chunk', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n', 'RFC 9112 7.1'], ['data that looks like a request', '12\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'RFC 9112 7.1'],
]

const good = GOOD.map(([what, body, wanted, ref]): WireCase => ({ name: `${what}: passed on in chunks of our own`, ref, send: `${chunked(body)}${get('/y')}`, expect: passes({ ...X, body: wanted, lacks: ['x-trailer', 'trailer'] }, { line: 'GET /y HTTP/1.1' }) }))

export const file: CaseFile = { rule: '8', title: 'chunks of requests: read strictly, written anew, never completed', cases: [...good, ...faults] }
