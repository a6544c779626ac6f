// Request heads that are read and that are refused: each row a sentence. The bytes are the case.
import t from 'tap'
import { readRequests } from './reading.ts'

const GET = 'GET http://a.test/ HTTP/1.1\r\n'
const POST = 'POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\n'

const refused: readonly (readonly [string, string, number?])[] = [
  ['no Host in HTTP/1.1', `${GET}\r\n`],
  ['two Hosts', `${GET}Host: a.test\r\nHost: a.test\r\n\r\n`],
  ['two Hosts in HTTP/1.0', 'GET http://a.test/ HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\n\r\n'],
  ['a blank before the colon', `${GET}Host : a.test\r\n\r\n`],
  ['a tab before the colon', `${GET}Host: a.test\r\nX\t: 1\r\n\r\n`],
  ['a blank in a field name', `${GET}Host: a.test\r\nX Y: 1\r\n\r\n`],
  ['an empty field name', `${GET}Host: a.test\r\n: 1\r\n\r\n`],
  ['a field line without a colon', `${GET}Host: a.test\r\nnothing\r\n\r\n`],
  ['a first field line that begins with a blank', `${GET} Host: a.test\r\n\r\n`],
  ['a folded field line', `${GET}Host: a.test\r\nX: 1\r\n 2\r\n\r\n`],
  ['a folded line of a tab', `${GET}Host: a.test\r\nX: 1\r\n\t2\r\n\r\n`],
  ['an octet over 127 in a field name', `${GET}Host: a.test\r\nX\xe4: 1\r\n\r\n`],
  ['NUL in a value', `${GET}Host: a.test\r\nX: 1\0\r\n\r\n`],
  ['DEL in a value', `${GET}Host: a.test\r\nX: 1\x7f\r\n\r\n`],
  ['a bare CR in a value', `${GET}Host: a.test\r\nX: 1\r2\r\n\r\n`],
  ['a bare LF as a line end', `${GET}Host: a.test\nX: 1\r\n\r\n`],
  ['LF LF as the end of the head', 'GET http://a.test/ HTTP/1.1\nHost: a.test\n\n'],
  ['CR CR as the end of the head', `${GET}Host: a.test\r\r`],
  ['two blanks after the method', 'GET  http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ['a tab after the method', 'GET\thttp://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ['two blanks before the version', 'GET http://a.test/  HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ['a blank in the target', 'GET http://a.test/a b HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ['a blank after the version', 'GET http://a.test/ HTTP/1.1 \r\nHost: a.test\r\n\r\n'],
  ['a blank before the method', ' GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ['a control octet in the target', 'GET http://a.test/\x01 HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ['a method that is no token', 'G(T http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  ['HTTP/0.9', 'GET http://a.test/\r\n\r\n'],
  ['a version in lower case', 'GET http://a.test/ http/1.1\r\nHost: a.test\r\n\r\n'],
  ['a version of two digits', 'GET http://a.test/ HTTP/1.10\r\nHost: a.test\r\n\r\n'],
  ['HTTP/2.0', 'GET http://a.test/ HTTP/2.0\r\nHost: a.test\r\n\r\n', 505],
  ['HTTP/1.2', 'GET http://a.test/ HTTP/1.2\r\nHost: a.test\r\n\r\n', 505],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['a method that nobody implements', `${'M'.repeat(65)} http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n`, 501],
  ['a hello of TLS', '\x16\x03\x01\x02\x00\x01\x00'],
  ['Content-Length beside Transfer-Encoding', `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two Content-Lengths that agree', `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
  ['two Content-Lengths that differ', `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
  ['a list in Content-Length', `${POST}Content-Length: 3, 3\r\n\r\nabc`],
  ['a sign in Content-Length', `${POST}Content-Length: +3\r\n\r\nabc`],
  ['a negative Content-Length', `${POST}Content-Length: -1\r\n\r\n`],
  ['a hexadecimal Content-Length', `${POST}Content-Length: 0x3\r\n\r\nabc`],
  ['an empty Content-Length', `${POST}Content-Length:\r\n\r\n`],
  ['a blank in Content-Length', `${POST}Content-Length: 1 2\r\n\r\n`],
  ['a Content-Length over 2^53', `${POST}Content-Length: 9007199254740993\r\n\r\n`],
  ['a Content-Length over 2^64', `${POST}Content-Length: 18446744073709551619\r\n\r\nabc`],
  ['Transfer-Encoding: gzip, chunked', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ['Transfer-Encoding: chunked, gzip', `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  ['Transfer-Encoding: identity', `${POST}Transfer-Encoding: identity\r\n\r\n`],
  ['Transfer-Encoding: xchunked', `${POST}Transfer-Encoding: xchunked\r\n\r\n`],
  ['Transfer-Encoding: chunked,', `${POST}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n`],
  ['Transfer-Encoding: "chunked"', `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`],
  ['Transfer-Encoding: chunked behind a vertical tab', `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  ['an empty Transfer-Encoding', `${POST}Transfer-Encoding:\r\n\r\n`],
  ['two Transfer-Encodings', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['Transfer-Encoding in HTTP/1.0', 'POST http://a.test/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['Transfer-Encoding folded away', `${POST}X: 1\r\n Transfer-Encoding: chunked\r\n\r\n`],
  ['a target that is too long', `GET http://a.test/${'a'.repeat(32768)} HTTP/1.1\r\nHost: a.test\r\n\r\n`, 414],
  ['a target that is too long and never ends', `GET http://a.test/${'a'.repeat(40000)}`, 414],
  ['a head that is too long', `${GET}Host: a.test\r\n${`X: ${'a'.repeat(1000)}\r\n`.repeat(70)}\r\n`, 431],
  ['a head that is too long and never ends', `${GET}Host: a.test\r\nX: ${'a'.repeat(70000)}`, 431],
  ['too many fields', `${GET}Host: a.test\r\n${'X: 1\r\n'.repeat(200)}\r\n`, 431],
  ['empty lines without end', '\r\n'.repeat(10)],
  ['a chunk size without digits', `${POST}Transfer-Encoding: chunked\r\n\r\n\r\n`],
  ['a chunk size with 0x', `${POST}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n`],
  ['a chunk size with a sign', `${POST}Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n`],
  ['a chunk size with an underscore', `${POST}Transfer-Encoding: chunked\r\n\r\n0_3\r\nabc\r\n0\r\n\r\n`],
  ['a chunk size that wraps at 64 bits', `${POST}Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n`],
  ['a chunk size over 2^53', `${POST}Transfer-Encoding: chunked\r\n\r\n20000000000000\r\n`],
  ['a blank before a chunk size', `${POST}Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n`],
  ['a blank behind a chunk size', `${POST}Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n`],
  ['a bare LF behind a chunk size', `${POST}Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n`],
  ['a bare LF behind chunk data', `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n`],
  ['chunk data longer than its size', `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`],
  ['a bare LF in a chunk extension', `${POST}Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n`],
  ['a bare CR in a chunk extension', `${POST}Transfer-Encoding: chunked\r\n\r\n3;a\rabc\r\n0\r\n\r\n`],
  ['a quoted line end in a chunk extension', `${POST}Transfer-Encoding: chunked\r\n\r\n3;a="\r\nabc"\r\nabc\r\n0\r\n\r\n`],
  ['chunk extensions without end', `${POST}Transfer-Encoding: chunked\r\n\r\n3;a=${'b'.repeat(3000)}\r\nabc\r\n0\r\n\r\n`],
  ['long extensions on many small chunks', `${POST}Transfer-Encoding: chunked\r\n\r\n${`1;a=${'b'.repeat(500)}\r\nx\r\n`.repeat(40)}0\r\n\r\n`],
  ['a trailer without a colon', `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n`],
  ['a folded trailer', `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n 2\r\n\r\n`],
  ['a bare LF behind a trailer', `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\n\r\n`],
  ['trailers without end', `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\n${`X: ${'a'.repeat(1000)}\r\n`.repeat(20)}\r\n`],
]

t.test('refused', async (t) => {
  for (const [what, stream, status = 400] of refused) {
    const bytes = Buffer.from(stream, 'latin1')
    const whole = readRequests(bytes, [])
    t.equal(whole.status, status, what)
    const every = readRequests(bytes, Array.from({ length: Math.min(bytes.length, 400) }, (_, at) => at))
    t.equal(every.status, status, `${what}, an octet at a time`)
  }
})

const read: readonly (readonly [string, string, readonly (readonly [string, string, string])[]])[] = [
  ['a plain GET', `${GET}Host: a.test\r\n\r\n`, [['GET', 'http://a.test/', '']]],
  ['an empty line before it', `\r\n${GET}Host: a.test\r\n\r\n`, [['GET', 'http://a.test/', '']]],
  ['HTTP/1.0 without Host', 'GET http://a.test/ HTTP/1.0\r\n\r\n', [['GET', 'http://a.test/', '']]],
  ['an extension method, its case kept', 'fRob-1 http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n', [['fRob-1', 'http://a.test/', '']]],
  ['path octets that are left alone', 'GET http://a.test//%2e/..;/?a=%zz|"<>^`{}\\ HTTP/1.1\r\nHost: a.test\r\n\r\n', [['GET', 'http://a.test//%2e/..;/?a=%zz|"<>^`{}\\', '']]],
  ['a length', `${POST}Content-Length: 3\r\n\r\nabc`, [['POST', 'http://a.test/', 'abc']]],
  ['a length with leading zeros', `${POST}Content-Length: 0003\r\n\r\nabc`, [['POST', 'http://a.test/', 'abc']]],
  ['two requests in one read', `${POST}Content-Length: 3\r\n\r\nabc${GET}Host: b\r\n\r\n`, [['POST', 'http://a.test/', 'abc'], ['GET', 'http://a.test/', '']]],
  ['chunks', `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n`, [['POST', 'http://a.test/', 'abc0123456789']]],
  ['CHUNKED in another case', `${POST}transfer-encoding: ChunKed \r\n\r\n3\r\nabc\r\n0\r\n\r\n`, [['POST', 'http://a.test/', 'abc']]],
  ['chunk extensions and trailers, dropped', `${POST}Transfer-Encoding: chunked\r\n\r\n3;a;b=c;d="e\\"f"\r\nabc\r\n00\r\nX: 1\r\nHost: evil\r\n\r\n`, [['POST', 'http://a.test/', 'abc']]],
  ['a chunk that looks like a request', `${POST}Transfer-Encoding: chunked\r\n\r\n1b\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n${GET}Host: b\r\n\r\n`, [['POST', 'http://a.test/', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'], ['GET', 'http://a.test/', '']]],
]

t.test('read', async (t) => {
  for (const [what, stream, requests] of read) {
    const bytes = Buffer.from(stream, 'latin1')
    const whole = readRequests(bytes, [])
    t.equal(whole.problem, undefined, what)
    t.same(whole.requests.map((each) => [each.method, each.target, each.body]), requests, what)
    for (let cut = 1; cut < bytes.length; cut++) t.same(readRequests(bytes, [cut]), whole, `${what}, cut at ${cut}`)
    t.same(readRequests(bytes, Array.from(bytes.keys())), whole, `${what}, an octet at a time`)
  }
})
