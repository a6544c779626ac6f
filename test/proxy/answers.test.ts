// Answers of upstreams, good and bad, as the client gets them.
import t from 'tap'
import { client, openPolicy, startGateway, startOrigin, type Test } from './gateway.ts'

interface Answered {
  readonly said: string
  readonly ended: string | undefined
}

/** What the client gets for an answer written as given; `close`: how the origin ends behind it. */
async function answered(t: Test, answer: string, options: { request?: string; close?: 'end' | 'reset'; wait?: (said: string, ended: string | undefined) => boolean } = {}): Promise<Answered> {
  const gateway = await startGateway(t, openPolicy('  via: false'))
  const origin = await startOrigin(t, ({ when }) => when('\r\n\r\n', (socket) => {
    socket.write(answer, 'latin1', () => {
      if (options.close === 'end') socket.end()
      if (options.close === 'reset') setTimeout(() => socket.resetAndDestroy(), 20)
    })
  }))
  const raw = client(t, gateway.port).send((options.request ?? 'GET http://@/ HTTP/1.1\r\nHost: @\r\n\r\n').replaceAll('@', `127.0.0.1:${origin.port}`))
  const wait = options.wait ?? ((said, ended) => ended !== undefined || complete(said))
  const said = await raw.until(wait)
  return { said: said.replace(/\r\nDate: [^\r]*GMT/, ''), ended: raw.ended }
}

/** A response of a length is whole. */
function complete(said: string): boolean {
  const head = said.indexOf('\r\n\r\n')
  const length = /\r\nContent-Length: (\d+)/i.exec(said)
  return head >= 0 && length !== null && !said.startsWith('HTTP/1.1 1') && said.length >= head + 4 + Number(length[1])
}

const has = (text: string) => (said: string, ended: string | undefined): boolean => said.includes(text) || ended !== undefined
const gone = (_: string, ended: string | undefined): boolean => ended !== undefined

t.test('passed on', async (t) => {
  const old = 'GET http://@/ HTTP/1.0\r\n\r\n'
  const oldKept = 'GET http://@/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
  const head = 'HEAD http://@/ HTTP/1.1\r\nHost: @\r\n\r\n'
  const cases: readonly (readonly [string, string, Parameters<typeof answered>[2], string, string?])[] = [
    ['a length', 'HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX: 1\r\n\r\nok', {}, 'HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX: 1\r\n\r\nok'],
    ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', {}, 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.0, told in our version', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', {}, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n02;x\r\nok\r\n0\r\nT: 1\r\n\r\n', { wait: has('0\r\n\r\n') }, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['a body to the close, in chunks', 'HTTP/1.1 200 OK\r\n\r\nok', { close: 'end', wait: has('0\r\n\r\n') }, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['chunks to HTTP/1.0, to the close', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', { request: oldKept, wait: gone }, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok', 'end'],
    ['a length to HTTP/1.0', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { request: old, wait: gone }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok', 'end'],
    ['a length to HTTP/1.0 that keeps', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { request: oldKept }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok'],
    ['HEAD with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', { request: head, wait: has('\r\n\r\n') }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'],
    ['HEAD with chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', { request: head, wait: has('\r\n\r\n') }, 'HTTP/1.1 200 OK\r\n\r\n'],
    ['204 with a length', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', { wait: has('\r\n\r\n') }, 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', { wait: has('\r\n\r\n') }, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
    ['205 has no content', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello', {}, 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
    ['103 before the answer', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { wait: has('\r\n\r\nok') }, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['103 is not for HTTP/1.0', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { request: oldKept }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok'],
    ['hop-by-hop fields stay here', 'HTTP/1.1 200 OK\r\nConnection: close, x\r\nX: 1\r\nKeep-Alive: 2\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\nSet-Cookie: a\r\nContent-Length: 2\r\nSet-Cookie: b\r\n\r\nok', {}, 'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nContent-Length: 2\r\nSet-Cookie: b\r\n\r\nok'],
  ]
  for (const [what, answer, options, wanted, ended] of cases) {
    await t.test(what, async (t) => {
      const result = await answered(t, answer, options)
      t.equal(result.said, wanted)
      t.equal(result.ended, ended)
    })
  }
})

t.test('an answer that is not one becomes 502', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/0.9', '<html>hello</html>'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of letters', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['two blanks before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['two lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['a length with a sign', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
    ['a length and a coding', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a coding that is not chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a blank before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok'],
    ['NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok'],
    ['101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    ['interim answers without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(40)],
    ['a head without end', `HTTP/1.1 200 OK\r\n${`X: ${'a'.repeat(1000)}\r\n`.repeat(70)}`],
    ['an answer cut in its head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['nothing', ''],
  ]
  for (const [what, answer] of cases) {
    await t.test(what, async (t) => {
      const close = what === 'nothing' || what.includes('cut') || what === 'HTTP/0.9' ? 'end' : undefined
      const { said } = await answered(t, answer, close === undefined ? { request: 'GET http://@/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n' } : { close, request: 'GET http://@/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n' })
      t.match(said, /^HTTP\/1\.1 502 /)
      t.match(said, /\r\nProxy-Status: greengate; error=(?:http|connection)_/)
    })
  }
})

t.test('an answer cut short stays visibly short', async (t) => {
  const cases: readonly (readonly [string, string, Parameters<typeof answered>[2], RegExp, string | undefined])[] = [
    ['a length not reached', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', { close: 'end', wait: gone }, /\r\n\r\nok$/, 'end'],
    ['a length, reset', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', { close: 'reset', wait: gone }, /\r\n\r\nok$/, 'end'],
    ['chunks without the last', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', { close: 'end', wait: gone }, /\r\n2\r\nok\r\n$/, 'end'],
    // one read holds it all: nothing of it was sent, so it can still be refused
    ['chunks with a broken size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n', {}, /^HTTP\/1\.1 502 [^]*Proxy-Status: greengate; error=http_response_transfer_coding/, undefined],
    ['a body to the close, reset', 'HTTP/1.1 200 OK\r\n\r\nok', { close: 'reset', wait: gone }, /\r\n2\r\nok\r\n$/, 'end'],
    ['a body to the close, reset, to HTTP/1.0', 'HTTP/1.1 200 OK\r\n\r\nok', { close: 'reset', wait: gone, request: 'GET http://@/ HTTP/1.0\r\n\r\n' }, /\r\n\r\nok$/, 'reset'],
    ['chunks without the last, to HTTP/1.0', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', { close: 'end', wait: gone, request: 'GET http://@/ HTTP/1.0\r\n\r\n' }, /\r\n\r\nok$/, 'reset'],
  ]
  for (const [what, answer, options, wanted, ended] of cases) {
    await t.test(what, async (t) => {
      const result = await answered(t, answer, options)
      t.match(result.said, wanted)
      t.equal(result.ended, ended)
    })
  }
})
