// What the proxy answers itself: two files and a page, to its own names alone, and to each client its own refusals.
import t from 'tap'
import { hostname } from 'node:os'
import type { Gate, OwnAsk } from '../../src/proxy/gate.ts'
import { noteRefusal, ownResponse } from '../../src/proxy/own.ts'
import { gateWith, ip, snapshotWith } from './sockets.ts'

const SNAPSHOT = snapshotWith({}, { names: ['proxy.office.example'], contact: 'it@office.example' })

function ask(gate: Gate, more: Partial<OwnAsk>): { status: string; fields: Map<string, string>; body: string } | undefined {
  const bytes = ownResponse({
    id: 'r-1', method: 'GET', path: '/', host: 'localhost', minor: 1, accept: undefined, close: false, client: ip('192.168.51.35'), via: ip('192.168.51.254'), snapshot: SNAPSHOT, gate, ...more
  })
  if (bytes === undefined) return undefined
  const [head = '', ...rest] = bytes.toString('utf8').split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  return { status, fields: new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)])), body: rest.join('\r\n\r\n') }
}

t.test('to which Host the proxy answers', async (t) => {
  const gate = gateWith(SNAPSHOT)
  const ours = ['localhost', 'LOCALHOST:800', 'localhost.', '127.0.0.1', '127.0.0.1:800', '[::1]:800', '192.168.51.254:800', 'wpad', 'wpad.office.example', 'WPAD:80', 'proxy.office.example', 'Proxy.Office.Example.:8080', hostname()]
  const others = ['example.com', 'evil.example:800', 'localhost.evil.example', 'wpadx', 'x.wpad', 'proxy.office.example.evil', 'office.example', '192.168.51.253', '10.0.0.1', 'user@localhost', '', 'localhost:99999', 'localhost:0', '127.0.0.1.evil.example', '[::2]', 'a b', 'localhost/x']
  for (const host of ours) t.equal(ask(gate, { host, path: '/proxy.pac' })?.status, 'HTTP/1.1 200 OK', `${host} is its own`)
  for (const host of others) t.equal(ask(gate, { host, path: '/proxy.pac' }), undefined, `${host} is not`)
})

t.test('the PAC names the address that was asked, and no other way', async (t) => {
  const gate = gateWith(SNAPSHOT)
  for (const path of ['/proxy.pac', '/wpad.dat', '/wpad.dat?x=1']) {
    const answer = ask(gate, { path })
    t.equal(answer?.fields.get('content-type'), 'application/x-ns-proxy-autoconfig')
    t.match(answer?.body, /^function FindProxyForURL\(url, host\) \{[^]*"PROXY 192\.168\.51\.254:800"/)
    t.notMatch(answer?.body, /DIRECT/)
    t.equal(Number(answer?.fields.get('content-length')), answer?.body.length)
    const proxy = new Function(`${answer?.body ?? ''}; return FindProxyForURL('http://example.com/', 'example.com')`)() as unknown
    t.equal(proxy, 'PROXY 192.168.51.254:800')
  }
  t.match(ask(gate, { path: '/proxy.pac', via: ip('2001:db8::1') })?.body, /"PROXY \[2001:db8::1\]:800"/)
})

t.test('nothing else is served', async (t) => {
  const gate = gateWith(SNAPSHOT)
  for (const path of ['/index.html', '/proxy.pac/', '//', '/PROXY.PAC', '/admin', '/proxy.pac%00', '*', '']) t.equal(ask(gate, { path }), undefined, path)
  t.match(ask(gate, { method: 'POST', path: '/' }), { status: 'HTTP/1.1 405 Method Not Allowed' })
  t.equal(ask(gate, { method: 'POST', path: '/' })?.fields.get('allow'), 'GET, HEAD')
  t.equal(ask(gate, { method: 'HEAD', path: '/proxy.pac' })?.body, '')
  t.equal(ask(gate, { close: true })?.fields.get('connection'), 'close')
})

t.test('why was I blocked: the caller\'s own refusals', async (t) => {
  const gate = gateWith(SNAPSHOT)
  const cause = { by: 'messenger', kind: 'rule', reason: 'No <b>messengers</b>' } as const
  noteRefusal(gate, ip('192.168.51.35'), { status: 403, error: 'http_request_denied', cause, what: 'http://x.example/<img src=x>\x1b', id: 'r-7' }, Date.UTC(2026, 0, 2, 3, 4, 5))
  noteRefusal(gate, ip('192.168.51.36'), { status: 403, error: 'http_request_denied', cause, what: 'http://secret.example/', id: 'r-8' }, 1)
  const html = ask(gate, { accept: 'text/html' })
  t.equal(html?.fields.get('content-type'), 'text/html; charset=utf-8')
  for (const said of ['messenger', 'r-7', '2026-01-02 03:04:05 UTC', 'it@office.example', 'No &lt;b&gt;messengers', '&lt;img src=x&gt;%1B']) t.ok(html?.body.includes(said), said)
  t.notOk(html?.body.includes('secret.example'), 'another client\'s stay its own')
  t.match(ask(gate, {})?.body, /403 {2}messenger {2}http:\/\/x\.example/)
  t.match(JSON.parse(ask(gate, { accept: 'application/json' })?.body ?? ''), { client: '192.168.51.35', refusals: [{ rule: 'messenger', id: 'r-7' }] })
  t.match(ask(gate, { client: ip('192.168.51.99') })?.body, /Nothing that 192\.168\.51\.99 asked for was refused lately/)
  t.equal(html?.fields.get('cache-control'), 'no-store')
})
