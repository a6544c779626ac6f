// The store beside a real gateway and by itself: what is in it, what it keeps, what becomes of it in a crash, and what is told when it cannot keep up.
import t from 'tap'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { eventLog } from '../../src/log/events.ts'
import type { RequestRecord } from '../../src/log/record.ts'
import { keepStep, usedBytes } from '../../src/gateway/store-keep.ts'
import { numberOf, openStore, readStore } from '../../src/gateway/store-schema.ts'
import { StoreWriter } from '../../src/gateway/store-write.ts'
import { Store } from '../../src/gateway/store.ts'
import { sampleRecord } from '../log/sample.ts'
import { OPEN_POLICY, ask, folderFor, origin as originFor, serve, until } from './process.ts'

const DAY = 86_400_000
const KEEP = { recordsMs: 30 * DAY, sumsMs: 400 * DAY, mostBytes: 1 << 30 }

function lineOf(change: Partial<RequestRecord>): string {
  let line = ''
  eventLog((text) => {
    line = text
  }).request(sampleRecord(change))
  return line
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gg-store-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function sumOf(path: string, sql: string): number {
  const db = readStore(path)
  try {
    return numberOf(db, sql)
  } finally {
    db.close()
  }
}

t.test('a gateway with a store and no event log keeps its requests and their sums, and reads while it writes', async (t) => {
  const folder = folderFor(t, { 'policy.yaml': OPEN_POLICY })
  const { port: origin } = await originFor(t)
  const path = join(folder, 'store.db')
  const gateway = await serve(t, ['--policy', join(folder, 'policy.yaml'), '--port', '0', '--event-log', 'none', '--store', path, '--pid-file', join(folder, 'g.pid')])
  for (const what of ['/one?q=1', '/two', '/closed']) await ask(gateway.port, `http://127.0.0.1:${origin}${what}`)
  await until('three records', () => sumOf(path, 'SELECT count(*) FROM records') >= 3)
  t.equal(sumOf(path, 'SELECT count(*) FROM records WHERE verdict = 1'), 1)
  t.equal(sumOf(path, 'SELECT sum(requests) FROM sums'), sumOf(path, 'SELECT count(*) FROM records'))
  for (const table of ['by_client', 'by_host', 'by_kind']) t.equal(sumOf(path, `SELECT sum(requests) FROM ${table}`), sumOf(path, 'SELECT sum(requests) FROM sums'), table)
  t.equal(sumOf(path, "SELECT sum(requests) FROM spread WHERE what = 'size'"), sumOf(path, 'SELECT sum(requests) FROM sums'))
  t.equal(statSync(path).mode & 0o777, 0o640)
  // no goodbye: the file is whole all the same, and the next gateway goes on with it
  process.kill(gateway.pid, 'SIGKILL')
  await gateway.ended
  const before = sumOf(path, 'SELECT count(*) FROM records')
  const db = openStore(path)
  t.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
  db.close()
  const again = await serve(t, ['--policy', join(folder, 'policy.yaml'), '--port', '0', '--event-log', 'none', '--store', path, '--pid-file', join(folder, 'g.pid')])
  await ask(again.port, `http://127.0.0.1:${origin}/three`)
  process.kill(again.pid, 'SIGTERM')
  t.equal((await again.ended).code, 0)
  t.equal(sumOf(path, 'SELECT count(*) FROM records'), before + 1, 'what was under way is written before the end')
})

t.test('the privacy switches hold for both logs and the store', async (t) => {
  const folder = folderFor(t, { 'policy.yaml': OPEN_POLICY })
  const { port: origin } = await originFor(t)
  for (const who of ['masked', 'hashed'] as const) {
    const files = { store: join(folder, `${who}.db`), events: join(folder, `${who}.json`), access: join(folder, `${who}.log`) }
    const gateway = await serve(t, ['--policy', join(folder, 'policy.yaml'), '--port', '0', '--pid-file', join(folder, `${who}.pid`), '--store', files.store, '--event-log', files.events, '--access-log', files.access,
      '--log-query', 'strip', '--log-client', who])
    await ask(gateway.port, `http://127.0.0.1:${origin}/page?name=Miller#part`)
    process.kill(gateway.pid, 'SIGTERM')
    await gateway.ended
    const db = readStore(files.store)
    const kept = JSON.stringify([db.prepare('SELECT * FROM records').all(), db.prepare('SELECT * FROM words').all()])
    db.close()
    for (const text of [kept, readFileSync(files.events, 'utf8'), readFileSync(files.access, 'utf8')]) {
      t.match(text, '/page')
      t.notMatch(text, /Miller|\?name/)
      t.match(text, who === 'masked' ? '127.0.0.0' : /client-[0-9a-f]{12}/)
    }
    t.notMatch(kept, who === 'masked' ? '"client\\":\\"127.0.0.1' : /"client\\*":\\*"127/)
  }
  t.equal(statSync(join(folder, 'hashed.db.key')).mode & 0o777, 0o600, 'who reads the store does not get the key with it')
})

t.test('a file that is no store is refused and left as it is', async (t) => {
  const folder = scratch()
  const path = join(folder, 'other.db')
  const other = new DatabaseSync(path)
  other.exec('CREATE TABLE theirs(x)')
  other.close()
  t.throws(() => openStore(path), /is no store of greengate/)
  const text = join(folder, 'notes.txt')
  writeFileSync(text, 'not a database at all, but a text that is long enough\n'.repeat(100))
  t.throws(() => openStore(text))
  t.match(readFileSync(text, 'utf8'), /^not a database/)
  const store = new Store({ path: join(folder, 'no', 'such', 'folder.db'), keep: KEEP }, { complain: () => {}, lost: () => {} })
  t.match(await store.open(), /ENOENT|no such/)
})

t.test('what is old goes, sums later than records, and a word that nobody uses any more goes too', async (t) => {
  const path = join(scratch(), 's.db')
  const db = openStore(path)
  const writer = new StoreWriter(db, 'all')
  const now = Date.UTC(2026, 5, 1)
  for (const days of [0, 10, 40, 500]) writer.line(lineOf({ time: now - days * DAY - 1, client: `192.0.2.${days % 250}`, host: `h${days}.example.com` }))
  writer.commit()
  while (keepStep(db, KEEP, now).more);
  t.equal(numberOf(db, 'SELECT count(*) FROM records'), 2)
  t.equal(numberOf(db, 'SELECT sum(requests) FROM sums'), 3)
  t.equal(numberOf(db, "SELECT count(*) FROM hosts WHERE host = 'h500.example.com'"), 0)
  t.equal(numberOf(db, "SELECT count(*) FROM words WHERE text = '192.0.2.0'"), 1)
  db.close()
})

t.test('a store stays within its size: the oldest records go, then the oldest sums, never the newest', async (t) => {
  const db = openStore(join(scratch(), 's.db'))
  const writer = new StoreWriter(db, 'all')
  const now = Date.UTC(2026, 5, 1)
  for (let at = 0; at < 30_000; at++) writer.line(lineOf({ time: now - 40 * 3_600_000 + at * 4_000, host: `h${at % 300}.example.com`, client: `192.0.2.${at % 50}`, userAgent: 'x'.repeat(200) }))
  writer.commit()
  const most = 4 << 20
  t.ok(usedBytes(db) > most * 2)
  const newest = numberOf(db, 'SELECT max(time) FROM records')
  while (keepStep(db, { ...KEEP, mostBytes: most }, now).more);
  t.ok(usedBytes(db) <= most, `${usedBytes(db)} octets`)
  t.ok(numberOf(db, 'SELECT count(*) FROM records') > 1_000, 'as many as have room')
  t.equal(numberOf(db, 'SELECT max(time) FROM records'), newest)
  t.ok(numberOf(db, 'SELECT max(hour) FROM by_client') > 0)
  db.close()
})

t.test('a client that invents names makes neither hosts nor sums without bound', async (t) => {
  const db = openStore(':memory:')
  const writer = new StoreWriter(db, 'none')
  for (let at = 0; at < 6_000; at++) writer.line(lineOf({ host: `x${at}.invented${at}.example`, method: `M${at % 500}`, verdict: 'deny' }))
  writer.commit()
  t.ok(numberOf(db, 'SELECT count(*) FROM hosts') <= 2_001)
  t.ok(numberOf(db, 'SELECT count(DISTINCT method) FROM by_kind') <= 25)
  t.equal(numberOf(db, 'SELECT sum(requests) FROM sums'), 6_000)
  db.close()
})

t.test('a store that cannot be written says so once, loses nothing, and says when it can again', async (t) => {
  const path = join(scratch(), 's.db')
  const told: string[] = []
  const store = new Store({ path, keep: KEEP }, { complain: (_message, event) => told.push(event), lost: (count) => t.fail(`${count} lost`) })
  t.equal(await store.open(), undefined)
  const other = openStore(path)
  other.exec('BEGIN IMMEDIATE')
  store.lines(lineOf({}))
  await until('the failure', () => told.length > 0)
  store.lines(lineOf({}))
  t.match(store.figures, { lost: 0, open: false }, 'the figures say so too')
  t.ok(store.figures.queued >= lineOf({}).length)
  other.exec('COMMIT')
  await until('the end of it', () => told.length > 1)
  await until('what waited is written', () => store.figures.queued === 0)
  t.same(store.figures, { queued: 0, lost: 0, open: true })
  t.same(told, ['store-failed', 'store-well'])
  await store.end()
  t.equal(numberOf(other, 'SELECT count(*) FROM records'), 2)
  other.close()
})

t.test('what the queue has no room for is dropped, counted and told, in the store as well', async (t) => {
  const path = join(scratch(), 's.db')
  let lost = 0
  const store = new Store({ path, keep: KEEP }, { complain: () => {}, lost: (count) => (lost += count) }, 10_000)
  t.equal(await store.open(), undefined)
  const line = lineOf({ time: Date.now() })
  const fits = Math.floor(10_000 / line.length)
  for (let at = 0; at < fits + 100; at++) store.lines(line)
  t.equal(store.figures.lost, 100)
  await store.end()
  t.equal(lost, 100)
  t.equal(sumOf(path, 'SELECT count(*) FROM records'), fits)
  t.equal(sumOf(path, 'SELECT sum(count) FROM lost'), 100)
})

t.test('who holds the file for a while does not make requests lost', async (t) => {
  const path = join(scratch(), 's.db')
  const told: string[] = []
  let lost = 0
  const store = new Store({ path, keep: KEEP }, { complain: (message) => told.push(message), lost: (count) => (lost += count) })
  t.equal(await store.open(), undefined)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  store.lines(lineOf({ time: Date.now() }))
  await new Promise((resolve) => setTimeout(resolve, 700))
  other.exec('ROLLBACK')
  other.close()
  await until('the record', () => sumOf(path, 'SELECT count(*) FROM records') === 1)
  await store.end()
  t.equal(lost, 0)
})
