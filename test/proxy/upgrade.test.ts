// WebSockets over real sockets, and a real WebSocket library on both ends: 101 and everything behind it, any other answer, and every early end.
import t from 'tap'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import WebSocket, { WebSocketServer } from 'ws'
import type { Cause } from '../../src/decision/facts.ts'
import type { RequestHead } from '../../src/http/request-head.ts'
import { parseHost } from '../../src/net/target.ts'
import type { Limits } from '../../src/policy/policy.ts'
import type { Relay, RelayEnd } from '../../src/proxy/gate.ts'
import { openUpgrade } from '../../src/proxy/upgrade.ts'
import { endpoint, gateWith, hear, pair, pause, serve, snapshotWith } from './sockets.ts'
import type { Test } from './sockets.ts'

const CAUSE: Cause = { by: 'no-flash', kind: 'rule', reason: '' }
const FIELDS = ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13', 'X-Twice', 'a', 'X-Twice', 'b', 'Proxy-Authorization', 'Basic eDp5', 'proxy-connection', 'keep-alive']
const ACCEPT = createHash('sha1').update('dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, X-Hop, Upgrade\r\nX-Hop: 1\r\nSec-WebSocket-Accept: ${ACCEPT}\r\nX-Latin: \u00e9\r\n\r\n`

interface Opened {
  readonly client: Socket
  readonly relay: Relay
  readonly end: Promise<RelayEnd>
}

function start(client: Socket, upstream: Socket, options: { early?: string; path?: string; limits?: Partial<Limits>; fields?: readonly string[]; host?: string; refuseType?: string } = {}): { relay: Relay; end: Promise<RelayEnd> } {
  const snapshot = snapshotWith(options.limits)
  const host = parseHost('ws.example')
  if (!host.ok) throw new Error(host.problem)
  const end = Promise.withResolvers<RelayEnd>()
  const relay = openUpgrade({
    client: client.pause(), early: Buffer.from(options.early ?? ''), upstream: upstream.pause(), head: {} as RequestHead, fields: options.fields ?? FIELDS, via: undefined, host: options.host ?? 'ws.example',
    path: options.path ?? '/chat//a/../%7Eb?x=%41&y=/', target: { host: host.value, port: 80 }, endpoint: endpoint('127.0.0.1', 80), snapshot, gate: gateWith(snapshot), pace: undefined,
    refuse: (status, error) => Buffer.from(`HTTP/1.1 ${status} refused\r\nContent-Length: 0\r\nX-Error: ${error}\r\nConnection: close\r\n\r\n`),
    judge: (type) => (type !== undefined && type === options.refuseType ? { bytes: Buffer.from('HTTP/1.1 403 denied\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'), cause: CAUSE } : undefined),
    onEnd: end.resolve
  })
  return { relay, end: end.promise }
}

async function open(t: Test, script: (upstream: Socket, head: string) => void, options: Parameters<typeof start>[2] = {}): Promise<Opened & { head: () => string }> {
  let head = ''
  let told = false
  const port = await serve(t, (socket) => socket.on('data', (chunk: Buffer) => {
    if (told) return
    head += chunk.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    told = true
    script(socket, head)
  }))
  const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  upstream.on('error', () => {})
  await new Promise((resolve) => upstream.once('connect', resolve))
  const client = await pair(t)
  return { client: client.far, head: () => head, ...start(client.near, upstream, options) }
}

t.test('101, and everything behind it, both ways', async (t) => {
  const { client, head, end } = await open(t, (socket) => {
    socket.write(Buffer.concat([Buffer.from(SWITCH, 'latin1'), Buffer.from('first frame')]))
    socket.on('data', (chunk: Buffer) => socket.write(`<${chunk.toString()}>`))
    socket.on('end', () => socket.end('bye'))
  }, { early: 'early' })
  const heard = hear(client)
  await pause(50)
  const text = heard.bytes().toString('latin1')
  t.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  t.match(text, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/)
  t.ok(text.includes(`Sec-WebSocket-Accept: ${ACCEPT}`))
  t.ok(text.includes('X-Latin: \u00e9'), 'octets of a field stay as they were')
  t.notMatch(text, /X-Hop|keep-alive/)
  t.ok(text.endsWith('first frame<early>'), 'what the client sent early comes after the 101')
  client.write('ping')
  await pause(30)
  client.end()
  t.equal(await heard.ended, 'end')
  t.ok(heard.bytes().toString().endsWith('<ping>bye'))
  t.match(await end, { status: 101, bytesIn: 9, error: undefined })
  const asked = head()
  t.match(asked, /^GET \/chat\/\/a\/\.\.\/%7Eb\?x=%41&y=\/ HTTP\/1\.1\r\n/, 'the path as it was sent')
  t.equal(asked.match(/^host:/gim)?.length, 1)
  t.match(asked, /\r\nhost: ws\.example\r\n/i)
  t.match(asked, /\r\nX-Twice: a\r\nX-Twice: b\r\n/)
  t.match(asked, /\r\nconnection: Upgrade\r\nupgrade: websocket\r\n/i)
  t.notMatch(asked, /proxy-/i, 'no credentials of ours')
})

t.test('a real WebSocket library on both ends', async (t) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => {
    sockets.close()
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const front = await serve(t, (socket) => {
    let head = ''
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', onData)
      const fields = head.split('\r\n').slice(1, -2).flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
      const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => start(socket, upstream, { fields, path: '/' }))
    }
    socket.on('data', onData)
  })
  const socket = new WebSocket(`ws://127.0.0.1:${front}/`)
  await new Promise((resolve) => socket.once('open', resolve))
  for (const size of [1, 200, 70_000, 3_000_000]) {
    const message = Buffer.alloc(size, size & 255)
    socket.send(message)
    const [got] = await new Promise<Buffer[]>((resolve) => socket.once('message', (data: Buffer) => resolve([data])))
    t.ok(got?.equals(message), `${size} octets there and back`)
  }
  const closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)))
  socket.close(1000, 'done')
  t.equal(await closed, 1000)
})

