// Who leaves, at which moment, by RST or by FIN: the other side is told, nothing is completed that was not whole, each request has its one record, and nothing of
// it is left open or counted (wire rule 8, 10, 15, 18).
import type { Socket } from 'node:net'
import t, { type Test as TapTest } from 'tap'
import { openPolicy, startGateway } from '../../proxy/gateway.ts'
import type { Gateway } from '../../proxy/gateway.ts'
import { silence } from '../../proxy/silent.ts'
import type { Speaker } from '../speaker.ts'
import { parseResponses } from '../strict.ts'
import type { Ending, How, Moment } from './moments.ts'
import { MOMENTS } from './moments.ts'
import { ended, get, pause, PATHS, reach, said, site, speaker, type Path, type Site, type Test, unable, until } from './stage.ts'

type Side = 'client' | 'origin'
const skip = unable()
const sockets = (): number => process.getActiveResourcesInfo().filter((each) => /^TCP(?:Socket|ConnectReq|Server)/.test(each)).length
const atFirst = sockets()

function leave(socket: Socket, how: How): void {
  if (how === 'fin') return void socket.end()
  // Node's own `resetAndDestroy` ends the stream first, so that a FIN goes before
  ;(socket as Socket & { resetAndClosing?: boolean }).resetAndClosing = true
  socket.destroy()
}

/** Says the n-th of `says` to the n-th head, or in a tunnel to what comes first, whatever the connection. */
async function play(moment: Moment, origin: Speaker, turn: () => number): Promise<void> {
  const tunnel = moment.sends.startsWith('CONNECT')
  for (let heads = 1; ; heads++) {
    const come = (): boolean => (tunnel ? heads === 1 && origin.read.length > 0 : origin.read.toString('latin1').split('\r\n\r\n').length > heads)
    if (!(await origin.until(() => come() || origin.ended !== undefined, performance.now() + 20_000)) || !come()) return
    origin.socket.write(moment.says[turn()] ?? '')
  }
}

interface Stood {
  readonly gateway: Gateway
  readonly origin: Site
  readonly client: Speaker
  readonly far: Speaker
}

async function stand(t: Test, moment: Moment, path: Path): Promise<Stood> {
  const gateway = await startGateway(t)
  let turns = 0
  const origin = await site(t, path, (each) => play(moment, each, () => turns++))
  const client = await reach(t, gateway.port, origin)
  client.socket.write(moment.sends.replaceAll('{uri}', origin.uri).replaceAll('{authority}', origin.authority))
  if (moment.then !== undefined) {
    if (moment.sends.startsWith('CONNECT')) await said(client, '\r\n\r\n')
    else await said(client, ' 101 ')
    client.socket.write(moment.then)
  }
  await until(`a connection ${moment.what}`, () => origin.connections.length > 0)
  const far = origin.connections[0] as Speaker
  const [who, words] = moment.ready
  await said(who === 'client' ? client : far, words)
  // what cannot be seen from outside has been read by the gateway
  await pause(60)
  if (moment.halfClosed !== undefined) {
    const [ends, hears] = moment.halfClosed === 'client' ? [client, far] : [far, client]
    ends.socket.end()
    await until('the end arrives', () => hears.ended === 'fin')
  }
  return { gateway, origin, client, far }
}

const METHODS = ['GET', 'POST', 'CONNECT'] as const

/** The client's reading, by the strict parser: statuses, and whether the last answer is whole. */
function answers(client: Speaker, moment: Moment): { statuses: number[]; whole: boolean } {
  const method = METHODS.find((each) => moment.sends.startsWith(each)) ?? 'GET'
  const { messages, problem } = parseResponses(client.read, [method, method], client.ended === 'fin')
  return { statuses: messages.map(({ status }) => status), whole: problem === undefined && (messages.at(-1)?.status ?? 0) > 199 && messages.at(-1)?.complete === true }
}

async function sees(t: TapTest, stood: Stood, moment: Moment, who: Side, ending: Ending, what: string): Promise<void> {
  const { gateway, origin, client, far } = stood
  const other = who === 'client' ? far : client
  if (ending[0] === 'kept') {
    await until(`${what}: the origin is let go, or rests`, () => origin.open.size === (who === 'client' ? gateway.idle() : 0) || client.read.includes('ok', 0, 'latin1'))
    if (who === 'client') return void t.equal(other.ended, undefined, what)
    if (!moment.sends.includes('/second')) {
      await until('the pool knows', () => gateway.idle() === 0)
      client.socket.write(get(origin, '/again'))
    }
    await until(`${what}: the next request is answered`, () => client.read.toString('latin1').split('\r\n\r\nok').length === 3)
    return void t.equal(origin.connections.length, 2, what)
  }
  if (ending[0] === 'whole') {
    if (who === 'client' && moment.halfClosed !== 'origin' && moment.rest !== 'FIN') far.socket.write(moment.rest ?? '')
    if (moment.rest === 'late') {
      if (who === 'client') await (moment.halfClosed === 'origin' ? ended(far) : said(client, 'late'))
      else await until(`${what}: its end arrives`, () => client.ended === 'fin')
      other.socket.end()
    } else if (moment.rest === 'FIN') far.socket.end()
    if (moment.rest !== 'late') {
      await until(`${what}: the answer is whole`, () => answers(client, moment).whole)
      client.socket.end()
    }
    await ended(client)
    return void t.equal(client.ended, 'fin', what)
  }
  if (ending[0] === '502') {
    await until(`${what}: the refusal is whole`, () => answers(client, moment).whole)
    t.equal(answers(client, moment).statuses.at(-1), 502, what)
    client.socket.end()
  }
  await ended(other)
  if (ending[0] === 'reset') t.equal(other.ended, 'rst', `${what}: the reset goes on`)
  if (who === 'client') {
    t.notMatch(far.read.toString('latin1'), /\r\n0\r\n\r\n$/, `${what}: the upload is not completed`)
    return
  }
  if (ending[0] === 'cut') t.notOk(answers(client, moment).whole, `${what}: visibly cut`)
  if (ending[0] !== '502') t.notMatch(client.read.toString('latin1'), 'HTTP/1.1 502', `${what}: nothing of ours within it`)
}

