// The content check of the relay: sixteen distinct streams each way at once, with pauses, small reads, half-closes and aborts in random order.
// A relay that shares one read buffer passes every load test and fails here.
import t from 'tap'
import { createCipheriv, createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { OWN_READS } from '../../src/proxy/own-reads.ts'
import { resetNow } from '../../src/proxy/reset.ts'
import { SocketRelay } from '../../src/proxy/relay.ts'
import type { RelayClosed } from '../../src/proxy/relay.ts'
import { pair, pause } from './sockets.ts'
import type { Test } from './sockets.ts'

const STREAMS = 16
const stream = (key: number, size: number): Buffer => createCipheriv('aes-128-ctr', Buffer.alloc(16, key), Buffer.alloc(16)).update(Buffer.alloc(size))
const digest = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex')

/** A generator of its own, so that a failure can be had again. */
function randomness(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

async function send(socket: Socket, bytes: Buffer, random: (below: number) => number): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed;) {
    const size = 1 + random(random(3) === 0 ? 200_000 : 3_000)
    const flushed = socket.write(bytes.subarray(at, at + size))
    at += size
    if (random(9) === 0) await pause(random(4))
    if (!flushed && !socket.destroyed) await new Promise<void>((resolve) => socket.once('drain', resolve).once('close', () => resolve()))
  }
  socket.end()
}

function receive(socket: Socket, random: (below: number) => number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let count = 0
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (++count % (3 + random(9)) !== 0) return
    socket.pause()
    setTimeout(() => socket.resume(), random(4))
  })
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) socket.once(event, () => resolve(Buffer.concat(chunks)))
  })
}

async function relayed(t: Test): Promise<{ client: Socket; upstream: Socket; closed: Promise<RelayClosed> }> {
  const client = await pair(t)
  const upstream = await pair(t)
  const closed = Promise.withResolvers<RelayClosed>()
  const relay = new SocketRelay({ client: client.near.pause(), upstream: upstream.near.pause(), idleMs: 60_000, ageMs: 60_000, inspectUp: false, inspectDown: false, pace: undefined }, { inspectUp: () => true, inspectDown: () => true, relayClosed: closed.resolve })
  relay.up.start()
  relay.down.start()
  return { client: client.far, upstream: upstream.far, closed: closed.promise }
}

t.test('this Node reads into our own buffers', async (t) => {
  t.ok(OWN_READS, 'else the relay falls back to a buffer a read: look at src/proxy/own-reads.ts')
})

for (const seed of [1, 2, 3]) {
  t.test(`sixteen streams at once, order ${seed}`, async (t) => {
    const random = randomness(seed)
    await Promise.all(Array.from({ length: STREAMS }, async (_, i) => {
      const up = stream(2 * i + 1, random(900_000))
      const down = stream(2 * i + 2, random(900_000))
      const { client, upstream, closed } = await relayed(t)
      const abort = i % 4 === 3
      const [gotUp, gotDown] = [receive(upstream, random), receive(client, random)]
      const sending = Promise.all([send(client, up, random), send(upstream, down, random)])
      if (abort) {
        await pause(random(40))
        const victim = random(2) === 0 ? client : upstream
        if (random(2) === 0) resetNow(victim)
        else victim.destroy()
      }
      const [atUpstream, atClient] = await Promise.all([gotUp, gotDown])
      await sending
      if (abort) {
        t.same(atUpstream, up.subarray(0, atUpstream.length), `stream ${i}, aborted: what arrived is the beginning`)
        t.same(atClient, down.subarray(0, atClient.length))
        client.destroy()
        upstream.destroy()
        await closed
        return
      }
      t.equal(digest(atUpstream), digest(up), `stream ${i}: what the client sent`)
      t.equal(digest(atClient), digest(down), `stream ${i}: what the upstream sent`)
      t.match(await closed, { bytesIn: up.length, bytesOut: down.length, error: undefined })
    }))
  })
}

t.test('a Node that does not let us have our own buffers', async (t) => {
  const client = await pair(t)
  const upstream = await pair(t)
  for (const { near } of [client, upstream]) Object.defineProperty((near as unknown as { _handle: object })._handle, 'useUserBuffer', { value: undefined })
  const closed = Promise.withResolvers<RelayClosed>()
  const relay = new SocketRelay({ client: client.near.pause(), upstream: upstream.near.pause(), idleMs: 60_000, ageMs: 60_000, inspectUp: false, inspectDown: false, pace: undefined }, { inspectUp: () => true, inspectDown: () => true, relayClosed: closed.resolve })
  relay.up.start()
  relay.down.start()
  const random = randomness(9)
  const [up, down] = [stream(1, 700_000), stream(2, 700_000)]
  const [gotUp, gotDown] = [receive(upstream.far, random), receive(client.far, random)]
  await Promise.all([send(client.far, up, random), send(upstream.far, down, random)])
  t.equal(digest(await gotUp), digest(up))
  t.equal(digest(await gotDown), digest(down))
  t.match(await closed.promise, { bytesIn: up.length, bytesOut: down.length, error: undefined })
})

t.test('buffers grow with the flow, are given back in silence, and the content stays right', async (t) => {
  const client = await pair(t)
  const upstream = await pair(t)
  const closed = Promise.withResolvers<RelayClosed>()
  const relay = new SocketRelay({ client: client.near.pause(), upstream: upstream.near.pause(), idleMs: 60_000, ageMs: 60_000, inspectUp: false, inspectDown: false, pace: undefined }, { inspectUp: () => true, inspectDown: () => true, relayClosed: closed.resolve })
  relay.up.start()
  relay.down.start()
  const heard = receive(client.far, () => 5)
  const parts: Buffer[] = []
  for (let i = 0; i < 4; i++) {
    const part = stream(90 + i, 8 << 20)
    parts.push(part)
    await new Promise<void>((resolve) => upstream.far.write(part, () => resolve()))
    await pause(60)
    relay.down.rest()
    relay.up.rest()
  }
  upstream.far.end()
  client.far.end()
  t.equal(digest(await heard), digest(Buffer.concat(parts)))
  t.match(await closed.promise, { bytesOut: 32 << 20 })
})
