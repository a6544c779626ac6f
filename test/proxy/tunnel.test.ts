// A tunnel over real sockets: held until judged, then transparent, ends included.
import t from 'tap'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { parseHost } from '../../src/net/target.ts'
import type { Limits, Tunnels } from '../../src/policy/policy.ts'
import type { Relay, RelayEnd } from '../../src/proxy/gate.ts'
import { openTunnel } from '../../src/proxy/tunnel.ts'
import { helloFor, message, record, records, serverName } from '../tls/hello.ts'
import { endpoint, gateWith, hear, pair, pause, snapshotWith, TUNNELS, until } from './sockets.ts'
import type { Test } from './sockets.ts'

interface Opened {
  readonly client: Socket
  readonly upstream: Socket
  readonly relay: Relay
  readonly end: Promise<RelayEnd>
}

const ANYTHING: Tunnels = { requireTls: false, serverName: 'any', ech: 'allow' }
const NO_TLS: Tunnels = { requireTls: false, serverName: 'match', ech: 'allow' }

async function open(t: Test, options: { host?: string; tunnels?: Tunnels; early?: Buffer; limits?: Partial<Limits>; banner?: string } = {}): Promise<Opened> {
  const client = await pair(t)
  const upstream = await pair(t)
  if (options.banner !== undefined) {
    upstream.far.write(options.banner)
    await pause(20)
  }
  const host = parseHost(options.host ?? 'a.example')
  if (!host.ok) throw new Error(host.problem)
  const snapshot = snapshotWith(options.limits)
  const end = Promise.withResolvers<RelayEnd>()
  const relay = openTunnel({
    client: client.near.pause(), early: options.early ?? Buffer.alloc(0), upstream: upstream.near.pause(), target: { host: host.value, port: 443 },
    endpoint: endpoint('127.0.0.1', 443, options.tunnels ?? TUNNELS), snapshot, gate: gateWith(snapshot), pace: undefined, onEnd: end.resolve
  })
  return { client: client.far, upstream: upstream.far, relay, end: end.promise }
}

const HELLO = helloFor('a.example')

t.test('a hello for the target passes whole, and both directions run', async (t) => {
  const { client, upstream, end } = await open(t)
  const heardUp = hear(upstream)
  const heardDown = hear(client)
  for (const at of [0, 3, 40]) {
    client.write(HELLO.subarray(at, at === 0 ? 3 : at === 3 ? 40 : undefined))
    await pause(15)
    if (at < 40) t.equal(heardUp.bytes().length, 0, 'nothing goes upstream before the hello is whole')
  }
  while (heardUp.bytes().length < HELLO.length) await pause(5)
  t.same(heardUp.bytes(), HELLO)
  upstream.write('server hello')
  while (heardDown.bytes().length < 12) await pause(5)
  t.equal(heardDown.bytes().toString(), 'server hello')
  client.end('bye')
  t.equal(await heardUp.ended, 'end')
  upstream.end('last words')
  t.equal(await heardDown.ended, 'end')
  t.equal(heardDown.bytes().toString(), 'server hellolast words', 'half-close kept')
  t.match(await end, { bytesIn: HELLO.length + 3, bytesOut: 22, serverName: 'a.example', ech: false, error: undefined, cause: undefined, status: 200 })
})

t.test('what the client sent early counts', async (t) => {
  const { client, upstream, end } = await open(t, { early: Buffer.concat([HELLO, record(Buffer.from('0-rtt'), 23)]) })
  const heard = hear(upstream)
  await pause(20)
  t.equal(heard.bytes().length, HELLO.length + 10)
  client.destroy()
  t.equal(await heard.ended, 'end')
  upstream.end()
  await end
})

const CLOSED: readonly (readonly [what: string, sent: Buffer, tunnels: Tunnels, host: string, error: string])[] = [
  ['another name', helloFor('b.example'), TUNNELS, 'a.example', 'server_name_mismatch'],
  ['another name, early', helloFor('b.example'), NO_TLS, 'a.example', 'server_name_mismatch'],
  ['no name', helloFor(), TUNNELS, 'a.example', 'server_name_missing'],
  ['a name for a number', HELLO, TUNNELS, '192.0.2.7', 'server_name_mismatch'],
  ['two names', helloFor('a.example', 'b.example'), TUNNELS, 'a.example', 'server_name_doubled'],
  ['SSH', Buffer.from('SSH-2.0-x\r\n'), TUNNELS, 'a.example', 'not_tls'],
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), TUNNELS, 'a.example', 'not_tls'],
  ['a number for a name', helloFor('127.0.0.1'), TUNNELS, 'a.example', 'server_name_numeric'],
  ['a broken hello', records(message({ extensions: [serverName('a.example')], session: 33 })), TUNNELS, 'a.example', 'client_hello_malformed'],
  ['an endless hello', records(Buffer.concat([Buffer.from([1, 0, 0x7f, 0xff]), Buffer.alloc(20_000)])), TUNNELS, 'a.example', 'client_hello_too_large']
]

