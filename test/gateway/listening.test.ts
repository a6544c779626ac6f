// Where the gateway listens, and that it says what to do when it may not.
import t from 'tap'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bindProblem, hostPort, planListens } from '../../src/gateway/listen-plan.ts'
import { ask, folderFor, OPEN_POLICY, origin, run, serve } from './process.ts'

t.test('a port that is taken names the address', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const end = await run(['serve', '--policy', join(folder, 'p.yaml'), '--port', String(port), '--pid-file', join(folder, 'g.pid')])
  t.equal(end.code, 1)
  t.match(end.stderr, new RegExp(`127\\.0\\.0\\.1:${port} is in use`))
  t.match(end.stderr, /--port/)
})

t.test('a second gateway does not join the port of the first', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const first = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  const end = await run(['serve', '--policy', join(folder, 'p.yaml'), '--port', String(first.port), '--pid-file', join(folder, 'h.pid')])
  t.equal(end.code, 1)
  t.match(end.stderr, /is in use/)
  const held = await run(['serve', '--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  t.equal(held.code, 1)
  t.match(held.stderr, /another gateway answers/)
})

t.test('an address that is not ours', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY, 'green.yaml': `${OPEN_POLICY}gateway:\n  green: { interface: eth9, address: 192.0.2.254/24 }\n  red: { interface: eth8 }\n  admin: { mac: "00:1A:2B:3C:4D:5E" }\n` })
  const asked = await run(['serve', '--policy', join(folder, 'p.yaml'), '--host', '203.0.113.77', '--port', '0', '--pid-file', join(folder, 'g.pid')])
  t.equal(asked.code, 1)
  t.match(asked.stderr, /203\.0\.113\.77:0 is no address of this machine/)
  const green = await run(['serve', '--policy', join(folder, 'green.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')])
  t.equal(green.code, 1)
  t.match(green.stderr, /192\.0\.2\.254:0 is no address of this machine.*gateway\.green/)
  t.match(green.stderr, /--host ADDR/)
})

t.test('a port that needs a right tells the three ways out', async (t) => {
  const problem = bindProblem('EACCES', { host: '127.0.0.1', why: 'loopback' }, 800)
  t.match(problem.message, /127\.0\.0\.1:800/)
  for (const way of [/systemd/, /CAP_NET_BIND_SERVICE/, /net\.ipv4\.ip_unprivileged_port_start/, /--port/]) t.match(problem.hint, way)
  t.equal(hostPort('::1', 800), '[::1]:800')
  const may = process.getuid?.() !== 0 || spawnSync('setpriv', ['--version']).error !== undefined
  if (may) return
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const { chmodSync } = await import('node:fs')
  chmodSync(folder, 0o755)
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const readable = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, main, 'version'])
  if (readable.status !== 0) return
  const end = await run(['serve', '--policy', join(folder, 'p.yaml'), '--port', '799', '--pid-file', '/tmp/gg-nobody/g.pid'],
    { command: 'setpriv', before: ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, main] })
  t.equal(end.code, 1)
  t.match(end.stderr, /not allowed to listen on 127\.0\.0\.1:799/)
})

t.test('every address is tried before one is used', async (t) => {
  const plan = await planListens([{ host: '127.0.0.1', why: 'asked' }, { host: '127.0.0.2', why: 'asked' }], 0)
  t.ok(plan.ok)
  if (!plan.ok) return
  t.equal(new Set(plan.listens.map((each) => (each.kind === 'address' ? each.port : 0))).size, 1, 'one port on all of them')
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--host', '127.0.0.1', '--host', '127.0.0.2', '--workers', '3', '--pid-file', join(folder, 'g.pid')])
  t.match(gateway.line, /listening on 127\.0\.0\.1:\d+, 127\.0\.0\.2:\d+, 3 workers/)
  const up = await origin(t)
  for (let i = 0; i < 12; i++) t.equal((await ask(gateway.port, `http://127.0.0.1:${up.port}/`)).status, 200)
})

t.test('whoever comes as soon as the port opens is answered', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  await new Promise((resolve) => other.close(resolve))
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const starting = serve(t, ['--policy', join(folder, 'p.yaml'), '--host', '127.0.0.1', '--port', String(port), '--workers', '2', '--pid-file', join(folder, 'g.pid')])
  const answers: string[] = []
  while (answers.length < 20) {
    const answer = await firstBytes(port)
    if (answer === undefined) await sleep(2)
    else answers.push(answer)
  }
  t.same([...new Set(answers)], ['HTTP/1.1 403'])
  await starting
})

/** undefined: nobody listens yet. */
function firstBytes(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let open = false
    const socket = connect(port, '127.0.0.1', () => {
      open = true
      socket.write('GET http://host.example/closed HTTP/1.1\r\nHost: host.example\r\nConnection: close\r\n\r\n')
    })
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1', 0, 12)))
    socket.on('error', (error) => resolve(open ? error.message : undefined))
    socket.on('close', () => resolve('closed without an answer'))
  })
}

t.test('a policy with errors does not serve, and says where', async (t) => {
  const folder = folderFor(t, { 'p.yaml': 'version: 1\nnonsense: 2\n' })
  const end = await run(['serve', '--policy', join(folder, 'p.yaml'), '--port', '0'])
  t.equal(end.code, 4)
  t.match(end.stderr, /p\.yaml:2:1: error: /)
  const none = await run(['serve', '--policy', join(folder, 'missing.yaml'), '--port', '0'])
  t.equal(none.code, 4)
  t.match(none.stderr, /there is no such file/)
})

t.test('a log that cannot be opened does not serve either', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const end = await run(['serve', '--policy', join(folder, 'p.yaml'), '--port', '0', '--access-log', join(folder, 'no', 'such', 'file')])
  t.equal(end.code, 1)
  t.match(end.stderr, /cannot open a log/)
})
