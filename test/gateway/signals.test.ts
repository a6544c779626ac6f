// How a gateway ends, and what it does at a signal: drain at the first, end at the second, and a signal that comes by two ways is one.
import t from 'tap'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ask, folderFor, OPEN_POLICY, origin, serve, until } from './process.ts'

/** An origin that answers when it is told to. */
async function slowOrigin(t: Parameters<typeof origin>[0]): Promise<{ readonly port: number; asked: () => number; answer: () => void }> {
  const waiting: (() => void)[] = []
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    waiting.push(() => response.end('late'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked: () => asked, answer: () => waiting.splice(0).forEach((each) => each()) }
}

t.test('SIGTERM: what is under way ends in peace, what is new is refused', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const pidFile = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', pidFile])
  t.equal(readFileSync(pidFile, 'utf8'), `${gateway.pid}\n`)
  const up = await slowOrigin(t)
  const late = ask(gateway.port, `http://127.0.0.1:${up.port}/`)
  await until('the request is under way', () => up.asked() === 1)
  process.kill(gateway.pid, 'SIGTERM')
  process.kill(gateway.pid, 'SIGTERM') // the same signal by another way
  await until('it says so', () => /no new connections/.test(gateway.stderr()))
  await t.rejects(ask(gateway.port, `http://127.0.0.1:${up.port}/`), { code: 'ECONNREFUSED' })
  up.answer()
  t.equal((await late).body, 'late')
  t.same(await gateway.ended, { code: 0, signal: null })
  t.notOk(existsSync(pidFile), 'the PID file is gone')
  t.notOk(existsSync(join(folder, 'g.sock')), 'and the socket')
  t.match(gateway.stdout(), /"event":"ended"/)
})

t.test('an idle connection does not hold it up', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  const up = await origin(t)
  const { Agent } = await import('node:http')
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  await ask(gateway.port, `http://127.0.0.1:${up.port}/`, agent)
  const began = performance.now()
  process.kill(gateway.pid, 'SIGINT')
  t.same(await gateway.ended, { code: 0, signal: null })
  t.ok(performance.now() - began < 3_000)
})

t.test('a second SIGTERM, later than a second, ends at once', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  const up = await slowOrigin(t)
  const cut = ask(gateway.port, `http://127.0.0.1:${up.port}/`).then(() => 'answered', () => 'cut')
  await until('the request is under way', () => up.asked() === 1)
  process.kill(gateway.pid, 'SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  process.kill(gateway.pid, 'SIGTERM')
  t.same(await gateway.ended, { code: 143, signal: null })
  t.equal(await cut, 'cut')
  t.match(gateway.stdout(), /"event":"request"/, 'what was cut has its record')
})

t.test('limits.drain ends the wait', async (t) => {
  const folder = folderFor(t, { 'p.yaml': `${OPEN_POLICY}limits: { drain: 1s }\n` })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  const up = await slowOrigin(t)
  const cut = ask(gateway.port, `http://127.0.0.1:${up.port}/`).then(() => 'answered', () => 'cut')
  await until('the request is under way', () => up.asked() === 1)
  const began = performance.now()
  process.kill(gateway.pid, 'SIGTERM')
  t.same(await gateway.ended, { code: 0, signal: null })
  t.ok(performance.now() - began > 900)
  t.equal(await cut, 'cut')
  t.match(gateway.stdout(), /"event":"request"/, 'what was cut has its record')
})

t.test('SIGUSR2 opens the log files anew', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const access = join(folder, 'access')
  const events = join(folder, 'events')
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid'), '--access-log', access, '--event-log', events])
  const up = await origin(t)
  await ask(gateway.port, `http://127.0.0.1:${up.port}/before`)
  await until('the first line', () => /before/.test(readFileSync(access, 'utf8')))
  renameSync(access, `${access}.1`)
  renameSync(events, `${events}.1`)
  process.kill(gateway.pid, 'SIGUSR2')
  await until('the new files', () => existsSync(access) && existsSync(events))
  await ask(gateway.port, `http://127.0.0.1:${up.port}/after`)
  await until('the second line', () => /after/.test(readFileSync(access, 'utf8')) && /after/.test(readFileSync(events, 'utf8')))
  t.match(readFileSync(`${access}.1`, 'utf8'), /before/)
  t.notMatch(readFileSync(`${access}.1`, 'utf8'), /after/)
  t.match(readFileSync(events, 'utf8'), /log-reopened/)
  for (const line of readFileSync(events, 'utf8').trim().split('\n')) t.doesNotThrow(() => JSON.parse(line))
})

t.test('SIGUSR1 opens no debugger', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  process.kill(gateway.pid, 'SIGUSR1')
  const up = await origin(t)
  t.equal((await ask(gateway.port, `http://127.0.0.1:${up.port}/`)).status, 200)
  t.notMatch(gateway.stderr(), /Debugger/)
})

t.test('a tunnel is drained too', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  const up = await origin(t)
  const connected = await new Promise<import('node:net').Socket>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: gateway.port, method: 'CONNECT', path: `127.0.0.1:${up.port}` })
    outgoing.on('connect', (_, socket) => resolve(socket as import('node:net').Socket))
    outgoing.on('error', reject)
    outgoing.end()
  })
  process.kill(gateway.pid, 'SIGTERM')
  await until('it says so', () => /no new connections/.test(gateway.stderr()))
  const answer = await new Promise<string>((resolve) => {
    connected.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    connected.write('GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  })
  t.match(answer, /^HTTP\/1\.1 200/)
  connected.end()
  t.same(await gateway.ended, { code: 0, signal: null })
  t.match(gateway.stdout(), /"event":"request".*"method":"CONNECT".*"bytesOut":\d/)
})
