// Rule 17: what is judged is what is asked for: the target decides, whatever Host says; an authority that can be read in two ways is refused; ports follow
// the policy in plain requests too, and inside a CONNECT every name said is that of the CONNECT (RFC 9110 4.2.4, 7.2; RFC 9112 3.2; GHSA-p6vj-j24g-56wp).
import { denied, get, OK, passes, refused, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const ours = { ours: true } as const
const X = { line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] }
const ask = (target: string, host: string, ...fields: readonly string[]): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`

/** One host is open, the other is not. */
const ONE = { web: '  rules:\n    - { name: shut, action: deny, host: [other.test, shut.test] }\n    - { name: one, action: allow, host: ["o*.test"], resolves-to: [127.77.0.0/16] }\n    - { name: rest, action: deny }\n' }
const by = (rule: string, status = 403): Outcome => ({ origin: [], client: [{ status, has: [`X-Greengate-Rule: ${rule}`] }], end: 'open' })

/** What Host may say beside a target that decides. */
const HOSTS = ['{other}', 'other.test', 'shut.test:1', '127.0.0.1', '[::1]', 'localhost:800', '{host}', '{host}:1', 'nowhere.test', '0x7f.1']
const target: readonly WireCase[] = [
  ...HOSTS.map((host): WireCase => ({ ...ours, name: `a Host of \`${host}\` beside an open target: the target is asked, and named`, ref: 'GHSA-p6vj-j24g-56wp; RFC 9112 3.2.2', path: 'plain', policy: ONE, send: ask('http://{origin}/x', host), expect: passes(X), records: [{ verdict: 'allow', rule: 'one', status: 200 }] })),
  ...['{origin}', '{host}', 'open.test', 'localhost'].map((host): WireCase => ({ ...ours, name: `a Host of \`${host}\` does not open a target that is shut`, ref: 'GHSA-p6vj-j24g-56wp', path: 'plain', policy: ONE, send: ask('http://{other}/x', host), expect: by('shut'), records: [{ verdict: 'deny', rule: 'shut', host: 'other.test' }] })),
  ...['X-Forwarded-Host: {origin}', 'Forwarded: host="{origin}"', 'X-Host: {origin}', 'X-Original-URL: http://{origin}/', 'X-Rewrite-URL: /x', 'Via: 1.1 {origin}', 'Origin: http://{origin}', 'Referer: http://{origin}/'].map((field): WireCase => ({ ...ours, name: `\`${field}\` does not either`, ref: 'RFC 9110 7.2', path: 'plain', policy: ONE, send: ask('http://{other}/x', '{other}', field), expect: by('shut') })),
  { ...ours, name: 'a shut target behind an open one, pipelined', ref: 'GHSA-p6vj-j24g-56wp', path: 'plain', policy: ONE, send: ask('http://{origin}/x', '{origin}') + ask('http://{other}/x', '{origin}') + ask('http://{origin}/x', '{other}'), expect: { origin: [X, X], client: [OK, { status: 403 }, OK], end: 'open' } },
  { ...ours, name: 'HTTP/1.0 without Host: the target decides', ref: 'RFC 9112 3.2', path: 'plain', policy: ONE, send: 'GET http://{other}/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', expect: by('shut') },
  { ...ours, name: 'a CONNECT whose Host is open, to a target that is shut', ref: 'RFC 9112 3.2.3', path: 'plain', policy: ONE, send: 'CONNECT {other} HTTP/1.1\r\nHost: {origin}\r\n\r\n', expect: { ...by('shut'), end: 'closed' } },
]

