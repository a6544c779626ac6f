// Rule 19: a refusal is honest and useful (RFC 9110 15, RFC 9209): its status and the fields that say why, framed as its request asks, and nothing in it that
// the asker must not learn. More of it, with the records and the forms, is in ../refusal.
import { get, post, refused, type CaseFile, type Gets, type Outcome } from '../case.ts'

const RULES = `  contact: it@office.example
  rules:
    - { name: closed, action: deny, uri: [/closed], reason: 'No <b>such</b> thing' }
    - { name: odd, action: deny, methods: [DELETE] }
    - { name: bad, action: deny, content-type: application/x-bad }
`
const policy = { web: RULES } as const
const POLICY_FIELDS = ['Cache-Control: no-store', 'Proxy-Status: greengate; error=http_request_denied', 'X-Content-Type-Options: nosniff']
const NEVER = ['proxy-authenticate', 'www-authenticate', 'set-cookie', 'transfer-encoding', 'retry-after']
const SECRETS = ['S3cr3t', '127.77.']

function by(rule: string, more: Partial<Gets> = {}): Gets {
  return { status: 403, framing: 'length', has: [...POLICY_FIELDS, `X-Greengate-Rule: ${rule}`], lacks: NEVER, says: ['it@office.example', 'deliberate', 'do not look for another way'], hides: SECRETS, ...more }
}

function no(gets: Gets, end: Outcome['end'] = 'open'): Outcome {
  return { origin: [], client: [gets], end }
}

/** Refused for its form, with the reason's fields. */
function broken(status: number, rule = 'framing'): Outcome {
  return { origin: [], client: [{ status, framing: 'length', has: ['Cache-Control: no-store', 'Proxy-Status: greengate; error=http_request_error', `X-Greengate-Rule: ${rule}`, 'Connection: close'], lacks: NEVER, hides: SECRETS }], end: 'closed' }
}

const SECRET_FIELDS = ['Authorization: Bearer S3cr3t', 'Proxy-Authorization: Basic S3cr3t', 'Cookie: a=S3cr3t', 'User-Agent: S3cr3t', 'X-Api-Key: S3cr3t', 'Referer: http://u:S3cr3t@h/']

