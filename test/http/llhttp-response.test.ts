// Responses read by ours and by Node's own client: what both accept means the same, and what llhttp refuses, ours refuses.
import { request } from 'node:http'
import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { BodyReader } from '../../src/http/body-reader.ts'
import { HeadBuffer } from '../../src/http/head-buffer.ts'
import { parseResponseHead } from '../../src/http/response-head.ts'

interface Read {
  status: number
  fields: string[]
  body: string
  complete: boolean
  refused: string | undefined
  /** octets behind the message: of no answer */
  surplus: number
}

const LIMITS = { lineBytes: 8192, fieldBytes: 65536 }

/** `stream` and then the end of the connection. */
function ourReading(stream: Buffer, method: string, cuts: readonly number[]): Read {
  const read: Read = { status: 0, fields: [], body: '', complete: false, refused: undefined, surplus: 0 }
  const head = new HeadBuffer()
  let body: BodyReader | undefined
  let close = false
  const bounds = [0, ...[...new Set(cuts)].filter((cut) => cut > 0 && cut < stream.length).sort((a, b) => a - b), stream.length]
  for (let index = 0; index + 1 < bounds.length; index++) {
    let rest: Buffer | undefined = Buffer.from(stream.subarray(bounds[index], bounds[index + 1]))
    while (rest !== undefined && rest.length > 0 && !read.complete) {
      if (body === undefined) {
        const result = head.push(rest, LIMITS)
        if (result === 'more') break
        if (result !== 'end') return { ...read, refused: result }
        const parsed = parseResponseHead(head.text(), head.lineEnd, 200, method)
        rest = head.rest()
        head.reset()
        if (parsed.kind === 'fault') return { ...read, refused: parsed.problem }
        if (parsed.status === 101) return { ...read, refused: 'switched' }
        if (parsed.status < 200) continue
        read.status = parsed.status
        read.fields = parsed.fields.names.flatMap((name, at) => [name, parsed.fields.values[at] ?? ''])
        body = new BodyReader(parsed.framing)
        close = parsed.framing.kind === 'close'
        read.complete = body.done
        if (body.done) read.surplus = rest?.length ?? 0
        continue
      }
      const at = body.step(rest, 0, rest.length)
      read.body += rest.toString('latin1', body.from, body.to)
      if (body.problem !== undefined) return { ...read, refused: body.problem }
      read.complete = body.done
      rest = rest.subarray(at)
      if (body.done) read.surplus = rest.length
    }
  }
  if (close) read.complete = true
  return read
}

function theirReading(stream: Buffer, method: string): Promise<Read> {
  return new Promise((resolve) => {
    const read: Read = { status: 0, fields: [], body: '', complete: false, refused: undefined, surplus: 0 }
    const [origin, connection] = duplexPair()
    const asked = request({ method, host: 'a.test', createConnection: () => connection as never, insecureHTTPParser: false })
    const done = (): void => resolve(read)
    asked.on('error', (error: NodeJS.ErrnoException) => {
      read.refused ??= error.code ?? error.message
      done()
    })
    asked.on('upgrade', () => {
      read.refused = 'switched'
      done()
    })
    asked.on('response', (response) => {
      read.status = response.statusCode ?? 0
      read.fields = response.rawHeaders
      response.setEncoding('latin1')
      response.on('data', (piece: string) => { read.body += piece })
      response.on('end', () => { read.complete = response.complete })
      response.on('error', (error: NodeJS.ErrnoException) => { read.refused ??= error.code === 'ECONNRESET' ? undefined : error.code })
      response.on('close', done)
    })
    asked.end()
    origin.on('error', () => {})
    origin.on('data', () => {})
    origin.end(stream)
  })
}

