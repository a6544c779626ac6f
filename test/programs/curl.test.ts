// curl through the gateway: http, https, an upload of some megabytes, a WebSocket, and what it sees when it is refused.
import t from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { startGateway } from './gateway.ts'
import { lacks, missingProgram, run } from './run.ts'
import type { Ran } from './run.ts'
import { openSites } from './sites.ts'

t.test('curl', async (t) => {
  if (lacks(t, missingProgram('curl'))) return
  const sites = await openSites(t, (request, response) => {
    const hash = createHash('sha256')
    let octets = 0
    request.on('data', (chunk: Buffer) => {
      octets += chunk.length
      hash.update(chunk)
    })
    request.on('end', () => {
      response.setHeader('content-type', 'text/plain')
      response.end(`${request.method} ${request.url} ${octets} ${hash.digest('hex')}\n`)
    })
  })
  const gateway = await startGateway(t, sites.policy())
  const curl = (...args: readonly string[]): Promise<Ran> =>
    run('curl', ['--silent', '--show-error', '--max-time', '30', '--noproxy', '', '--proxy', gateway.url, '--cacert', sites.authority, ...args])

  t.test('http', async (t) => {
    const got = await curl('--include', `${sites.http('www')}/a%2Fb/../c?d=e`, '--path-as-is')
    t.equal(got.code, 0, got.stderr)
    t.match(got.stdout, /^HTTP\/1\.1 200 /)
    t.match(got.stdout, 'GET /a%2Fb/../c?d=e 0 ', 'path and query arrive as they were sent')
    const records = await gateway.records((all) => all.some((one) => one.rule === 'local-sites'))
    t.ok(records.some((one) => one.rule === 'local-sites' && one.verdict === 'allow' && one.status === 200), 'recorded with its rule')
  })

  t.test('https, through a tunnel that nobody opens', async (t) => {
    const got = await curl(`${sites.https('www')}/secret`)
    t.equal(got.code, 0, got.stderr)
    t.match(got.stdout, 'GET /secret 0 ')
    const records = await gateway.records((all) => all.some((one) => one.method === 'CONNECT'))
    t.notMatch(JSON.stringify(records), /secret/, 'the path stays inside')
  })

  t.test('an upload of eight megabytes, with and without a length', async (t) => {
    const file = join(tmpdir(), `greengate-upload-${process.pid}`)
    const body = randomBytes(8 << 20)
    writeFileSync(file, body)
    t.teardown(() => rmSync(file))
    const expected = `${body.length} ${createHash('sha256').update(body).digest('hex')}`
    for (const [how, url, ...args] of [
      ['http with a length', sites.http('up'), '--upload-file', file],
      ['http in chunks', sites.http('up'), '--upload-file', file, '--header', 'Transfer-Encoding: chunked'],
      ['http with Expect', sites.http('up'), '--upload-file', file, '--header', 'Expect: 100-continue'],
      ['https', sites.https('up'), '--upload-file', file],
    ] as const) {
      const got = await curl(...args, `${url}/file`)
      t.equal(got.stdout, `PUT /file ${expected}\n`, `${how} ${got.stderr}`)
    }
  })

  t.test('a WebSocket', async (t) => {
    const [server] = sites.servers
    const sockets = new WebSocketServer({ server: server as NonNullable<typeof server> })
    t.teardown(() => sockets.close())
    sockets.on('connection', (socket) => {
      // curl shows frames and answers none, so that no closing handshake would ever end
      socket.send('hello over the socket', () => socket.terminate())
    })
    const got = await curl(
      '--include', '--http1.1', '--header', 'Connection: Upgrade', '--header', 'Upgrade: websocket', '--header', 'Sec-WebSocket-Version: 13',
      '--header', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `${sites.http('live')}/`,
    )
    t.equal(got.code, 0, got.stderr)
    t.match(got.stdout, /^HTTP\/1\.1 101 /)
    t.match(got.stdout, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i, "the answer to this key (RFC 6455 1.3)")
    t.match(got.stdout, 'hello over the socket', 'the first frame')
  })

  t.test('refused', async (t) => {
    const plain = await curl('--include', `${sites.http('bad')}/`)
    t.match(plain.stdout, /^HTTP\/1\.1 403 /)
    t.match(plain.stdout, /^x-greengate-rule: refused-site/im)
    t.match(plain.stdout, 'this site is refused in the test', 'with the reason of the rule')
    t.match(plain.stdout, 'it@site.test', 'and whom to ask')

    const secure = await curl('--include', `${sites.https('bad')}/`)
    t.equal(secure.code, 56, 'curl: the proxy refused the CONNECT')
    t.match(secure.stderr, '403')
    t.match(secure.stdout, /^x-greengate-rule: refused-site/im)

    const unknown = await curl('--include', 'http://elsewhere.example/')
    t.match(unknown.stdout, /^x-greengate-rule: web\.default/im, 'what no rule allows')
    const named = await curl('--write-out', '%{http_code}', '--output', '/dev/null', `${sites.http('nobody').replace('site.test', 'site.invalid')}/`)
    t.equal(named.stdout, '403', 'nor is a name asked for that could not be allowed')
  })
})
