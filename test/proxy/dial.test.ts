// Dialling judged addresses: families in turn, failures told apart, the first to connect wins and the rest is closed.
import t from 'tap'
import type { Socket } from 'node:net'
import type { Endpoint } from '../../src/decision/facts.ts'
import { Dial, type Dialled, type DialOptions, interleave } from '../../src/proxy/dial.ts'
import { silence } from './silent.ts'
import { endpoint, pause, serve } from './sockets.ts'

const dial = (endpoints: readonly Endpoint[], options: DialOptions): Promise<Dialled> => new Promise((resolve) => new Dial(endpoints, options, resolve))

t.test('families take turns', async (t) => {
  const [a, b, c, d] = [endpoint('192.0.2.1', 1), endpoint('192.0.2.2', 1), endpoint('2001:db8::1', 1), endpoint('192.0.2.3', 1)]
  const text = (six: boolean): string => interleave([a, b, c, d], six).map(({ address }) => address.text).join(' ')
  t.equal(text(true), '2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3')
  t.equal(text(false), '192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3')
})

t.test('the first address that answers', async (t) => {
  const port = await serve(t, () => {})
  const dialled = await dial([endpoint('127.0.0.1', port)], { timeoutMs: 1000 })
  t.ok(dialled.ok)
  if (!dialled.ok) return
  t.equal(dialled.socket.remoteAddress, '127.0.0.1')
  t.equal(dialled.endpoint.port, port)
  dialled.socket.destroy()
})

t.test('a refused address does not keep the next one waiting', async (t) => {
  const port = await serve(t, () => {})
  const began = performance.now()
  // nobody listens on 127.0.0.2 at that port
  const dialled = await dial([endpoint('127.0.0.2', port), endpoint('127.0.0.3', port), endpoint('127.0.0.1', port)], { timeoutMs: 1000 })
  t.ok(dialled.ok && dialled.endpoint.address.text === '127.0.0.1')
  t.ok(performance.now() - began < 240)
  if (dialled.ok) dialled.socket.destroy()
})

t.test('what failed, and how it is told', async (t) => {
  const port = await serve(t, () => {})
  const refused = await dial([endpoint('127.0.0.2', port)], { timeoutMs: 1000 })
  t.match(refused, { ok: false, error: 'connection_refused', detail: 'ECONNREFUSED' })
  t.match(await dial([], { timeoutMs: 1000 }), { ok: false, error: 'destination_ip_unroutable' })
  // a broadcast address: the kernel refuses it at once
  t.match(await dial([endpoint('255.255.255.255', port)], { timeoutMs: 1000 }), { ok: false, error: 'destination_ip_unroutable' })
  t.match(await dial([endpoint('255.255.255.255', port), endpoint('127.0.0.2', port)], { timeoutMs: 1000 }), { ok: false, error: 'connection_refused' }, 'a living machine\'s answer says more')
})

t.test('a client that leaves', async (t) => {
  const port = await serve(t, () => {})
  const told: Dialled[] = []
  const dialling = new Dial([endpoint('127.0.0.1', port)], { timeoutMs: 5000 }, (dialled) => told.push(dialled))
  dialling.abort()
  dialling.abort()
  await pause(50)
  t.match(told, [{ ok: false, error: 'aborted' }], 'told once')
})

t.test('a late reset finds a listener', async (t) => {
  const sockets: Socket[] = []
  const port = await serve(t, (socket) => sockets.push(socket))
  const dialled = await dial([endpoint('127.0.0.1', port)], { timeoutMs: 1000, allowHalfOpen: true })
  while (sockets.length === 0) await pause(5)
  sockets[0]?.resetAndDestroy()
  await pause(30)
  t.ok(dialled.ok && dialled.socket.destroyed, 'the process goes on')
})

t.test('a silent address: the next is tried beside it, and the loser is closed', async (t) => {
  let accepted = 0
  const port = await serve(t, () => accepted++)
  await silence(t, SILENT, port)
  const began = performance.now()
  const dialled = await dial([endpoint(SILENT, port), endpoint('127.0.0.1', port)], { timeoutMs: 3000 })
  t.ok(dialled.ok && dialled.endpoint.address.text === '127.0.0.1')
  t.ok(performance.now() - began < 1000)
  if (dialled.ok) dialled.socket.destroy()
  const silent = await dial([endpoint(SILENT, port)], { timeoutMs: 300 })
  t.match(silent, { ok: false, error: 'connection_timeout' })
  t.equal(accepted, 1)
})

const SILENT = '127.0.0.2'
