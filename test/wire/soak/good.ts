// The real traffic of one client process: each kind asks, checks every octet of what comes back, and says which record there must be of it.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { WebSocket } from 'ws'
import { Checker, piece, pieces, whole } from './content.ts'
import type { Random } from './content.ts'
import { PORTS } from './stage.ts'
import { Wire } from './wire.ts'
import type { Response } from './wire.ts'
import { must, never, sleep } from './world.ts'
import type { Mark, World } from './world.ts'

export interface Work {
  readonly world: World
  readonly random: Random
  readonly from: string
}

export type Kind = (work: Work, mark: Mark) => Promise<void>

export const WWW = `http://www.soak.test:${PORTS.http}`
export const id36 = (id: number): string => `i-${id.toString(36)}`
export const host = (url: string): string => new URL(url).host

export function get(url: string, more = ''): string {
  return `GET ${url} HTTP/1.1\r\nHost: ${host(url)}\r\n${more}\r\n`
}

/** Opens a connection to the gateway, uses it, and leaves nothing of it behind. */
export async function withWire(work: Work, use: (wire: Wire) => Promise<void>): Promise<void> {
  const wire = await Wire.open(work.world.stage.proxyPort, work.from)
  try {
    await use(wire)
  } finally {
    wire.destroy()
  }
}

/** The right answer of its own request, with its content. */
export function isOwn(answer: Response, id: number, octets: number): void {
  never(answer.status === 200 && answer.fields.get('x-id') !== String(id), `the answer of ${answer.fields.get('x-id')} to request ${id}`)
  must(answer.status === 200, `status ${answer.status} (${answer.fields.get('proxy-status')}; ${answer.body.toString('latin1', 0, 300)})`)
  const checker = new Checker(id)
  checker.take(answer.body)
  never(!checker.right || checker.octets !== octets, `request ${id}: ${checker.octets} octets of ${octets}, ${checker.right ? 'right' : 'WRONG'}`)
}

async function getOne(wire: Wire, work: Work, mark: Mark, what = work.random.chance(0.7) ? 'body' : 'chunks'): Promise<void> {
  const id = work.world.id()
  const octets = work.random.size(256 << 10)
  wire.send(get(`${WWW}/${id36(id)}/${what}/${octets}`))
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  isOwn(answer, id, octets)
}

