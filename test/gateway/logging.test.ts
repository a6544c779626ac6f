// Both logs of a running gateway under hostile clients: a line each, nothing raw, no password, and Debian's calamaris finds none invalid.
import t from 'tap'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { ask, folderFor, OPEN_POLICY, origin, serve, until } from './process.ts'

/** Where everything is required a missing program fails its test. */
const without = (program: string): boolean => process.env['GREENGATE_REQUIRE_ALL'] !== '1' && spawnSync(program, ['--version']).error !== undefined
const absent = without('calamaris')

/** Sends bytes as they are, and waits for the other side to close or to say something. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      got += chunk
      socket.end()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(got))
    socket.write(bytes, 'latin1')
  })
}

t.test('hostile clients and the logs', { skip: absent ? 'calamaris is not installed' : false }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const access = join(folder, 'access.log')
  const events = join(folder, 'events.json')
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid'), '--access-log', access, '--event-log', events])
  const up = await origin(t)
  const base = `http://127.0.0.1:${up.port}`
  await ask(gateway.port, `${base}/page?a=b%20c`)
  await ask(gateway.port, `${base}/closed`)
  const hostile = [
    `GET ${base}/\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET ${base}/\x80\xff\x9b HTTP/1.1\r\nHost: 127.0.0.1:${up.port}\r\nUser-Agent: \x9b31m \xe2\x80\xae evil\r\nConnection: close\r\n\r\n`,
    `GET http://anna:geheim@127.0.0.1:${up.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`,
    `CONNECT anna:geheim@127.0.0.1:${up.port} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET ${base}/?access_token=geheim HTTP/1.1\r\nHost: 127.0.0.1:${up.port}\r\nProxy-Authorization: Basic geheim\r\nAuthorization: Bearer geheim\r\nCookie: geheim\r\nConnection: close\r\n\r\n`,
    'GET\x00 / HTTP/1.1\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00',
    `X${'Y'.repeat(5000)} / HTTP/1.1\r\n\r\n`,
    `GET ${base}/${'z'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\n1767323045.018 1 1.2.3.4 TCP_HIT/200 1 GET http://forged/ - NONE/- -\r\n\r\n`,
    `GET ${base}/a b HTTP/1.1\r\nHost: x\r\n\r\n`,
    `M|~ETHOD ${base}/ HTTP/1.1\r\nHost: 127.0.0.1:${up.port}\r\nConnection: close\r\n\r\n`,
    `CONNECT 127.0.0.1:${up.port} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET http://no-such-name.invalid/ HTTP/1.1\r\nHost: no-such-name.invalid\r\nConnection: close\r\n\r\n`,
  ]
  for (const bytes of hostile) await raw(gateway.port, bytes)
  await until('the lines', () => /no-such-name/.test(readFileSync(access, 'utf8')) && /no-such-name/.test(readFileSync(events, 'utf8')))
  process.kill(gateway.pid, 'SIGTERM')
  await gateway.ended

  const lines = readFileSync(access, 'latin1').trimEnd().split('\n')
  for (const line of lines) t.match(line, /^[ \d]{9,}\.\d{3} +\d+ 127\.0\.0\.1 [A-Z_]+\/\d{3} \d+ \S+ \S+ - HIER_[A-Z]+\/\S+ \S+$/)
  const report = execFileSync('calamaris', ['-a', '-n', access], { encoding: 'utf8' })
  t.match(report, /invalid lines:\s+lines\s+0\b/)
  t.match(report, new RegExp(`lines parsed:\\s+lines\\s+${lines.length}\\b`))

  const told = readFileSync(events, 'utf8')
  for (const log of [readFileSync(access, 'latin1'), Buffer.from(told).toString('latin1')]) {
    t.notMatch(log, /geheim/, 'no credentials')
    t.notMatch(log, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/, 'no control bytes, no C1')
  }
  const records = told.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(records.find((each) => String(each['target']).endsWith('/closed')), { verdict: 'deny', rule: 'closed', place: `${join(folder, 'p.yaml')}:9`, status: 403, id: String, generation: 1, hash: String })
  t.match(records.find((each) => String(each['target']).includes('/page')), { verdict: 'allow', rule: 'local', address: '127.0.0.1', status: 200, bytesIn: Number, bytesOut: Number, duration: Number, dial: Number, firstByte: Number })
  t.equal(records.filter((each) => each['event'] === 'request').length, lines.length, 'both logs tell the same requests')
})

t.test('on a terminal it is readable, elsewhere JSON', { skip: without('script') ? 'script is not installed' : false }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const { spawn } = await import('node:child_process')
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const child = spawn('script', ['-qefc', `"${process.execPath}" ${main} serve --policy ${folder}/p.yaml --port 0 --pid-file ${folder}/g.pid`, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  t.teardown(() => child.kill('SIGKILL'))
  await until('it serves', () => /listening on .*pid \d+/.test(shown), 30_000)
  const port = Number(/listening on \S*?:(\d+)/.exec(shown)?.[1])
  const up = await origin(t)
  await ask(port, `http://127.0.0.1:${up.port}/closed`)
  await until('the line', () => /deny GET http:\S+\/closed/.test(shown), 30_000)
  t.notMatch(shown, /\{"level"/)
  process.kill(Number(/pid (\d+)/.exec(shown)?.[1]), 'SIGTERM')
  await ended
})
