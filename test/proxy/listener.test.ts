// Accepting: who is over the limit waits, who waits is served in turn, and no error of an accept ends anything.
import t from 'tap'
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { listen } from '../../src/proxy/listener.ts'
import type { Serve } from '../../src/proxy/listener.ts'
import { gateWith, pause, snapshotWith } from './sockets.ts'
import type { Test } from './sockets.ts'

/** Says which limit it is over, or hello. */
const greet: Serve = (socket, _gate, limited) => {
  socket.on('data', () => {}).on('end', () => socket.end())
  socket.write(limited === undefined ? 'hello' : limited.limit)
}

function ask(t: Test, port: number): { socket: Socket; heard: () => string } {
  let text = ''
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {}).on('data', (chunk) => (text += chunk))
  t.teardown(() => socket.destroy())
  return { socket, heard: () => text }
}

t.test('at the limit of connections the next wait, and are served in turn', async (t) => {
  const gate = gateWith(snapshotWith({ connections: 2 }))
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate, greet)
  t.teardown(() => listener.close())
  const clients = Array.from({ length: 4 }, () => ask(t, listener.port))
  await pause(150)
  t.same(clients.map(({ heard }) => heard()), ['hello', 'hello', '', ''])
  t.equal(listener.waiting, 2)
  clients[0]?.socket.end()
  await pause(60)
  t.same(clients.map(({ heard }) => heard()), ['hello', 'hello', 'hello', ''])
  clients[3]?.socket.resetAndDestroy()
  await pause(30)
  clients[1]?.socket.end()
  clients[2]?.socket.end()
  await pause(60)
  t.equal(listener.waiting, 0)
  t.equal(gate.limits.connections, 0)
})

t.test('a client over its own limit is served, and told', async (t) => {
  const gate = gateWith(snapshotWith({ connectionsPerClient: 1 }))
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate, greet)
  t.teardown(() => listener.close())
  const clients = [ask(t, listener.port), ask(t, listener.port)]
  await pause(80)
  t.same(clients.map(({ heard }) => heard()).sort(), ['connections-per-client', 'hello'])
})

t.test('a place that another worker frees is seen', async (t) => {
  const snapshot = snapshotWith({ connections: 1 })
  const gate = gateWith(snapshot)
  const elsewhere = gate.limits.connection({ family: 4, value: 1n, text: '0.0.0.1' }, snapshot.compiled.policy.limits)
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate, greet)
  t.teardown(() => listener.close())
  const client = ask(t, listener.port)
  await pause(120)
  t.equal(client.heard(), '')
  elsewhere.release()
  await pause(350)
  t.equal(client.heard(), 'hello')
})

t.test('closing ends listening and nothing else', async (t) => {
  const gate = gateWith(snapshotWith())
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate, greet)
  const client = ask(t, listener.port)
  await pause(60)
  listener.close()
  await pause(30)
  t.notOk(client.socket.destroyed)
  t.equal(client.heard(), 'hello')
  const late = ask(t, listener.port)
  await pause(50)
  t.ok(late.socket.destroyed)
  client.socket.destroy()
})

t.test('an address in use is told', async (t) => {
  const gate = gateWith(snapshotWith())
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate, greet)
  t.teardown(() => listener.close())
  await t.rejects(listen({ host: '127.0.0.1', port: listener.port }, gate, greet), { code: 'EADDRINUSE' })
})

t.test('with few descriptors a flood ends nothing, and service goes on behind it', async (t) => {
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
  const code = `
    const { listen } = await import(${url('../../src/proxy/listener.ts')})
    const { gateWith, snapshotWith } = await import(${url('./sockets.ts')})
    const gate = gateWith(snapshotWith({ newPerSecond: 1e6, newPerSecondPerClient: 1e6 }))
    const serve = (socket) => { socket.on('data', () => {}).on('end', () => socket.end()); socket.write('hello') }
    const listener = await listen({ host: '127.0.0.1', port: 0, onAcceptError: () => {} }, gate, serve)
    console.log(listener.port)`
  const child = spawn('sh', ['-c', 'ulimit -n 96; exec "$0" --input-type=module -e "$1"', process.execPath, code], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (chunk) => resolve(Number(chunk))))
  const flood = Array.from({ length: 400 }, () => ask(t, port))
  await pause(400)
  t.equal(child.exitCode, null, 'it lives')
  t.ok(flood.some(({ heard }) => heard() === 'hello'))
  for (const { socket } of flood) socket.destroy()
  await pause(200)
  const after = ask(t, port)
  await pause(300)
  t.equal(after.heard(), 'hello')
})
