// D5: what takes all of something: each under the name of whom it hurt. Floods of connections, descriptors and memory are in ../limits and ../soak, of
// the log in ../logs, of look-ups in ../guard.
import { reply } from '../answers.ts'
import { get, OK, passes, post, refused, type CaseFile, type Outcome, type Step, type WireCase } from '../case.ts'

const X = { line: 'GET /x HTTP/1.1' }
const limits = (words: string, web?: string): NonNullable<WireCase['policy']> => ({ ...(web === undefined ? {} : { web }), top: `limits: { ${words}, new-per-second: 100000, new-per-second-per-client: 100000 }\n` })
const ours = { ours: true } as const
const LATE: Outcome = { origin: [], client: [{ status: 408, has: ['X-Greengate-Rule: limits', 'Connection: close'] }], end: 'closed' }
const drip = (texts: readonly string[], ms: number): Step[] => texts.flatMap((each): Step[] => [each, { pause: ms }])

const CONNECT = 'CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n\r\n'
const OPENED = { to: 'CONNECT', status: 200 } as const
const tunnel = (name: string, ref: string, words: string, send: readonly Step[], answers: readonly Step[], expect: Partial<Outcome>, told?: Readonly<Record<string, unknown>>): WireCase => ({
  ...ours, name, ref, raw: true, policy: limits(words), send: [CONNECT, { until: '\r\n\r\n' }, ...send], answers: [answers], expect: { origin: [], client: [OPENED], end: 'open', ...expect }, ...(told === undefined ? {} : { records: [told] }),
})

const slow: readonly WireCase[] = [
  { ...ours, name: 'a slow head is bounded, and a slow answer is not by the same', ref: 'smokescreen PR#273; Slowloris', policy: limits('head: 400ms'), send: get('/x'), answers: [[{ pause: 900 }, reply()]], expect: passes(X) },
  { ...ours, name: 'a slow body is not bounded by the head\'s limit', ref: 'smokescreen PR#273', policy: limits('head: 400ms'), send: [post('/x', ['Content-Length: 4'], ''), ...drip([...'abcd'], 200)], expect: passes({ line: 'POST /x HTTP/1.1', body: 'abcd' }) },
  { ...ours, name: 'a slow head is bounded by its own', ref: 'smokescreen PR#273; Slowloris', policy: limits('head: 400ms'), send: ['GET {uri}/x HTTP/1.1\r\n', ...drip(Array.from({ length: 12 }, () => 'X: 1\r\n'), 100)], expect: LATE },
  { ...ours, name: 'a body that stops is bounded by its own', ref: 'smokescreen PR#273; R.U.D.Y.', policy: limits('idle-body: 400ms'), send: post('/x', ['Content-Length: 90'], 'a'), expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [{ status: 408 }], end: 'closed' } },
  { ...ours, name: 'an answer that stops is cut, visibly', ref: 'smokescreen PR#273', policy: limits('idle-body: 400ms'), send: get('/x'), answers: [['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', { pause: 3000 }]], expect: { origin: [X], client: [{ status: 200, cut: true }], end: 'closed' } },
  { ...ours, name: 'an answer that never begins is 504', ref: 'smokescreen PR#273', policy: limits('first-byte: 400ms'), send: get('/x'), answers: [[{ pause: 3000 }]], expect: { origin: [X], client: [{ status: 504 }], end: 'open' } },
]

