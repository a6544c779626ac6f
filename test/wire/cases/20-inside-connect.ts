// Rule 20: a CONNECT to port 80 is no blind tunnel: what runs inside is read and decided as plain requests to that host, and nothing else gets out.
import { denied, get, OK, passes, refused, type CaseFile, type WireCase } from '../case.ts'

const RULES = { web: '  rules:\n    - { name: gateway-dll, action: deny, uri: ["gateway\\\\.dll", x-msn-messenger] }\n    - { name: post, action: deny, methods: [POST] }' }
const inside = (name: string, send: WireCase['send'], expect: WireCase['expect'], more: Partial<WireCase> = {}): WireCase => ({ name, ref: 'wire rule 20', ours: true, path: 'inside', send, expect, ...more })
const plain = (path: string, host = '{origin}'): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

export const file: CaseFile = {
  rule: '20',
  title: 'inside a CONNECT to port 80',
  cases: [
    inside('origin-form is a request to that host', plain('/x'), passes({ line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] })),
    inside('absolute-form to the same host', plain('http://{origin}/x'), passes({ line: 'GET /x HTTP/1.1' })),
    inside('absolute-form with the port said', plain('http://{origin}:80/x'), passes({ line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] })),
    inside('a Host with the port said', plain('/x', '{origin}:80'), passes({ line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] })),
    inside('a Host in other letters', plain('/x', 'O{place}.TEST'), passes({ line: 'GET /x HTTP/1.1', has: ['Host: {origin}'] })),
    inside('absolute-form to another host is refused', plain('http://{other}/x'), refused()),
    inside('another Host is refused', plain('/x', '{other}'), refused()),
    inside('another port in Host is refused', plain('/x', '{origin}:81'), refused()),
    inside('no Host is refused', 'GET /x HTTP/1.1\r\n\r\n', refused()),
    inside('https in absolute-form is refused', plain('https://{origin}/x'), refused()),
    inside('a CONNECT inside is refused', 'CONNECT {origin}:443 HTTP/1.1\r\nHost: {origin}\r\n\r\n', refused()),
    inside('a TLS hello inside is refused', '\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03', refused()),
    inside('SSH inside is refused', 'SSH-2.0-OpenSSH_9.2\r\n', refused()),
    inside('two requests in turn', `${plain('/1')}${plain('/2')}`, { origin: [{ line: 'GET /1 HTTP/1.1' }, { line: 'GET /2 HTTP/1.1' }], client: [OK, OK], end: 'open' }),
    inside('OPTIONS with an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: {origin}\r\n\r\n', passes({ line: 'OPTIONS * HTTP/1.1' })),
    inside('the gateway\'s own pages are not there', plain('/proxy.pac'), passes({ line: 'GET /proxy.pac HTTP/1.1' })),
    inside('a rule on the URI decides', plain('/gateway/gateway.dll?Action=poll'), denied(), { policy: RULES }),
    inside('a rule on the method decides', 'POST /x HTTP/1.1\r\nHost: {origin}\r\nContent-Length: 0\r\n\r\n', denied(), { policy: RULES }),
    inside('what no rule forbids passes', get('/fine'), passes({ line: 'GET /fine HTTP/1.1' }), { policy: RULES }),
    inside('a refusal says by which rule', plain('/?x-msn-messenger'), { origin: [], client: [{ status: 403, has: ['X-Greengate-Rule: gateway-dll'] }], end: 'open' }, { policy: RULES }),
    { name: 'a CONNECT to a private host at port 80 is refused at once', ref: 'wire rule 16, 20', ours: true, path: 'plain', policy: { web: '  rules:\n    - { name: rest, action: allow }' }, send: 'CONNECT other.test:80 HTTP/1.1\r\nHost: other.test:80\r\n\r\n', expect: { origin: [], client: [{ status: 403, has: ['X-Greengate-Rule: private'] }], end: 'closed' } },
  ],
}
