// Rule 5 for responses: every head and chunk is written from its parsed form; no line, chunk size, extension or trailer of the origin's reaches the
// client (RFC 9112 7.1). The strict parser takes no extension, no trailer and no other spelling, so that each case below asks for all of that.
import { chunked, relayed, reply } from '../answers.ts'
import type { CaseFile, WireCase } from '../case.ts'

const HELLO = { status: 200, body: 'hello world' }

/** [what, the chunked body] */
const spellings: readonly (readonly [string, string, string])[] = [
  ['one chunk', 'RFC 9112 7.1', 'b\r\nhello world\r\n0\r\n\r\n'],
  ['two chunks', 'RFC 9112 7.1', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'],
  ['a chunk an octet', 'RFC 9112 7.1', `${[...'hello world'].map((each) => `1\r\n${each}\r\n`).join('')}0\r\n\r\n`],
  ['sizes with zeros before them', 'RFC 9112 7.1', '0000000000000005\r\nhello\r\n06\r\n world\r\n0\r\n\r\n'],
  ['sizes in capitals', 'RFC 9112 7.1', 'B\r\nhello world\r\n0\r\n\r\n'],
  ['a last chunk of several zeros', 'RFC 9112 7.1', 'b\r\nhello world\r\n0000\r\n\r\n'],
  ['an extension without a value', 'RFC 9112 7.1.1', 'b;ilovew3\r\nhello world\r\n0\r\n\r\n'],
  ['extensions with values', 'RFC 9112 7.1.1', '5;a=b;c=d\r\nhello\r\n6;e\r\n world\r\n0;f=g\r\n\r\n'],
  ['an extension in quotes', 'RFC 9112 7.1.1', 'b;a="b; c=\\"d\\" \\\\"\r\nhello world\r\n0\r\n\r\n'],
  ['an extension that looks like a size', 'CVE-2024-35161', '5;6\r\nhello\r\n6;0\r\n world\r\n0\r\n\r\n'],
  ['a long extension', 'CVE-2023-39326', `b;${'a'.repeat(1000)}=b\r\nhello world\r\n0\r\n\r\n`],
  ['trailers', 'RFC 9110 6.5', 'b\r\nhello world\r\n0\r\nX-Checksum: evil\r\nExpires: 0\r\n\r\n'],
  ['trailers of names that are heads\' own', 'RFC 9110 6.5.1', 'b\r\nhello world\r\n0\r\nSet-Cookie: evil=1\r\nContent-Type: evil\r\nHost: evil\r\nConnection: close\r\n\r\n'],
  ['a trailer without a value', 'RFC 9112 7.1.2', 'b\r\nhello world\r\n0\r\nX-T:\r\n\r\n'],
  ['many trailers', 'RFC 9112 7.1.2', `b\r\nhello world\r\n0\r\n${Array.from({ length: 100 }, (_, at) => `X-${at}: ${at}\r\n`).join('')}\r\n`],
]

const chunks = spellings.map(([name, ref, body]): WireCase => relayed(`chunked: ${name}`, ref, chunked(body), { ...HELLO, framing: 'chunked', hides: ['evil', ';'] }))

const others: readonly WireCase[] = [
  relayed('chunked: an empty body', 'RFC 9112 7.1', chunked('0\r\n\r\n'), { status: 200, body: '', framing: 'chunked' }),
  relayed('chunked: data that looks like framing', 'RFC 9112 7.1', chunked('e\r\n\r\n0\r\n\r\nGET / X\r\n0\r\n\r\n'), { status: 200, body: '\r\n0\r\n\r\nGET / X' }),
  relayed('chunked: every octet there is', 'RFC 9112 7.1', chunked(`100\r\n${String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))}\r\n0\r\n\r\n`), { status: 200, body: String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at)) }),
  relayed('a length: every octet there is', 'RFC 9112 6.2', reply([], String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))), { status: 200, body: String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at)), framing: 'length' }),
  relayed('chunked in capitals', 'RFC 9112 7', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  relayed('chunked with blanks round it', 'RFC 9112 5.1', 'HTTP/1.1 200 OK\r\nTRANSFER-ENCODING:\t chunked  \r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  relayed('a length with zeros before it', 'WPT fetch/content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 0002\r\n\r\nok', { status: 200, body: 'ok', has: ['Content-Length: 2'] }),
  relayed('a length with tabs round it', 'llhttp response/content-length.md', 'HTTP/1.1 200 OK\r\ncontent-length:\t2\t\r\n\r\nok', { status: 200, body: 'ok', has: ['Content-Length: 2'] }, { or: [{ origin: [{ line: 'GET /x HTTP/1.1' }], client: [{ status: 200, body: 'ok' }], end: 'open' }] }),
  relayed('a reason of several words', 'RFC 9112 4', reply([], 'ok', 'HTTP/1.1 200 Quite all right: (1) "\xfc"'), { status: 200, body: 'ok', reason: 'Quite all right: (1) "\xfc"' }, { ours: true }),
  relayed('a body that looks like an answer', 'CVE-2004-2479', reply([], 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), { status: 200, body: 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil', framing: 'length' }),
  relayed('a value that an encoded line end stands in is not decoded', 'CVE-2024-24795', reply(['Location: /a%0d%0aSet-Cookie:%20evil', 'X-A: a\\r\\nX-B: b']), { status: 200, body: 'ok', fields: ['Location: /a%0d%0aSet-Cookie:%20evil', 'X-A: a\\r\\nX-B: b'] }),
  relayed('letters whose low octet is a line end', 'CVE-2019-9740', reply(['X-A: a\xe5\x98\x8a\xe5\x98\x8dX-B: evil']), { status: 200, body: 'ok', fields: ['X-A: a\xe5\x98\x8a\xe5\x98\x8dX-B: evil'] }),
]

export const file: CaseFile = {
  rule: '5r',
  title: 'responses are emitted anew: sizes, extensions, trailers, spelling',
  side: 'response',
  cases: [...chunks, ...others],
}
