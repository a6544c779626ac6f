// The soak's sites, in one process that is killed and started anew: content that can be checked, uploads that are, events, WebSockets, an echo, a
// server that speaks first, git; and the odd ones of odd-origin.ts. It tells at once when anything arrives that must never arrive.
import { readFileSync } from 'node:fs'
import { createServer as httpServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as httpsServer } from 'node:https'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { gitSite } from '../../programs/git-site.ts'
import { Checker, pieces } from './content.ts'
import { oddOrigin } from './odd-origin.ts'
import { PORTS } from './stage.ts'
import type { Stage } from './stage.ts'

const stage = JSON.parse(process.argv[2] ?? '') as Stage
/** longer than the gateway keeps one: it must not lose a POST to a close of ours */
const KEEP_MS = 60_000

function finding(text: string): void {
  process.send?.({ kind: 'finding', text: `origin: ${text}` })
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function send(response: ServerResponse, id: number, octets: number): Promise<void> {
  for (const chunk of pieces(id, octets)) {
    if (response.destroyed) return
    if (!response.write(chunk)) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          response.off('drain', done).off('close', done)
          resolve()
        }
        response.on('drain', done).on('close', done)
      })
    }
  }
  response.end()
}

async function events(response: ServerResponse, id: number, count: number, everyMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let n = 0; n < count && !response.destroyed; n++) {
    response.write(`id: ${id}-${n}\ndata: ${n}\n\n`)
    await sleep(everyMs)
  }
  response.end()
}

function upload(request: IncomingMessage, response: ServerResponse, id: number): void {
  const checker = new Checker(id)
  request.on('data', (chunk: Buffer) => checker.take(chunk))
  request.on('end', () => {
    if (!checker.right) finding(`the body of upload ${id} is not its own`)
    response.setHeader('x-id', id)
    response.end(`${id} ${checker.octets} ${checker.right ? 'right' : 'wrong'}`)
  })
}

const git = gitSite(join(stage.folder, 'git'))

function site(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? ''
  // smuggled requests carry this word; none of them may be one here
  if (url.includes('smuggled') || request.headers['x-smuggled'] !== undefined) finding(`a smuggled request arrived: ${request.method} ${url}`)
  if (request.headers['proxy-authorization'] !== undefined || request.headers['proxy-connection'] !== undefined) finding(`a field for the proxy arrived: ${url}`)
  if (url.startsWith('/soak.git/')) return git(request, response)
  const [, id36 = '', what = '', first = '0', second = '0'] = /\/i-([0-9a-z]+)\/(\w+)(?:\/(\d+))?(?:\/(\d+))?/.exec(url) ?? []
  const id = Number.parseInt(id36, 36)
  const octets = Number(first)
  response.on('error', () => {})
  request.on('error', () => {})
  switch (what) {
    case 'body':
      response.writeHead(200, { 'x-id': id, 'content-type': 'application/octet-stream', 'content-length': octets })
      return void (request.method === 'HEAD' ? response.end() : send(response, id, octets))
    case 'chunks':
      response.writeHead(200, { 'x-id': id })
      return void (request.method === 'HEAD' ? response.end() : send(response, id, octets))
    case 'video':
      response.writeHead(200, { 'x-id': id, 'content-type': 'video/mp4' })
      return void send(response, id, octets)
    case 'upload':
      return upload(request, response, id)
    case 'early':
      // an answer before the upload's end
      response.writeHead(413, { 'x-id': id, 'content-length': 0, connection: 'close' })
      return void response.end()
    case 'events':
      return void events(response, id, octets, Number(second))
    case 'late':
      return void setTimeout(() => response.writeHead(200, { 'x-id': id, 'content-length': 0 }).end(), octets)
    case 'hints':
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      return void response.writeHead(200, { 'x-id': id, 'content-length': 0 }).end()
    case 'status':
      return void response.writeHead(octets, { 'x-id': id }).end()
    default:
      response.writeHead(404, { 'content-length': 0 }).end()
  }
}

const settings = { keepAliveTimeout: KEEP_MS, keepAliveTimeoutBuffer: 1_000, requestTimeout: 0, headersTimeout: 60_000 }
const plain = httpServer(settings, site)
const inside = httpServer(settings, site)
const secure = httpsServer({ ...settings, cert: readFileSync(stage.certificate), key: readFileSync(stage.key) }, site)
for (const server of [plain, secure]) {
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
}

/** Sends back what comes, and behind the client's end a word of its own: a half-close must not cut it. */
const echo = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    if (!socket.write(chunk)) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  socket.on('end', () => socket.end('bye'))
})

/** Speaks first, ends its side first, and still reads. */
const greet = createServer({ allowHalfOpen: true }, (socket) => {
  let octets = 0
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    octets += chunk.length
  })
  socket.on('end', () => process.send?.({ kind: 'heard', octets }))
  socket.end('hello, I speak first\n')
})

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const again = (tries: number): void => {
      server.once('error', (error) => (tries === 0 ? reject(error) : setTimeout(() => again(tries - 1), 50)))
      server.listen(port, stage.site, () => {
        server.removeAllListeners('error')
        server.on('error', () => {})
        resolve()
      })
    }
    again(40)
  })
}

await Promise.all([
  listen(plain, PORTS.http), listen(secure, PORTS.https), listen(echo, PORTS.echo), listen(greet, PORTS.greet), listen(oddOrigin(stage.seed, finding), PORTS.odd),
  ...(stage.port80 ? [listen(inside, 80)] : []),
])
process.send?.({ kind: 'ready' })
process.on('disconnect', () => process.exit(0))
