// Our reading against Node's own parser: what both accept must mean the same, and what llhttp refuses, ours refuses. And every cut into
// reads gives what the whole gives.
import { createServer, METHODS } from 'node:http'
import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { streamOf } from './streams.ts'
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
const stream = streamOf(['/x', 'http://a.test/', '/', '/a?b#c', '/a\\b', '/\xc3\xa4', '*', '/a b', '/\x01', 'http://a.test/%zz', ''])

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
