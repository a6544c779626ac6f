// Limited by a rule, measured: bodies and tunnels at their rate in each direction, groups together, clients each for itself, whoever is not
// limited as fast as ever; and the buckets, exact over threads.
import t from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { BUCKET_BYTES, Buckets, burstOf, sharedMs } from '../../src/proxy/buckets.ts'
import { openPolicy, startGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { ip } from './sockets.ts'

const RATE = 400_000
const HOSTS = '127.0.0.1 slow.test each.test free.test\n'
const PIECE = Buffer.alloc(64 * 1024, 'x')

function limits(slow = `action: limit, rate: ${RATE / 1000}kB/s`, more = ''): string {
  return openPolicy(`  rules:
    - { name: slow, ${slow}, host: slow.test, resolves-to: 127.0.0.0/8 }
    - { name: each, action: limit, rate: ${RATE / 1000}kB/s, per: client, host: each.test, resolves-to: 127.0.0.0/8 }
`, more)
}

/** Answers every GET with a body without end, counts what a POST and a tunnel bring, and sends without end to whoever says `down`. */
async function origin(t: Test): Promise<{ readonly port: number; readonly counted: () => number }> {
  let counted = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const more = (): void => {
      while (socket.writable && socket.write(PIECE)) { /* until the kernel is full */ }
    }
    socket.once('data', (first: Buffer) => {
      const text = first.toString('latin1')
      if (text.startsWith('GET /small')) {
        const answer = `HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n${'~'.repeat(8000)}`
        socket.write(answer)
        socket.on('data', () => socket.write(answer))
        return
      }
      if (text.startsWith('GET')) {
        if (text.includes('Upgrade: websocket')) {
          const key = /Sec-WebSocket-Key: (\S+)/i.exec(text)?.[1] ?? ''
          socket.write(text.includes('/no') ? 'HTTP/1.1 200 OK\r\nContent-Length: 900000000000\r\n\r\n' : `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`)
        } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 900000000000\r\n\r\n')
      } else if (!text.startsWith('down')) {
        counted += first.length
        socket.on('data', (chunk: Buffer) => (counted += chunk.length))
        return
      }
      socket.on('drain', more)
      more()
      socket.resume()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { port: (server.address() as AddressInfo).port, counted: () => counted }
}

class Flow {
  octets = 0
  readonly socket: Socket

  constructor(t: Test, gateway: Gateway, from = '127.0.0.1') {
    this.socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: from })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => (this.octets += chunk.length))
    t.teardown(() => this.socket.destroy())
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Sends without end. */
  pour(): this {
    const more = (): void => {
      while (this.socket.writable && this.socket.write(PIECE)) { /* until the kernel is full */ }
    }
    this.socket.on('drain', more)
    more()
    return this
  }

  async tunnel(host: string, port: number): Promise<this> {
    this.send(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`)
    await once(this.socket, 'data')
    return this
  }
}

function get(host: string, port: number, path = '/'): string {
  return `GET http://${host}:${port}${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`
}

/** Octets a second of what `count` tells, after a second in which the first burst is over. */
async function measured(count: () => number, seconds = 3): Promise<number> {
  await sleep(1000)
  const [before, began] = [count(), performance.now()]
  await sleep(seconds * 1000)
  return Math.round((count() - before) / ((performance.now() - began) / 1000))
}

function near(t: Test, rate: number, wanted: number, what: string): void {
  t.ok(Math.abs(rate / wanted - 1) <= 0.15, `${what}: ${rate} of ${wanted} octets a second`)
}

/** A machine that stood still for half a second has another second: the rate is the gateway's, the pauses are the machine's. */
async function settles(t: Test, measure: () => Promise<number>, wanted: number, what: string): Promise<void> {
  let rate = await measure()
  for (let more = 0; more < 2 && Math.abs(rate / wanted - 1) > 0.15; more++) rate = await measure()
  near(t, rate, wanted, what)
}

t.test('one bucket, four threads: not an octet more than its rate', async (t) => {
  const buffer = new SharedArrayBuffer(BUCKET_BYTES)
  const [rate, piece, workers, seconds] = [2_000_000, 1000, 4, 2]
  const gate = new SharedArrayBuffer(4)
  const all = await Promise.all(Array.from({ length: workers }, async (_, worker) => {
    const thread = new Worker(new URL('./bucket-taker.ts', import.meta.url), { workerData: { buffer, gate, workers, worker, rate, ms: seconds * 1000, piece } })
    const [told] = await once(thread, 'message') as [readonly [took: number, began: number, ended: number]]
    return told
  }))
  const took = all.reduce((sum, [each]) => sum + each, 0)
  const [first, last] = [Math.min(...all.map(([, began]) => began)), Math.max(...all.map(([,, ended]) => ended))]
  // the bucket may have begun with the first of them, before all were there
  const most = rate * ((last - first) / 1000 + 0.3) + burstOf(rate) + workers * piece
  t.ok(took <= most, `${took} of at most ${most}`)
  t.ok(took >= rate * (seconds - 0.5), `${took}, and no less than its rate`)
  const left = new Buckets(buffer, 0, 0, 7).bucket({ words: [1, 2], client: undefined }, rate).left()
  t.ok(left <= burstOf(rate))
})

t.test('a bucket counts each octet, keeps the parts of an octet, and is full after a rest', async (t) => {
  const buckets = new Buckets(new SharedArrayBuffer(BUCKET_BYTES), 0, 0, 1)
  const bucket = buckets.bucket({ words: [1, 1], client: ip('192.0.2.1') }, 1500)
  t.equal(bucket.left(), 375)
  const began = sharedMs()
  bucket.take(100_000)
  while (sharedMs() - began < 400) bucket.left()
  const left = bucket.left()
  const owed = 375 - 100_000 + Math.floor((sharedMs() - began) * 1.5)
  t.ok(Math.abs(left - owed) <= 30, `${left} after many looks, ${owed} reckoned`)
  t.equal(bucket.waitMs(-1499), 1000)
  t.equal(buckets.bucket({ words: [1, 1], client: ip('192.0.2.2') }, 1500).left(), 375, 'another client has its own')
  t.equal(buckets.bucket({ words: [1, 1], client: ip('192.0.2.1') }, 1500).take(1) < -98_000, true, 'the same client the same')
})

t.test('who finds no room for a bucket in the table is limited all the same', async (t) => {
  const buckets = new Buckets(new SharedArrayBuffer(BUCKET_BYTES), 0, 0, 1)
  for (let client = 0; client < 20_000; client++) buckets.bucket({ words: [3, 3], client: ip(`10.${client >> 16}.${(client >> 8) & 255}.${client & 255}`) }, 1000)
  const bucket = buckets.bucket({ words: [4, 4], client: ip('192.0.2.1') }, 1000)
  t.ok(bucket.take(5000) < 0)
  t.ok(bucket.take(1) < -4700)
})

t.test('bodies and tunnels, down and up', { timeout: 60_000 }, async (t) => {
  const up = await origin(t)
  const gateway = await startGateway(t, limits(), HOSTS)
  const free = new Flow(t, gateway).send(get('free.test', up.port))

  const down = new Flow(t, gateway).send(get('slow.test', up.port))
  const [rate, other] = await Promise.all([measured(() => down.octets), measured(() => free.octets)])
  near(t, rate, RATE, 'a response')
  t.ok(other > 20_000_000, `whoever is not limited: ${other}`)
  down.socket.destroy()
  free.socket.destroy()

  const tunnel = await new Flow(t, gateway).tunnel('slow.test', up.port)
  tunnel.send('down')
  await settles(t, () => measured(() => tunnel.octets), RATE, 'a tunnel, down')
  tunnel.socket.destroy()

  for (const [what, open] of [
    ['a request\'s body', async () => new Flow(t, gateway).send(`POST http://slow.test:${up.port}/ HTTP/1.1\r\nHost: slow.test:${up.port}\r\nContent-Length: 900000000000\r\n\r\n`)],
    ['a tunnel, up', async () => (await new Flow(t, gateway).tunnel('slow.test', up.port)).send('up')],
  ] as const) {
    const flow = (await open()).pour()
    await settles(t, () => measured(up.counted), RATE, what)
    flow.socket.destroy()
  }

  const ask = (path: string): string => `GET http://slow.test:${up.port}${path} HTTP/1.1\r\nHost: slow.test:${up.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  for (const [what, path] of [['a WebSocket', '/'], ['an answer that is none', '/no']] as const) {
    const socket = new Flow(t, gateway).send(ask(path))
    await settles(t, () => measured(() => socket.octets), RATE, what)
    socket.socket.destroy()
  }
  await sleep(100)
  t.ok(gateway.records.filter(({ rule }) => rule === 'slow').every(({ limit }) => limit === '400kB/s'), 'and the record tells it')
  t.ok(gateway.records.some(({ rule, limit }) => rule === 'loopback' && limit === undefined))
})

t.test('a group together, clients each for itself', { timeout: 60_000 }, async (t) => {
  const up = await origin(t)
  const gateway = await startGateway(t, limits(), HOSTS)
  const group = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((from) => new Flow(t, gateway, from).send(get('slow.test', up.port)))
  const mine = [1, 2, 3].map(() => new Flow(t, gateway, '127.0.0.4').send(get('each.test', up.port)))
  const other = await new Flow(t, gateway, '127.0.0.5').tunnel('each.test', up.port)
  other.send('down')
  const sum = (flows: readonly Flow[]) => (): number => flows.reduce((total, { octets }) => total + octets, 0)
  const before = group.map(({ octets }) => octets)
  const all = (): Promise<number[]> => Promise.all([measured(sum(group)), measured(sum(mine)), measured(() => other.octets)])
  let found = await all()
  for (let more = 0; more < 2 && found.some((rate) => Math.abs(rate / RATE - 1) > 0.15); more++) found = await all()
  const [together = 0, client = 0, another = 0] = found
  near(t, together, RATE, 'three clients of a group')
  near(t, client, RATE, 'three connections of one client')
  near(t, another, RATE, 'another client')
  const shares = group.map(({ octets }, index) => octets - (before[index] ?? 0))
  t.ok(Math.min(...shares) > Math.max(...shares) / 3, `each of the group has its share: ${shares.join(', ')}`)
  for (const flow of [...group, ...mine, other]) flow.socket.destroy()
  await sleep(100)
  t.ok(gateway.records.some(({ limit }) => limit === '400kB/s per client'))
})

t.test('many short responses, each a new request, are no way round it', { timeout: 60_000 }, async (t) => {
  const up = await origin(t)
  const gateway = await startGateway(t, limits(), HOSTS)
  const flows = Array.from({ length: 30 }, () => new Flow(t, gateway))
  for (const flow of flows) {
    let left = 8000
    flow.socket.on('data', (chunk: Buffer) => {
      for (const octet of chunk) if (octet === 0x7e) left--
      if (left > 0) return
      left = 8000
      flow.send(get('slow.test', up.port, '/small'))
    })
    flow.send(get('slow.test', up.port, '/small'))
  }
  await settles(t, () => measured(() => flows.reduce((sum, { octets }) => sum + octets, 0), 4), RATE, 'short responses')
})

t.test('what runs follows the policy: slowed, at another rate, let go, and never while it only observes', { timeout: 60_000 }, async (t) => {
  const up = await origin(t)
  const gateway = await startGateway(t, limits('action: allow'), HOSTS)
  const body = new Flow(t, gateway).send(get('slow.test', up.port))
  const tunnel = await new Flow(t, gateway).tunnel('slow.test', up.port)
  tunnel.send('down')
  const rates = (): Promise<readonly number[]> => Promise.all([measured(() => body.octets, 2), measured(() => tunnel.octets, 2)])
  const fast = (values: readonly number[]): boolean => values.every((rate) => rate > 1_500_000) || (t.comment(values.join(', ')), false)
  t.ok(fast(await rates()), 'as fast as it comes')
  gateway.load(limits(`action: limit, rate: ${RATE / 1000}kB/s`))
  // what was read in one go before is owed first
  await sleep(3000)
  await settles(t, async () => (await rates()).reduce((sum, rate) => sum + rate, 0), RATE, 'slowed')
  gateway.load(limits('action: limit, rate: 1MB/s'))
  await settles(t, async () => (await rates()).reduce((sum, rate) => sum + rate, 0), 1_000_000, 'at another rate')
  gateway.load(limits('action: limit, rate: 1MB/s', 'mode: observe\n'))
  t.ok(fast(await rates()), 'observed')
  gateway.load(limits('action: limit, rate: 1MB/s'))
  gateway.load(limits('action: allow'))
  t.ok(fast(await rates()), 'let go')
})

t.test('fifty tunnels take turns, and who waits is not taken for idle', { timeout: 60_000 }, async (t) => {
  const up = await origin(t)
  const gateway = await startGateway(t, limits(undefined, 'limits: { tunnel-idle: 1s, idle-body: 1s }\n'), HOSTS)
  const tunnels = await Promise.all(Array.from({ length: 50 }, () => new Flow(t, gateway).tunnel('slow.test', up.port)))
  for (const each of tunnels) each.send('down')
  await settles(t, () => measured(() => tunnels.reduce((sum, { octets }) => sum + octets, 0), 4), RATE, 'all together')
  t.ok(tunnels.every(({ socket }) => !socket.destroyed && socket.readable), 'none was ended')
  const octets = tunnels.map((each) => each.octets)
  t.ok(Math.min(...octets) > 0 && Math.min(...octets) > Math.max(...octets) / 8, `each has its share: ${Math.min(...octets)} to ${Math.max(...octets)}`)
})
