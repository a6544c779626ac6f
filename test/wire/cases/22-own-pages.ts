// Rule 22: what is asked of the proxy itself, in origin-form and by a name of its own; nothing else is served. All Hosts and paths are in ../refusal.
import { refused, type CaseFile, type Gets, type Outcome } from '../case.ts'

const PAC: Gets = { status: 200, framing: 'length', has: ['Content-Type: application/x-ns-proxy-autoconfig', 'Cache-Control: no-store'], body: 'function FindProxyForURL(url, host) {\n  return "PROXY 127.0.0.1:800";\n}\n' }
const PAGE: Gets = { status: 200, framing: 'length', has: ['Cache-Control: no-store', 'X-Content-Type-Options: nosniff'], says: ['Nothing that 127.'] }

function serves(...client: readonly Gets[]): Outcome {
  return { origin: [], client, end: 'open' }
}

const own = (line: string, host: string, ...fields: readonly string[]): string => `${line} HTTP/1.1\r\nHost: ${host}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`

export const file: CaseFile = {
  rule: '22',
  title: 'the PAC file and the page of refusals',
  cases: [
    ...['localhost', 'LOCALHOST.:800', '127.0.0.1', '127.0.0.1:1', '[::1]:800', 'wpad', 'WPAD.office.example', '0x7f.1', '%77pad'].map((host) => (
      { name: `the PAC file, asked of ${host}`, ref: 'wire rule 22', ours: true as const, send: own('GET /proxy.pac', host), expect: serves(PAC) })),
    { name: 'under its other name, with a query', ref: 'WPAD', ours: true, send: own('GET /wpad.dat?x=1', 'wpad'), expect: serves(PAC) },
    { name: 'asked by HEAD', ref: 'RFC 9110 9.3.2', ours: true, send: own('HEAD /wpad.dat', 'wpad'), expect: serves({ to: 'HEAD', status: 200, has: ['Content-Type: application/x-ns-proxy-autoconfig'], body: '' }) },
    { name: 'on a condition, and a part of it', ref: 'RFC 9110 13, 14', ours: true, send: own('GET /proxy.pac', 'wpad', 'If-None-Match: *', 'Range: bytes=0-1'), expect: serves(PAC) },
    { name: 'twice, pipelined', ref: 'RFC 9112 9.3.2', ours: true, send: `${own('GET /proxy.pac', 'wpad')}${own('GET /', 'localhost')}`, expect: serves(PAC, PAGE) },
    { name: 'a client that forges where it came from learns nothing by it', ref: 'wire rule D7', ours: true, send: own('GET /', 'localhost', 'X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1', 'X-Real-IP: 127.0.0.1'), expect: serves(PAGE) },
    { name: 'the page, for a browser', ref: 'wire rule 22', ours: true, send: own('GET /', 'localhost', 'Accept: text/html'), expect: serves({ ...PAGE, has: ['Content-Type: text/html; charset=utf-8', 'Referrer-Policy: no-referrer'], says: ['Why was I blocked?'] }) },
    { name: 'another method', ref: 'RFC 9110 15.5.6', ours: true, send: own('POST /proxy.pac', 'wpad', 'Content-Length: 0'), expect: serves({ status: 405, has: ['Allow: GET, HEAD', 'Proxy-Status: greengate; error=http_request_error', 'X-Greengate-Rule: framing'] }) },
    { name: 'OPTIONS * is of the proxy', ref: 'RFC 9110 9.3.7', ours: true, send: own('OPTIONS *', 'localhost'), expect: serves({ status: 200, has: ['Content-Length: 0'] }) },
    ...['/index.html', '//', '/proxy.pac/', '/%70roxy.pac', '/./proxy.pac', '/../proxy.pac', '/PROXY.PAC', '/squid-internal-mgr/info', '/admin'].map((path) => (
      { name: `nothing at ${path}`, ref: 'wire rule 22', ours: true as const, send: own(`GET ${path}`, 'localhost'), expect: serves({ status: 404, has: ['Proxy-Status: greengate; error=http_request_error', 'X-Greengate-Rule: framing', 'Cache-Control: no-store'] }) })),
    ...['example.com', 'localhost.example.com', 'x.wpad', 'user:pw@localhost', '127.0.0.2', '[::2]', 'localhost:0', 'localhost:80:80', ''].map((host) => (
      { name: `not by the name ${host === '' ? 'of nobody' : host}`, ref: 'DNS rebinding', ours: true as const, send: own('GET /proxy.pac', host), expect: refused() })),
    ...['http://127.0.0.1:800/proxy.pac', 'http://localhost:800/', 'http://[::1]:800/', 'http://0x7f000001:800/', 'http://[::ffff:127.0.0.1]:800/'].map((uri) => (
      { name: `not through itself: ${uri}`, ref: 'wire rule D2', ours: true as const, send: own(`GET ${uri}`, 'localhost'), expect: serves({ status: 403, has: ['Proxy-Status: greengate; error=http_request_denied'], hides: ['FindProxyForURL'] }) })),
    { name: 'not inside a CONNECT', ref: 'wire rule 20', ours: true, path: 'inside', send: 'GET {uri}/proxy.pac HTTP/1.1\r\nHost: localhost\r\n\r\n', expect: refused() },
  ],
}
