// What says nothing: tunnels and upgraded connections, an address that does not answer, an upstream that does not begin. Each ends at its own limit, not before
// and not much behind it, both sides are let go, and the record names the limit (wire rule 10, 18, 24).
import t, { type Test as TapTest } from 'tap'
import { openPolicy, startGateway } from '../../proxy/gateway.ts'
import type { Gateway } from '../../proxy/gateway.ts'
import { silence } from '../../proxy/silent.ts'
import type { Speaker } from '../speaker.ts'
import { ended, get, OK, pause, said, site, speaker, until } from './stage.ts'

const LIMIT = 900
const STEP = 250
/** of a machine that does much else: what is to be seen is that it ends by this limit and no other */
const LATE = 6000
const limits = (keys: string): string => openPolicy('', `limits: { ${keys} }\n`)
const inTime = (t: TapTest, began: number, what: string): void => {
  const ms = performance.now() - began
  // what moved last is noted to a tenth of a second
  t.ok(ms > LIMIT - 150 && ms < LIMIT + LATE, `${what}: after ${Math.round(ms)} ms`)
}
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

const KINDS = ['tunnel', 'websocket'] as const
interface Stands {
  readonly gateway: Gateway
  readonly client: Speaker
  readonly far: Speaker
}

async function stand(t: TapTest, kind: typeof KINDS[number], keys: string): Promise<Stands> {
  const gateway = await startGateway(t, limits(keys))
  const origin = await site(t, 'plain', async (each) => {
    if (kind === 'tunnel') return
    await said(each, '\r\n\r\n')
    each.socket.write(SWITCH)
  })
  const client = speaker(t, gateway.port)
  client.socket.write(kind === 'tunnel' ? `CONNECT ${origin.authority} HTTP/1.1\r\nHost: ${origin.authority}\r\n\r\n` : get(origin, '/', UPGRADE))
  await said(client, kind === 'tunnel' ? ' 200 ' : ' 101 ')
  return { gateway, client, far: origin.connections[0] as Speaker }
}

async function over(t: TapTest, { gateway, client, far }: Stands, error: string, what: string): Promise<void> {
  await ended(client)
  await ended(far)
  await until(`${what}: nothing is left`, () => gateway.live.size + gateway.connections.size === 0)
  t.same(gateway.records.map((each) => `${each.error} ${each.fault}`), [`${error} policy`], what)
  t.same(gateway.counted(), [0, 0, 0, 0], what)
}

/** Says an octet now and then, for so long; answers when it said the last one. */
async function talk(from: Speaker, ms: number): Promise<number> {
  let last = performance.now()
  for (const end = last + ms; performance.now() < end && from.ended === undefined; await pause(STEP)) {
    last = performance.now()
    from.socket.write('x')
  }
  return last
}

for (const kind of KINDS) {
  t.test(`a ${kind} that is silent`, async (t) => {
    const idle = `tunnel-idle: ${LIMIT}ms`
    await Promise.all([
      async () => {
        const began = performance.now()
        const never = await stand(t, kind, idle)
        await over(t, never, 'tunnel_idle', 'where nothing was ever said')
        inTime(t, began, 'where nothing was ever said')
      },
      ...(['client', 'far'] as const).map((who) => async () => {
        const stands = await stand(t, kind, idle)
        const began = await talk(stands[who], 2.5 * LIMIT)
        t.equal(stands[who].ended, undefined, `one direction suffices: ${who}`)
        await over(t, stands, 'tunnel_idle', `after the ${who} fell silent`)
        inTime(t, began, `after the ${who} fell silent`)
      }),
      ...(['client', 'far'] as const).map((who) => async () => {
        const stands = await stand(t, kind, idle)
        stands[who].socket.end('last words')
        const began = performance.now()
        await over(t, stands, 'tunnel_idle', `half-closed by the ${who}`)
        inTime(t, began, `half-closed by the ${who}`)
      }),
      // who takes nothing: the sender is stopped, and then nothing moves
      ...(['client', 'far'] as const).map((who) => async () => {
        const stands = await stand(t, kind, idle)
        const [reads, writes] = who === 'client' ? [stands.client, stands.far] : [stands.far, stands.client]
        reads.socket.pause()
        const piece = Buffer.alloc(1 << 16, 'x')
        let sent = 0
        const more = (): void => {
          while (writes.socket.writable && sent < 100 << 20) {
            sent += piece.length
            if (!writes.socket.write(piece)) break
          }
        }
        writes.socket.on('drain', more)
        more()
        await until('it is told', () => stands.gateway.records.length > 0)
        t.ok(sent < 40 << 20, `${sent >> 20} MiB were taken where the ${who} takes nothing`)
        reads.socket.resume()
        await over(t, stands, 'tunnel_idle', `where the ${who} takes nothing`)
      }),
    ].map((run) => run()))
  })

  t.test(`a ${kind} that has stood for long ends, whatever is said`, async (t) => {
    const began = performance.now()
    const stands = await stand(t, kind, `tunnel-age: ${LIMIT}ms`)
    await Promise.all([talk(stands.client, 4 * LIMIT), talk(stands.far, 4 * LIMIT), over(t, stands, 'tunnel_age', 'age').then(() => inTime(t, began, 'age'))])
  })
}

