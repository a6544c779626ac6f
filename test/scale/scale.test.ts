// What must not grow with the policy: what one decision asks, the octets of a listed name, the memory that is left after reloads. Bounds are wide,
// since other work may share the machine; `node test/scale/measure.ts` prints the figures themselves.
import { statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compileSource, loadPolicy } from '../../src/gateway/load.ts'
import { replacedOctets } from '../../src/gateway/load-lists.ts'
import { tableOctets } from '../../src/lists/table.ts'
import { folderFor, serve } from '../gateway/process.ts'
import { reload, residentBytes, timeDecisions, MACHINE } from './measuring.ts'
import { writeNames, writePolicy, SMALL } from './policy.ts'

const MANY = { rules: 10_000, entries: 200_000, expressions: 1_000 }

/** MiB: less than all the tables, more than the engine's own ebb and flow. */
const MOST_GROWN = 100
const LISTED = 'version: 1\nlists: { listed: { domains: listed.txt } }\nweb: { rules: [ { name: listed, action: deny, list: listed } ] }\n'

t.test('a decision by 10,000 rules, a large list and 1,000 expressions', async (t) => {
  const folder = folderFor(t)
  const few = await loadPolicy(await writePolicy(folder, SMALL, 'few'), MACHINE)
  const many = await loadPolicy(await writePolicy(folder, MANY, 'many'), MACHINE)
  if (!few.ok || !many.ok) return t.fail('the policies load')
  t.equal(many.compiled.web.rules.length, MANY.rules)
  const [of10 = 0, of10000 = 0] = [timeDecisions(few.compiled, 20_000), timeDecisions(many.compiled, 20_000)]
  // asking each rule costs 30 times as much and more
  t.ok(of10000 < of10 * 15, `${of10000.toFixed(0)} ns against ${of10.toFixed(0)}`)
  t.end()
})

t.test('a listed name takes a dozen octets more than it has, and a file that is unchanged is not read again', async (t) => {
  const folder = folderFor(t, { 'p.yaml': LISTED })
  const names = join(folder, 'listed.txt')
  const path = join(folder, 'p.yaml')
  await writeNames(names, 300_000)
  utimesSync(names, 1, 1)
  const first = await loadPolicy(path, MACHINE)
  if (!first.ok) return t.fail('it loads')
  const [file] = first.files
  if (file?.part.table === undefined) return t.fail('it has a table')
  t.equal(file.part.entries, 300_000)
  // 5 octets a slot, of which up to three stand for a name just after doubling
  t.ok((tableOctets(file.part.table) - statSync(names).size) / 300_000 < 16, 'octets beside the name itself')
  const settled = { ...file, stamp: file.stamp ?? '' }
  const again = await loadPolicy(path, MACHINE, { before: [settled] })
  if (!again.ok) return t.fail('it loads again')
  t.equal(again.hash, first.hash)
  if (file.stamp !== undefined) t.equal(again.files[0]?.part.table?.texts, file.part.table.texts, 'the same table')
  writeFileSync(names, 'other.example\n')
  const changed = await loadPolicy(path, MACHINE, { before: [settled] })
  if (!changed.ok) return t.fail('it loads the changed file')
  t.equal(changed.files[0]?.part.entries, 1)
  t.not(changed.hash, first.hash)
  t.ok(replacedOctets(first.files, changed.files) > statSync(names).size, 'what is free to go is known')
  t.end()
})

t.test('workers share the tables', async (t) => {
  const folder = folderFor(t, { 'p.yaml': LISTED })
  await writeNames(join(folder, 'listed.txt'), 1_000)
  const loaded = await loadPolicy(join(folder, 'p.yaml'), MACHINE)
  if (!loaded.ok) return t.fail('it loads')
  const sent = structuredClone(loaded.source)
  const [mine, its] = [loaded.source.lists[0]?.domains, sent.lists[0]?.domains]
  if (mine === undefined || its === undefined) return t.fail('both have the table')
  t.equal(compileSource(sent, MACHINE).web.lists[0]?.entries, 1_000, 'it compiles there')
  const before = new Uint8Array(mine.texts)[0] ?? 0
  new Uint8Array(its.texts)[0] = before + 1
  t.equal(new Uint8Array(mine.texts)[0], before + 1, 'one memory')
  t.end()
})

t.test('reloads of a changed list leave no memory taken', { timeout: 60_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': LISTED })
  const names = join(folder, 'listed.txt')
  const pidFile = join(folder, 'pid')
  await writeNames(names, 1_000_000)
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--host', '127.0.0.1', '--port', '0', '--workers', '2', '--pid-file', pidFile, '--event-log', 'none'])
  const before = residentBytes(gateway.pid)
  const grown = (): number => (residentBytes(gateway.pid) - before) / 2 ** 20
  for (let n = 0; n < 6; n++) {
    utimesSync(names, n + 1, n + 1)
    t.ok((await reload(pidFile)).ok)
  }
  // the last collection is a second behind the last swap; on a machine that has no second to spare for it, it is the next reload's
  for (let waits = 1; waits < 200 && grown() > MOST_GROWN; waits++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (waits % 50 === 0) await reload(pidFile)
  }
  t.ok(grown() < MOST_GROWN, `${grown().toFixed(0)} MiB more than before; the 6 tables together have 170`)
})