const BUSY = 'abcdefghijkl'
const aged = (raw: string): Outcome => ({ origin: [], raw, client: [OPENED], tunnel: '', end: 'closed' })
const tunnels: readonly WireCase[] = [
  tunnel('a quiet tunnel outlives the limits of requests', 'navikt/cplt#194', 'head: 300ms, first-byte: 300ms, idle-body: 300ms, dial: 300ms', ['a', { pause: 900 }, 'b'], [{ until: 'ab' }, 'x'], { raw: 'ab', tunnel: 'x' }),
  tunnel('a tunnel in which nothing moves ends', 'KumoCorp#508; proxy-chain#407; openclaw#109269', 'tunnel-idle: 400ms', ['a'], [{ pause: 3000 }], { raw: 'a', tunnel: '', end: 'closed' }, { verdict: 'allow', status: 200, error: 'tunnel_idle', fault: 'policy' }),
  tunnel('a half-closed tunnel still carries the answer', 'onecli#484', 'tunnel-idle: 2s', ['a', { end: 'fin' }], [{ until: 'a' }, { pause: 150 }, 'x', { end: 'fin' }], { raw: 'a', tunnel: 'x', end: 'closed' }),
  tunnel('and ends where the other side never does', 'onecli#484; proxy-chain#407', 'tunnel-idle: 400ms', ['a', { end: 'fin' }], [{ until: 'never' }], { raw: 'a', tunnel: '', end: 'closed' }, { error: 'tunnel_idle' }),
  tunnel('a reset ends both sides at once', 'onecli#484', 'tunnel-idle: 60s', ['a'], [{ until: 'a' }, { end: 'rst' }], { raw: 'a', tunnel: '', end: 'closed' }),
  // how many of its octets come before its end hangs on the clock
  { ...ours, name: 'a tunnel ends at its age, however busy', ref: 'wire rule D5: tunnel-max-age', raw: true, policy: limits('tunnel-age: 600ms'), send: [CONNECT, { until: '\r\n\r\n' }, ...drip([...BUSY], 100)], answers: [[{ pause: 3000 }]], expect: aged(BUSY.slice(0, 6)), records: [{ verdict: 'allow', error: 'tunnel_age', fault: 'policy' }], either: [...BUSY].map((_, at) => aged(BUSY.slice(0, at + 1))) },
]

const TRAP = '  rules:\n    - { name: trap, action: deny, uri: ["(a+)+$", "(a|aa)+b$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){12}c"] }\n'
const EVERY = Array.from({ length: 400 }, (_, at) => `x-${at}`)
const counts: readonly WireCase[] = [
  { ...ours, name: 'expressions that backtrack elsewhere cost a look', ref: 'wire rule D5: ReDoS', policy: limits('head: 10s', TRAP), send: get(`/${'a'.repeat(30_000)}!`), expect: passes({ line: `GET /${'a'.repeat(30_000)}! HTTP/1.1` }) },
  { ...ours, name: 'and still match', ref: 'wire rule D5: ReDoS', policy: limits('head: 10s', TRAP), send: get(`/${'a'.repeat(30_000)}`), expect: { origin: [], client: [{ status: 403, has: ['X-Greengate-Rule: trap'] }], end: 'open' } },
  { ...ours, name: 'a thousand options of Connection cost a look', ref: 'wire rule D5', policy: limits('header-count: 1000'), send: get('/x', `Connection: ${EVERY.join(', ')}`, ...EVERY.map((name) => `${name}: 1`)), expect: passes({ ...X, fields: [] }) },
  { name: 'huge extensions round little data', ref: 'CVE-2024-22019; wire rule D5: chunk-ext', send: post('/x', ['Transfer-Encoding: chunked'], `1;${'a'.repeat(1500)}\r\nx\r\n`.repeat(40) + '0\r\n\r\n'), expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [{ status: 400 }], end: 'closed' }, either: [refused()], or: [passes({ line: 'POST /x HTTP/1.1' })] },
  { name: 'a bomb of compression is content that nobody opens here', ref: 'wire rule D5: decompression', send: get('/x', 'Accept-Encoding: gzip'), answers: [reply(['Content-Encoding: gzip'], '\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff')], expect: { origin: [{ ...X, has: ['Accept-Encoding: gzip'] }], client: [{ status: 200, has: ['Content-Encoding: gzip'], body: '\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff' }], end: 'open' } },
  { ...ours, name: 'no tunnel above the client\'s count', ref: 'wire rule D5: caps', path: 'plain', policy: limits('tunnels-per-client: 0'), send: CONNECT, expect: { origin: [], client: [{ to: 'CONNECT', status: 429, has: ['Retry-After: 1', 'X-Greengate-Rule: limits'] }], end: 'closed' } },
  { ...ours, name: 'no tunnel above the count of all', ref: 'wire rule D5: caps', path: 'plain', policy: limits('tunnels: 0'), send: CONNECT, expect: { origin: [], client: [{ to: 'CONNECT', status: 429 }], end: 'closed' } },
  { name: 'names that nobody knows hold nobody up', ref: 'nodejs/node#8436, #62599', ...ours, path: 'plain', time: 8000, send: ['GET http://nowhere-1.test/ HTTP/1.1\r\nHost: a\r\n\r\n', get('/x')], expect: { origin: [X], client: [{ status: [502, 504] }, OK], end: 'open' } },
]

export const file: CaseFile = { rule: 'D5', title: 'exhaustion, by the names of whom it hurt', cases: [...slow, ...tunnels, ...counts] }
