// A real gateway before hostile clients and origins: every octet and every sequence in every place that they shape, and credentials wherever one may
// put them. Then its two logs, its terminal and its pages are read as others would read them.
import t from 'tap'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { folderFor, serve, until } from '../../gateway/process.ts'
import { helloFor } from '../../tls/hello.ts'
import { parseResponses } from '../strict.ts'
import { linesOf } from './flood.ts'
import { HARMFUL, SEQUENCES, SQUID_LINE } from './strange.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const POLICY = `version: 1
name: hostile
web:
  default: deny
  ports: [1-65535]
  connect-ports: [1-65535]
  contact: "it@office.example <b>"
  tunnels: { require-tls: false, server-name: any }
  rules:
    - { name: names, action: deny, host: ["*.test"], reason: "No <i>test</i> & such" }
    - { name: closed, action: deny, uri: [closed] }
    - { name: local, action: allow, resolves-to: [127.0.0.0/8] }
rules:
  - { name: use, action: allow, from: any, to: gateway, services: proxy }
limits: { head: 1s, first-byte: 2s, new-per-second-per-client: 100000, new-per-second: 100000, refusals-logged-per-second-per-client: 100000 }
`

interface Origin {
  readonly port: number
  readonly heads: string[]
}

interface Teardown {
  teardown(run: () => unknown): void
}

/** Answers the request for `/N` with the N-th of `answers`, any other plainly, and keeps every head. */
async function startOrigin(t: Teardown, answers: readonly string[]): Promise<Origin> {
  const heads: string[] = []
  const server = createServer((socket) => {
    let read = ''
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => {
      read += chunk
      const end = read.indexOf('\r\n\r\n')
      if (end < 0) return
      heads.push(read.slice(0, end))
      const answer = answers[Number(/^GET \/(\d+) /.exec(read)?.[1] ?? -1)]
      read = ''
      socket.end(answer ?? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'latin1')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { port: (server.address() as AddressInfo).port, heads }
}

/** One connection: sends the octets, and answers all that was said until its end, or until `enough`. */
function talk(port: number, bytes: string | Buffer, enough?: (said: string) => boolean, then?: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let said = ''
    let more = then
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      said += chunk
      if (enough?.(said) !== true) return
      if (more !== undefined) socket.write(more)
      more = undefined
      socket.end()
    })
    socket.on('end', () => socket.end())
    socket.on('error', () => {})
    socket.on('close', () => resolve(said))
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  })
}

async function eachOf<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: 12 }, async () => {
    for (let one = all[next++]; one !== undefined; one = all[next++]) await act(one)
  }))
}

const CLOSE = 'Connection: close\r\nAccept: text/html\r\n\r\n'

/** Where a client's octets may stand. `o`: the origin's authority. */
const PLACES: readonly (readonly [place: string, request: (octets: string, o: string) => string])[] = [
  ['a path', (x, o) => `GET http://${o}/a${x}b HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ['a path that is refused', (x, o) => `GET http://${o}/closed${x}b HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ['a user agent', (x, o) => `GET http://${o}/ua HTTP/1.1\r\nHost: h\r\nUser-Agent: a${x}b\r\n${CLOSE}`],
  ['a method', (x, o) => `G${x}T http://${o}/ HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ['a query', (x, o) => `GET http://${o}/?a=${x}&closed HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ['a host', (x) => `GET http://a${x}b.test/ HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ['a Host', (x, o) => `GET http://${o}/ HTTP/1.1\r\nHost: a${x}b\r\n${CLOSE}`],
  ['a media type', (x, o) => `POST http://${o}/ HTTP/1.1\r\nHost: h\r\nContent-Type: text/${x}\r\nContent-Length: 0\r\n${CLOSE}`],
  ['a Via', (x, o) => `GET http://${o}/ HTTP/1.1\r\nHost: h\r\nVia: 1.1 ${x}\r\n${CLOSE}`],
  ['a field name', (x, o) => `GET http://${o}/ HTTP/1.1\r\nHost: h\r\nX-${x}: y\r\n${CLOSE}`],
  ['a version', (x, o) => `GET http://${o}/ HTTP/1.1${x}\r\nHost: h\r\n${CLOSE}`],
  ['a CONNECT', (x, o) => `CONNECT ${o}${x} HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ['an Accept', (x, o) => `GET http://${o}/closed HTTP/1.1\r\nHost: h\r\nAccept: text/html;q=1, ${x}\r\nConnection: close\r\n\r\n`],
  ['an Upgrade', (x, o) => `GET http://${o}/closed HTTP/1.1\r\nHost: h\r\nUpgrade: ${x}\r\nConnection: upgrade, close\r\nAccept: text/html\r\n\r\n`],
  ['the own page', (x) => `GET /${x} HTTP/1.1\r\nHost: localhost\r\n${CLOSE}`],
  ['the own host', (x) => `GET /wpad.dat HTTP/1.1\r\nHost: wpad.${x}\r\n${CLOSE}`],
  ['a Max-Forwards', (x, o) => `TRACE http://${o}/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\nX-Seen: ${x}\r\n${CLOSE}`],
  ['the first octets', (x, o) => `${x}GET http://${o}/ HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
]
const OCTETS = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))

/** The tags that a page of ours may have, in the page of a refusal and in that of the last ones. */
const TAG = /^<\/?(?:!doctype html|html(?: lang="en")?|head|meta [^<>]*|title|style|body|h1|p|dl|dt|dd|b|small)>$/

/** What is wrong with one of the answers that are our own. */
function pageProblem(said: string): string | undefined {
  const { messages, problem } = parseResponses(Buffer.from(said, 'latin1'), ['GET', 'GET', 'GET'], true)
  if (problem !== undefined) return problem
  for (const { head, body } of messages) {
    if (!/\r\n(?:X-Greengate-Rule|Referrer-Policy): /i.test(head)) continue
    const text = body.toString('utf8')
    if (/[^\x20-\x7e\r\n]/.test(head)) return 'a head with strange octets'
    if (HARMFUL.test(text)) return 'a page that does harm'
    const tag = head.includes('Content-Type: text/html') ? text.match(/<[^>]*>/g)?.find((each) => !TAG.test(each)) : undefined
    if (tag !== undefined) return `a tag ${tag}`
  }
  return undefined
}

/** Three logs' worth of what all others may say, judged. */
function judgeLogs(t: Asserts, events: string, access: string, asked: number): void {
  const lines = events.trimEnd().split('\n')
  for (const line of lines) if (HARMFUL.test(line)) t.fail('the event log does harm', { line: line.slice(0, 400) })
  const requests = linesOf(events).filter((line) => line.event === 'request')
  const accessLines = access.trimEnd().split('\n')
  for (const line of accessLines) if (!SQUID_LINE.test(line)) t.fail('the access log has another form', { line: line.slice(0, 400) })
  t.ok(Math.max(...lines.map((line) => Buffer.byteLength(line))) < 24 << 10, 'the event log\'s lines are bounded')
  t.ok(Math.max(...accessLines.map((line) => line.length)) < 5 << 10, 'the access log\'s too')
  t.equal(requests.length, accessLines.length, 'both tell the same requests')
  t.ok(requests.length >= asked, `${requests.length} records of ${asked} connections`)
  t.equal(new Set(requests.map((line) => line['id'])).size, requests.length, 'each id once')
}

interface Asserts {
  ok(value: unknown, message: string): unknown
  equal(found: unknown, wanted: unknown, message: string): unknown
  fail(message: string, extra: object): unknown
}

const without = (program: string): boolean => process.env['GREENGATE_REQUIRE_ALL'] !== '1' && spawnSync(program, ['--version']).error !== undefined
const noCalamaris = without('calamaris')

t.test('every octet, every sequence, every place', { timeout: 110_000 }, async (t) => {
  const answers = [
    ...OCTETS.map((x) => `HTTP/1.1 200 OK\r\nContent-Type: text/${x}\r\nContent-Length: 2\r\n\r\nok`),
    ...SEQUENCES.map(([, x]) => `HTTP/1.1 200 OK\r\nContent-Type: ${x}\r\nContent-Length: 2\r\n\r\nok`),
    ...SEQUENCES.map(([, x]) => `HTTP/1.1 200 ${x}\r\nContent-Length: 2\r\n\r\nok`),
    ...SEQUENCES.map(([, x]) => `${x}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`),
    ...SEQUENCES.map(([, x]) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;${x}\r\nok\r\n0\r\n\r\n`),
  ]
  const folder = folderFor(t, { 'p.yaml': POLICY })
  const events = join(folder, 'events.json')
  const access = join(folder, 'access.log')
  const up = await startOrigin(t, answers)
  const o = `127.0.0.1:${up.port}`
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--workers', '2', '--pid-file', join(folder, 'g.pid'), '--event-log', events, '--access-log', access])
  const requests: string[] = []
  for (const [at, [, request]] of PLACES.entries()) {
    if (at < 3) for (const octet of OCTETS) requests.push(request(octet, o))
    for (const [, octets] of SEQUENCES) requests.push(request(octets, o))
  }
  for (const at of answers.keys()) requests.push(`GET http://${o}/${at} HTTP/1.1\r\nHost: h\r\n${CLOSE}`)
  await eachOf(requests, async (request) => {
    const problem = pageProblem(await talk(gateway.port, request))
    if (problem !== undefined) t.fail(problem, { request: request.slice(0, 300) })
  })
  const names = SEQUENCES.map(([, octets]) => octets.slice(0, 2_000))
  await eachOf(names, async (name) => void await talk(gateway.port, `CONNECT ${o} HTTP/1.1\r\nHost: h\r\n\r\n`, (said) => said.includes('\r\n\r\n'), helloFor(name)))
  for (const accept of ['text/html', 'text/plain', 'application/json']) {
    const page = await talk(gateway.port, `GET / HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`)
    t.equal(pageProblem(page), undefined, `the page of refusals as ${accept}`)
  }
  const asked = requests.length + names.length + 3
  await until('all is told', () => readFileSync(access, 'utf8').split('\n').length > asked, 30_000)
  process.kill(gateway.pid, 'SIGTERM')
  t.equal((await gateway.ended).code, 0)
  t.notMatch(gateway.stderr(), HARMFUL)
  judgeLogs(t, readFileSync(events, 'utf8'), readFileSync(access, 'latin1'), asked)
  t.equal(linesOf(readFileSync(events, 'utf8')).filter((line) => line['serverName'] !== undefined).length > 20, true, 'server names are told')
  if (noCalamaris) return t.comment('calamaris is not installed')
  const report = execFileSync('calamaris', ['-a', access], { encoding: 'utf8' })
  t.match(report, /invalid lines:\s+lines\s+0\b/)
  // whichever line comes first tells it the format
  const lines = readFileSync(access, 'latin1').trimEnd().split('\n')
  for (let at = 0; at < lines.length; at += Math.ceil(lines.length / 6)) {
    writeFileSync(join(folder, 'one.log'), `${lines[at] ?? ''}\n`)
    t.match(execFileSync('calamaris', ['-a', join(folder, 'one.log')], { encoding: 'utf8' }), /invalid lines:\s+lines\s+0\b/, `line ${at} comes first`)
  }
})