const eol = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r')
const status = fc.tuple(
  fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'ICY', 'HTTP/1.10'),
  fc.constantFrom(' ', ' ', ' ', '  ', '\t', ''),
  fc.constantFrom('200', '200', '200', '204', '304', '205', '103', '100', '101', '099', '20', '2000', 'abc', '999', '+20', ''),
  fc.constantFrom(' OK', ' ', '', ' a\xffb', ' a\0', 'OK', ' \x7f'),
  eol,
).map((parts) => parts.join(''))
const field = fc.tuple(
  fc.constantFrom('Content-Length', 'Transfer-Encoding', 'Connection', 'X', 'X Y', '', 'Content-Type', 'Trailer', 'Upgrade'),
  fc.constantFrom(':', ':', ':', ':', ' :', ''),
  fc.constantFrom('', ' ', '\t', '\x0b'),
  fc.constantFrom('3', '3', '0', '03', '+3', '3,3', '-1', 'chunked', 'chunked', 'Chunked', 'gzip, chunked', 'chunked, gzip', 'identity', 'close', 'keep-alive', 'a\rb', 'a\0', 'text/html', ''),
  fc.constantFrom('', ' ', '\t'),
  eol,
).map((parts) => parts.join(''))
const body = fc.constantFrom('', 'abc', 'abcd', 'ab', '3\r\nabc\r\n0\r\n\r\n', '3\r\nabc\r\n', '3;a=b\r\nabc\r\n0\r\nX: 1\r\n\r\n', '3\nabc\r\n0\r\n\r\n', '3\r\nabcd\r\n0\r\n\r\n', 'g\r\n', '0\r\n\r\n', '3 \r\nabc\r\n0\r\n\r\n')
const usual = fc.tuple(fc.constantFrom('200 OK', '204 No', '304 No', '205 No', '404 No'), fc.constantFrom('Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', '', 'Content-Length: 0\r\n'), body)
  .map(([code, framing, rest]) => `HTTP/1.1 ${code}\r\n${framing}\r\n${rest}`)
const broken = fc.tuple(status, fc.array(field, { maxLength: 3 }), fc.constantFrom('\r\n', '\r\n', '\r\n', '\n'), body).map(([first, fields, end, rest]) => first + fields.join('') + end + rest)
const stream = fc.tuple(fc.constantFrom('', '', '', 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n'), fc.oneof(usual, broken)).map((parts) => Buffer.from(parts.join(''), 'latin1'))

t.test('what both accept means the same, and what llhttp refuses, ours refuses', async () => {
  await fc.assert(fc.asyncProperty(stream, fc.constantFrom('GET', 'HEAD'), async (bytes, method) => {
    const ours = ourReading(bytes, method, [])
    if (ours.refused !== undefined) return
    const theirs = await theirReading(bytes.subarray(0, bytes.length - ours.surplus), method)
    if (ours.complete && theirs.refused !== undefined) throw new Error(`llhttp refuses (${theirs.refused}), ours does not: ${JSON.stringify(ours)}`)
    if (ours.complete !== theirs.complete) throw new Error(`whole for one alone: ${JSON.stringify([ours, theirs])}`)
    if (ours.complete && JSON.stringify([ours.status, ours.fields, ours.body]) !== JSON.stringify([theirs.status, theirs.fields, theirs.body])) throw new Error(`read differently: ${JSON.stringify([ours, theirs])}`)
  }), { numRuns: 2000 })
})

t.test('every cut gives what the whole gives', async () => {
  fc.assert(fc.property(stream, fc.array(fc.nat(120), { maxLength: 5 }), (bytes, cuts) => {
    const whole = ourReading(bytes, 'GET', [])
    for (const parts of [ourReading(bytes, 'GET', cuts), ourReading(bytes, 'GET', Array.from(bytes.keys()))]) {
      if (whole.refused === undefined ? JSON.stringify({ ...parts, surplus: 0 }) !== JSON.stringify({ ...whole, surplus: 0 }) : parts.refused !== whole.refused) throw new Error(JSON.stringify([whole, parts]))
    }
  }), { numRuns: 2000 })
})
