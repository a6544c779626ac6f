// `greengate log` for requests: the same from the store, from the event log and from the running gateway; filters, formats, and what is live.
import t from 'tap'
import { spawn } from 'node:child_process'
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventLog } from '../../src/log/events.ts'
import type { RequestRecord } from '../../src/log/record.ts'
import { openStore } from '../../src/gateway/store-schema.ts'
import { StoreWriter } from '../../src/gateway/store-write.ts'
import { OPEN_POLICY, ask, folderFor, origin, run, serve, until } from '../gateway/process.ts'
import { sampleRecord } from '../log/sample.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

function lineOf(change: Partial<RequestRecord>): string {
  let line = ''
  eventLog((text) => {
    line = text
  }).request(sampleRecord(change))
  return line
}

const AT = Date.UTC(2026, 0, 2, 12)
const LINES = [
  lineOf({ time: AT, client: '192.0.2.7', group: 'Pupils', host: 'www.example.com', target: 'http://www.example.com/a' }),
  lineOf({ time: AT + 60_000, client: '192.0.2.8', group: 'Staff', host: 'example.com', target: 'http://example.com/b', verdict: 'deny', rule: 'games', place: { file: 'p.yaml', line: 7, column: 3 }, reason: 'no games', status: 403, fault: 'policy', error: 'http_request_denied', address: undefined }),
  lineOf({ time: AT + 120_000, client: '2001:db8::5', group: 'Staff', host: 'other.example', target: 'http://other.example/\u001b[31m', userAgent: 'say "hi"' }),
  lineOf({ time: AT + 180_000, client: '192.0.2.7', group: 'Pupils', host: 'other.example', target: 'http://other.example/d', verdict: 'error', status: 502, fault: 'upstream', error: 'connection_refused', observed: [{ verdict: 'deny', rule: 'games', reason: 'x' }] }),
]

function filled(t: { teardown(run: () => unknown): void }): { readonly store: string; readonly events: string; readonly folder: string } {
  const folder = folderFor(t, { 'events.json': LINES.join('') })
  const store = join(folder, 's.db')
  const db = openStore(store)
  const writer = new StoreWriter(db, 'all')
  for (const line of LINES) writer.line(line.trimEnd())
  writer.commit()
  db.close()
  return { store, events: join(folder, 'events.json'), folder }
}

t.test('each filter, the same from the store and from the event log', async (t) => {
  const { store, events } = filled(t)
  const at = (index: number): string => new Date(AT + index * 60_000).toISOString()
  const cases: readonly (readonly [args: readonly string[], told: readonly string[]])[] = [
    [[], ['/a', '/b', '/%1B[31m', '/d']],
    [['--client', '192.0.2.7'], ['/a', '/d']],
    [['--client', '192.0.2.0/28'], ['/a', '/b', '/d']],
    [['--client', '2001:DB8:0::5'], ['/%1B[31m']],
    [['--group', 'Staff'], ['/b', '/%1B[31m']],
    [['--host', 'example.com'], ['/b']],
    [['--host', '.example.com'], ['/a', '/b']],
    [['--host', '*.example.com'], ['/a']],
    [['--rule', 'games'], ['/b', '/d']],
    [['--denied'], ['/b']],
    [['--denied', '--client', '192.0.2.7'], []],
    [['--since', at(1), '--until', at(3)], ['/b', '/%1B[31m']],
    [['-n', '2'], ['/%1B[31m', '/d']],
    [['-n', '1', '--client', '192.0.2.7', '--until', at(3)], ['/a']],
  ]
  for (const [args, told] of cases) {
    for (const from of [['--store', store], ['--file', events]]) {
      const { code, stdout, stderr } = await run(['log', ...from, ...args, '--format', 'json'])
      const targets = stdout.split('\n').filter((line) => line !== '').map((line) => new URL((JSON.parse(line) as { target: string }).target).pathname)
      t.same({ code, targets }, { code: 0, targets: told }, `${args.join(' ')} ${from[0]}`)
      if (told.length === 0) t.match(stderr, /has no such request/)
    }
  }
})

t.test('the formats: by which rule and why, Squid\'s line, and combined', async (t) => {
  const { store } = filled(t)
  const pretty = await run(['log', '--store', store], { env: { TZ: 'UTC' } })
  t.match(pretty.stdout, /^2026-01-02 12:01:00 {2}deny {3}403 {2}192\.0\.2\.8 \(Staff\) {2}GET http:\/\/example\.com\/b .* by games \(p\.yaml:7\): no games$/m)
  t.match(pretty.stdout, /error {2}502 .* connection_refused {2}observed: would deny by games$/m)
  t.notMatch(pretty.stdout, /\u001b/, 'no colour in a pipe, and none of a stranger')
  const squid = await run(['log', '--store', store, '--format', 'squid'])
  for (const line of squid.stdout.trimEnd().split('\n')) t.match(line, /^\d+\.\d{3} +\d+ \S+ (?:TCP|NONE)_\w+\/\d{3} \d+ \S+ \S+ - HIER_\w+\/\S+ \S+$/)
  const combined = await run(['log', '--store', store, '--format', 'combined'])
  for (const line of combined.stdout.trimEnd().split('\n')) t.match(line, /^\S+ - - \[02\/Jan\/2026:12:0\d:\d\d \+0000\] "GET \S+ HTTP\/1\.1" \d{3} \d+ "-" "(?:[^"\\]|\\.)*" \w+:HIER_\w+$/)
})