const ANSWERS: readonly (readonly [what: string, answer: string, expected: RegExp])[] = [
  ['403 with a length', 'HTTP/1.1 403 No\r\nContent-Length: 4\r\nX-A: 1\r\nConnection: X-B\r\nX-B: 2\r\n\r\nnope', /^HTTP\/1\.1 403 No\r\nContent-Length: 4\r\nX-A: 1\r\nDate: [^\r]*\r\nConnection: close\r\n\r\nnope$/],
  ['401 chunked', 'HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwho\r\n0\r\nX-T: 1\r\n\r\n', /^HTTP\/1\.1 401 Who\r\nWWW-Authenticate: Basic\r\n[^]*Transfer-Encoding: chunked\r\nDate: [^\r]*\r\nConnection: close\r\n\r\n3\r\nwho\r\n0\r\n\r\n$/],
  ['200 to the end of the connection', 'HTTP/1.0 200 OK\r\n\r\nall of it', /^HTTP\/1\.1 200 OK\r\n[^]*chunked[^]*9\r\nall of it\r\n0\r\n\r\n$/],
  ['204', 'HTTP/1.1 204 None\r\n\r\n', /^HTTP\/1\.1 204 None\r\n(?![^]*chunked)(?![^]*Content-Length)[^]*\r\n\r\n$/],
  ['a 103 before the answer', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 404 No\r\n/]
]

t.test('an answer other than 101 is a response, and both sides end', async (t) => {
  for (const [what, answer, expected] of ANSWERS) {
    const { client, end } = await open(t, (socket) => (answer.includes('1.0') ? socket.end(answer) : socket.write(answer)))
    const heard = hear(client)
    t.equal(await heard.ended, 'end', what)
    t.match(heard.bytes().toString(), expected)
    t.match(await end, { status: Number(/ (\d{3}) [A-Z][a-zA-Z]*\r\n(?![^]*HTTP\/1)/.exec(answer)?.[1]), error: undefined })
  }
})

t.test('a cut answer stays visibly cut', async (t) => {
  for (const answer of ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n']) {
    const { client, end } = await open(t, (socket) => socket.end(answer))
    const heard = hear(client)
    await heard.ended
    t.match(heard.bytes().toString(), /half/)
    t.notMatch(heard.bytes().toString(), /\r\n0\r\n/)
    t.match(await end, { error: 'http_response_incomplete', fault: 'upstream' })
  }
})

const FAULTS: readonly (readonly [what: string, answer: string | undefined, status: number])[] = [
  ['an upstream that closes', undefined, 502],
  ['what is not HTTP', 'SSH-2.0-x\r\n\r\n', 502],
  ['a switch to something else', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n', 502],
  ['a switch to nothing', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n', 502],
  ['a coding that nobody reads', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 502],
  ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 502],
  ['two types', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Type: x/denied\r\nContent-Length: 0\r\n\r\n', 502],
  ['length and coding together', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 502]
]

t.test('an upstream at fault', async (t) => {
  for (const [what, answer, status] of FAULTS) {
    const { client, end } = await open(t, (socket) => (answer === undefined ? socket.destroy() : socket.write(answer)))
    const heard = hear(client)
    await heard.ended
    t.match(heard.bytes().toString(), new RegExp(`^HTTP/1\\.1 ${status} `), what)
    t.match(await end, { status, fault: 'upstream' })
  }
  const { client, end } = await open(t, () => {}, { limits: { firstByteMs: 150 } })
  const heard = hear(client)
  await heard.ended
  t.match(heard.bytes().toString(), /^HTTP\/1\.1 504 /)
  t.match(await end, { status: 504, error: 'http_response_timeout' })
})

t.test('a denied type is replaced before its body', async (t) => {
  const { client, end } = await open(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Type: x/denied\r\nContent-Length: 6\r\n\r\nsecret'), { refuseType: 'x/denied' })
  const heard = hear(client)
  await heard.ended
  t.match(heard.bytes().toString(), /^HTTP\/1\.1 403 /)
  t.notMatch(heard.bytes().toString(), /secret/)
  t.match(await end, { status: 403, fault: 'policy', cause: CAUSE })
})

t.test('the upstream is ended when the client leaves', async (t) => {
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    const gone = Promise.withResolvers<string>()
    const { client, end } = await open(t, (socket) => {
      socket.once('close', () => gone.resolve('closed')).once('end', () => socket.destroy())
    })
    await pause(30)
    client[leave]()
    t.equal(await gone.promise, 'closed', `before the 101: ${leave}`)
    t.match(await end, { error: 'client_closed', fault: 'client' })
  }
  const gone = Promise.withResolvers<string>()
  const { client, end } = await open(t, (socket) => {
    socket.write(SWITCH, 'latin1')
    socket.once('close', () => gone.resolve('closed'))
  })
  await pause(40)
  client.resetAndDestroy()
  t.equal(await gone.promise, 'closed', 'and after it')
  t.match(await end, { status: 101, error: 'connection_terminated' })
})

t.test('`end` ends it, before the 101 and after', async (t) => {
  for (const answered of [false, true]) {
    const { client, relay, end } = await open(t, (socket) => void (answered && socket.write(SWITCH, 'latin1')))
    const heard = hear(client)
    await pause(40)
    relay.end('http_request_denied', 'policy', CAUSE)
    await heard.ended
    t.match(await end, { error: 'http_request_denied', cause: CAUSE })
  }
})
