// Rule 1: plain requests go out in origin-form with exactly one Host made from the target (RFC 9112 3.2, RFC 9110 7.2).
import { get, OK, passes, refused, type CaseFile } from '../case.ts'

export const file: CaseFile = {
  rule: '1',
  title: 'origin-form, one Host, made from the target',
  cases: [
    { name: 'a GET in absolute-form goes out in origin-form', ref: 'RFC 9112 3.2.1', send: get('/a/b?c=d'), expect: passes({ line: 'GET /a/b?c=d HTTP/1.1', has: ['Host: {origin}'] }) },
    { name: 'the Host of an absolute-form request is ignored for routing and rewritten', ref: 'RFC 9112 3.2.2', send: 'GET {uri}/x HTTP/1.1\r\nHost: {other}\r\n\r\n', path: 'plain', expect: passes({ line: 'GET /x HTTP/1.1' }), or: [refused()] },
    { name: 'a 1.1 request without Host is refused', ref: 'RFC 9112 3.2', send: 'GET {uri}/x HTTP/1.1\r\n\r\n', expect: refused() },
    { name: 'two Host fields are refused', ref: 'RFC 9112 3.2', send: 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\nHost: {origin}\r\n\r\n', expect: refused() },
    { name: 'two requests in turn, each whole', ref: 'RFC 9112 9.3.2', send: `${get('/1')}${get('/2')}`, expect: { origin: [{ line: 'GET /1 HTTP/1.1' }, { line: 'GET /2 HTTP/1.1' }], client: [OK, OK], end: 'open' } },
  ],
}
