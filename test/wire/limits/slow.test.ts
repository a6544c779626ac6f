// Slow peers before short limits: a head has its time in all, however steadily it comes; a body and a tunnel may be slow but not silent; who takes nothing
// stops who sends, and is cut; each with the record that names whose doing it was (wire rule 10, 13, 18, 24).
import t, { type Test as TapTest } from 'tap'
import { openPolicy, startGateway } from '../../proxy/gateway.ts'
import type { Gateway } from '../../proxy/gateway.ts'
import type { Speaker } from '../speaker.ts'
import { parseResponses } from '../strict.ts'
import { ended, get, OK, pause, PATHS, reach, said, site, speaker, type Path, type Site, unable, until } from './stage.ts'

const LIMIT = 900
/** a third of it passes between one piece and the next of what is slow and steady; the whole takes twice as long as the limit */
const STEP = 250
/** how much later than its limit something may end: the wheel's slot, and a busy machine */
const LATE = 1500
const skip = unable()
const limits = (keys: string): string => openPolicy('', `limits: { ${keys} }\n`)

const told = (gateway: Gateway): unknown[] => gateway.records.filter(({ method, status }) => !(method === 'CONNECT' && status === 200)).map(({ error, fault }) => `${error} ${fault}`)

/** One octet at a time, as long as anybody listens. */
async function drip(to: Speaker, words: string, ms: number): Promise<void> {
  for (const octet of words) {
    if (to.ended !== undefined || to.socket.destroyed || !to.socket.writable) return
    to.socket.write(octet)
    await pause(ms)
  }
}

/** Milliseconds until it has ended, or has read this. */
async function took(what: string, to: Speaker, words?: string): Promise<number> {
  const began = performance.now()
  await until(what, () => to.ended !== undefined || (words !== undefined && to.read.includes(words)))
  return performance.now() - began
}

const inTime = (t: TapTest, ms: number, what: string, least = LIMIT * 0.7): unknown => t.ok(ms > least && ms < LIMIT + LATE, `${what}: after ${Math.round(ms)} ms`)

const heads = async (t: TapTest, path: Path): Promise<void> => {
  const origin = await site(t, path, async (each) => {
    await said(each, '\r\n\r\n')
    each.socket.write(OK)
  })
  const before = { 'on a new connection': '', 'on a kept connection': get(origin) }
  const slow: Readonly<Record<string, string>> = {
    'a request line': `GET ${origin.uri}/${'x'.repeat(300)}`,
    'a field': `${get(origin).slice(0, -2)}X-Slow: ${'x'.repeat(300)}`,
    'empty lines before it': '\r\n'.repeat(150),
  }
  await Promise.all(Object.entries(before).flatMap(([where, first]) => Object.entries(slow).map(async ([what, words]) => {
    const gateway = await startGateway(t, limits(`head: ${LIMIT}ms`))
    const client = await reach(t, gateway.port, origin)
    client.socket.write(first)
    if (first !== '') await said(client, '\r\n\r\nok')
    client.forget()
    const [ms] = await Promise.all([took(what, client), drip(client, words, 20)])
    // only a few empty lines are forgiven
    inTime(t, ms, `${what} ${where}`, what === 'empty lines before it' ? 0 : undefined)
    const text = client.read.toString('latin1')
    if (text !== '' || what !== 'empty lines before it') t.match(text, /^HTTP\/1\.1 (?:408|400) /, `${what} ${where}`)
    client.socket.destroy()
    await until('nothing is left', () => gateway.connections.size === 0)
    t.same(told(gateway), [...(first === '' ? [] : ['undefined undefined']), ...(text === '' ? [] : ['http_request_error client'])], `${what} ${where}`)
  })))
}
for (const path of PATHS) t.test(`${path}: a head that comes an octet at a time has its time in all`, { skip: path === 'inside' && skip }, async (t) => heads(t, path))

/** What is whole after many pieces, each within the limit. */
const PIECES = 8
const STEADY: Readonly<Record<string, readonly [head: string, piece: string, end: string]>> = {
  'by length': [`Content-Length: ${PIECES}\r\n\r\n`, 'x', ''],
  'in chunks': ['Transfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n', '0\r\n\r\n'],
  'octets of one chunk': ['Transfer-Encoding: chunked\r\n\r\n8\r\n', 'x', '\r\n0\r\n\r\n'],
}