async function nothingLeft(t: TapTest, { gateway, origin, client, far }: Stood, what: string): Promise<void> {
  client.socket.destroy()
  far.socket.destroy()
  await until(`${what}: no exchange and no connection is left`, () => gateway.live.size === 0 && gateway.connections.size === 0)
  await until(`${what}: the origin is let go`, () => origin.open.size === gateway.idle())
  t.same(gateway.counted(), [0, 0, 0, 0], `${what}: nothing is counted`)
}

for (const path of PATHS) {
  t.test(`${path}: at each moment, each side, by RST and FIN`, { skip: path === 'inside' && skip, timeout: 60_000 }, async (t) => {
    const mine = MOMENTS.filter(({ paths }) => paths === undefined || paths.includes(path))
    await Promise.all(mine.flatMap((moment) => (['client', 'origin'] as const).flatMap((who) => (['rst', 'fin'] as const).map(async (how) => {
      const what = `${moment.what}, ${who}, ${how}`
      const ending = moment[who][how]
      const stood = await stand(t, moment, path)
      leave(who === 'client' ? stood.client.socket : stood.far.socket, how)
      await sees(t, stood, moment, who, ending, what).catch((error: unknown) => t.fail(`${what}: ${String(error)}`))
      await nothingLeft(t, stood, what).catch((error: unknown) => t.fail(`${what}: ${String(error)}`))
      const records = stood.gateway.records.filter(({ method }) => moment.sends.startsWith('CONNECT') || method !== 'CONNECT')
      const again = ending[0] === 'kept' && who === 'origin' && !moment.sends.includes('/second') ? [undefined] : []
      t.same(records.map(({ error }) => error), [...ending.slice(1), ...again], `${what}: one record each`)
      t.ok(records.every(({ error, fault }) => fault === (error === undefined ? undefined : who === 'client' ? 'client' : 'upstream')), `${what}: ${JSON.stringify(records.map(({ fault }) => fault))}`)
    }))))
  })
}

t.test('within a request head', async (t) => {
  const gateway = await startGateway(t)
  await Promise.all((['rst', 'fin'] as const).flatMap((how) => ['GET http://a', 'GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'CONNECT 127.0.0.1:1 HTTP/1.1\r\n'].map(async (half) => {
    const client = speaker(t, gateway.port)
    client.socket.write(half)
    await until('it is taken', () => gateway.connections.size > 0)
    await pause(60)
    leave(client.socket, how)
    if (how === 'fin') t.equal(await ended(client), '', 'half a request is none, and gets no answer')
  })))
  await until('nothing is left', () => gateway.connections.size === 0)
  t.same([gateway.counted(), gateway.records.length, gateway.live.size], [[0, 0, 0, 0], 0, 0])
})

t.test('while connecting', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, openPolicy('', 'limits: { dial: 6s }\n'))
  const far = await site(t, 'plain')
  const host = far.host.replace('127.79.', '127.80.')
  const stopped = await silence(t, host, far.port)
  const authority = `${host}:${far.port}`
  const requests = { GET: `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\n\r\n`, CONNECT: `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n` }
  const open = (words: string): Speaker => {
    const client = speaker(t, gateway.port)
    client.socket.write(words)
    return client
  }
  for (const words of Object.values(requests)) {
    const client = open(words)
    await until('it is served', () => gateway.connections.size === 1)
    await pause(60)
    leave(client.socket, 'rst')
    await until('the dial is given up at once', () => gateway.connections.size === 0, 1000)
  }
  t.same(gateway.records.map(({ method, error, fault, status }) => [method, error, fault, status]), [['GET', 'client_closed', 'client', 0], ['CONNECT', 'client_closed', 'client', 0]])
  t.same(gateway.counted(), [0, 0, 0, 0])
  gateway.records.length = 0
  // who ends his side waits for the answer, which is here that nobody listens any more
  const waiting = Object.values(requests).map((words) => {
    const client = open(words)
    client.socket.end()
    return client
  })
  const staying = Object.values(requests).map(open)
  await pause(200)
  stopped.kill('SIGKILL')
  for (const client of [...waiting, ...staying]) {
    await until('it is answered', () => client.read.includes('\r\n\r\n'))
    client.socket.end()
    t.match(await ended(client), /^HTTP\/1\.1 502 [^]*error=connection_refused/)
  }
  await until('nothing is left', () => gateway.connections.size === 0)
  t.same(gateway.records.map(({ error, fault }) => `${error} ${fault}`), Array.from({ length: 4 }, () => 'connection_refused upstream'))
  t.same([gateway.counted(), gateway.live.size], [[0, 0, 0, 0], 0])
})

t.test('nothing of all that is left in the process', async (t) => {
  await until('every socket is closed', () => sockets() <= atFirst, 5000).catch(() => {})
  t.equal(sockets(), atFirst)
})
