// The log under a flood, of a real gateway: a client's lines are bounded, and what is left out, or cannot be written, is counted to the last request.
import t from 'tap'
import { spawn, execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask, folderFor, OPEN_POLICY, origin, serve, until } from '../../gateway/process.ts'
import { flood, linesOf, sumOf } from './flood.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** `--long`: more lines than memory may hold (`node test/wire/logs/volume.test.ts --long`); log-file.test.ts does that with less. */
const LONG = process.argv.includes('--long')
const COUNT = LONG ? 8_000 : 1_500

/** Nothing of it is left out. */
const UNBOUNDED = `${OPEN_POLICY}limits: { refusals-logged-per-second-per-client: 1000000, new-per-second-per-client: 1000000 }\n`

function denied(length = 0): string {
  return `GET http://127.0.0.1/closed${'x'.repeat(length)} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: ${'u'.repeat(length / 8)}\r\n\r\n`
}

t.test('one client has its half minute of refusals, and the rest is counted, over all workers', { timeout: 100_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': `${OPEN_POLICY}limits: { refusals-logged-per-second-per-client: 10 }\n` })
  const events = join(folder, 'events.json')
  const access = join(folder, 'access.log')
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--workers', '2', '--pid-file', join(folder, 'g.pid'), '--event-log', events, '--access-log', access])
  const up = await origin(t)
  const began = performance.now()
  await flood(gateway.port, denied(), 2_000, 8)
  for (let i = 0; i < 20; i++) await ask(gateway.port, `http://127.0.0.1:${up.port}/page${i}`)
  const seconds = Math.ceil((performance.now() - began) / 1000) + 1
  await until('it is told', () => /"event":"left-out"/.test(readFileSync(events, 'utf8')), 30_000)
  await flood(gateway.port, denied(), 100, 2)
  process.kill(gateway.pid, 'SIGTERM')
  await gateway.ended

  const lines = linesOf(readFileSync(events, 'utf8'))
  const requests = lines.filter((line) => line.event === 'request')
  const refusals = requests.filter((line) => line.verdict === 'deny').length
  t.ok(refusals >= 300, `${refusals} lines of refusals`)
  t.ok(refusals <= 300 + 10 * (seconds + 30), 'bounded')
  t.equal(refusals + sumOf(lines, 'left-out', 'deny'), 2_100, 'each refusal has a line or is counted')
  t.equal(requests.filter((line) => line.verdict === 'allow').length, 20, 'what was allowed is written as ever')
  t.equal(sumOf(lines, 'left-out', 'allow'), 0)
  t.equal(readFileSync(access, 'utf8').trimEnd().split('\n').length, requests.length, 'both logs tell the same')
  const told = lines.find((line) => line.event === 'left-out')
  t.match(told, { level: 'warn', client: '127.0.0.1', from: /^\d{4}-.*Z$/, to: /^\d{4}-.*Z$/, deny: Number, bytesIn: Number, bytesOut: Number, worker: Number, msg: /requests of 127\.0\.0\.1 are not in the log/ })
  t.ok(lines.filter((line) => line.event === 'left-out').length < 20, 'told now and then')
})

t.test('a reader of standard output that hangs, and a full disk: the proxy serves on, tells it once, and every request is read or counted', { timeout: 100_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': UNBOUNDED })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--workers', '1', '--pid-file', join(folder, 'g.pid'), '--access-log', '/dev/full'])
  gateway.child.stdout?.pause()
  await flood(gateway.port, denied(4_000), COUNT, 4)
  if (LONG) {
    await until('it is told', () => gateway.stderr().includes('more lines wait than memory may hold'), 10_000)
    t.equal(gateway.stderr().match(/the event log cannot be written: more lines wait/g)?.length, 1)
  }
  gateway.child.stdout?.resume()
  if (LONG) await until('lines again', () => gateway.stderr().includes('written again'), 20_000)
  process.kill(gateway.pid, 'SIGTERM')
  t.equal((await gateway.ended).code, 0)
  t.equal(gateway.stderr().match(/the access log cannot be written: ENOSPC/g)?.length, 1)
  t.match(gateway.stderr(), new RegExp(`greengate: ${COUNT} lines of the access log were lost`))
  const lines = linesOf(gateway.stdout())
  const written = lines.filter((line) => line.event === 'request').length
  t.ok(written > 1_000)
  t.equal(written + sumOf(lines, 'log-lost', 'lost') + sumOf(lines, 'left-out', 'deny'), COUNT, 'what found no room is counted')
})

t.test('a reader of both streams that hangs does not hold the end', { timeout: 100_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': UNBOUNDED })
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(pipe, 'a')
  t.teardown(() => {
    closeSync(reader)
    closeSync(writer)
  })
  const port = 20_000 + (process.pid % 20_000)
  const child = spawn(process.execPath, [MAIN, 'serve', '--policy', join(folder, 'p.yaml'), '--port', String(port), '--workers', '1', '--pid-file', join(folder, 'g.pid')], { stdio: ['ignore', writer, writer] })
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
  t.teardown(() => child.kill('SIGKILL'))
  const end = performance.now() + 60_000
  for (let served = false; !served && performance.now() < end;) {
    served = await flood(port, denied(), 1, 1).then(() => true, () => false)
    if (!served) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await flood(port, denied(4_000), 300, 2)
  child.kill('SIGTERM')
  t.equal(await ended, 0)
})
