// Rule 22: what the proxy answers as itself, asked by its own names in origin-form; nothing else, to nobody else, and never through itself.
import t from 'tap'
import { hostname } from 'node:os'
import { createContext, runInContext } from 'node:vm'
import { client, openPolicy, startGateway, startOrigin, type Gateway, type Test } from '../../proxy/gateway.ts'
import { answerOf, type Answer } from './answer.ts'

const POLICY = openPolicy(`  contact: it@office.example
  rules:
    - { name: closed, action: deny, uri: [/closed] }
`, `gateway: { names: [proxy.office.example], admin: { mac: "00:16:3e:5e:6c:01", ports: [445] } }
`)
const HOSTS = '127.0.0.1 origin.test wpad wpad.office.example proxy.office.example\n'

async function asked(t: Test, gateway: Gateway, request: string, method = 'GET'): Promise<Answer & { readonly ended: boolean }> {
  const raw = client(t, gateway.port)
  raw.send(request)
  await raw.until((said, ended) => {
    const head = said.indexOf('\r\n\r\n')
    const length = Number(/\r\nContent-Length: (\d+)/.exec(said)?.[1] ?? 0)
    return ended !== undefined || (head >= 0 && (method === 'HEAD' || said.length >= head + 4 + length))
  }, 10_000)
  const answer = answerOf(Buffer.from(raw.said, 'latin1'), method)
  const ended = raw.ended !== undefined || answer.fields.get('connection') === 'close'
  raw.socket.destroy()
  return { ...answer, ended }
}

const get = (path: string, host: string, ...fields: readonly string[]): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`

const OURS = [
  'localhost', 'LOCALHOST', 'localhost.', 'localhost:800', 'localhost:80', 'LocalHost.:65535', '127.0.0.1', '127.0.0.1:800', '127.0.0.1:1', '[::1]', '[::1]:800', '[0:0:0:0:0:0:0:1]', 'wpad', 'WPAD', 'wpad.', 'wpad:800', 'wpad.office.example', 'Wpad.Office.Example.:80',
  'wpad.a.b.c', 'proxy.office.example', 'PROXY.office.example.', 'proxy.office.example:8080', hostname(), `${hostname().toUpperCase()}:800`, '0x7f.1', '2130706433', '127.1', '0177.0.0.1', 'local%68ost', '%77pad', '127.0.0.1:',
]
const OTHERS = [
  'example.com', 'origin.test', 'localhost.example.com', 'alocalhost', 'wpadx', 'wpad-office', 'x.wpad', 'notwpad.office.example', 'office.example', 'proxy.office.example.evil', 'aproxy.office.example', '127.0.0.2', '10.0.0.1', '[::2]', '0.0.0.0', '[::]', '[::ffff:10.0.0.1]',
  'user@localhost', 'user:pw@localhost', '@localhost', 'localhost@evil.example', 'localhost/', 'localhost/x', 'localhost?', 'localhost#', 'localhost:0', 'localhost:65536', 'localhost:+80', 'localhost:80:80', 'localhost:8o', 'localhost localhost', 'localhost,evil.example', '', ' ', '::1', '[::1', '[localhost]',
  '[::1]x', '[::1%25lo]', 'localhost..', '.localhost', 'wpad..x', 'localhost%00', 'localhost%2f', '*', 'http://localhost/', '127.0.0.1.evil.example', '256.0.0.1', '127.0.0.1.1',
]

t.test('the Host by which the gateway knows itself', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, POLICY, HOSTS)
  for (const host of OURS) t.equal((await asked(t, gateway, get('/proxy.pac', host))).response.status, 200, `${host} is its own`)
  for (const host of OTHERS) {
    const { response, fields, text } = await asked(t, gateway, get('/proxy.pac', host))
    t.ok(response.status === 400 && fields.get('proxy-status') === 'greengate; error=http_request_error' && !text.includes('FindProxyForURL'), `${JSON.stringify(host)} is not`)
  }
  t.equal((await asked(t, gateway, 'GET /proxy.pac HTTP/1.0\r\n\r\n')).response.status, 400, 'no Host at all')
  t.equal((await asked(t, gateway, 'GET /proxy.pac HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n')).response.status, 400, 'two of them')
})

t.test('the PAC file: what it says, and how it is asked for', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, POLICY, HOSTS)
  const plain = await asked(t, gateway, get('/proxy.pac', 'wpad'))
  t.equal(plain.fields.get('content-type'), 'application/x-ns-proxy-autoconfig')
  t.equal(plain.fields.get('cache-control'), 'no-store')
  const context = createContext({})
  runInContext(plain.text, context)
  t.equal(runInContext('FindProxyForURL("http://example.com/", "example.com")', context), 'PROXY 127.0.0.1:800', 'the address that was asked')
  const same = [
    get('/wpad.dat', 'wpad'), get('/proxy.pac?x=1', 'wpad'), get('/wpad.dat?', 'wpad'), get('/proxy.pac', 'wpad', 'If-None-Match: *'), get('/proxy.pac', 'wpad', 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT'),
    get('/proxy.pac', 'wpad', 'Range: bytes=0-3'), get('/proxy.pac', 'wpad', 'Accept: text/html'), get('/proxy.pac', 'wpad', 'Accept-Encoding: gzip, br'), get('/proxy.pac', 'wpad.evil.example'),
    'GET /proxy.pac HTTP/1.0\r\nHost: wpad\r\n\r\n', 'GET /proxy.pac HTTP/1.1\r\nHost: wpad\r\nConnection: close\r\n\r\n', 'GET /proxy.pac HTTP/1.1\r\nHost: wpad\r\nContent-Length: 3\r\n\r\nabc',
    'GET /proxy.pac HTTP/1.1\r\nHost: wpad\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 13\r\n\r\n', 'GET /proxy.pac HTTP/1.1\r\nHost: wpad\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n\r\n',
  ]
  for (const request of same) {
    const { response, text } = await asked(t, gateway, request)
    t.ok(response.status === 200 && text === plain.text, JSON.stringify(request.slice(0, 90)))
  }
  const head = await asked(t, gateway, 'HEAD /proxy.pac HTTP/1.1\r\nHost: wpad\r\n\r\n', 'HEAD')
  t.ok(head.response.status === 200 && head.text === '' && head.fields.get('content-length') === plain.fields.get('content-length'))
})

t.test('nothing else is served', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, POLICY, HOSTS)
  const none = [
    '/proxy.pac/', '//proxy.pac', '/./proxy.pac', '/../proxy.pac', '/x/../proxy.pac', '/%70roxy.pac', '/proxy%2epac', '/PROXY.PAC', '/proxy.pac%00', '/proxy.pac;x', '/proxy.pac.html', '/wpad', '/wpad.da', '/wpad.dat/', '//', '/.', '/..', '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd', '/index.html', '/robots.txt', '/favicon.ico', '/admin', '/console', '/squid-internal-mgr/info', '/cachemgr.cgi', '/.git/config', '/metrics', '/status', '/\\proxy.pac', '/proxy.pac&x', '///wpad.dat', '/http://example.com/', '/localhost/proxy.pac',
  ]
  for (const path of none) {
    const { response, fields } = await asked(t, gateway, get(path, 'localhost'))
    t.ok((response.status === 404 || response.status === 400) && fields.get('x-greengate-rule') === 'framing', `${path}: ${response.status}`)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PURGE', 'get', 'PROPFIND']) {
    const { response, fields } = await asked(t, gateway, `${method} /proxy.pac HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    t.ok(response.status === 405 && fields.get('allow') === 'GET, HEAD', `${method}: ${response.status}`)
  }
  t.equal((await asked(t, gateway, 'CONNECT /proxy.pac HTTP/1.1\r\nHost: localhost\r\n\r\n', 'CONNECT')).response.status, 400)
  const options = await asked(t, gateway, 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n')
  t.ok(options.response.status === 200 && options.text === '')
})

