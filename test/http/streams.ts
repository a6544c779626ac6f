// Generated requests, right and wrong in the places where parsers have differed: line ends, blanks, names, lengths, codings, chunk sizes.
import fc from 'fast-check'

const eol = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\n\r')
const blank = fc.constantFrom('', ' ', ' ', ' ', ' ', '\t', '  ', '\x0b', '\0', '\xa0')
const name = fc.constantFrom('X', 'x-a', 'Content-Length', 'Transfer-Encoding', 'content-length', 'Connection', 'TE', 'Trailer', 'Accept', 'Cookie', 'X(', 'X Y', '', 'Content_Length', 'Expect', 'Content-Type')
const value = fc.oneof(
  fc.constantFrom('3', '0', '03', '+3', '3, 3', '3,', '-1', '0x3', '10000000000000000003', 'chunked', 'Chunked', 'gzip, chunked', 'chunked, chunked', 'identity', 'chunked;q=1', 'close', 'keep-alive', 'a\xffb', 'a\0b', 'a\rb', 'a\nb', 'a\tb', '\x7f', ''),
  fc.string({ maxLength: 6 }),
)
const field = fc.tuple(name, fc.constantFrom(':', ':', ':', ':', ':', ' :', '', '\t:', '::'), blank, value, blank, eol).map((parts) => parts.join(''))
const size = fc.constantFrom('3', '0', '03', '3;a', '3;a=b', '3;a="b"', '3; a', '3 ;a', '3 ', ' 3', '+3', '0x3', '3;', '3;a=', '3;a="b', '3;a="\\""', '3;a b', 'fffffffffffffffff', 'g', '', '3;\x01', '3;a=\xff')
const chunk = fc.tuple(size, eol, fc.constantFrom('abc', 'abc', 'abc', 'ab', 'abcd', ''), eol).map((parts) => parts.join(''))
const trailer = fc.constantFrom('', '', 'X: 1\r\n', 'X : 1\r\n', 'X\r\n', ' X: 1\r\n', 'X: 1\n', 'Content-Length: 3\r\n', 'X:\0\r\n', ': 1\r\n')
const chunkedBody = fc.tuple(fc.array(chunk, { maxLength: 3 }), fc.constantFrom('0\r\n', '00\r\n', '0;a=b\r\n', '0 \r\n', '0\n'), trailer, eol).map(([chunks, last, fields, end]) => chunks.join('') + last + fields + end)
const body = fc.oneof(fc.constantFrom('', 'abc', 'abcd', '3\r\nabc\r\n0\r\n\r\n'), chunkedBody)
const host = fc.constantFrom('Host: a.test\r\n', 'Host: a.test\r\n', 'Host: a.test\r\n', '', 'Host: a.test\r\nHost: b.test\r\n', 'Host : a.test\r\n')
const line = (targets: readonly string[]): fc.Arbitrary<string> => fc.tuple(
  fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'get', 'G@T', ''),
  fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t', ''),
  fc.constantFrom(...targets),
  fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t', ''),
  fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/01.1', 'HTTP/1.01', 'HTTQ/1.1', ''),
  eol,
).map((parts) => parts.join(''))

/** One or two requests for these targets, mostly broken somewhere; the first target is the likeliest. */
export function streamOf(targets: readonly [string, ...string[]]): fc.Arbitrary<Buffer> {
  const request = fc.tuple(fc.constantFrom('', '', '', '\r\n', '\n', ' '), line(targets), host, fc.array(field, { maxLength: 3 }), fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'), body)
    .map(([before, first, hosts, fields, end, rest]) => before + first + hosts + fields.join('') + end + rest)
  const likely = fc.tuple(fc.constantFrom('Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', 'Connection: close, x\r\n'), fc.oneof(body, chunkedBody))
    .map(([framing, rest]) => `POST ${targets[0]} HTTP/1.1\r\nHost: a.test\r\n${framing}\r\n${rest}`)
  return fc.array(fc.oneof(request, likely), { minLength: 1, maxLength: 2 }).map((parts) => Buffer.from(parts.join(''), 'latin1'))
}
