// A file is read whole, and what never ends is not.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBounded } from '../../src/gateway/read-bounded.ts'

t.test('up to the bound, and no further', async (t) => {
  const file = join(t.testdir(), 'policy.yaml')
  writeFileSync(file, 'name: Bürö\n'.repeat(100_000))
  t.equal((await readBounded(file, 2 << 20)).length, 11 * 100_000)
  await t.rejects(readBounded(file, 1 << 20), { message: 'it has more than 1 MiB' })
})

t.test('a device that never ends', (t) => t.rejects(readBounded('/dev/zero', 1 << 20), { message: 'it has more than 1 MiB' }))

t.test('no file, and a folder', async (t) => {
  await t.rejects(readBounded(join(t.testdir(), 'none'), 10), { code: 'ENOENT' })
  await t.rejects(readBounded(t.testdir(), 10), { code: 'EISDIR' })
})
