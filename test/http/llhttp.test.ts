// Our reading against Node's own parser: what both accept must mean the same, and what llhttp refuses, ours refuses. And every cut into
// reads gives what the whole gives.
import { createServer, METHODS } from 'node:http'
import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { readRequests } from './reading.ts'

interface Theirs {
  readonly requests: { readonly method: string; readonly url: string; readonly headers: readonly string[]; body: string; complete: boolean }[]
  refused: string | undefined
}

/** What node:http makes of a stream, over an in-memory connection. */
function theirReading(stream: Buffer): Promise<Theirs> {
  return new Promise((resolve) => {
    const theirs: Theirs = { requests: [], refused: undefined }
    const server = createServer({ maxHeaderSize: 1 << 20, requireHostHeader: true, insecureHTTPParser: false }, (request, response) => {
      const each = { method: request.method ?? '', url: request.url ?? '', headers: request.rawHeaders, body: '', complete: false }
      theirs.requests.push(each)
      request.setEncoding('latin1')
      request.on('data', (piece: string) => { each.body += piece })
      request.on('end', () => { each.complete = true; response.end() })
      request.on('error', () => {})
    })
    server.on('checkExpectation', (request, response) => { server.emit('request', request, response) })
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => { theirs.refused ??= error.code ?? 'error'; socket.destroy() })
    const [client, connection] = duplexPair()
    server.emit('connection', connection)
    let said = ''
    client.on('data', (piece: Buffer) => { said += piece.toString('latin1') })
    client.on('error', () => {})
    connection.on('error', () => {})
    client.write(stream)
    setImmediate(() => setImmediate(() => setImmediate(() => {
      if (/(?:^|\r\n\r\n)HTTP\/1\.1 400 /.test(said)) theirs.refused ??= '400'
      client.destroy()
      connection.destroy()
      resolve(theirs)
    })))
  })
}