const S = 'S3cr3t'
/** Each holds the secret where somebody might put one. */
const CREDENTIALS: readonly ((o: string) => string)[] = [
  (o) => `GET http://user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:a@${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:${S}%40${o}/ HTTP/1.1\r\nHost: h\r\n`,
  (o) => `GET http:/user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http:///user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET //user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET //user:${S}@${o}/ HTTP/1.1\r\nHost: localhost\r\n`, (o) => `GET user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`,
  (o) => `GET http:\\\\user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:a/${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:a#${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:a?${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`,
  (o) => `GET ftp://user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET https://user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET ws://user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET HTTP://user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`,
  (o) => `GET http://user:${S}@${o}/ HTTP/9.9\r\nHost: h\r\n`, (o) => `GET http://user:${S}@${o}/\r\nHost: h\r\n`, (o) => `GET http://user:${S}@${o}/ x HTTP/1.1\r\nHost: h\r\n`, (o) => `GET  http://user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET\thttp://user:${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`,
  (o) => `GET http://user: ${S}@${o}/ HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:${S}@${o}/\x01 HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:${S}@${o}/${'x'.repeat(40_000)} HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://user:${'x'.repeat(3_000)}${S}@${o}/ HTTP/9.9\r\nHost: h\r\n`,
  ...[' ', '\t', '\r', '\n', '\0', ' \0', '\x01'].flatMap((odd) => ['GET http://', 'CONNECT '].map((begin) => (o: string) => `${begin}user:${S}${odd}x@${o} HTTP/1.1\r\nHost: h\r\n`)),
  (o) => `CONNECT user:${S}@${o} HTTP/1.1\r\nHost: h\r\n`, (o) => `CONNECT ${S}@${o} HTTP/1.1\r\nHost: h\r\n`, (o) => `CONNECT http://user:${S}@${o} HTTP/1.1\r\nHost: h\r\n`, (o) => `CONNECT user:${S}%40${o} HTTP/1.1\r\nHost: h\r\n`, (o) => `CONNECT user:${S}@${o} HTTP/9.9\r\nHost: h\r\n`,
  (o) => `GET http://${o}/ HTTP/1.1\r\nHost: user:${S}@h\r\n`, () => `GET / HTTP/1.1\r\nHost: user:${S}@localhost\r\n`, (o) => `GET http://${o}/\nAuthorization:${S} HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://${o}/\rAuthorization:${S} HTTP/1.1\r\nHost: h\r\n`,
  () => `Authorization: Basic ${S}\r\nHost: h\r\n`, () => `Cookie: sid=${S}\r\nHost: h\r\n`, () => `Cookie sid=${S}\r\nHost: h\r\n`, () => `password=${S}&user=x\r\n`, () => `{"password": "${S}"}\r\n`, (o) => `GET http://${o}/ HTTP/1.1\r\nHost: h\r\nAuthorization ${S}\r\n`, (o) => `GET http://${o}/ HTTP/1.1\r\nHost: h\r\nAuthorization : ${S}\r\n`,
  ...['password', 'passwd', 'pwd', 'token', 'access_token', 'refresh_token', 'id_token', 'api_key', 'apikey', 'X-Api-Key', 'key', 'client_secret', 'sig', 'signature', 'X-Amz-Signature', 'X-Amz-Security-Token', 'X-Goog-Signature', 'code', 'session', 'sid', 'PHPSESSID', 'jwt', 'auth', 'PassWord', 'user[password]', 'user%5Bpassword%5D', '%74oken']
    .map((key) => (o: string) => `GET http://${o}/closed?a=b&${key}=${S}&c=d HTTP/1.1\r\nHost: h\r\n`),
  (o) => `GET http://${o}/?url=http://user:${S}@h/&closed HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://${o}/?url=http%3A%2F%2Fuser%3A${S}%40h%2F&closed HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://${o}/?url=http%3A%2F%2Fh%2F%3Ftoken%3D${S}%26x&closed HTTP/1.1\r\nHost: h\r\n`, (o) => `GET http://${o}/closed;jsessionid=${S}?x=y HTTP/1.1\r\nHost: h\r\n`,
  () => `GET http://no.test/?token=${S} HTTP/1.1\r\nHost: h\r\n`, (o) => `GET ws://${o}/?access_token=${S} HTTP/1.1\r\nHost: h\r\n`, () => `GET /?token=${S} HTTP/1.1\r\nHost: localhost\r\n`, () => `GET /x?token=${S} HTTP/1.1\r\nHost: localhost\r\n`, () => `GET /x?token=${S} HTTP/1.1\r\nHost: h\r\n`,
  (o) => `TRACE http://${o}/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n`, (o) => `OPTIONS http://${o}/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n`, (o) => `GET http://${o}/closed HTTP/1.1\r\nHost: h\r\nX-Auth-Token: ${S}\r\nX-Api-Key: ${S}\r\n`, (o) => `TRACE http://${o}/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\nX-Auth-Token: ${S}\r\nX-Api-Key: ${S}\r\nCookie2: ${S}\r\n`,
]
const EVERYWHERE = `Authorization: Bearer ${S}\r\nProxy-Authorization: Basic ${S}\r\nCookie: sid=${S}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`

