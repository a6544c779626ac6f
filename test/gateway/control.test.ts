// The control socket: only its owner may speak to it, what is stale makes room, what is alive does not.
import t from 'tap'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askControl, askStatus, controlAnswers, listenControl } from '../../src/gateway/control.ts'
import type { ControlActions, ReloadAnswer, StatusAnswer } from '../../src/gateway/control.ts'
import { readPidFile, removePidFile, writePidFile } from '../../src/gateway/pid-file.ts'
import { takePresence } from '../../src/gateway/presence.ts'
import { prepareFolder, socketPath } from '../../src/gateway/run-dir.ts'

const ANSWER: ReloadAnswer = { ok: true, generation: 7, hash: 'abc', diagnostics: [], notes: [] }
const STATUS: StatusAnswer = { pid: 1, file: '/p.yaml', policy: 'p', generation: 7, hash: 'abc', port: 800 }
const reload = async (): Promise<ReloadAnswer> => ANSWER
const answer: ControlActions = {
  workers: { tunnels: async () => [] },
  reload, trial: reload, settle: reload, status: async () => STATUS, figures: () => Promise.reject(new Error('not asked')), lists: async () => [],
  updateLists: async (names) => ({ ok: true, generation: 7, lists: names.map((list) => ({ list, result: 'same', told: '' })) }),
  revert: async (hash, text) => ({ ...ANSWER, notes: [hash ?? '-', text ?? '-'] }),
}

t.test('asks and answers', async (t) => {
  const path = join(t.testdir(), 'x.sock')
  const server = await listenControl(path, answer)
  t.teardown(() => server.close())
  t.equal(lstatSync(path).mode & 0o777, 0o600, 'from its first moment on')
  t.same(await askControl(path, { command: 'reload' }), ANSWER)
  t.same(await askStatus(path), STATUS)
  t.same((await askControl(path, { command: 'revert', hash: 'h', text: 'version: 1\n'.repeat(10_000) })).notes, ['h', 'version: 1\n'.repeat(10_000)])
  t.same((await askControl(path, { command: 'revert' })).notes, ['-', '-'])
  t.ok(await controlAnswers(path))
  await t.rejects(listenControl(path, answer), /another gateway answers/)
})

t.test('nonsense is answered or cut, and harms nobody', async (t) => {
  // a short path: the plain `connect` below knows no way round the kernel's limit
  const folder = mkdtempSync(join(tmpdir(), 'gg-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'x.sock')
  const server = await listenControl(path, answer)
  t.teardown(() => server.close())
  const say = (text: string): Promise<string> => new Promise((resolve) => {
    const socket = connect(path)
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(got))
    socket.end(text)
  })
  t.equal(await say('no json\n'), '')
  t.match(await say('{"command":"explode"}\n'), /no such command/)
  t.equal(await say('x'.repeat(100_000)), '')
  t.equal(await say(''), '')
  t.same(await askControl(path, { command: 'reload' }), ANSWER)
})

t.test('a socket whose owner died makes room, anything else at its name does not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gg-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'x.sock')
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(join(folder, 'dead.sock'), resolve))
  renameSync(join(folder, 'dead.sock'), path)
  await new Promise((resolve) => dead.close(resolve))
  t.ok(lstatSync(path).isSocket(), 'a stale socket stands there')
  t.notOk(await controlAnswers(path))
  const server = await listenControl(path, answer)
  server.close()
  writeFileSync(join(folder, 'y.sock'), '')
  await t.rejects(listenControl(join(folder, 'y.sock'), answer), /is no socket/)
})

t.test('a path longer than the kernel takes works all the same', async (t) => {
  const folder = join(t.testdir(), 'a'.repeat(60), 'b'.repeat(60))
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'x.sock')
  const server = await listenControl(path, answer)
  t.teardown(() => server.close())
  t.ok(lstatSync(path).isSocket())
  t.equal(lstatSync(path).mode & 0o777, 0o600)
  t.same(await askControl(path, { command: 'reload' }), ANSWER)
})

t.test('the PID file', async (t) => {
  const folder = t.testdir({ victim: 'precious' })
  const file = join(folder, 'x.pid')
  symlinkSync(join(folder, 'victim'), file)
  writePidFile(file)
  t.equal(readPidFile(file), process.pid)
  t.ok(lstatSync(file).isFile(), 'a link that was planted there is replaced, not followed')
  removePidFile(file)
  t.equal(readPidFile(file), undefined)
  writeFileSync(file, '1\n')
  removePidFile(file)
  t.equal(readPidFile(file), 1, 'that of another process stays')
  writeFileSync(file, 'x')
  t.equal(readPidFile(file), undefined)
})

t.test('a named PID file is ours or we do not start; a default one makes room', async (t) => {
  const runtime = t.testdir({ run: {} })
  const before = process.env['XDG_RUNTIME_DIR']
  process.env['XDG_RUNTIME_DIR'] = runtime
  t.teardown(() => {
    if (before === undefined) delete process.env['XDG_RUNTIME_DIR']
    else process.env['XDG_RUNTIME_DIR'] = before
  })
  const named = join(runtime, 'run', 'g.pid')
  const first = await takePresence(named, 800, answer)
  t.ok(first.ok)
  t.equal(readPidFile(named), process.pid)
  const second = await takePresence(named, 800, answer)
  t.match(second, { ok: false, problem: /another gateway answers/ })
  if (first.ok) first.leave()
  t.notOk(lstatSync(named, { throwIfNoEntry: false }))
  t.notOk(lstatSync(socketPath(named), { throwIfNoEntry: false }))
  writeFileSync(named, '999999\n')
  const third = await takePresence(named, 800, answer)
  t.ok(third.ok, 'a stale PID file is no hindrance')
  if (third.ok) third.leave()
})

t.test('a folder of the default place that others can write is not used', async (t) => {
  const folder = join(t.testdir(), 'shared')
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  t.match(prepareFolder(join(folder, 'g.pid'), true), /written by others/)
  t.equal(prepareFolder(join(folder, 'g.pid'), false), undefined, 'but one that was named is')
})