const known = new Set(METHODS)
const eol = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\n\r')
const blank = fc.constantFrom('', ' ', ' ', ' ', ' ', '\t', '  ', '\x0b', '\0', '\xa0')
const name = fc.constantFrom('X', 'x-a', 'Content-Length', 'Transfer-Encoding', 'content-length', 'Connection', 'TE', 'Trailer', 'Accept', 'Cookie', 'X(', 'X Y', '', 'Content_Length', 'Expect', 'Content-Type')
const value = fc.oneof(
  fc.constantFrom('3', '0', '03', '+3', '3, 3', '3,', '-1', '0x3', '10000000000000000003', 'chunked', 'Chunked', 'gzip, chunked', 'chunked, chunked', 'identity', 'chunked;q=1', 'close', 'keep-alive', 'a\xffb', 'a\0b', 'a\rb', 'a\nb', 'a\tb', '\x7f', ''),
  fc.string({ maxLength: 6 }),
)
const field = fc.tuple(name, fc.constantFrom(':', ':', ':', ':', ':', ' :', '', '\t:', '::'), blank, value, blank, eol).map((parts) => parts.join(''))
const line = fc.tuple(
  fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'get', 'G@T', ''),
  fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t', ''),
  fc.constantFrom('http://a.test/', '/', '/a?b#c', '/a\\b', '/\xc3\xa4', '*', '/a b', '/\x01', 'http://a.test/%zz', ''),
  fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t', ''),
  fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/01.1', 'HTTP/1.01', 'HTTQ/1.1', ''),
  eol,
).map((parts) => parts.join(''))
const size = fc.constantFrom('3', '0', '03', '3;a', '3;a=b', '3;a="b"', '3; a', '3 ;a', '3 ', ' 3', '+3', '0x3', '3;', '3;a=', '3;a="b', '3;a="\\""', '3;a b', 'fffffffffffffffff', 'g', '', '3;\x01', '3;a=\xff')
const chunk = fc.tuple(size, eol, fc.constantFrom('abc', 'abc', 'abc', 'ab', 'abcd', ''), eol).map((parts) => parts.join(''))
const trailer = fc.constantFrom('', '', 'X: 1\r\n', 'X : 1\r\n', 'X\r\n', ' X: 1\r\n', 'X: 1\n', 'Content-Length: 3\r\n', 'X:\0\r\n', ': 1\r\n')
const chunkedBody = fc.tuple(fc.array(chunk, { maxLength: 3 }), fc.constantFrom('0\r\n', '00\r\n', '0;a=b\r\n', '0 \r\n', '0\n'), trailer, eol).map(([chunks, last, fields, end]) => chunks.join('') + last + fields + end)
const body = fc.oneof(fc.constantFrom('', 'abc', 'abcd', '3\r\nabc\r\n0\r\n\r\n'), chunkedBody)
const host = fc.constantFrom('Host: a.test\r\n', 'Host: a.test\r\n', 'Host: a.test\r\n', '', 'Host: a.test\r\nHost: b.test\r\n', 'Host : a.test\r\n')
const request = fc.tuple(fc.constantFrom('', '', '', '\r\n', '\n', ' '), line, host, fc.array(field, { maxLength: 3 }), fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'), body)
  .map(([before, first, hosts, fields, end, rest]) => before + first + hosts + fields.join('') + end + rest)
const likely = fc.tuple(fc.constantFrom('Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', 'Connection: close, x\r\n'), fc.oneof(body, chunkedBody))
  .map(([framing, rest]) => `POST /x HTTP/1.1\r\nHost: a.test\r\n${framing}\r\n${rest}`)
const stream = fc.array(fc.oneof(request, likely), { minLength: 1, maxLength: 2 }).map((parts) => Buffer.from(parts.join(''), 'latin1'))

/** The stream to the end of its `count`th request, as ours reads it. */
function upTo(bytes: Buffer, count: number): Buffer {
  let end = bytes.length
  while (end > 0 && readRequests(bytes.subarray(0, end - 1), []).requests.filter((each) => each.complete).length >= count) end--
  return bytes.subarray(0, end)
}

t.test('what both accept means the same, and what llhttp refuses, ours refuses', async () => {
  await fc.assert(fc.asyncProperty(stream, async (bytes) => {
    const ours = readRequests(bytes, [])
    let theirs = await theirReading(bytes)
    // what follows a `Connection: close` is the exchange's business
    if (theirs.refused === 'HPE_CLOSED_CONNECTION') return
    const complete = ours.requests.filter((each) => each.complete)
    // llhttp's table of methods is finite; ours passes extensions
    if (ours.requests.some((each) => !known.has(each.method))) return
    // octets over 0x7f in a target: llhttp refuses them; ours carries them as they are, since programs send raw UTF-8 paths
    if (ours.requests.some((each) => /[\x80-\xff]/.test(each.target))) return
    for (const [at, mine] of complete.entries()) {
      const other = theirs.requests[at]
      if (other === undefined) throw new Error(`llhttp has no request ${at} (${theirs.refused}); ours: ${mine.method} ${mine.target}`)
      if (!other.complete) {
        // node ends a request before its 'end' when what stands behind it is refused: ask again without that
        theirs = await theirReading(upTo(bytes, at + 1))
        if (theirs.requests[at]?.complete === true) return
        throw new Error(`llhttp did not end request ${at} (${theirs.refused})`)
      }
      const pairs = other.headers.map((text, index) => (index % 2 === 0 ? [text, other.headers[index + 1]] : [])).filter((pair) => pair.length > 0)
      const same = JSON.stringify([mine.method, mine.target, mine.body, mine.fields]) === JSON.stringify([other.method, other.url, other.body, pairs])
      if (!same) throw new Error(`read differently: ${JSON.stringify(mine)} and ${JSON.stringify(other)}`)
      // ... and so is HTTP/1.0, where the connection ends with the request
      if (mine.fields.some(([field, text]) => field.toLowerCase() === 'connection' && /close/i.test(text)) || /HTTP\/1\.0/.test(bytes.toString('latin1'))) return
    }
    if (theirs.refused !== undefined && ours.problem === undefined && !ours.midHead) throw new Error(`llhttp refuses (${theirs.refused}), ours does not`)
  }), { numRuns: 3000 })
})

t.test('every cut gives what the whole gives', async () => {
  fc.assert(fc.property(stream, fc.array(fc.nat(200), { maxLength: 6 }), (bytes, cuts) => {
    const whole = JSON.stringify(readRequests(bytes, []))
    const parts = JSON.stringify(readRequests(bytes, cuts))
    const all = JSON.stringify(readRequests(bytes, Array.from(bytes.keys())))
    if (whole !== parts || whole !== all) throw new Error(`${whole}\n${parts}\n${all}`)
  }), { numRuns: 3000 })
})