t.test('credentials: in no log, no page, no record, no answer; upstream only what is meant for it', { timeout: 110_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': POLICY })
  const access = join(folder, 'access.log')
  const up = await startOrigin(t, [])
  const o = `127.0.0.1:${up.port}`
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--workers', '1', '--pid-file', join(folder, 'g.pid'), '--access-log', access])
  const requests = CREDENTIALS.map((each) => `${each(o)}${EVERYWHERE}`)
  // the end of the target, and of the head, never comes
  requests.push(`GET http://user:${S}`, `CONNECT user:${S}`, `GET http://${o}/ HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${S}`, `GET http://${o}/?token=${S}`)
  await eachOf(requests, async (request) => {
    const said = await talk(gateway.port, request)
    if (said.includes(S)) t.fail('an answer holds the secret', { request: request.slice(0, 200), said: said.slice(0, 1_000) })
  })
  const passed = `GET http://${o}/through HTTP/1.1\r\nHost: h\r\nauthorization: Bearer ${S}\r\nCookie: a=${S}\r\nCookie: b=${S}\r\nProxy-Authorization: Basic ${S}\r\nProxy-Authenticate: ${S}\r\nConnection: close\r\n\r\n`
  t.match(await talk(gateway.port, passed), /^HTTP\/1\.1 200 /)
  const upgrade = `GET http://${o}/upgrade HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${S}\r\nCookie: a=${S}\r\nProxy-Authorization: Basic ${S}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`
  await talk(gateway.port, upgrade)
  const pages = []
  for (const accept of ['text/html', 'text/plain', 'application/json']) pages.push(await talk(gateway.port, `GET / HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`))
  for (const page of pages) t.ok(page.includes('closed') && !page.includes(S), 'the page of refusals')
  const asked = requests.length + 5
  await until('all is told', () => readFileSync(access, 'utf8').split('\n').length > asked, 30_000)
  process.kill(gateway.pid, 'SIGTERM')
  await gateway.ended
  for (const [name, text] of [['event log', gateway.stdout()], ['access log', readFileSync(access, 'latin1')], ['standard error', gateway.stderr()]] as const) {
    const line = text.split('\n').find((each) => each.includes(S))
    t.equal(line, undefined, `no secret in the ${name}`)
  }
  t.ok(linesOf(gateway.stdout()).some((line) => String(line['target']).includes('***')))
  const through = up.heads.find((head) => head.includes('/through'))?.split('\r\n') ?? []
  t.ok(through.includes(`authorization: Bearer ${S}`) && through.includes(`Cookie: a=${S}`) && through.includes(`Cookie: b=${S}`), 'Authorization and Cookie go through as sent')
  for (const head of up.heads) if (/^proxy-auth/im.test(head)) t.fail('Proxy-Authorization went upstream', { head })
  t.ok(up.heads.some((head) => head.includes('/upgrade') && head.includes(`Bearer ${S}`)))
})

