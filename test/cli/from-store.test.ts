// `learn` and `suspects` over a store say what they say over the event log that it was fed with; `rules` has its hits from there when no gateway runs.
import t from 'tap'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/gateway/store-schema.ts'
import { StoreWriter } from '../../src/gateway/store-write.ts'
import { folderFor, run } from '../gateway/process.ts'

function storeOf(t: Parameters<typeof folderFor>[0], log: string): string {
  const file = join(folderFor(t), 'store.db')
  const db = openStore(file)
  const writer = new StoreWriter(db, 'all')
  for (const line of readFileSync(log, 'utf8').split('\n')) if (line !== '') writer.line(line)
  writer.commit()
  db.close()
  return file
}

async function json(args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { code, stdout, stderr } = await run([...args, '--json'])
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>
}

const OBSERVED = 'test/report/observed.jsonl'
const TUNNELS = 'test/report/tunnels.jsonl'

t.test('what is learned from a store is what is learned from its log', async (t) => {
  const store = storeOf(t, OBSERVED)
  for (const more of [['--include', 'all', '--since', '2026-11-23T09:00:00Z']]) {
    const [fromStore, fromLog] = await Promise.all([json(['learn', '--store', store, ...more]), json(['learn', '--log', OBSERVED, ...more])])
    t.same(fromStore['rules'], fromLog['rules'], more.join(' '))
    t.same(fromStore['left'], fromLog['left'])
    t.equal(withoutSource(fromStore['policy']), withoutSource(fromLog['policy']))
    t.ok(Array.isArray(fromStore['rules']) && fromStore['rules'].length > 0)
  }
})

/** A policy says where it was learned, and its names and ends hang on that and on the clock. */
function withoutSource(policy: unknown): string {
  return String(policy).split('\n').filter((line) => !/^#|expires/.test(line)).join('\n').replace(/ at: [^,]+,/g, '')
}

t.test('suspects of a store are those of its log', async (t) => {
  const store = storeOf(t, TUNNELS)
  const state = ['--state', join(folderFor(t), 'none.json')]
  const [fromStore, fromLog] = await Promise.all([json(['suspects', '--store', store, ...state]), json(['suspects', '--log', TUNNELS, ...state])])
  t.same(fromStore['suspects'], fromLog['suspects'])
  t.match(fromStore['suspects'], [{ host: '203.0.114.77' }, { host: 'home.example.org' }])
})

t.test('the table of the rules has its hits from a store too', async (t) => {
  const folder = folderFor(t, { 'p.yaml': 'version: 1\nweb:\n  rules:\n    - { name: mine, action: allow, host: a.example }\n    - { name: never, action: deny, host: b.example }\n' })
  const line = (rule: string, verdict: string): string => JSON.stringify({ time: '2026-11-23T08:00:00.000Z', event: 'request', id: 'x', client: '10.0.0.9', method: 'GET', target: 'http://a.example/', host: 'a.example', port: 80, verdict, rule, reason: 'r', bytesIn: 1, bytesOut: 1, duration: 1, status: 200 })
  writeFileSync(join(folder, 'log'), `${[line('mine', 'allow'), line('mine', 'allow'), line('mine', 'error'), line('other', 'deny')].join('\n')}\n`)
  const store = storeOf(t, join(folder, 'log'))
  const table = await run(['rules', '--policy', join(folder, 'p.yaml'), '--store', store])
  t.match(table.stdout, /^1 +on +mine +any +host a\.example +allow +2 requests$/m)
  t.match(table.stdout, /^2 +on +never +any +host b\.example +deny +0 requests$/m)
  const none = await run(['rules', '--policy', join(folder, 'p.yaml'), '--store', join(folder, 'none.db')])
  t.equal(none.code, 1)
  t.match(none.stderr, /cannot be read/)
})
