// The bar of long work: on a terminal alone, and gone when the work is done. The terminal is one that `script` makes.
import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadPolicy } from '../../src/gateway/load.ts'
import { folderFor, run, until } from '../gateway/process.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const OFFICE = fileURLToPath(new URL('../../policies/office.yaml', import.meta.url))
const absent = process.env['GREENGATE_REQUIRE_ALL'] !== '1' && spawnSync('script', ['--version']).error !== undefined

t.test('how much of its lists is read is told from the first octet to the last', async (t) => {
  const folder = folderFor(t, { 'p.yaml': 'version: 1\nlists: { a: { domains: a }, b: { hosts: b } }\nweb: { rules: [{ name: no, action: deny, list: [a, b] }] }\n', 'b': '0.0.0.0 b.example\n' })
  const file = openSync(join(folder, 'a'), 'w')
  for (let part = 0; part < 8; part++) writeSync(file, Array.from({ length: 40_000 }, (_, at) => `n${part * 40_000 + at}.example\n`).join(''))
  closeSync(file)
  const shares: number[] = []
  await loadPolicy(join(folder, 'p.yaml'), { addresses: [], proxyPort: 800 }, { step: (share) => shares.push(share) })
  t.ok(shares.length > 4, 'told now and then')
  t.same(shares, [...shares].sort((a, b) => a - b))
  t.equal(shares.at(-1), 1)
})

t.test('a gateway that starts shows how far its lists are, on a terminal alone', { skip: absent ? 'script is not installed' : false, timeout: 60_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': 'version: 1\nlists: { a: { domains: a } }\nweb: { rules: [{ name: no, action: deny, list: [a] }] }\n' })
  const file = openSync(join(folder, 'a'), 'w')
  for (let part = 0; part < 50; part++) writeSync(file, Array.from({ length: 40_000 }, (_, at) => `n${part * 40_000 + at}.example\n`).join(''))
  closeSync(file)
  const words = ['serve', '--policy', join(folder, 'p.yaml'), '--host', '127.0.0.1', '--port', '0', '--workers', '1', '--event-log', 'none', '--pid-file', join(folder, 'g.pid')]
  const child = spawn('script', ['-qec', `exec ${[process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' ')}`, '/dev/null'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => (shown += String(chunk)))
  const ended = new Promise((resolve) => child.once('close', resolve))
  await until('the gateway serves', () => shown.includes('listening on '), 40_000)
  process.kill(Number(readFileSync(join(folder, 'g.pid'), 'utf8')), 'SIGTERM')
  await ended
  t.match(shown, /\r\[#+ *\] \d+ %/)
  t.match(shown, /%\r\u001b\[Kgreengate /, 'gone before the gateway says where it listens')
})

t.test('a long proof shows how far it is, on a terminal and nowhere else', { skip: absent ? 'script is not installed' : false }, async (t) => {
  const words = ['firewall', 'prove', '--policy', OFFICE]
  const { stdout } = spawnSync('script', ['-qec', [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' '), '/dev/null'], { encoding: 'utf8' })
  t.match(stdout, /\r\[#* *\] \d+ %/)
  t.match(stdout, /%\r\u001b\[Kproven/, 'taken away before the answer')
  const piped = await run(words)
  t.match(piped.stdout, 'proven')
  t.notMatch(piped.stdout + piped.stderr, /[\r\u001b]|\] \d+ %/)
})
