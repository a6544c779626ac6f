// The launcher under an old Node: it starts the runtime of the package, passes signals on, ends as it ends, and never leaves it alone.
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask, folderFor, OPEN_POLICY, origin, run, serve, until } from '../gateway/process.ts'

const LAUNCHER = fileURLToPath(new URL('../../src/cli/greengate.cjs', import.meta.url))

function oldNode(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, 'node')
    try {
      accessSync(file, constants.X_OK)
    } catch {
      continue
    }
    const version = spawnSync(file, ['-v'], { encoding: 'utf8' }).stdout
    if (Number(/^v(\d+)\./.exec(version)?.[1] ?? 99) < 24) return file
  }
  return undefined
}

const old = oldNode()
const skip = old === undefined && process.env['GREENGATE_REQUIRE_ALL'] !== '1' ? 'no Node older than 24 on the PATH' : false
const launch = { command: old ?? 'node', before: [LAUNCHER] }

t.test('it is ES5', async (t) => {
  const text = readFileSync(LAUNCHER, 'utf8').replace(/\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'/g, '')
  for (const word of [/=>/, /\b(?:const|let|class|async|await|import)\b/, /`/, /\.\.\./, /\?\./, /\?\?/]) t.notMatch(text, word)
})

t.test('it starts the runtime of the package, and ends with its code', { skip }, async (t) => {
  const version = await run(['version'], launch)
  t.equal(version.code, 0)
  t.match(version.stdout, /\(node 2[4-9]\./)
  t.equal((await run(['nosuch'], launch)).code, 2)
  t.equal((await run(['explain', '--from', '127.0.0.1', 'http://1.2.3.4/'], launch)).code, 3)
})

t.test('signals reach the runtime, sent to either', { skip }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const args = ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')]
  const gateway = await serve(t, args, launch)
  t.not(gateway.pid, gateway.child.pid, 'the PID is that of the runtime')
  t.equal(readFileSync(join(folder, 'g.pid'), 'utf8').trim(), String(gateway.pid))
  gateway.child.kill('SIGHUP')
  await until('the launcher passes it on', () => /"event":"reloaded","generation":2/.test(gateway.stdout()))
  process.kill(gateway.pid, 'SIGHUP')
  await until('the runtime takes it', () => /"event":"reloaded","generation":3/.test(gateway.stdout()))
  gateway.child.kill('SIGUSR2')
  await until('so with the others', () => /log-reopened/.test(gateway.stdout()))
  gateway.child.kill('SIGTERM')
  process.kill(gateway.pid, 'SIGTERM') // as systemd does: every process of the unit
  t.same(await gateway.ended, { code: 0, signal: null })
  t.match(gateway.stdout(), /"event":"draining"/)
})

t.test('a runtime that is killed takes the launcher with it, by the same signal', { skip }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid')], launch)
  process.kill(gateway.pid, 'SIGKILL')
  t.same(await gateway.ended, { code: null, signal: 'SIGKILL' })
})

t.test('a launcher that is killed leaves no orphan, and its port is free', { skip }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid'), '--event-log', join(folder, 'events')], launch)
  const up = await origin(t)
  t.equal((await ask(gateway.port, `http://127.0.0.1:${up.port}/`)).status, 200)
  gateway.child.kill('SIGKILL')
  await until('it ends', () => /"event":"ended"/.test(readFileSync(join(folder, 'events'), 'utf8')))
  await t.rejects(ask(gateway.port, `http://127.0.0.1:${up.port}/`), { code: 'ECONNREFUSED' })
})
