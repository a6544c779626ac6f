// The content check: distinct streams through a proxy, many at once, with pauses and small reads; plain by length and chunked, posted by length and
// chunked, and tunnelled, each compared with what was sent. Danger prevented: a relay that shares one read buffer; it passes every load
// test without an error and mixes the octets of all. Of a proxy that runs already: node test/bench/verify.ts PORT [NAME of 127.0.0.1]
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer as createHttpServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface Verified {
  readonly right: number
  /** what came in place of each stream that differs */
  readonly wrong: readonly string[]
}

const STREAMS = 16
const LEAST = 200_000
const STEP = 45_007
const PAUSE_MS = 2
/** a stream that does not end by then is lost */
const PATIENCE_MS = 30_000

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

function stream(key: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, key + 1), Buffer.alloc(16)).update(Buffer.alloc(LEAST + key * STEP))
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Reads slowly: every few pieces it waits. */
async function readSlowly(message: IncomingMessage, every: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message) {
    if (!Buffer.isBuffer(part)) continue
    parts.push(part)
    if (parts.length % every === 0) await pause()
  }
  return Buffer.concat(parts)
}

async function answer(ask: IncomingMessage, response: ServerResponse, bodies: readonly Buffer[]): Promise<void> {
  if (ask.method === 'POST') return void response.end(await readSlowly(ask, 11))
  const number = Number(ask.url?.slice(1))
  const body = bodies[number] ?? Buffer.alloc(0)
  if (number % 2 === 1) response.setHeader('content-length', body.length)
  for (let at = 0; at < body.length; at += 70_000) if (!response.write(body.subarray(at, at + 70_000))) await once(response, 'drain')
  response.end()
}

export async function verify(port: number, name = 'localhost', rounds = 2): Promise<Verified> {
  const bodies = Array.from({ length: STREAMS }, (_, key) => stream(key))
  const origin = createHttpServer((ask, response) => void answer(ask, response, bodies).catch(() => response.destroy()))
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  const [originPort, echoPort] = [await listening(origin), await listening(echo)]
  const agent = new Agent({ keepAlive: true, maxSockets: STREAMS })
  const tunnels = new Set<Socket>()

  const fetch = (key: number, post?: 'length' | 'chunked'): Promise<Buffer> => new Promise((resolve, reject) => {
    const authority = `${name}:${originPort}`
    const body = bodies[key] ?? Buffer.alloc(0)
    const ask = request({ agent, host: '127.0.0.1', port, method: post === undefined ? 'GET' : 'POST', path: `http://${authority}/${key}`, headers: { host: authority, ...(post === 'length' ? { 'content-length': body.length } : {}) } })
    ask.on('response', (message) => void readSlowly(message, 9).then(resolve, reject)).on('error', reject)
    if (post !== 'chunked') return void ask.end(post === undefined ? undefined : body)
    for (let at = 0; at < body.length; at += 33_333) ask.write(body.subarray(at, at + 33_333))
    ask.end()
  })

  const tunnel = (key: number): Promise<Buffer> => new Promise((resolve, reject) => {
    const body = bodies[key] ?? Buffer.alloc(0)
    const parts: Buffer[] = []
    let head = ''
    let open = false
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(`CONNECT ${name}:${echoPort} HTTP/1.1\r\nHost: ${name}:${echoPort}\r\n\r\n`))
    tunnels.add(socket)
    socket.on('error', reject).on('close', () => {
      tunnels.delete(socket)
      reject(new Error('it was cut')) // says nothing where the stream has ended
    })
    socket.on('end', () => {
      socket.destroy()
      resolve(Buffer.concat(parts))
    })
    socket.on('data', (chunk: Buffer) => {
      if (open) {
        parts.push(chunk)
        if (parts.length % 7 !== 0) return
        socket.pause()
        return void setTimeout(() => socket.resume(), PAUSE_MS)
      }
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      if (!head.startsWith('HTTP/1.1 200 ')) return void socket.destroy(new Error(`answered ${head.slice(0, 40)}`))
      open = true
      socket.end(body) // the other half stays open until all of it is back
    })
  })

  let right = 0
  const wrong: string[] = []
  const compare = async (what: string, key: number, got: Promise<Buffer>): Promise<void> => {
    const late = new Promise<never>((_, reject) => void setTimeout(() => reject(new Error('no end in time')), PATIENCE_MS).unref())
    const seen = await Promise.race([got, late]).then((bytes) => (digest(bytes) === digest(bodies[key] ?? Buffer.alloc(0)) ? '' : `${bytes.length} octets of another content`), (error: unknown) => String(error))
    if (seen === '') right++
    else wrong.push(`${what} ${key}: ${seen}`)
  }
  try {
    for (let round = 0; round < rounds; round++) {
      await Promise.all(bodies.flatMap((_, key) => [
        compare(key % 2 === 1 ? 'GET by length' : 'GET chunked', key, fetch(key)), compare('POST by length', key, fetch(key, 'length')),
        compare('POST chunked', key, fetch(key, 'chunked')), compare('CONNECT', key, tunnel(key)),
      ]))
    }
  } finally {
    agent.destroy()
    for (const socket of tunnels) socket.destroy()
    origin.close()
    origin.closeAllConnections()
    echo.close()
  }
  return { right, wrong }
}

if (import.meta.main) {
  const { right, wrong } = await verify(Number(process.argv[2]), process.argv[3])
  console.log([`${right} streams right, ${wrong.length} wrong`, ...wrong.slice(0, 5)].join('\n'))
  process.exit(wrong.length === 0 ? 0 : 1)
}