export const file: CaseFile = {
  rule: '19',
  title: 'refusals: their status, their fields, their frame, their silence',
  cases: [
    { name: 'a rule says no: 403, and never 407', ref: 'RFC 9110 15.5.4, 15.5.8', ours: true, policy, send: get('/closed'), expect: no(by('closed')) },
    { name: 'no field of the request is in it', ref: 'CVE-2025-62168', ours: true, policy, send: get('/closed', ...SECRET_FIELDS), expect: no(by('closed')) },
    { name: 'no secret of the target is in it', ref: 'RFC 9110 4.2.4', ours: true, policy, send: get('/closed?access_token=S3cr3t&url=http%3A%2F%2Fu%3AS3cr3t%40h%2F'), expect: no(by('closed', { says: ['access_token=***'] })) },
    { name: 'for a browser it is a page', ref: 'RFC 9110 12.5.1', ours: true, policy, send: get('/closed', 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'), expect: no(by('closed', { has: [...POLICY_FIELDS, 'Content-Type: text/html; charset=utf-8'], says: ['<!doctype html>', 'No &lt;b&gt;such&lt;/b&gt; thing'] })) },
    { name: 'for a program it is JSON', ref: 'RFC 9110 12.5.1', ours: true, policy, send: get('/closed', 'Accept: application/json'), expect: no(by('closed', { has: [...POLICY_FIELDS, 'Content-Type: application/json; charset=utf-8'], says: ['"rule": "closed"', '"policy": true', 'No <b>such</b> thing'] })) },
    { name: 'for whoever says nothing it is text', ref: 'RFC 9110 12.5.1', ours: true, policy, send: get('/closed', 'Accept: */*'), expect: no(by('closed', { has: [...POLICY_FIELDS, 'Content-Type: text/plain; charset=utf-8'] })) },
    { name: 'HEAD has the fields and no body', ref: 'RFC 9110 9.3.2', ours: true, policy, send: 'HEAD {uri}/closed HTTP/1.1\r\nHost: {origin}\r\n\r\n', expect: no({ to: 'HEAD', status: 403, has: POLICY_FIELDS, body: '' }) },
    { name: 'an HTTP/1.0 client is told whether the connection stays', ref: 'RFC 9112 9.3, C.2.2', ours: true, policy, send: 'GET {uri}/closed HTTP/1.0\r\nHost: {origin}\r\nConnection: keep-alive\r\n\r\n', expect: no(by('closed', { has: [...POLICY_FIELDS, 'Connection: keep-alive'] })) },
    { name: 'and one that does not ask for it is closed', ref: 'RFC 9112 9.3', ours: true, policy, send: 'GET {uri}/closed HTTP/1.0\r\nHost: {origin}\r\n\r\n', expect: no(by('closed', { has: [...POLICY_FIELDS, 'Connection: close'] }), 'closed') },
    { name: 'a body that comes with it is no request', ref: 'RFC 9112 9.3', ours: true, policy, send: post('/closed', ['Content-Length: 30'], 'GET /smuggled HTTP/1.1\r\nHost: x'.slice(0, 30)), expect: no(by('closed', { has: [...POLICY_FIELDS, 'Connection: close'] }), 'closed') },
    { name: 'a client that waits for 100 is not made to send', ref: 'RFC 9110 10.1.1', ours: true, policy, send: post('/closed', ['Content-Length: 5', 'Expect: 100-continue'], ''), expect: { ...no(by('closed'), 'closed'), interim: [] } },
    { name: 'what is pipelined behind it is answered', ref: 'RFC 9112 9.3.2', ours: true, policy, send: `${get('/closed')}${get('/open')}`, expect: { origin: [{ line: 'GET /open HTTP/1.1' }], client: [by('closed'), { status: 200, body: 'ok' }], end: 'open' } },
    { name: 'a WebSocket that a rule denies', ref: 'RFC 6455 4.2.2', ours: true, policy, send: get('/closed', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'), expect: no(by('closed')) },
    { name: 'a method that a rule denies', ref: 'RFC 9110 15.5.4', ours: true, policy, send: 'DELETE {uri}/ HTTP/1.1\r\nHost: {origin}\r\n\r\n', expect: no(by('odd')) },
    { name: 'a response that a rule denies: nothing of it comes through', ref: 'RFC 9110 15.5.4', ours: true, policy, send: get('/'), answers: ['HTTP/1.1 200 OK\r\nContent-Type: application/x-bad\r\nX-Origin: S3cr3t\r\nContent-Length: 6\r\n\r\nS3cr3t'], expect: { origin: [{ line: 'GET / HTTP/1.1' }], client: [by('bad')], end: 'open' } },
    { name: 'a CONNECT that a rule denies carries the same fields, and what follows is no request', ref: 'RFC 9110 9.3.6', ours: true, policy: { web: '  contact: it@office.example\n  rules:\n    - { name: closed, action: deny, methods: [CONNECT] }\n' }, send: `CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n\r\n${get('/smuggled')}`, path: 'plain', expect: no(by('closed', { to: 'CONNECT', has: [...POLICY_FIELDS, 'Connection: close'] }), 'closed') },
    { name: 'an HTTP/1.0 CONNECT that a rule denies', ref: 'RFC 9110 9.3.6', ours: true, policy: { web: '  contact: it@office.example\n  rules:\n    - { name: closed, action: deny, methods: [CONNECT] }\n' }, send: 'CONNECT {origin} HTTP/1.0\r\n\r\n', path: 'plain', expect: no(by('closed', { to: 'CONNECT' }), 'closed') },
    { name: 'broken framing: 400', ref: 'RFC 9110 15.5.1', ours: true, send: post('/', ['Content-Length: 1', 'Content-Length: 2'], 'a'), expect: broken(400) },
    { name: 'a target that is too long: 414', ref: 'RFC 9110 15.5.15', ours: true, policy: { top: 'limits: { uri-bytes: 1KiB }\n' }, send: get(`/${'a'.repeat(2_000)}`), expect: broken(414, 'limits') },
    { name: 'too many fields: 431', ref: 'RFC 6585 5', ours: true, policy: { top: 'limits: { header-count: 10 }\n' }, send: get('/', ...Array.from({ length: 20 }, (_, at) => `X-${at}: S3cr3t`)), expect: broken(431, 'limits') },
    { name: 'fields that are too long: 431', ref: 'RFC 6585 5', ours: true, policy: { top: 'limits: { header-bytes: 1KiB }\n' }, send: get('/', `X: ${'S3cr3t'.repeat(400)}`), expect: broken(431, 'limits') },
    { name: 'a head that does not end: 408', ref: 'RFC 9110 15.5.9', ours: true, policy: { top: 'limits: { head: 500ms }\n' }, send: 'GET {uri}/ HTTP/1.1\r\nHost: {origin}\r\nAuthorization: S3cr3t', expect: broken(408, 'limits') },
    { name: 'another version: 505', ref: 'RFC 9110 15.6.6', ours: true, send: 'GET {uri}/ HTTP/2.0\r\nHost: {origin}\r\n\r\n', expect: broken(505) },
    { name: 'an unknown coding: 501', ref: 'RFC 9112 6.1', ours: true, send: post('/', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'), expect: broken(501) },
    { name: 'too many tunnels: 429 and when to come again', ref: 'RFC 6585 4', ours: true, policy: { top: 'limits: { tunnels-per-client: 0 }\n' }, send: 'CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n\r\n', path: 'plain', expect: no({ to: 'CONNECT', status: 429, has: ['Retry-After: 1', 'X-Greengate-Rule: limits', 'Connection: close', 'Cache-Control: no-store'], says: ['This is deliberate'] }, 'closed') },
    { name: 'silence behind a request: 504, and no address', ref: 'RFC 9110 15.6.5', ours: true, policy: { top: 'limits: { first-byte: 300ms }\n' }, send: get('/'), answers: [[{ pause: 3_000 }]], expect: { origin: [{ line: 'GET / HTTP/1.1' }], client: [{ status: 504, has: ['Proxy-Status: greengate; error=http_response_timeout', 'Cache-Control: no-store'], hides: SECRETS }], end: 'open' } },
    { name: 'no HTTP from the other side: 502, and nothing of it', ref: 'RFC 9110 15.6.3', ours: true, send: get('/'), answers: ['S3cr3t-2.0\r\n\r\n'], expect: { origin: [{ line: 'GET / HTTP/1.1' }], client: [{ status: 502, has: ['Proxy-Status: greengate; error=http_protocol_error'], hides: SECRETS }], end: 'open' } },
    { name: 'a request that has passed here before: 502, and the connection ends', ref: 'RFC 9110 7.6.3', ours: true, send: get('/', 'Via: 1.1 {via}'), expect: { origin: [], client: [{ status: 502, has: ['Proxy-Status: greengate; error=proxy_loop_detected', 'X-Greengate-Rule: framing'], hides: SECRETS }], end: 'closed' } },
    { name: 'HTTP that is none', ref: 'RFC 9112 3', ours: true, send: 'Cookie: a=S3cr3t\r\n\r\n', path: 'plain', expect: refused() },
  ],
}