const steady = async (t: TapTest, path: Path): Promise<void> => {
  const gateway = await startGateway(t, limits(`head: ${LIMIT}ms, first-byte: ${LIMIT}ms, idle-body: ${LIMIT}ms`))
  await Promise.all(Object.entries({ ...STEADY, 'to the close': ['\r\n', 'x', ''] as const }).flatMap(([framing, [head, piece, end]]) => {
    const answer = async (): Promise<void> => {
      const origin = await site(t, path, async (each) => {
        await said(each, '\r\n\r\n')
        each.socket.write(`HTTP/1.1 200 OK\r\n${head}`)
        for (let sent = 0; sent < PIECES; sent++) await pause(STEP).then(() => each.socket.write(piece))
        each.socket.write(end)
        if (framing === 'to the close') each.socket.end()
      })
      const client = await reach(t, gateway.port, origin)
      client.socket.write(get(origin, '/', 'Connection: close\r\n'))
      await ended(client)
      const [message] = parseResponses(client.read, ['GET'], true).messages
      t.same([message?.complete, message?.body.toString()], [true, 'x'.repeat(PIECES)], `an answer ${framing}`)
    }
    const upload = async (): Promise<void> => {
      const origin = await site(t, path, async (each) => {
        await until('the upload', () => each.read.toString('latin1').split('\r\n\r\n').slice(1).join('').match(/x/g)?.length === PIECES)
        each.socket.write(OK)
      })
      const client = await reach(t, gateway.port, origin)
      client.socket.write(`POST ${origin.uri}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n${head}`)
      for (let sent = 0; sent < PIECES; sent++) await pause(STEP).then(() => client.socket.write(piece))
      client.socket.write(end)
      await said(client, '\r\n\r\nok')
    }
    return framing === 'to the close' ? [answer()] : [answer(), upload()]
  }))
  t.same([...new Set(told(gateway))], ['undefined undefined'])
}
for (const path of PATHS) t.test(`${path}: a slow body that is steady passes`, { skip: path === 'inside' && skip }, async (t) => steady(t, path))

t.test('a body that falls silent is cut, visibly, and told', async (t) => {
  await Promise.all(Object.entries({ ...STEADY, 'to the close': ['\r\n', 'x', ''] as const }).flatMap(([framing, [head, piece]]) => ['answer', 'upload'].map(async (which) => {
    if (which === 'upload' && framing === 'to the close') return
    const gateway = await startGateway(t, limits(`idle-body: ${LIMIT}ms`))
    const origin = await site(t, 'plain', async (each) => {
      await said(each, '\r\n\r\n')
      if (which === 'answer') each.socket.write(`HTTP/1.1 200 OK\r\n${head}${piece}`)
    })
    const client = await reach(t, gateway.port, origin)
    client.socket.write(which === 'answer' ? get(origin) : `POST ${origin.uri}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n${head}${piece}`)
    inTime(t, await took('its end', client), `${which} ${framing}`)
    const [message] = parseResponses(client.read, ['GET'], client.ended === 'fin').messages
    t.same([message?.status, message?.complete], which === 'answer' ? [200, false] : [408, true], `${which} ${framing}`)
    t.notMatch(origin.connections[0]?.read.toString('latin1').split('\r\n\r\n').slice(1).join(''), '0\r\n', 'nothing is completed')
    await until('the origin is let go', () => origin.open.size === 0)
    t.same(told(gateway), [which === 'answer' ? 'http_response_timeout upstream' : 'http_request_error client'], `${which} ${framing}`)
  })))
})

/** Sends without end, at the pace of who takes it. */
function pour(from: Speaker, piece: Buffer): () => number {
  let sent = 0
  const more = (): void => {
    while (from.socket.writable && !from.socket.destroyed) {
      sent += piece.length
      if (!from.socket.write(piece)) break
    }
  }
  from.socket.on('drain', more)
  more()
  return () => sent
}

const BLOCK = Buffer.alloc(1 << 16, 'x')
const CHUNK = Buffer.concat([Buffer.from('10000\r\n'), BLOCK, Buffer.from('\r\n')])
/** what two sockets' kernel buffers and ours may hold */
const MOST = 48 << 20