/** Read in two ways by those that read URIs: nobody is asked. */
const AMBIGUOUS: readonly (readonly [target: string, ref: string])[] = [
  ['http://{origin}@{other}/', 'RFC 9110 4.2.4'], ['http://{other}@{origin}/', 'RFC 9110 4.2.4'], ['http://{origin}:x@{other}/', 'RFC 9110 4.2.4'], ['http://@{origin}@{other}/', 'RFC 9110 4.2.4'], ['http://{origin}\\@{other}/', 'WHATWG URL 4.4'], ['http://{origin}\\.{other}/', 'WHATWG URL 4.4'], ['http://{other}\\/{origin}/', 'WHATWG URL 4.4'], ['http:\\\\{origin}/', 'WHATWG URL 4.4'], ['http:/\\{origin}/', 'WHATWG URL 4.4'],
  ['http://{origin}#@{other}/', 'CVE-2016-8624'], ['http://{origin}%23@{other}/', 'CVE-2016-8624'], ['http://{origin}%2f@{other}/', 'RFC 3986 2.2'], ['http://{host}%2f.{other}/', 'RFC 3986 2.2'], ['http://{host}%3f.{other}/', 'RFC 3986 2.2'], ['http://{host}%00.{other}/', 'OpenShell#1498'], ['http://{host}%0d%0a.{other}/', 'CVE-2019-9740'], ['http://{host}%09.{other}/', 'WHATWG URL 4.4'], ['http://{origin}\t@{other}/', 'WHATWG URL 4.4'],
  ['http://{host},{other}/', 'RFC 3986 3.2.2'], ['http://{host};{other}/', 'RFC 3986 3.2.2'], ['http://{host}&{other}/', 'RFC 3986 3.2.2'], ['http://{host}:{port}:80/', 'RFC 3986 3.2.3'], ['http://{host}:{port},80/', 'RFC 3986 3.2.3'], ['http://{host}:{port}@80/', 'RFC 3986 3.2.3'], ['http://{host}:{port}%20/', 'RFC 3986 3.2.3'], ['http://{host}:{port}\x0b/', 'RFC 3986 3.2.3'], ['http://{host}:\xef\xbc\x91/', 'WHATWG URL 3.5'],
  ['http://[{host}]:{port}/', 'CVE-2022-29188'], ['http://[::1]{origin}/', 'RFC 3986 3.2.2'], ['http://{host}[::1]/', 'RFC 3986 3.2.2'], ['http://[::1].{host}/', 'RFC 3986 3.2.2'], ['http://[[::1]]/', 'RFC 3986 3.2.2'], ['http://{host}..:{port}/', 'RFC 1035 2.3.1'], ['http://.{origin}/', 'RFC 1035 2.3.1'], ['http://http://{origin}/', 'RFC 3986 3.2'], ['http://\xe2\x92\xaa127.0.0.1/', 'WHATWG URL 3.5'],
]

/** Read in one way by all: what looks like another authority is path or query, and goes on as sent. */
const PLAIN: readonly (readonly [rest: string, path: string])[] = [
  ['/@{other}/', '/@{other}/'], ['?@{other}/', '/?@{other}/'], ['/?http://{other}/', '/?http://{other}/'], ['//{other}/', '//{other}/'], ['/http://{other}/', '/http://{other}/'], ['/..//{other}/', '/..//{other}/'], ['/%2f%2f{other}', '/%2f%2f{other}'],
]

const authorities: readonly WireCase[] = [
  // one that is read as the name of a host nobody knows is as good as refused
  ...AMBIGUOUS.map(([uri, ref]): WireCase => ({ name: `the authority of \`${JSON.stringify(uri).slice(1, -1)}\` is refused`, ref, path: 'plain', ...ours, send: ask(uri, '{origin}'), expect: refused(), either: uri.startsWith('http://http') ? [denied([403, 502])] : [] })),
  ...PLAIN.map(([rest, path]): WireCase => ({ name: `\`{origin}${rest}\` is of the origin`, ref: 'RFC 3986 3', path: 'plain', policy: ONE, ...ours, send: ask(`http://{origin}${rest}`, '{origin}'), expect: passes({ line: `GET ${path} HTTP/1.1`, has: ['Host: {origin}'] }) })),
]

const PORTS = { web: '  ports: [80, 1024-65535]\n  connect-ports: [443, 1024-65535]\n' }
const NO_80 = { web: '  ports: [1024-65535]\n  connect-ports: [1-65535]\n' }
const ports: readonly WireCase[] = [
  { ...ours, name: 'a port that the policy opens', ref: 'wire rule 17', path: 'plain', policy: PORTS, send: ask('http://{origin}/x', '{origin}'), expect: passes(X) },
  ...[22, 25, 110, 443, 1023].map((port): WireCase => ({ ...ours, name: `a plain request to port ${port} is refused`, ref: 'wire rule 17', path: 'plain', policy: PORTS, send: ask(`http://{host}:${port}/x`, `{host}:${port}`), expect: by('ports'), records: [{ verdict: 'deny', rule: 'ports', port, status: 403, error: 'http_request_denied' }] })),
  { ...ours, name: 'the port of Host does not open that of the target', ref: 'wire rule 17', path: 'plain', policy: PORTS, send: ask('http://{host}:25/x', '{origin}'), expect: by('ports') },
  { ...ours, name: 'nor does that of the target count by Host', ref: 'wire rule 17', path: 'plain', policy: PORTS, send: ask('http://{origin}/x', '{host}:25'), expect: passes(X) },
  { ...ours, name: 'a port said with zeros before it is that port', ref: 'RFC 3986 3.2.3', path: 'plain', policy: PORTS, send: ask('http://{host}:00025/x', '{host}:25'), expect: by('ports'), either: [refused()] },
  { ...ours, name: 'no port is port 80', ref: 'RFC 9110 4.2.1', path: 'plain', policy: NO_80, send: ask('http://{host}/x', '{host}'), expect: by('ports'), records: [{ port: 80, rule: 'ports' }] },
  { ...ours, name: 'an empty port is port 80', ref: 'RFC 3986 3.2.3', path: 'plain', policy: NO_80, send: ask('http://{host}:/x', '{host}'), expect: by('ports'), records: [{ port: 80, rule: 'ports' }] },
  ...[22, 25, 1023].map((port): WireCase => ({ ...ours, name: `a CONNECT to port ${port} is refused`, ref: 'wire rule 17', path: 'plain', policy: PORTS, send: `CONNECT {host}:${port} HTTP/1.1\r\nHost: {host}:${port}\r\n\r\n`, expect: { ...by('connect-ports'), end: 'closed' }, records: [{ verdict: 'deny', rule: 'connect-ports', port }] })),
  { ...ours, name: 'a CONNECT to port 80 that the policy does not open says so', ref: 'wire rule 20', path: 'plain', policy: PORTS, send: 'CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n', expect: { origin: [], client: [{ status: 403, has: ['X-Greengate-Rule: connect-ports'], says: ['80'] }], end: 'closed' } },
  { ...ours, name: 'a CONNECT to port 80 is bound by the ports of plain requests too', ref: 'wire rule 20', path: 'plain', policy: NO_80, send: 'CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n', expect: { ...by('ports'), end: 'closed' } },
]