t.test('a terminal that shows the log obeys nothing in it', { timeout: 110_000, skip: without('script') ? 'script is not installed' : false }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': POLICY })
  const up = await startOrigin(t, [])
  const o = `127.0.0.1:${up.port}`
  const child = spawn('script', ['-qefc', `"${process.execPath}" ${MAIN} serve --policy ${folder}/p.yaml --port 0 --workers 1 --pid-file ${folder}/g.pid`, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, NO_COLOR: '1' } })
  t.teardown(() => child.kill('SIGKILL'))
  let shown = ''
  child.stdout.setEncoding('latin1')
  child.stdout.on('data', (chunk: string) => {
    shown += chunk
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  await until('it serves', () => /listening on .*pid \d+/.test(shown), 60_000)
  const port = Number(/listening on \S*?:(\d+)/.exec(shown)?.[1])
  const requests = PLACES.slice(0, 6).flatMap(([, request]) => SEQUENCES.map(([, octets]) => request(octets, o)))
  await eachOf(requests, async (request) => void await talk(port, request))
  await talk(port, `GET http://${o}/closed/last HTTP/1.1\r\nHost: h\r\n${CLOSE}`)
  await until('the last line', () => shown.includes('/closed/last'), 30_000)
  process.kill(Number(/pid (\d+)/.exec(shown)?.[1]), 'SIGTERM')
  await ended
  const text = Buffer.from(shown, 'latin1').toString('utf8').replaceAll('\r\n', '\n')
  t.notMatch(text, HARMFUL, 'neither control nor bidi octets')
  t.ok(text.split('\n').filter((line) => /\b(?:allow|deny|error) \S+ \S* \d{3} /.test(line)).length >= requests.length * 0.9, 'a line each')
  for (const line of text.split('\n')) if (line !== '' && !/^(?:\[\d\d:\d\d:\d\d\.\d{3}\]|\^C|greengate)/.test(line.trim())) t.fail('a line of another\'s making', { line })
})