t.test('what is asked wrongly is told, with what to write', async (t) => {
  const { store, events } = filled(t)
  for (const [args, message] of [
    [['--store', store, '--file', events], /not both/], [['--store', store, '--client', 'Pupils'], /--group/], [['--store', store, '--host', 'http://x.example/'], /no host/],
    [['--store', store, '--since', 'soon'], /no time/], [['--store', store, '--since', '1h', '--until', '2h'], /not after/], [['--store', store, '--service', 'smtp'], /--firewall/],
    [['--firewall', '--denied'], /of requests/], [['--store', store, '--format', 'xml'], /pretty, json/], [['--pid-file', join(store, 'none.pid')], /cannot be asked|no gateway/],
  ] as const) {
    const { code, stderr } = await run(['log', ...args])
    t.ok(code === 2 || code === 1, args.join(' '))
    t.match(stderr, message)
  }
  t.equal((await run(['log', '--store', events])).code, 1, 'an event log is no store')
})

function follow(t: { teardown(run: () => unknown): void }, args: readonly string[]): () => string {
  const child = spawn(process.execPath, [MAIN, 'log', '-f', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return () => text
}

t.test('live, from the running gateway\'s store, without its name', async (t) => {
  const folder = folderFor(t, { 'policy.yaml': OPEN_POLICY })
  const { port } = await origin(t)
  const pid = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', join(folder, 'policy.yaml'), '--port', '0', '--event-log', 'none', '--store', join(folder, 's.db'), '--pid-file', pid])
  await ask(gateway.port, `http://127.0.0.1:${port}/before`)
  const all = follow(t, ['--pid-file', pid])
  const denied = follow(t, ['--pid-file', pid, '--denied', '--since', '1h'])
  await until('the last ten', () => all().includes('/before'))
  await ask(gateway.port, `http://127.0.0.1:${port}/after`)
  await ask(gateway.port, `http://127.0.0.1:${port}/closed`)
  await until('the new', () => all().includes('/after') && all().includes('by closed'))
  await until('the denied', () => denied().includes('by closed'))
  t.notMatch(denied(), /after/)
})

t.test('live, from an event log that is rotated meanwhile', async (t) => {
  const folder = folderFor(t, { 'events.json': LINES.slice(0, 1).join('') })
  const file = join(folder, 'events.json')
  const told = follow(t, ['--file', file])
  await until('what is there', () => told().includes('/a'))
  appendFileSync(file, (LINES[1] ?? '').slice(0, 50))
  appendFileSync(file, (LINES[1] ?? '').slice(50))
  await until('what is added', () => told().includes('/b'))
  renameSync(file, `${file}.1`)
  writeFileSync(file, LINES[3] ?? '')
  await until('what the next file has', () => told().includes('/d'))
})

t.test('a log that others wrote makes no lines of its own, and what is no event log is an error', async (t) => {
  const forged = 'a\r\n2026-01-02 12:00:00  allow  200  forged \u001b[2J'
  const fields: unknown = JSON.parse(LINES[0] ?? '')
  const folder = folderFor(t, { 'e.json': `${JSON.stringify({ ...Object(fields), group: forged, reason: forged, userAgent: forged })}\n{"half":`, 'access.log': '1 2 3\n' })
  for (const format of ['pretty', 'combined', 'squid', 'json']) {
    const ran = await run(['log', '--file', join(folder, 'e.json'), '--format', format])
    t.match(ran, { code: 0, stderr: 'note: 1 line of it is none of the event log' })
    t.equal(ran.stdout.split('\n').length, 2, format)
    t.notMatch(ran.stdout, /[\r\u001b]/, format)
  }
  const access = await run(['log', '--file', join(folder, 'access.log')])
  t.match(access, { code: 1, stderr: 'is no event log' })
  t.notMatch(access.stderr, 'no such request')
  for (const args of [['log'], ['log', '-f'], ['top']]) {
    const none = await run([...args, '--file', join(folder, 'none')])
    t.match(none, { code: 1, stderr: 'there is no such file' }, args.join(' '))
    t.notMatch(none.stderr, 'no such request')
  }
})

t.test('who reads no more ends it, however much there is to tell', async (t) => {
  const child = spawn(process.execPath, [MAIN, 'log', '--file', '-'], { stdio: ['pipe', 'pipe', 'ignore'] })
  t.teardown(() => child.kill())
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  child.stdin.on('error', () => {})
  const feed = setInterval(() => child.stdin.write(LINES.join('')), 5)
  t.teardown(() => clearInterval(feed))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.stdout.destroy()
  t.equal(await ended, 0)
})
