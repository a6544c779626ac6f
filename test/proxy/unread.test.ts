// What is told of a request that could not be read: enough to find it, and nothing that might be a secret.
import t from 'tap'
import { unreadLine } from '../../src/proxy/unread.ts'

const cases: readonly (readonly [name: string, text: string, method: string, target: string])[] = [
  ['another version', 'GET http://h/x HTTP/9.9\r\n', 'GET', 'http://h/x'],
  ['no version', 'GET /\r\nHost: h\r\n', 'GET', '/'],
  ['userinfo', 'GET http://user:pw@h/ HTTP/9.9\r\n', 'GET', 'http://***@h/'],
  ['userinfo with several @', 'GET http://user:p@w@h/ HTTP/9.9\r\n', 'GET', 'http://***@h/'],
  ['userinfo behind one slash', 'GET http:/user:pw@host HTTP/1.1x\r\n', 'GET', 'http:/***@host'],
  ['userinfo behind backslashes', 'GET http:\\\\user:pw@host HTTP/1.1x\r\n', 'GET', '***@host'],
  ['userinfo without a scheme', 'GET //user:pw@host HTTP/1.1x\r\n', 'GET', '***@host'],
  ['userinfo in a CONNECT', 'CONNECT user:pw@host:443 HTTP/1.1x\r\n', 'CONNECT', '***@host:443'],
  ['a percent-encoded @', 'GET http://user:pw%40host/ HTTP/9.9\r\n', 'GET', 'http://***@host/'],
  ['one that was encoded twice', 'GET http://user:pw%2540host/ HTTP/9.9\r\n', 'GET', 'http://***@host/'],
  ['a password with a slash, a question mark and a hash', 'GET http://user:p/w?x#y@host/z HTTP/9.9\r\n', 'GET', 'http://***@host/z'],
  ['a password with a blank', 'GET http://user:pa ss@h/ HTTP/1.1\r\n', 'GET', 'http://***@h/'],
  ['a password with a tab, in a CONNECT', 'CONNECT user:pa\tss@h:443 HTTP/1.1\r\n', 'CONNECT', '***@h:443'],
  ['a password with a bare CR', 'GET http://user:pa\rss@h/ HTTP/1.1\r\n', 'GET', 'http://***'],
  ['a password with a bare LF', 'GET http://user:pa\nss@h/ HTTP/1.1\r\n', 'GET', 'http://***'],
  ['a password with a NUL, at which the line was refused', 'GET http://user:pa\0', 'GET', 'http://***'],
  ['a password with a blank and a NUL', 'GET http://user:pa ss\0', 'GET', 'http://***'],
  ['an authority in another version', 'CONNECT h:443 HTTP/9.9\r\n', 'CONNECT', 'h:443'],
  ['a password whose end never came', 'GET http://user:pas', 'GET', 'http://***'],
  ['an authority whose end never came', 'CONNECT user:pas', 'CONNECT', '***'],
  ['a path whose end never came', 'GET /a/b?token=abc', 'GET', '/a/b?token=***'],
  ['a token in a query', 'GET http://h/?token=abc HTTP/9.9\r\n', 'GET', 'http://h/?token=***'],
  ['a WebSocket', 'GET ws://user:pw@h/?access_token=abc HTTP/9.9\r\n', 'GET', 'ws://***@h/?access_token=***'],
  ['a field behind a bare LF', 'GET /\nAuthorization:secret HTTP/1.1\r\n', 'GET', '/'],
  ['a field behind a bare CR', 'GET /\rAuthorization:secret HTTP/1.1\r\n', 'GET', '/'],
  ['a field behind a NUL', 'GET /\0Authorization:secret HTTP/1.1\r\n', 'GET', '/'],
  ['a field behind a tab', 'GET /\tAuthorization:secret HTTP/1.1\r\n', 'GET', '/'],
  ['a field line alone', 'Cookie: sid=secret\r\n\r\n', '-', ''],
  ['a field line without its colon', 'Cookie sid=secret\r\n\r\n', 'Cookie', ''],
  ['a form', 'user=anna&password=secret and more', '-', ''],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00 x y', '-', ''],
  ['a blank first', ' GET http://h/ HTTP/1.1\r\n', '-', ''],
  ['nothing', '', '-', ''],
]

t.test('the line of what is no request', async (t) => {
  for (const [name, text, method, target] of cases) t.same(unreadLine(text), { method, target }, name)
})