/** Said inside a CONNECT to another: refused, and nobody is asked. */
const OTHERS: readonly (readonly [host: string, ref: string])[] = [
  ['{other}', 'wire rule 17'], ['other.test', 'wire rule 17'], ['o.test', 'wire rule 17'], ['x{origin}', 'wire rule 17'], ['{origin}.evil', 'wire rule 17'], ['a.{origin}', 'wire rule 17'], ['{origin}:443', 'wire rule 17'], ['{origin}:0', 'RFC 3986 3.2.3'], ['{origin}:800', 'wire rule 17'], ['{net}.{place}', 'wire rule 17'], ['{fixname}', 'wire rule 17'], ['127.0.0.1', 'wire rule 17'], ['localhost', 'wire rule 17'], ['[{origin}]', 'CVE-2022-29188'], ['user@{origin}', 'RFC 9110 4.2.4'], ['{origin}@{other}', 'RFC 9110 4.2.4'], ['{origin}/', 'RFC 3986 3.2.2'], ['{origin},{origin}', 'RFC 9112 3.2'], ['{origin} {other}', 'RFC 9112 3.2'], ['', 'RFC 9112 3.2'], ['{origin}%00', 'OpenShell#1498'], ['{origin}..', 'RFC 1035 2.3.1'],
]
const inside: readonly WireCase[] = [
  ...OTHERS.map(([host, ref]): WireCase => ({ ...ours, name: `inside: a Host of \`${host}\` is refused`, ref, path: 'inside', send: ask('/x', host), expect: refused(), records: [{ verdict: 'error', rule: 'framing', status: 400, fault: 'client' }] })),
  ...OTHERS.slice(0, 13).map(([host, ref]): WireCase => ({ ...ours, name: `inside: \`http://${host}/\` is refused`, ref, path: 'inside', send: ask(`http://${host}/x`, '{origin}'), expect: refused() })),
  ...['{origin}', '{origin}.', 'O{place}.Test', '{origin}:80', '{origin}:080', '%6f{place}.test', '\t{origin} '].map((host): WireCase => ({ ...ours, name: `inside: a Host of \`${JSON.stringify(host).slice(1, -1)}\` is the same host`, ref: 'RFC 3986 6.2', path: 'inside', send: ask('/x', host), expect: passes(X), either: host.includes(':0') ? [refused()] : [] })),
  { ...ours, name: 'inside: another Host in the second request is refused there', ref: 'wire rule 17', path: 'inside', send: ask('/x', '{origin}') + ask('/y', '{other}') + ask('/z', '{origin}'), expect: { origin: [X], client: [OK, { status: 400 }], end: 'closed' } },
  { ...ours, name: 'inside: an absolute target decides, and Host is made anew', ref: 'RFC 9112 3.2.2', path: 'inside', send: ask('http://{origin}/x', '{other}'), expect: passes(X) },
  { ...ours, name: 'inside: another Host in HTTP/1.0 is refused', ref: 'wire rule 17', path: 'inside', send: 'GET /x HTTP/1.0\r\nHost: {other}\r\n\r\n', expect: refused() },
  { ...ours, name: 'inside: HTTP/1.0 without Host is of the CONNECT\'s host', ref: 'RFC 9112 3.2', path: 'inside', send: 'GET /x HTTP/1.0\r\n\r\n', expect: { origin: [X], client: [OK], end: 'closed' } },
  { ...ours, name: 'inside: a WebSocket to another Host is refused', ref: 'wire rule 17', path: 'inside', send: ask('/x', '{other}', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'), expect: refused() },
  { name: 'both in one: the target as sent is the one that Host names', ref: 'RFC 9112 3.2', send: get('/x'), expect: passes(X) },
]

export const file: CaseFile = { rule: '17', title: 'Host, target and ports agree with what was judged', cases: [...target, ...authorities, ...ports, ...inside] }
