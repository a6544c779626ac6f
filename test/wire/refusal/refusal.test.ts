// Rule 19: a refusal is honest and useful, on every way: plain, CONNECT, Upgrade and inside a CONNECT to port 80. Each has its status, its RFC 9209
// name, the rule, no addresses of a name, no field of the request (Squid CVE-2025-62168), and the frame that its request asks for.
import t from 'tap'
import { client, openPolicy, startGateway, startOrigin, type Gateway, type Test } from '../../proxy/gateway.ts'
import { answerOf, problemsOf, type Wanted } from './answer.ts'

const CONTACT = 'it@office.example'
/** Stands in fields of every request here, and in no answer. */
const SECRETS = ['S3cr3t-auth', 'S3cr3t-cookie', 'S3cr3t-agent', 'S3cr3t-key', '10.1.2.3', '127.9.9.9', '2001:db8::77']
const FIELDS = 'User-Agent: S3cr3t-agent\r\nAuthorization: Bearer S3cr3t-auth\r\nProxy-Authorization: Basic S3cr3t-auth\r\nCookie: a=S3cr3t-cookie\r\nX-Api-Key: S3cr3t-key\r\nReferer: http://u:S3cr3t-key@h/\r\n'

const POLICY = openPolicy(`  contact: ${CONTACT}
  rules:
    - { name: ads, action: deny, host: [ads.test], reason: 'No <b>advertising</b> & "such"' }
    - { name: path, action: deny, uri: [/x-denied] }
    - { name: types, action: deny, content-type: application/x-bad }
    - { name: odd, action: deny, methods: [DELETE] }
    - { name: inside, action: allow, host: [private.test], resolves-to: [10.9.0.0/16] }
`, 'limits: { head: 300ms, first-byte: 300ms, dns: 300ms, header-count: 20, header-bytes: 4KiB, uri-bytes: 1KiB }\n')
const HOSTS = '127.0.0.1 origin.test\n127.9.9.9 refused.test\n10.1.2.3 private.test\n2001:db8::77 documentation.test\n127.0.0.1 ads.test\n'

interface Case extends Partial<Wanted> {
  readonly name: string
  /** FIELDS are added where `\n` stands */
  readonly send: string
  readonly status: number
  readonly error: string
  readonly rule: string
  /** the record's, where that is another: by what it was allowed before it failed */
  readonly recorded?: string
  readonly end: 'open' | 'closed'
  /** inside a CONNECT to 80 of this host: `send` has its target in origin-form there */
  readonly inside?: string
}

const DENIED = { status: 403, error: 'http_request_denied' } as const
const BROKEN = { status: 400, error: 'http_request_error', rule: 'framing', end: 'closed' } as const