interface Pouring {
  readonly what: string
  /** who takes nothing */
  readonly who: 'client' | 'origin'
  readonly head: string
  readonly error: string
}
const POURING: readonly Pouring[] = [
  { what: 'an answer of known length', who: 'client', head: 'Content-Length: 1000000000000\r\n\r\n', error: 'http_response_timeout client' },
  { what: 'an answer in chunks', who: 'client', head: 'Transfer-Encoding: chunked\r\n\r\n', error: 'http_response_timeout client' },
  { what: 'an upload of known length', who: 'origin', head: 'Content-Length: 1000000000000\r\n\r\n', error: 'http_response_timeout upstream' },
  { what: 'an upload in chunks', who: 'origin', head: 'Transfer-Encoding: chunked\r\n\r\n', error: 'http_response_timeout upstream' },
]

async function poured(t: TapTest, { what, who, head, error }: Pouring, path: Path): Promise<void> {
  const gateway = await startGateway(t, limits(`idle-body: ${LIMIT}ms`))
  const piece = head.startsWith('Transfer') ? CHUNK : BLOCK
  let sent = (): number => 0
  const origin = await site(t, path, async (each) => {
    await said(each, '\r\n\r\n')
    if (who === 'origin') return void each.socket.pause()
    each.socket.write(`HTTP/1.1 200 OK\r\n${head}`)
    sent = pour(each, piece)
  })
  const client = await reach(t, gateway.port, origin)
  if (who === 'origin') {
    client.socket.write(`POST ${origin.uri}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n${head}`)
    await until('it reaches the origin', () => origin.connections[0]?.socket.isPaused() === true)
    sent = pour(client, piece)
  } else {
    client.socket.write(get(origin))
    await said(client, '\r\n\r\n')
    client.socket.pause()
  }
  let most = 0
  await until(`${what}: it is told`, () => {
    most = Math.max(most, client.socket.writableLength, ...origin.connections.map(({ socket }) => socket.writableLength))
    return told(gateway).length > 0
  })
  t.ok(sent() < MOST, `${what}: ${sent() >> 20} MiB were taken`)
  t.ok(most > 0, `${what}: who sends is paused`)
  t.same(told(gateway), [error], what)
  if (who === 'origin') t.match((await said(client, '\r\n\r\n')), ' 504 ', `${what}: and the answer blames no client`)
  client.socket.destroy()
  for (const { socket } of origin.connections) socket.resume()
  await until(`${what}: nothing is left`, () => gateway.live.size + gateway.connections.size + origin.open.size === 0)
}
for (const path of PATHS) {
  t.test(`${path}: who takes nothing stops who sends, and is cut`, { skip: path === 'inside' && skip }, async (t) => {
    await Promise.all(POURING.map((each) => poured(t, each, path)))
  })
}

/** At a time: the kernel tells a sender of room only when a third of its buffer is free. */
const TAKES = 1 << 20

t.test('a reader that is slow and steady is not cut', async (t) => {
  const gateway = await startGateway(t, limits(`idle-body: ${LIMIT}ms, tunnel-idle: ${LIMIT}ms`))
  await Promise.all(['a body', 'a tunnel'].map(async (what) => {
    const origin: Site = await site(t, 'plain', async (each) => {
      await said(each, what === 'a body' ? '\r\n\r\n' : 'go')
      each.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n')
      pour(each, BLOCK)
    })
    const client = speaker(t, gateway.port)
    client.socket.write(what === 'a body' ? get(origin) : `CONNECT ${origin.authority} HTTP/1.1\r\nHost: ${origin.authority}\r\n\r\ngo`)
    await said(client, 'Content-Length')
    client.socket.pause()
    await pause(STEP)
    for (const until = performance.now() + 4 * LIMIT; performance.now() < until && client.ended === undefined; await pause(STEP)) {
      let left = TAKES
      const taken = (chunk: Buffer): void => {
        left -= chunk.length
        if (left > 0) return
        client.socket.pause().off('data', taken)
      }
      client.socket.on('data', taken).resume()
    }
    t.same([client.ended, gateway.records.filter(({ host, port }) => `${host}:${port}` === origin.authority)], [undefined, []], what)
    client.socket.destroy()
  }))
  await until('both are told', () => gateway.records.length === 2)
  t.same(gateway.records.map(({ fault }) => fault), ['client', 'client'])
})