t.test('what is not as asked for is closed, and nothing of it goes upstream', async (t) => {
  for (const [what, sent, tunnels, host, error] of CLOSED) {
    for (const early of [true, false]) {
      const { client, upstream, end } = await open(t, { tunnels, host, ...(early ? { early: sent } : {}) })
      const heardUp = hear(upstream)
      const heardDown = hear(client)
      if (!early) client.write(sent)
      t.match(await end, { error, cause: { by: 'server-name' }, bytesIn: 0, bytesOut: 0 }, `${what}: ${error}`)
      await heardUp.ended
      await heardDown.ended
      t.equal(heardUp.bytes().length + heardDown.bytes().length, 0)
    }
  }
})

t.test('a hello that does not come in time', async (t) => {
  for (const [sent, tunnels] of [[Buffer.alloc(0), TUNNELS], [HELLO.subarray(0, 20), TUNNELS], [HELLO.subarray(0, 20), NO_TLS]] as const) {
    const { client, upstream, end } = await open(t, { tunnels, limits: { headMs: 150 } })
    const heard = hear(upstream)
    const began = Date.now()
    client.write(sent)
    t.match(await end, { error: 'client_hello_timeout' })
    t.ok(Date.now() - began >= 140 && Date.now() - began < 1500)
    await heard.ended
    t.equal(heard.bytes().length, 0)
  }
})

t.test('a server that speaks first', async (t) => {
  const strict = await open(t, { banner: 'SSH-2.0-server\r\n' })
  const heardStrict = hear(strict.client)
  strict.upstream.write('more')
  await pause(40)
  t.equal(heardStrict.bytes().length, 0, 'is not heard where TLS is required')
  strict.client.write(HELLO)
  await pause(40)
  t.equal(heardStrict.bytes().toString(), 'SSH-2.0-server\r\nmore', 'and is, once the hello has passed')
  strict.relay.end('x', 'policy')
  await strict.end
  for (const tunnels of [NO_TLS, ANYTHING]) {
    const { client, upstream, relay, end } = await open(t, { tunnels, banner: '220 mail\r\n' })
    const heard = hear(client)
    const heardUp = hear(upstream)
    await pause(30)
    t.equal(heard.bytes().toString(), '220 mail\r\n', 'passes where it is not')
    client.write('EHLO x\r\n')
    await pause(30)
    t.equal(heardUp.bytes().toString(), 'EHLO x\r\n')
    relay.end('done', 'policy')
    await end
  }
})

t.test('resets go through, at once', async (t) => {
  for (const side of ['client', 'upstream'] as const) {
    const opened = await open(t, { early: HELLO })
    const far = side === 'client' ? opened.upstream : opened.client
    const heard = hear(far)
    await pause(20)
    opened[side].resetAndDestroy()
    const began = Date.now()
    t.equal(await heard.ended, 'ECONNRESET', `the ${side}'s reset arrives as one`)
    t.ok(Date.now() - began < 500)
    t.match(await opened.end, { error: 'connection_terminated', fault: side })
  }
})

t.test('silence and age end it', async (t) => {
  const idle = await open(t, { early: HELLO, limits: { tunnelIdleMs: 300 } })
  hear(idle.upstream)
  hear(idle.client)
  for (let i = 0; i < 5; i++) {
    await pause(100)
    idle.client.write('x')
  }
  const began = Date.now()
  t.match(await idle.end, { error: 'tunnel_idle', bytesIn: HELLO.length + 5 })
  t.ok(Date.now() - began >= 200, 'what moves is not silent')
  const old = await open(t, { early: HELLO, limits: { tunnelAgeMs: 250 } })
  hear(old.upstream)
  hear(old.client)
  t.match(await old.end, { error: 'tunnel_age' })
})

t.test('`end` closes both sides and tells why, once', async (t) => {
  const { client, upstream, relay, end } = await open(t, { early: HELLO })
  const heard = [hear(client), hear(upstream)]
  await pause(20)
  const cause = { by: 'lessons-only', kind: 'rule', reason: 'lesson' } as const
  relay.end('policy_changed', 'policy', cause)
  relay.end('again', 'gateway')
  t.match(await end, { error: 'policy_changed', fault: 'policy', cause })
  await Promise.all(heard.map(({ ended }) => ended))
})