/** The guard's word, or the default's where no address could be opened any more. */
const CLOSED = /^(?:private|web\.default)$/

t.test('never through itself: a circle, the console', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, POLICY, HOSTS)
  const refused = [
    'http://127.0.0.1:800/proxy.pac', 'http://localhost:800/', 'http://wpad:800/wpad.dat', 'http://wpad.office.example:800/', 'http://proxy.office.example:800/', 'http://[::1]:800/', 'http://[::ffff:127.0.0.1]:800/', 'http://0x7f.1:800/', 'http://2130706433:800/', 'http://127.1:800/', 'http://localhost.:800/',
    'http://127.0.0.1:445/', 'http://localhost:445/', 'http://[::1]:445/', 'http://proxy.office.example:445/', 'http://[::ffff:7f00:1]:445/', 'http://LOCALHOST:445/',
  ]
  for (const uri of refused) {
    const { response, fields, text } = await asked(t, gateway, get(uri, 'x.test'))
    t.ok(response.status === 403 && CLOSED.test(fields.get('x-greengate-rule') ?? '') && !text.includes('FindProxyForURL'), `${uri}: ${response.status} ${fields.get('x-greengate-rule') ?? ''}`)
  }
  for (const authority of ['127.0.0.1:800', 'localhost:800', '[::1]:800', 'wpad:800', '127.0.0.1:445', 'localhost:445', '[::1]:445']) {
    const { response, fields } = await asked(t, gateway, `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`, 'CONNECT')
    t.ok(response.status === 403 && CLOSED.test(fields.get('x-greengate-rule') ?? ''), `CONNECT ${authority}: ${response.status}`)
  }
})

t.test('why was I blocked: the caller\'s own', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, POLICY, HOSTS)
  const up = await startOrigin(t, ({ when }) => when('\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  await asked(t, gateway, get(`http://origin.test:${up.port}/open`, 'origin.test'))
  await asked(t, gateway, get(`http://origin.test:${up.port}/closed?token=S3cr3t&a=<img/src=x>`, 'origin.test'))
  for (const accept of ['text/html', 'text/plain', 'application/json']) {
    const { text, fields } = await asked(t, gateway, get('/', 'localhost', `Accept: ${accept}`))
    t.equal(fields.get('cache-control'), 'no-store')
    t.ok(text.includes('/closed?token=***&') || text.includes('/closed?token=***&amp;'), `${accept} shows it without the secret`)
    t.ok(!text.includes('S3cr3t') && !text.includes('/open') && (accept !== 'text/html' || !text.includes('<img')), accept)
  }
})

t.test('a client that may not reach the proxy gets no page of it either', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, `version: 1
name: shut
rules:
  - { name: others, action: allow, from: 192.168.51.0/24, to: gateway, services: proxy }
web: { default: allow }
`, HOSTS)
  for (const path of ['/', '/proxy.pac', '/wpad.dat', '/nothing', '/%']) {
    const { response, fields, text } = await asked(t, gateway, get(path, 'wpad'))
    t.ok(response.status === 403 && fields.get('x-greengate-rule') === 'default' && !text.includes('FindProxyForURL'), `${path}: ${response.status}`)
  }
  t.equal((await asked(t, gateway, 'OPTIONS * HTTP/1.1\r\nHost: wpad\r\n\r\n')).response.status, 403)
})