async function postOne(wire: Wire, work: Work, mark: Mark, chunked: boolean, octets: number, pauseMs = 0, each = 1 << 16): Promise<void> {
  const id = work.world.id()
  const url = `${WWW}/${id36(id)}/upload`
  wire.send(`POST ${url} HTTP/1.1\r\nHost: ${host(url)}\r\n${chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${octets}`}\r\n\r\n`)
  for (const part of pieces(id, octets, each)) {
    await wire.pour(chunked ? Buffer.concat([Buffer.from(`${part.length.toString(16)};x=y\r\n`), part, Buffer.from('\r\n')]) : part)
    if (pauseMs > 0) await sleep(pauseMs)
  }
  if (chunked) wire.send('0\r\nX-Trailer: dropped\r\n\r\n')
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  const text = answer.body.toString('latin1')
  must(answer.status === 200, `status ${answer.status} (${answer.fields.get('proxy-status')})`)
  never(text !== `${id} ${octets} right`, `upload ${id} of ${octets}: ${text}`)
}

const keptAlive: Kind = (work, mark) => withWire(work, async (wire) => {
  for (let n = work.random.between(1, 12); n > 0; n--) {
    if (work.random.chance(0.7)) await getOne(wire, work, mark)
    else await postOne(wire, work, mark, work.random.chance(0.5), work.random.size(128 << 10))
    if (work.random.chance(0.2)) await sleep(work.random.between(10, 400))
  }
})

const large: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const octets = work.random.between(1 << 20, 6 << 20)
  wire.send(get(`${WWW}/${id36(id)}/${work.random.pick(['body', 'chunks'])}/${octets}`))
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  isOwn(answer, id, octets)
})

/** Takes a few octets, rests, takes more: the gateway must make the origin wait, and lose nothing. */
const slowReader: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const octets = 3 << 20
  wire.send(get(`${WWW}/${id36(id)}/body/${octets}`))
  for (let n = 0; n < 12; n++) {
    wire.socket.pause()
    await sleep(work.random.between(50, 400))
    wire.socket.resume()
    await sleep(5)
  }
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  isOwn(answer, id, octets)
})

const slowUpload: Kind = (work, mark) => withWire(work, (wire) => postOne(wire, work, mark, work.random.chance(0.5), 20_000, work.random.between(20, 250), 1_000))
const largeUpload: Kind = (work, mark) => withWire(work, (wire) => postOne(wire, work, mark, work.random.chance(0.5), work.random.between(1 << 20, 4 << 20)))

const pipeline: Kind = (work, mark) => withWire(work, async (wire) => {
  const asks = Array.from({ length: work.random.between(2, 20) }, () => ({ id: work.world.id(), octets: work.random.size(16 << 10) }))
  wire.send(asks.map(({ id, octets }) => get(`${WWW}/${id36(id)}/body/${octets}`)).join(''))
  // a client that ends its side behind its last request is still answered
  if (work.random.chance(0.3)) wire.finish()
  for (const { id, octets } of asks) {
    const answer = await wire.response()
    work.world.asked(id36(id), mark)
    isOwn(answer, id, octets)
  }
})

const halfClosed: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const octets = work.random.size(64 << 10)
  wire.send(get(`${WWW}/${id36(id)}/body/${octets}`))
  wire.finish()
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  isOwn(answer, id, octets)
  const { octets: behind, ended } = await wire.rest()
  must(behind.length === 0 && ended === 'end', `${behind.length} octets behind the answer, ended by ${ended}`)
})

const others: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const [method, what, status] = work.random.pick([
    ['HEAD', 'body/1000', 200], ['GET', 'status/204', 204], ['GET', 'status/304', 304], ['GET', 'hints', 200], ['OPTIONS', 'body/0', 200], ['DELETE', 'status/204', 204], ['GET', 'late/300', 200],
  ] as const)
  const url = `${WWW}/${id36(id)}/${what}`
  wire.send(`${method} ${url} HTTP/1.1\r\nHost: ${host(url)}\r\n\r\n`)
  const answer = await wire.response(method)
  work.world.asked(id36(id), mark)
  must(answer.status === status, `${method} ${what}: ${answer.status}`)
  never(answer.fields.get('x-id') !== String(id), `the answer of ${answer.fields.get('x-id')} to request ${id}`)
})

/** HTTP/1.0: no chunks for it, and the end of what has no length is the connection's. */
const old: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const octets = work.random.size(64 << 10)
  wire.send(`GET ${WWW}/${id36(id)}/${work.random.pick(['body', 'chunks'])}/${octets} HTTP/1.0\r\n\r\n`)
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  must(answer.fields.get('transfer-encoding') === undefined, 'chunks for a client of HTTP/1.0')
  isOwn(answer, id, octets)
})

const expecting: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const url = `${WWW}/${id36(id)}/upload`
  wire.send(`PUT ${url} HTTP/1.1\r\nHost: ${host(url)}\r\nExpect: 100-continue\r\nContent-Length: 3000\r\n\r\n`)
  const head = await wire.through('\r\n\r\n', 1_000, '100 Continue')
  must(head.startsWith('HTTP/1.1 100 '), head.slice(0, 100))
  wire.send(whole(id, 3_000))
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  must(answer.status === 200, `status ${answer.status} (${answer.fields.get('proxy-status')})`)
  never(answer.body.toString() !== `${id} 3000 right`, `upload ${id}: ${answer.body.toString('latin1', 0, 100)}`)
})

/** Refused while it is still being sent: the answer must arrive all the same. */
const refusedUpload: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const url = `${WWW}/${id36(id)}/early`
  wire.send(`POST ${url} HTTP/1.1\r\nHost: ${host(url)}\r\nContent-Length: ${1 << 20}\r\n\r\n`)
  const answer = wire.response()
  answer.catch(() => {})
  for (const part of pieces(id, 1 << 20)) {
    if (wire.ended !== undefined || wire.waiting > 0) break
    await wire.pour(part)
  }
  const { status } = await answer
  work.world.asked(id36(id), mark)
  must(status === 413, `status ${status}`)
})

/** What the policy says, by the edition in force. */
const judged: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const { world } = work
  const before = world.editions
  const what = work.random.pick(['flip', 'flip', 'flip', 'closed', 'listed', 'private', 'video', 'nowhere', 'broken'])
  const url = {
    flip: `${WWW}/flip/${id36(id)}/body/10`,
    closed: `http://closed.soak.test:${PORTS.http}/${id36(id)}/body/10`,
    listed: `http://name-7.listed.soak.test:${PORTS.http}/${id36(id)}/body/10`,
    private: `http://private.soak.test/${id36(id)}/body/10`,
    video: `${WWW}/${id36(id)}/video/50000`,
    nowhere: `http://x${work.random.below(5_000)}.soak.test/${id36(id)}/body/10`,
    broken: `http://broken.soak.test/${id36(id)}/body/10`,
  }[what] ?? ''
  wire.send(get(url))
  const answer = await wire.response()
  world.asked(id36(id), mark)
  const got = `${answer.status} ${answer.fields.get('x-greengate-rule') ?? answer.fields.get('x-id') ?? ''}`
  const flips = (world.steady(mark) ? before : [...before, ...world.editions]).map(({ flip }) => (flip ? '403 flip' : `200 ${id}`))
  const rightOnes: Readonly<Record<string, readonly string[]>> = {
    flip: world.steady(mark) ? flips : ['403 flip', `200 ${id}`],
    closed: ['403 closed'], listed: ['403 listed'], private: ['403 web.default'], video: ['403 no-video'], nowhere: ['502 upstream'], broken: ['502 upstream'],
  }
  const right = rightOnes[what] ?? []
  if (answer.status >= 500) must(right.includes(got), `${what}: ${got} ${answer.body.toString('latin1', 0, 300)}`)
  else never(!right.includes(got), `${what}: ${got} where ${right.join(' or ')} is right`)
})

