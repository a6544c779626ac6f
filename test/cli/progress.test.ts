// The bar of long work: on a terminal alone, and gone when the work is done. The terminal is one that `script` makes.
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadPolicy } from '../../src/gateway/load.ts'
import { folderFor, run } from '../gateway/process.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const absent = process.env['GREENGATE_REQUIRE_ALL'] !== '1' && spawnSync('script', ['--version']).error !== undefined

t.test('a long list shows how far it is read, on a terminal and nowhere else', { skip: absent ? 'script is not installed' : false }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': 'version: 1\nlists: { a: { domains: a } }\nweb: { rules: [{ name: no, action: deny, list: [a] }] }\n' })
  const file = openSync(join(folder, 'a'), 'w')
  for (let part = 0; part < 40; part++) writeSync(file, Array.from({ length: 40_000 }, (_, at) => `n${part * 40_000 + at}.example\n`).join(''))
  closeSync(file)
  const policy = join(folder, 'p.yaml')
  const shares: number[] = []
  await loadPolicy(policy, { addresses: [], proxyPort: 800 }, { step: (share) => shares.push(share) })
  t.ok(shares.length > 10, 'told now and then')
  t.same(shares, [...shares].sort((a, b) => a - b))
  t.equal(shares.at(-1), 1)
  const { stdout } = spawnSync('script', ['-qec', `'${process.execPath}' '${MAIN}' check '${policy}'`, '/dev/null'], { encoding: 'utf8' })
  t.match(stdout, /\r\[#* *\] \d+ %/)
  t.match(stdout, /\r\u001b\[Kp|\r\u001b\[K.*p\.yaml: ok/, 'taken away before the answer')
  const piped = await run(['check', policy])
  t.notMatch(piped.stdout + piped.stderr, /[\r\u001b]|%/)
})
