// D7: what is meant for this proxy, and what tells of the client, goes no further; what is meant for the origin arrives as sent. Logs and pages are in
// ../logs and ../refusal.
import { get, OK, passes, post, type CaseFile } from '../case.ts'

export const file: CaseFile = {
  rule: 'D7',
  title: 'credentials and identity upstream',
  cases: [
    { name: 'Proxy-Authorization stays here', ref: 'RFC 9110 11.7.2', send: get('/', 'Proxy-Authorization: Basic dTpw', 'Accept: */*'), expect: passes({ line: 'GET / HTTP/1.1', lacks: ['proxy-authorization'], has: ['Accept: */*'] }) },
    { name: 'in any case of letters, and twice', ref: 'RFC 9110 5.1', send: get('/', 'proxy-AUTHORIZATION: Basic dTpw', 'Accept: */*', 'Proxy-Authorization: Bearer x'), expect: passes({ line: 'GET / HTTP/1.1', lacks: ['proxy-authorization'], has: ['Accept: */*'] }) },
    { name: 'with a body behind it', ref: 'RFC 9110 11.7.2', send: post('/', ['Content-Length: 2', 'Proxy-Authorization: Basic dTpw'], 'ab'), expect: passes({ line: 'POST / HTTP/1.1', lacks: ['proxy-authorization'], body: 'ab' }) },
    { name: 'Authorization and Cookie arrive as sent, in their order', ref: 'RFC 9110 11.6.2, RFC 6265 5.4', send: get('/', 'Cookie: a=b', 'authorization: Bearer  x=', 'Cookie: c="d"'), expect: passes({ line: 'GET / HTTP/1.1', fields: ['Cookie: a=b', 'authorization: Bearer  x=', 'Cookie: c="d"'] }) },
    { name: 'secrets in a query are the origin\'s business', ref: 'RFC 9110 4.2.1', send: get('/?access_token=a%20b&password=c'), expect: passes({ line: 'GET /?access_token=a%20b&password=c HTTP/1.1' }) },
    { name: 'who asked is not told', ref: 'wire rule D7', ours: true, send: get('/', 'X-Forwarded-For: 10.0.0.1', 'Forwarded: for=10.0.0.1'), expect: passes({ line: 'GET / HTTP/1.1', lacks: ['x-forwarded-for', 'forwarded', 'x-real-ip', 'client-ip'] }) },
    { name: 'a challenge of the origin\'s comes back, one of a proxy behind us does not', ref: 'RFC 9110 11.6.1, 11.7.1', ours: true, send: get('/'), answers: ['HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nProxy-Authenticate: Basic realm="y"\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nno'], expect: { origin: [{ line: 'GET / HTTP/1.1' }], client: [{ status: 401, has: ['WWW-Authenticate: Basic realm="x"', 'Set-Cookie: a=b'], lacks: ['proxy-authenticate'], body: 'no' }], end: 'open' } },
    { name: 'TRACE that ends here reflects no credentials', ref: 'RFC 9110 9.3.8', ours: true, send: 'TRACE {uri}/ HTTP/1.1\r\nHost: {origin}\r\nMax-Forwards: 0\r\nAuthorization: S3cr3t\r\nProxy-Authorization: S3cr3t\r\nCookie: S3cr3t\r\nX-Api-Key: S3cr3t\r\nX-Auth-Token: S3cr3t\r\nX-Seen: yes\r\n\r\n', expect: { origin: [], client: [{ status: 200, has: ['Content-Type: message/http'], says: ['X-Seen: yes'], hides: ['S3cr3t'] }], end: 'open' } },
    { name: 'the answer to one client is not the next one\'s', ref: 'wire rule D6', send: `${get('/', 'Authorization: Bearer x')}${get('/')}`, answers: ['HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nContent-Length: 1\r\n\r\nx', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'], expect: { origin: [{ line: 'GET / HTTP/1.1', has: ['Authorization: Bearer x'] }, { line: 'GET / HTTP/1.1', lacks: ['authorization'] }], client: [{ status: 200, body: 'x' }, OK], end: 'open' } },
  ],
}
