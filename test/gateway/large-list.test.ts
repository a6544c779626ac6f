// A list file that no table can hold is refused with its reason, at once: half of it in force would let through what the rest denies.
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadPolicy } from '../../src/gateway/load.ts'
import { machineNow } from '../../src/gateway/machine.ts'

t.test('more than 2 GiB', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gg-large-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const large = openSync(join(folder, 'large'), 'w')
  // it has no octets on the disk
  ftruncateSync(large, 2 ** 31 + 1)
  closeSync(large)
  const file = join(folder, 'p.yaml')
  writeFileSync(file, `version: 1
name: large
rules: [{ name: use, action: allow, from: any, to: gateway, services: proxy }]
lists: { big: { domains: large } }
web:
  rules: [{ name: no, action: deny, list: big }, { name: rest, action: allow }]
`)
  const began = performance.now()
  const loaded = await loadPolicy(file, machineNow(0))
  t.equal(loaded.ok, false)
  t.match(loaded.diagnostics.map(({ message }) => message).join('\n'), /large` cannot be read: it is larger than 2 GiB: split it into several lists/)
  t.ok(performance.now() - began < 5000)
})