/** `{p}`: the port of an origin that answers by the path */
const cases: readonly Case[] = [
  // plain
  { name: 'a rule', send: 'GET http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\n\n\r\n', ...DENIED, rule: 'ads', end: 'open' },
  { name: 'a rule, for a browser', send: 'GET http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\n\r\n', ...DENIED, rule: 'ads', form: 'text/html', end: 'open' },
  { name: 'a rule, for a program', send: 'GET http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\nAccept: application/json\r\n\n\r\n', ...DENIED, rule: 'ads', form: 'application/json', end: 'open' },
  { name: 'a rule, asked by HEAD', send: 'HEAD http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\n\n\r\n', ...DENIED, rule: 'ads', method: 'HEAD', end: 'open' },
  { name: 'a rule, by HTTP/1.0', send: 'GET http://ads.test/ HTTP/1.0\r\n\n\r\n', ...DENIED, rule: 'ads', end: 'closed' },
  { name: 'a rule, by HTTP/1.0 that would stay', send: 'GET http://ads.test/ HTTP/1.0\r\nConnection: keep-alive\r\n\n\r\n', ...DENIED, rule: 'ads', end: 'open' },
  { name: 'a rule, with a body to come', send: 'POST http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\nContent-Length: 5\r\n\n\r\nhello', ...DENIED, rule: 'ads', end: 'closed' },
  { name: 'a rule, while the client waits for 100', send: 'POST http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\n\r\n', ...DENIED, rule: 'ads', end: 'closed' },
  { name: 'a method by rule', send: 'DELETE http://origin.test:{p}/ HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...DENIED, rule: 'odd', end: 'open' },
  { name: 'the default', send: 'GET http://private.test/ HTTP/1.1\r\nHost: private.test\r\n\n\r\n', ...DENIED, rule: 'web.default', end: 'open' },
  { name: 'the default, of an address that documents', send: 'GET http://documentation.test/ HTTP/1.1\r\nHost: documentation.test\r\n\n\r\n', ...DENIED, rule: 'web.default', end: 'open' },
  { name: 'a response by its type', send: 'GET http://origin.test:{p}/bad HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...DENIED, rule: 'types', end: 'open' },
  { name: 'no name', send: 'GET http://unknown.test/ HTTP/1.1\r\nHost: unknown.test\r\n\n\r\n', status: 502, error: 'dns_error', rule: 'upstream', end: 'open' },
  { name: 'nobody listens', send: 'GET http://refused.test:9/ HTTP/1.1\r\nHost: refused.test\r\n\n\r\n', status: 502, error: 'connection_refused', rule: 'upstream', recorded: 'loopback', end: 'open' },
  { name: 'silence', send: 'GET http://origin.test:{p}/silent HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', status: 504, error: 'http_response_timeout', rule: 'upstream', recorded: 'loopback', end: 'open' },
  { name: 'a reset', send: 'GET http://origin.test:{p}/reset HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', status: 502, error: 'connection_terminated', rule: 'upstream', recorded: 'loopback', end: 'open' },
  { name: 'no HTTP', send: 'GET http://origin.test:{p}/garbage HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', status: 502, error: 'http_protocol_error', rule: 'upstream', recorded: 'loopback', end: 'open' },
  { name: 'a circle', send: 'GET http://origin.test:{p}/ HTTP/1.1\r\nHost: origin.test\r\nVia: 1.1 {via}\r\n\n\r\n', status: 502, error: 'proxy_loop_detected', rule: 'framing', end: 'closed' },
  { name: 'two Hosts', send: 'GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nHost: origin.test\r\n\n\r\n', ...BROKEN },
  { name: 'no Host', send: 'GET http://origin.test/ HTTP/1.1\r\n\n\r\n', ...BROKEN },
  { name: 'a field without a colon', send: 'GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nS3cr3t-key\r\n\n\r\n', ...BROKEN },
  { name: 'userinfo', send: 'GET http://user:S3cr3t-key@origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...BROKEN },
  { name: 'another scheme', send: 'GET ftp://user:S3cr3t-key@origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...BROKEN },
  { name: 'an unknown coding', send: 'POST http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nTransfer-Encoding: S3cr3t-key, chunked\r\n\n\r\n', status: 501, error: 'http_request_error', rule: 'framing', end: 'closed' },
  { name: 'another version', send: 'GET http://origin.test/?token=S3cr3t-key HTTP/3.0\r\nHost: origin.test\r\n\n\r\n', status: 505, error: 'http_request_error', rule: 'framing', end: 'closed' },
  { name: 'a method that is none', send: `${'M'.repeat(200)} http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\n\r\n`, status: 501, error: 'http_request_error', rule: 'framing', end: 'closed' },
  { name: 'a long target', send: `GET http://origin.test/${'a'.repeat(2000)} HTTP/1.1\r\nHost: origin.test\r\n\n\r\n`, status: 414, error: 'http_request_error', rule: 'limits', end: 'closed' },
  { name: 'many fields', send: `GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n${'a: b\r\n'.repeat(30)}\n\r\n`, status: 431, error: 'http_request_error', rule: 'limits', end: 'closed' },
  { name: 'a long head', send: `GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\na: ${'b'.repeat(5000)}\r\n\n\r\n`, status: 431, error: 'http_request_error', rule: 'limits', end: 'closed' },
  { name: 'a head that does not end', send: 'GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\n', status: 408, error: 'http_request_error', rule: 'limits', end: 'closed' },
  { name: 'a target that does not end', send: 'GET http://user:S3cr3t-key', status: 408, error: 'http_request_error', rule: 'limits', end: 'closed' },
  { name: 'of the proxy itself: another host', send: 'GET / HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...BROKEN },
  { name: 'of the proxy itself: no such page', send: 'GET /secret HTTP/1.1\r\nHost: localhost\r\n\n\r\n', status: 404, error: 'http_request_error', rule: 'framing', end: 'open' },
  { name: 'of the proxy itself: another method', send: 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\n\r\n', status: 405, error: 'http_request_error', rule: 'framing', end: 'open' },
  { name: 'of the proxy itself: another method, for a browser', send: 'DELETE /proxy.pac HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\n\r\n', status: 405, error: 'http_request_error', rule: 'framing', form: 'text/html', end: 'open' },
  // CONNECT
  { name: 'CONNECT: a rule', send: 'CONNECT ads.test:443 HTTP/1.1\r\nHost: ads.test:443\r\n\n\r\n', ...DENIED, rule: 'ads', end: 'closed' },
  { name: 'CONNECT: a rule, for a browser', send: 'CONNECT ads.test:443 HTTP/1.1\r\nHost: ads.test:443\r\nAccept: text/html\r\n\n\r\n', ...DENIED, rule: 'ads', form: 'text/html', end: 'closed' },
  { name: 'CONNECT: early bytes are no requests', send: 'CONNECT ads.test:443 HTTP/1.1\r\nHost: ads.test:443\r\n\n\r\nGET http://origin.test:{p}/ HTTP/1.1\r\nHost: origin.test\r\n\r\n', ...DENIED, rule: 'ads', end: 'closed' },
  { name: 'CONNECT: by HTTP/1.0', send: 'CONNECT ads.test:443 HTTP/1.0\r\n\n\r\n', ...DENIED, rule: 'ads', end: 'closed' },
  { name: 'CONNECT: the default', send: 'CONNECT private.test:443 HTTP/1.1\r\nHost: private.test:443\r\n\n\r\n', ...DENIED, rule: 'web.default', end: 'closed' },
  { name: 'CONNECT: no name', send: 'CONNECT unknown.test:443 HTTP/1.1\r\nHost: unknown.test:443\r\n\n\r\n', status: 502, error: 'dns_error', rule: 'upstream', end: 'closed' },
  { name: 'CONNECT: nobody listens', send: 'CONNECT refused.test:9 HTTP/1.1\r\nHost: refused.test:9\r\n\n\r\n', status: 502, error: 'connection_refused', rule: 'upstream', recorded: 'loopback', end: 'closed' },
  { name: 'CONNECT: userinfo', send: 'CONNECT user:S3cr3t-key@origin.test:443 HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...BROKEN },
  { name: 'CONNECT: no port', send: 'CONNECT origin.test HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...BROKEN },
  { name: 'CONNECT: a body', send: 'CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 3\r\n\n\r\nabc', ...BROKEN },
  // Upgrade
  { name: 'Upgrade: a rule', send: 'GET http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', ...DENIED, rule: 'ads', end: 'open' },
  { name: 'Upgrade: nobody listens', send: 'GET http://refused.test:9/ HTTP/1.1\r\nHost: refused.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', status: 502, error: 'connection_refused', rule: 'upstream', recorded: 'loopback', end: 'open' },
  { name: 'Upgrade: silence', send: 'GET http://origin.test:{p}/silent HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', status: 504, error: 'http_response_timeout', rule: 'upstream', recorded: 'loopback', end: 'closed' },
  { name: 'Upgrade: no HTTP', send: 'GET http://origin.test:{p}/garbage HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', status: 502, error: 'http_protocol_error', rule: 'upstream', recorded: 'loopback', end: 'closed' },
  { name: 'Upgrade: a response by its type', send: 'GET http://origin.test:{p}/bad HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', ...DENIED, rule: 'types', end: 'closed' },
  { name: 'Upgrade: another protocol', send: 'GET http://origin.test:{p}/other HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', status: 502, error: 'http_upgrade_failed', rule: 'upstream', recorded: 'loopback', end: 'closed' },
  // inside a CONNECT to port 80
  { name: 'inside: a rule', inside: 'refused.test', send: 'GET /x-denied HTTP/1.1\r\nHost: refused.test\r\nAccept: application/json\r\n\n\r\n', ...DENIED, rule: 'path', form: 'application/json', end: 'open' },
  { name: 'CONNECT to 80: the default', send: 'CONNECT private.test:80 HTTP/1.1\r\nHost: private.test:80\r\n\n\r\n', ...DENIED, rule: 'web.default', end: 'closed' },
  { name: 'inside: nobody listens', inside: 'refused.test', send: 'GET /x HTTP/1.1\r\nHost: refused.test\r\n\n\r\n', status: 502, error: 'connection_refused', rule: 'upstream', recorded: 'loopback', end: 'open' },
  { name: 'inside: no name', inside: 'unknown.test', send: 'HEAD /x HTTP/1.1\r\nHost: unknown.test\r\n\n\r\n', status: 502, error: 'dns_error', rule: 'upstream', method: 'HEAD', end: 'open' },
  { name: 'inside: an Upgrade that a rule denies', inside: 'refused.test', send: 'GET /x-denied HTTP/1.1\r\nHost: refused.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', ...DENIED, rule: 'path', end: 'open' },
  { name: 'inside: another host', inside: 'refused.test', send: 'GET /x HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...BROKEN },
  { name: 'inside: another host in absolute-form', inside: 'refused.test', send: 'GET http://user:S3cr3t-key@origin.test/x HTTP/1.1\r\nHost: refused.test\r\n\n\r\n', ...BROKEN },
  { name: 'inside: a CONNECT', inside: 'refused.test', send: 'CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\n\r\n', ...BROKEN },
  { name: 'inside: the own pages are not there', inside: 'refused.test', send: 'GET /proxy.pac HTTP/1.1\r\nHost: localhost\r\n\n\r\n', ...BROKEN },
  { name: 'inside: no HTTP', inside: 'refused.test', send: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', ...BROKEN },
  { name: 'inside: two lengths', inside: 'refused.test', send: 'POST /x HTTP/1.1\r\nHost: refused.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\n\r\nab', ...BROKEN },
]

interface Asserts extends Test {
  pass(message: string): unknown
  fail(message: string, extra: object): unknown
}

async function refused(t: Asserts, gateway: Gateway, each: Case, fill: (text: string) => string): Promise<void> {
  const raw = client(t, gateway.port)
  let skip = 0
  if (each.inside !== undefined) {
    raw.send(`CONNECT ${each.inside}:80 HTTP/1.1\r\nHost: ${each.inside}:80\r\n\r\n`)
    const opened = await raw.untilSaid('\r\n\r\n', 10_000)
    skip = opened.length
    if (!opened.startsWith('HTTP/1.1 200 ')) return void t.fail(`${each.name}: no CONNECT`, { opened })
  }
  const before = gateway.records.length
  raw.send(fill(each.send.replace(/(?<=\r\n)\n/, FIELDS)))
  const whole = (said: string): boolean => {
    const head = said.indexOf('\r\n\r\n', skip)
    const length = Number(/\r\nContent-Length: (\d+)/.exec(said.slice(skip))?.[1] ?? 0)
    return head >= 0 && (each.method === 'HEAD' || said.length >= head + 4 + length)
  }
  await raw.until((said, ended) => whole(said) || ended !== undefined, 10_000)
  if (each.end === 'closed') {
    raw.socket.end()
    await raw.untilEnded(10_000)
  } else await new Promise((resolve) => setTimeout(resolve, 10))
  const answer = answerOf(Buffer.from(raw.said.slice(skip), 'latin1'), each.method)
  const problems = problemsOf(answer, { contact: CONTACT, never: SECRETS, ...each })
  if (each.end === 'open' && raw.ended !== undefined) problems.push('the connection ended')
  if (each.end === 'closed' && answer.fields.get('connection') !== 'close') problems.push('the close is not announced')
  if (each.end === 'open' && answer.fields.get('connection') !== (/ HTTP\/1\.0\r\n/.test(each.send) ? 'keep-alive' : undefined)) problems.push(`Connection is ${answer.fields.get('connection')}`)
  if (answer.response.head.length + answer.response.body.length + skip !== raw.said.length) problems.push('more was said than the answer')
  // the record tells the same
  for (let look = 0; look < 200 && gateway.records.length === before; look++) await new Promise((resolve) => setTimeout(resolve, 5))
  const record = gateway.records.at(-1)
  if (record?.id !== answer.fields.get('x-greengate-request-id')) problems.push('the record has another id')
  if (record?.status !== each.status || record.rule !== (each.recorded ?? each.rule) || record.error !== each.error) problems.push(`the record says ${record?.status}, ${record?.rule}, ${record?.error}`)
  if (record?.verdict !== (each.status === 403 || each.status === 429 ? 'deny' : 'error')) problems.push(`the record's verdict is ${record?.verdict}`)
  const { addresses: _, address: __, userAgent: ___, ...told } = record ?? { addresses: [], address: undefined, userAgent: undefined }
  if (/S3cr3t/.test(JSON.stringify(told))) problems.push(`the record holds a secret: ${JSON.stringify(told)}`)
  if (problems.length === 0) t.pass(each.name)
  else t.fail(each.name, { problems, answer: raw.said.slice(skip, skip + 2000) })
  raw.socket.destroy()
}

const BAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-bad\r\nContent-Length: 3\r\n\r\nbad'

t.test('every way to be refused', { timeout: 110_000 }, async (t) => {
  const gateway = await startGateway(t, POLICY, HOSTS)
  const { PSEUDONYM } = await import('../../../src/proxy/pseudonym.ts')
  const up = await startOrigin(t, ({ socket, when }) => {
    when('\r\n\r\n', (each) => {
      const path = /^\S+ (\S+)/.exec(up.seen.at(-1) ?? '')?.[1]
      if (path === '/bad') each.write(BAD)
      else if (path === '/reset') each.resetAndDestroy()
      else if (path === '/garbage') each.end('SSH-2.0-OpenSSH\r\n\r\n')
      else if (path === '/other') each.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
      else if (path !== '/silent') each.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    socket.on('error', () => {})
  })
  const fill = (text: string): string => text.replaceAll('{p}', String(up.port)).replaceAll('{via}', PSEUDONYM)
  for (const each of cases) await refused(t, gateway, each, fill)
})

const TOO_MANY = { status: 429, error: 'connection_limit_reached', rule: 'limits', end: 'closed' } as const
const TUNNELS: readonly Case[] = [
  { name: 'CONNECT: too many tunnels', send: 'CONNECT origin.test:{p} HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...TOO_MANY },
  { name: 'CONNECT: too many tunnels, for a program', send: 'CONNECT origin.test:{p} HTTP/1.1\r\nHost: origin.test\r\nAccept: application/json\r\n\n\r\n', form: 'application/json', ...TOO_MANY },
  { name: 'Upgrade: too many tunnels', send: 'GET http://origin.test:{p}/ HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: S3cr3t-key\r\nSec-WebSocket-Version: 13\r\n\n\r\n', ...TOO_MANY },
]
const CONNECTIONS: readonly Case[] = [
  { name: 'too many connections', send: 'GET http://origin.test:{p}/ HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...TOO_MANY },
  { name: 'too many connections, asked by HEAD', send: 'HEAD http://origin.test:{p}/ HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', method: 'HEAD', ...TOO_MANY },
  { name: 'too many connections: the own page waits too', send: 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\n\r\n', form: 'text/html', ...TOO_MANY },
  { name: 'CONNECT: too many connections', send: 'CONNECT origin.test:{p} HTTP/1.1\r\nHost: origin.test\r\n\n\r\n', ...TOO_MANY },
]

t.test('over a limit: 429, and when to come again', { timeout: 110_000 }, async (t) => {
  const up = await startOrigin(t, ({ when }) => when('\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  const fill = (text: string): string => text.replaceAll('{p}', String(up.port))
  const tunnels = await startGateway(t, openPolicy(`  contact: ${CONTACT}`, 'limits: { tunnels-per-client: 0 }\n'), HOSTS)
  for (const each of TUNNELS) await refused(t, tunnels, each, fill)
  const connections = await startGateway(t, openPolicy(`  contact: ${CONTACT}`, 'limits: { connections-per-client: 1 }\n'), HOSTS)
  const first = client(t, connections.port)
  first.send(fill('GET http://origin.test:{p}/ HTTP/1.1\r\nHost: origin.test\r\n\r\n'))
  await first.untilSaid('ok', 10_000)
  for (const each of CONNECTIONS) await refused(t, connections, each, fill)
})
