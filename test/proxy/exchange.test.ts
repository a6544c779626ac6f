// The life of a request on real sockets: what is forwarded, as the origin sees it, and what the client gets.
import t from 'tap'
import { client, OK, openPolicy, startGateway, startOrigin, type Test } from './gateway.ts'

/** What the origin saw, for a request sent as given (`@` stands for the origin's authority). */
async function forwarded(t: Test, request: string, policy?: string, answer = OK): Promise<{ seen: string; said: string }> {
  const gateway = await startGateway(t, policy)
  const origin = await startOrigin(t, ({ when }) => when(/\r\n\r\n/, answer))
  const raw = client(t, gateway.port).send(request.replaceAll('@', `origin.test:${origin.port}`))
  const said = await raw.until((text, ended) => text.endsWith('ok') || ended !== undefined || (text.includes('\r\n\r\n') && !text.includes(' 200 ')))
  return { seen: (origin.seen[0] ?? '').replaceAll(`origin.test:${origin.port}`, '@'), said }
}

t.test('forwarded', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['absolute-form goes out in origin-form', 'GET http://@/a?b HTTP/1.1\r\nHost: @\r\n\r\n', 'GET /a?b HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['an empty path becomes a slash', 'GET http://@ HTTP/1.1\r\nHost: @\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['a query on an empty path', 'GET http://@?q HTTP/1.1\r\nHost: @\r\n\r\n', 'GET /?q HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['a fragment is cut', 'GET http://@/a#b HTTP/1.1\r\nHost: @\r\n\r\n', 'GET /a HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['path octets are left alone', 'GET http://@//../%7e/%zz|<>"?a=b&&#x HTTP/1.1\r\nHost: @\r\n\r\n', 'GET //../%7e/%zz|<>"?a=b&& HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['the Host is made from the target', 'GET http://@/ HTTP/1.1\r\nHost: other.test\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['HTTP/1.0 without Host gets one', 'GET http://@/ HTTP/1.0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['OPTIONS on an authority alone', 'OPTIONS http://@ HTTP/1.1\r\nHost: @\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['an extension method', 'fRob http://@/ HTTP/1.1\r\nHost: @\r\n\r\n', 'fRob / HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['Max-Forwards is counted down for OPTIONS', 'OPTIONS http://@/ HTTP/1.1\r\nHost: @\r\nMax-Forwards: 5\r\n\r\n', 'OPTIONS / HTTP/1.1\r\nHost: @\r\nMax-Forwards: 4\r\n\r\n'],
    ['Max-Forwards is left alone for GET', 'GET http://@/ HTTP/1.1\r\nHost: @\r\nMax-Forwards: 5\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\nMax-Forwards: 5\r\n\r\n'],
    ['order and multiplicity are kept', 'GET http://@/ HTTP/1.1\r\nB: 1\r\nHost: @\r\nA:2  \r\nb:  3\r\nC:\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\nB: 1\r\nA: 2\r\nb: 3\r\nC: \r\n\r\n'],
    ['octets over 127 in a value', 'GET http://@/ HTTP/1.1\r\nHost: @\r\nX: \xe4\xff\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\nX: \xe4\xff\r\n\r\n'],
    [
      'hop-by-hop fields stay here',
      'GET http://@/ HTTP/1.1\r\nHost: @\r\nConnection: keep-alive, X-Mine\r\nConnection: y\r\nX-Mine: 1\r\nY: 2\r\nKeep-Alive: 3\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nTE: trailers\r\nTrailer: Z\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nZ: 3\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: @\r\nZ: 3\r\n\r\n',
    ],
    ['Connection cannot take away Host or framing', 'POST http://@/ HTTP/1.1\r\nHost: @\r\nConnection: Host, Content-Length\r\nContent-Length: 2\r\n\r\nab', 'POST / HTTP/1.1\r\nHost: @\r\nContent-Length: 2\r\n\r\nab'],
    ['who asks is not told', 'GET http://@/ HTTP/1.1\r\nHost: @\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['what CGI takes for a length', 'POST http://@/ HTTP/1.1\r\nHost: @\r\nContent_Length: 9\r\nContent-Length: 2\r\n\r\nab', 'POST / HTTP/1.1\r\nHost: @\r\nContent-Length: 2\r\n\r\nab'],
    ['a length is spelt anew', 'POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 0002\r\n\r\nab', 'POST / HTTP/1.1\r\nHost: @\r\nContent-Length: 2\r\n\r\nab'],
    ['a length of zero', 'POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 0\r\n\r\n', 'POST / HTTP/1.1\r\nHost: @\r\nContent-Length: 0\r\n\r\n'],
    [
      'chunks are framed anew, extensions and trailers dropped',
      'POST http://@/ HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: Chunked\r\n\r\n003;a="b"\r\nabc\r\n0;x\r\nX: 1\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
    ['Expect without a body is dropped', 'GET http://@/ HTTP/1.1\r\nHost: @\r\nExpect: 100-continue\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['an Upgrade to what is no WebSocket', 'GET http://@/ HTTP/1.1\r\nHost: @\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n'],
    ['an empty line before the request', '\r\nGET http://@/ HTTP/1.1\r\nHost: @\r\n\r\n', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n'],
  ]
  for (const [what, request, wanted] of cases) {
    await t.test(what, async (t) => {
      const { seen, said } = await forwarded(t, request, openPolicy('  via: false'))
      t.match(said, /^HTTP\/1\.1 200 OK\r\n/)
      t.equal(seen, wanted)
    })
  }
})

t.test('Via and X-Forwarded-For', async (t) => {
  const via = await forwarded(t, 'GET http://@/ HTTP/1.0\r\nVia: 1.1 before\r\n\r\n', openPolicy('  forwarded-for: set'))
  t.match(via.seen, /\r\nVia: 1\.1 before\r\nX-Forwarded-For: 127\.0\.0\.1\r\nVia: 1\.0 greengate-[0-9a-f]{8}\r\n\r\n$/)
  t.match(via.said, /\r\nVia: 1\.1 greengate-/)
  const ours = /greengate-[0-9a-f]{8}/.exec(via.seen)?.[0] ?? ''
  for (const before of [`1.1 ${ours}`, `1.0 a, HTTP/1.1 ${ours.toUpperCase()} (b)`]) {
    t.match((await forwarded(t, `GET http://@/ HTTP/1.1\r\nHost: @\r\nVia: ${before}\r\n\r\n`)).said, /^HTTP\/1\.1 502 [^]*proxy_loop_detected/)
  }
  const kept = await forwarded(t, 'GET http://@/ HTTP/1.1\r\nHost: @\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n', openPolicy('  forwarded-for: keep\n  via: false'))
  t.match(kept.seen, /\r\nX-Forwarded-For: 9\.9\.9\.9\r\n\r\n$/)
  const upgraded = await forwarded(t, 'GET http://@/ HTTP/1.1\r\nHost: @\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=a\r\nA: 1\r\n\r\n', openPolicy('  forwarded-for: set'))
  t.match(upgraded.seen, /\r\nHost: @\r\nA: 1\r\nX-Forwarded-For: 9\.9\.9\.9, 127\.0\.0\.1\r\nVia: 1\.1 greengate-[0-9a-f]{8}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/)
})

t.test('refused before anything is sent', async (t) => {
  const gateway = await startGateway(t)
  const origin = await startOrigin(t, () => {})
  const cases: readonly (readonly [string, string, number])[] = [
    ['userinfo', 'GET http://a@@/ HTTP/1.1\r\nHost: @\r\n\r\n', 400],
    ['https in absolute-form', 'GET https://@/ HTTP/1.1\r\nHost: @\r\n\r\n', 400],
    ['ftp', 'GET ftp://@/ HTTP/1.1\r\nHost: @\r\n\r\n', 400],
    ['an invalid Host', 'GET http://@/ HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['an empty Host', 'GET http://@/ HTTP/1.1\r\nHost:\r\n\r\n', 400],
    ['a Host with a path', 'GET http://@/ HTTP/1.1\r\nHost: a.test/b\r\n\r\n', 400],
    ['origin-form for another host', 'GET / HTTP/1.1\r\nHost: @\r\n\r\n', 400],
    ['the target *', 'GET * HTTP/1.1\r\nHost: @\r\n\r\n', 400],
    ['authority-form with GET', 'GET @ HTTP/1.1\r\nHost: @\r\n\r\n', 400],
    ['a port that is none', 'GET http://127.0.0.1:65536/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['CONNECT without a port', 'CONNECT origin.test HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['CONNECT with a path', 'CONNECT @/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['CONNECT with userinfo', 'CONNECT a@@ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['CONNECT with a scheme', 'CONNECT http://@ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['CONNECT with a body', 'CONNECT @ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc', 400],
    ['TRACE with a body', 'TRACE http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 3\r\n\r\nabc', 400],
    ['Max-Forwards that is no number', 'OPTIONS http://@/ HTTP/1.1\r\nHost: @\r\nMax-Forwards: x\r\n\r\n', 400],
    ['two lengths', 'POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['a name that is none', 'GET http://nowhere.invalid/ HTTP/1.1\r\nHost: nowhere.invalid\r\n\r\n', 502],
    ['a closed port', 'GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: a\r\n\r\n', 502],
    ['CONNECT to a closed port', 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n', 502],
    ['an address outside the policy', 'GET http://10.1.2.3/ HTTP/1.1\r\nHost: a\r\n\r\n', 403],
  ]
  for (const [what, request, status] of cases) {
    const raw = client(t, gateway.port).send(request.replaceAll('@', `origin.test:${origin.port}`).replace(/(a)origin\.test:\d+(origin)/, '$1@$2'))
    const said = await raw.until((text) => /\r\n\r\n[^]+/.test(text))
    t.match(said, new RegExp(`^HTTP/1\\.1 ${status} `), what)
    t.match(said, /\r\nProxy-Status: greengate; error=/, what)
    t.match(said, /\r\nX-Greengate-Rule: /, what)
    const length = Number(/\r\nContent-Length: (\d+)/.exec(said)?.[1])
    await raw.until((text) => text.length >= text.indexOf('\r\n\r\n') + 4 + length)
    if (status === 400 || status === 505) await raw.untilEnded()
  }
  t.same(origin.seen, [])
})

t.test('answered here', async (t) => {
  const gateway = await startGateway(t)
  const traced = await client(t, gateway.port).send('TRACE http://127.0.0.1:9/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nCookie: secret\r\nX: 1\r\n\r\n').untilSaid('X: 1\r\n\r\n')
  t.match(traced, /^HTTP\/1\.1 200 OK\r\n[^]*Content-Type: message\/http\r\n[^]*TRACE http:\/\/127\.0\.0\.1:9\/ HTTP\/1\.1\r\n/)
  t.notMatch(traced, 'secret')
  const options = await client(t, gateway.port).send('OPTIONS http://127.0.0.1:9/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n').untilSaid('\r\n\r\n')
  t.match(options, /^HTTP\/1\.1 200 OK\r\n[^]*Allow: /)
  const pac = await client(t, gateway.port).send('GET /proxy.pac HTTP/1.1\r\nHost: localhost\r\n\r\n').untilSaid('FindProxyForURL')
  t.match(pac, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(await client(t, gateway.port).send('GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n').untilSaid('\r\n\r\n'), /^HTTP\/1\.1 404 /)
})