const slowName: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  const silent = work.random.chance(0.2)
  wire.send(get(`http://${silent ? 'silent' : 'slow'}.soak.test:${PORTS.http}/${id36(id)}/body/100`))
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  if (silent) must(answer.status === 504, `silent name: ${answer.status}`)
  else isOwn(answer, id, 100)
})

const deadPort: Kind = (work, mark) => withWire(work, async (wire) => {
  const id = work.world.id()
  wire.send(get(`http://www.soak.test:${PORTS.dead}/${id36(id)}/x`))
  const answer = await wire.response()
  work.world.asked(id36(id), mark)
  must(answer.status === 502 && (answer.fields.get('proxy-status') ?? '').includes('connection_refused'), `${answer.status} ${answer.fields.get('proxy-status')}`)
})

const ownPages: Kind = (work, mark) => withWire(work, async (wire) => {
  const port = work.world.stage.proxyPort
  wire.send(`GET ${work.random.pick(['/proxy.pac', '/wpad.dat', '/'])} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  const answer = await wire.response()
  work.world.asked(wire.key, mark)
  must(answer.status === 200, `own page: ${answer.status}`)
})

/** CONNECT; what follows is a tunnel. */
export async function tunnel(wire: Wire, authority: string): Promise<void> {
  wire.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
  const answer = await wire.response('CONNECT')
  must(answer.status === 200, `CONNECT ${authority}: ${answer.status} ${answer.fields.get('proxy-status')} ${answer.fields.get('x-greengate-rule')}`)
}

let authority: Buffer | undefined

const secureTunnel: Kind = (work, mark) => withWire(work, async (wire) => {
  await tunnel(wire, `secure.soak.test:${PORTS.https}`)
  wire.socket.removeAllListeners('data')
  authority ??= readFileSync(work.world.stage.authority)
  const secured = tlsConnect({ socket: wire.socket, servername: 'secure.soak.test', ca: authority })
  const inner = Wire.over(secured)
  try {
    for (let n = work.random.between(1, 4); n > 0; n--) {
      const id = work.world.id()
      const octets = work.random.size(128 << 10)
      inner.send(`GET /${id36(id)}/body/${octets} HTTP/1.1\r\nHost: secure.soak.test\r\n\r\n`)
      isOwn(await inner.response(), id, octets)
    }
  } finally {
    work.world.asked(wire.key, mark)
    secured.destroy()
  }
})

/** Octets there and back; the client ends first and the other side's last word still arrives. */
const rawTunnel: Kind = (work, mark) => withWire(work, async (wire) => {
  await tunnel(wire, `raw.soak.test:${PORTS.echo}`)
  work.world.asked(wire.key, mark)
  const id = work.world.id()
  const octets = work.random.size(512 << 10)
  const back = wire.take(octets, 'the echo')
  back.catch(() => {})
  for (const part of pieces(id, octets)) await wire.pour(part)
  const checker = new Checker(id)
  checker.take(await back)
  never(!checker.right, `the echo of tunnel ${id} is not its own`)
  wire.finish()
  must((await wire.take(3, 'the last word')).toString() === 'bye', 'another last word')
  must((await wire.rest()).ended === 'end', 'no end in order')
})

/** The other side speaks first, and ends first. */
const greetedTunnel: Kind = (work, mark) => withWire(work, async (wire) => {
  await tunnel(wire, `raw.soak.test:${PORTS.greet}`)
  work.world.asked(wire.key, mark)
  must((await wire.take(21, 'the greeting')).toString() === 'hello, I speak first\n', 'another greeting')
  await sleep(work.random.between(0, 100))
  wire.send(piece(1, 0, 5_000))
  wire.finish()
  await wire.rest()
})

/** Plain requests inside a CONNECT to port 80, each decided by itself. */
const inside: Kind = (work, mark) => withWire(work, async (wire) => {
  await tunnel(wire, 'www.soak.test:80')
  work.world.asked(wire.key, mark)
  for (let n = work.random.between(1, 4); n > 0; n--) {
    const id = work.world.id()
    wire.send(`GET /${id36(id)}/body/500 HTTP/1.1\r\nHost: www.soak.test\r\n\r\n`)
    const answer = await wire.response()
    work.world.asked(id36(id), mark)
    isOwn(answer, id, 500)
  }
})

const webSocket: Kind = async (work, mark) => {
  const { world, random, from } = work
  const id = world.id()
  const url = `ws://www.soak.test:${PORTS.http}/${id36(id)}/ws`
  const socket = new WebSocket(url, {
    createConnection: () => connect({ port: world.stage.proxyPort, host: '127.0.0.1', localAddress: from }),
    finishRequest: (request) => {
      request.path = url.replace('ws:', 'http:')
      request.end()
    },
    handshakeTimeout: 20_000,
  })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('open', () => resolve()).on('error', reject).on('close', () => reject(new Error('closed')))
    })
    for (let n = random.between(1, 8); n > 0; n--) {
      const octets = random.size(64 << 10)
      const back = new Promise<Buffer>((resolve, reject) => {
        socket.once('message', (data) => resolve(data as Buffer))
        socket.once('close', () => reject(new Error('closed within an echo')))
      })
      socket.send(whole(id, octets))
      const got = await back
      const checker = new Checker(id)
      checker.take(got)
      never(!checker.right || checker.octets !== octets, `the echo of WebSocket ${id} is not its own`)
      socket.removeAllListeners('close')
    }
    world.asked(id36(id), mark)
    if (random.chance(0.7)) {
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.close()
      await closed
    }
  } finally {
    socket.on('error', () => {})
    socket.terminate()
  }
}

/** kind → how many a second */
export const GOOD_KINDS: Readonly<Record<string, readonly [perSecond: number, run: Kind]>> = {
  'kept alive': [4, keptAlive],
  'pipeline': [1.5, pipeline],
  'half-closed': [2, halfClosed],
  'other methods and statuses': [2, others],
  'HTTP/1.0': [1, old],
  'large': [0.6, large],
  'slow reader': [0.3, slowReader],
  'slow upload': [0.4, slowUpload],
  'large upload': [0.4, largeUpload],
  'expecting': [0.5, expecting],
  'refused upload': [0.4, refusedUpload],
  'judged': [5, judged],
  'slow names': [0.5, slowName],
  'dead port': [0.5, deadPort],
  'own pages': [0.5, ownPages],
  'secure tunnel': [1.5, secureTunnel],
  'raw tunnel': [1, rawTunnel],
  'greeted tunnel': [1, greetedTunnel],
  'inside CONNECT 80': [1, inside],
  'WebSocket': [1, webSocket],
}