t.test('an address that does not answer', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, limits(`dial: ${LIMIT}ms`))
  const port = (await site(t, 'plain')).port
  const host = `127.81.${process.pid >> 8 & 255}.${process.pid & 255}`
  await silence(t, host, port)
  await Promise.all([`GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`, `GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\n${UPGRADE}\r\n`, `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`].map(async (words) => {
    const client = speaker(t, gateway.port)
    const began = performance.now()
    client.socket.write(words)
    t.match(await said(client, '\r\n\r\n'), /^HTTP\/1\.1 504 [^]*error=connection_timeout/, words)
    inTime(t, began, words)
    client.socket.destroy()
  }))
  await until('nothing is left', () => gateway.live.size + gateway.connections.size === 0)
  t.same(gateway.records.map(({ error, fault }) => `${error} ${fault}`), Array.from({ length: 3 }, () => 'connection_timeout upstream'))
  t.same(gateway.counted(), [0, 0, 0, 0])
})

t.test('an upstream that does not begin to answer', async (t) => {
  const post = 'Content-Length: 12\r\n'
  const ways: Readonly<Record<string, readonly [fields: string, answer: string]>> = {
    'silence': ['', ''],
    'silence behind an upload that was slow': [post, ''],
    'silence of a WebSocket': [UPGRADE, ''],
    'a head an octet at a time': ['', `HTTP/1.1 200 OK\r\nX-Slow: ${'x'.repeat(300)}`],
    'a head of a WebSocket an octet at a time': [UPGRADE, `HTTP/1.1 101 Switching Protocols\r\nX-Slow: ${'x'.repeat(300)}`],
  }
  await Promise.all(Object.entries(ways).map(async ([what, [fields, answer]]) => {
    const gateway = await startGateway(t, limits(`first-byte: ${LIMIT}ms`))
    const origin = await site(t, 'plain', async (each) => {
      await said(each, '\r\n\r\n')
      for (const octet of answer) {
        if (each.ended !== undefined || each.socket.destroyed) return
        each.socket.write(octet)
        await pause(20)
      }
    })
    const client = speaker(t, gateway.port)
    client.socket.write(fields === post ? get(origin, '/', fields).replace('GET', 'POST') : get(origin, '/', fields))
    // it counts from the request's last octet
    if (fields === post) for (let sent = 0; sent < 12; sent++) await pause(2 * LIMIT / 12).then(() => client.socket.write('x'))
    const began = performance.now()
    t.match(await said(client, '\r\n\r\n'), /^HTTP\/1\.1 504 [^]*error=http_response_timeout/, what)
    inTime(t, began, what)
    client.socket.destroy()
    await until('nothing is left', () => gateway.live.size + gateway.connections.size + origin.open.size === 0)
    t.same(gateway.records.map(({ error, fault }) => `${error} ${fault}`), ['http_response_timeout upstream'], what)
    t.same(gateway.counted(), [0, 0, 0, 0], what)
  }))
})

t.test('interim answers show that an upstream is at work', async (t) => {
  const gateway = await startGateway(t, limits(`first-byte: ${LIMIT}ms`))
  const origin = await site(t, 'plain', async (each) => {
    await said(each, '\r\n\r\n')
    for (let turn = 0; turn < 6; turn++) await pause(2 * STEP).then(() => each.socket.write('HTTP/1.1 102 Processing\r\n\r\n'))
    each.socket.write(OK)
  })
  const client = speaker(t, gateway.port)
  client.socket.write(get(origin))
  t.equal((await said(client, '\r\n\r\nok')).match(/ 102 /g)?.length, 6)
})
