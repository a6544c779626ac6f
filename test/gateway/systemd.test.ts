// A socket that systemd opened: taken over as it is, by the runtime and through the launcher, and the port is the socket's.
import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask, folderFor, OPEN_POLICY, origin, until } from './process.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const LAUNCHER = fileURLToPath(new URL('../../src/cli/greengate.cjs', import.meta.url))
const absent = process.env['GREENGATE_REQUIRE_ALL'] !== '1' && spawnSync('systemd-socket-activate', ['--version']).error !== undefined

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

for (const [name, file] of [['the runtime', MAIN], ['the launcher', LAUNCHER]] as const) {
  t.test(`started by systemd: ${name}`, { skip: absent ? 'systemd-socket-activate is not installed' : false }, async (t) => {
    const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
    const up = await origin(t)
    const port = await freePort()
    const child = spawn('systemd-socket-activate', ['-l', `127.0.0.1:${port}`, process.execPath, file, 'serve', '--policy', join(folder, 'p.yaml'), '--workers', '3', '--pid-file', join(folder, 'g.pid')], { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = new Promise((resolve) => child.on('close', resolve))
    t.teardown(async () => {
      child.kill('SIGKILL')
      await ended
    })
    let told = ''
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
    })
    await until('it listens', () => /Listening on/.test(told))
    // the first connection starts it, and is served by it
    t.equal((await ask(port, `http://127.0.0.1:${up.port}/first`)).body, 'you asked /first')
    await until('it says that it serves', () => /, pid \d+\n/.test(told))
    t.match(told, new RegExp(`listening on 127\\.0\\.0\\.1:${port} \\(from systemd\\), 1 worker, `))
    t.equal((await ask(port, `http://127.0.0.1:${port}/`)).rule, 'private', 'it knows its own port')
    child.kill('SIGTERM')
    t.equal(await ended, 0)
  })
}