t.test('a client that leaves before its hello', async (t) => {
  const silent = await open(t)
  hear(silent.upstream)
  hear(silent.client)
  silent.client.end()
  t.match(await silent.end, { error: undefined, bytesIn: 0 })
  const half = await open(t)
  hear(half.upstream)
  hear(half.client)
  half.client.end(HELLO.subarray(0, 30))
  t.match(await half.end, { error: 'client_hello_malformed' })
})

t.test('an answer is not lost when the other side refuses the rest of an upload', async (t) => {
  const { client, upstream, end } = await open(t, { early: HELLO })
  const heard = hear(client)
  await once(upstream, 'readable')
  upstream.read()
  upstream.write('413 too large')
  await pause(20)
  // unread octets at the close: the kernel answers them with a reset
  client.write(Buffer.alloc(300_000))
  await pause(20)
  upstream.destroy()
  await heard.ended
  t.equal(heard.bytes().toString(), '413 too large')
  await end
})

t.test('a reader that is slow stops the writer, and loses nothing', async (t) => {
  const { client, upstream, end } = await open(t, { early: HELLO })
  const block = Buffer.alloc(1 << 20, 'b')
  let sent = 0
  let full = false
  upstream.on('error', () => {})
  upstream.resume()
  for (let i = 0; i < 64 && !full; i++) {
    full = !upstream.write(block)
    sent += block.length
    if (full && sent < 40 << 20) {
      await Promise.race([until(upstream, 'drain'), pause(150)])
      full = upstream.writableNeedDrain
    }
  }
  t.ok(sent < 60 << 20, `it stopped after ${sent >> 20} MiB`)
  upstream.end()
  let got = 0
  for await (const chunk of client) got += (chunk as Buffer).length
  t.equal(got, sent)
  client.end()
  t.match(await end, { bytesOut: sent })
})

// RFC 8446 4.1.4: a server may ask for a second hello, and the second one's name is the one that servers follow
const RETRY = record(Buffer.concat([Buffer.from([2, 0, 0, 38, 3, 3]), Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex'), Buffer.alloc(2)]), 22, 0x0303)
const SERVER_HELLO = record(Buffer.concat([Buffer.from([2, 0, 0, 38, 3, 3]), Buffer.alloc(34, 9)]), 22, 0x0303)

t.test('a second hello is held to the name too', async (t) => {
  for (const [what, second, error] of [
    ['another name', helloFor('b.example'), 'server_name_mismatch'],
    ['no name', helloFor(), 'server_name_missing'],
    ['a broken one', records(Buffer.from([1, 0, 0, 1, 0])), 'client_hello_malformed'],
    ['no hello at all', record(Buffer.from([11, 0, 0, 1, 0])), 'client_hello_malformed'],
  ] as const) {
    for (const size of [1, 7, 65_536]) {
      const { client, upstream, end } = await open(t)
      const up = hear(upstream)
      const down = hear(client)
      client.write(HELLO)
      while (up.bytes().length < HELLO.length) await pause(5)
      upstream.write(RETRY)
      while (down.bytes().length < RETRY.length) await pause(5)
      for (let at = 0; at < second.length; at += size) client.write(second.subarray(at, at + size))
      t.match(await end, { error, fault: 'policy', cause: { by: 'server-name' } }, `${what}, by ${size}`)
      t.same(up.bytes(), HELLO, 'nothing of it went upstream')
    }
  }
})

t.test('a second hello for the same name, with what may stand before it, passes as it came', async (t) => {
  const { client, upstream, end } = await open(t)
  const up = hear(upstream)
  client.write(HELLO)
  while (up.bytes().length < HELLO.length) await pause(5)
  upstream.write(RETRY)
  const rest = Buffer.concat([record(Buffer.from([1]), 20), HELLO, record(Buffer.alloc(300, 5), 23)])
  for (const octet of rest) client.write(Buffer.from([octet]))
  client.end()
  while (up.bytes().length < HELLO.length + rest.length) await pause(5)
  t.same(up.bytes(), Buffer.concat([HELLO, rest]))
  upstream.end()
  t.match(await end, { error: undefined, serverName: 'a.example' })
})

t.test('after any other answer nobody looks any more', async (t) => {
  const { client, upstream } = await open(t)
  const up = hear(upstream)
  const down = hear(client)
  client.write(HELLO)
  while (up.bytes().length < HELLO.length) await pause(5)
  upstream.write(SERVER_HELLO)
  while (down.bytes().length < SERVER_HELLO.length) await pause(5)
  const rest = record(Buffer.alloc(200, 5), 23)
  client.write(rest)
  while (up.bytes().length < HELLO.length + rest.length) await pause(5)
  t.same(up.bytes(), Buffer.concat([HELLO, rest]))
})
