// Rule 24, D5: sizes and counts with a bound: at it passes, above it is told what was too much (RFC 9110 15.5.15, RFC 6585 5).
import { bad, raw, relayed, reply } from '../answers.ts'
import { get, passes, refused, type CaseFile, type WireCase } from '../case.ts'

const SMALL = { top: 'limits: { header-bytes: 1KiB, header-count: 10, uri-bytes: 200B, new-per-second: 100000, new-per-second-per-client: 100000 }\n' }
const ours = { ours: true, policy: SMALL } as const
const fields = (count: number): string[] => Array.from({ length: count }, (_, at) => `X-${at}: 1`)

const requests: readonly WireCase[] = [
  { ...ours, name: 'a target at its bound', ref: 'RFC 9110 15.5.15', send: `GET /${'a'.repeat(199)} HTTP/1.1\r\nHost: {origin}\r\n\r\n`, path: 'inside', expect: passes({ line: `GET /${'a'.repeat(199)} HTTP/1.1` }) },
  { ...ours, name: 'a target above its bound is 414', ref: 'RFC 9110 15.5.15', send: `GET {uri}/${'a'.repeat(201)} HTTP/1.1\r\nHost: {origin}\r\n\r\n`, expect: refused(414), records: [{ rule: 'limits', status: 414 }] },
  { ...ours, name: 'a method that never ends is 501 before its end', ref: 'RFC 9112 3', send: 'M'.repeat(4000), expect: refused(501) },
  { ...ours, name: 'a target that never ends is 414 before its end', ref: 'RFC 9110 15.5.15', send: `GET {uri}/${'a'.repeat(4000)}`, expect: refused(414) },
  { ...ours, name: 'fields at their count', ref: 'RFC 6585 5', send: get('/x', ...fields(9)), expect: passes({ line: 'GET /x HTTP/1.1' }) },
  { ...ours, name: 'fields above their count are 431', ref: 'RFC 6585 5', send: get('/x', ...fields(10)), expect: refused(431), records: [{ rule: 'limits', status: 431 }] },
  { ...ours, name: 'one long field is 431', ref: 'RFC 6585 5', send: get('/x', `X: ${'a'.repeat(1100)}`), expect: refused(431) },
  { ...ours, name: 'a head that never ends is 431 before its end', ref: 'RFC 6585 5', send: `GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n${'X: 1\r\n'.repeat(400)}`, expect: refused(431) },
  { ...ours, name: 'a field name that never ends is 431', ref: 'RFC 6585 5', send: `GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n${'a'.repeat(3000)}`, expect: refused(431) },
  { ...ours, name: 'a method that nobody has is 501', ref: 'RFC 9112 3', send: `${'A'.repeat(65)} {uri}/x HTTP/1.1\r\nHost: {origin}\r\n\r\n`, expect: refused(501) },
  { name: 'a cookie as browsers send them passes', ref: 'RFC 6265 6.1', send: get('/x', `Cookie: ${'a'.repeat(8000)}`), expect: passes({ line: 'GET /x HTTP/1.1' }) },
  { name: 'a flood of empty lines is refused', ref: 'wire rule D5', send: '\r\n'.repeat(2000), expect: refused() },
  { name: 'a hundred pipelined requests are answered in order', ref: 'RFC 9112 9.3.2', send: Array.from({ length: 100 }, (_, at) => get(`/${at}`)).join(''), expect: passes(...Array.from({ length: 100 }, (_, at) => ({ line: `GET /${at} HTTP/1.1` }))), time: 20_000 },
]

const responses: readonly WireCase[] = [
  bad('a head of an answer above its bound', 'wire rule 24', reply([`X: ${'a'.repeat(1100)}`]), { ...ours, error: 'http_response_header_section_size' }),
  bad('fields of an answer above their count', 'wire rule 24', reply(fields(12)), { ...ours, error: 'http_response_header_section_size' }),
  bad('a head of an answer that never ends', 'wire rule 24', `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(400)}`, { ...ours, error: 'http_response_header_section_size' }),
  bad('a status line that never ends', 'wire rule 24', `HTTP/1.1 200 ${'x'.repeat(9000)}`, { ours: true, error: 'http_response_header_section_size' }),
  relayed('fields of an answer at their count', 'wire rule 24', reply(fields(9)), { status: 200, body: 'ok' }, ours),
  relayed('a large answer by its length', 'wire rule 13', [raw('HTTP/1.1 200 OK', ['Content-Length: 300000']), { repeat: 'x', times: 300_000 }], { status: 200, body: 'x'.repeat(300_000) }, { time: 20_000 }),
]

export const file: CaseFile = { rule: '24', title: 'sizes and counts', cases: [...requests, ...responses] }
