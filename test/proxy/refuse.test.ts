// Refusals: framed, escaped, in the form that was asked for, and saying no more than they should.
import t from 'tap'
import type { Cause } from '../../src/decision/facts.ts'
import { preferredType } from '../../src/proxy/accept.ts'
import { proxyStatus, refusalResponse } from '../../src/proxy/refuse.ts'
import type { Refusal, RefusalAsk } from '../../src/proxy/refuse.ts'

const CAUSE: Cause = { by: 'messenger', kind: 'rule', reason: 'No messengers <here> & "now"' }
const REFUSAL: Refusal = { status: 403, error: 'http_request_denied', cause: CAUSE, what: 'http://example.com/<script>alert(1)</script>?a=b&c', id: 'r-1' }
const ASK: RefusalAsk = { method: 'GET', minor: 1, accept: undefined, contact: 'it@office.example', gatewayName: 'office', close: false }

function parts(refusal: Partial<Refusal> = {}, ask: Partial<RefusalAsk> = {}): { head: string; body: string; fields: Map<string, string> } {
  const bytes = refusalResponse({ ...REFUSAL, ...refusal }, { ...ASK, ...ask })
  const end = bytes.indexOf('\r\n\r\n')
  const head = bytes.subarray(0, end).toString('latin1')
  const fields = new Map(head.split('\r\n').slice(1).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]))
  return { head, body: bytes.subarray(end + 4).toString('utf8'), fields }
}

t.test('which form is asked for', async (t) => {
  const rows: readonly (readonly [string | undefined, string])[] = [
    [undefined, 'text/plain'], ['*/*', 'text/plain'], ['', 'text/plain'], ['text/html', 'text/html'], ['application/json', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'text/html'],
    ['application/json, text/plain, */*', 'application/json'], ['application/json;q=0.5, text/html;q=0.9', 'text/html'],
    ['text/html;q=0, */*', 'text/plain'], ['text/*', 'text/plain'], ['text/html;q=0.3, application/json;q=0.2', 'text/html'],
    ['application/*', 'application/json'], ['image/png', 'text/plain'], ['TEXT/HTML', 'text/html'], ['text/html;level=1;q=0.7, */*;q=0.1', 'text/html'],
    ['text/html;q=banana', 'text/plain'], [',,,', 'text/plain'], ['application/json;q=0', 'text/plain'], ['text/plain;q=0, text/html;q=0.1', 'text/html']
  ]
  for (const [accept, expected] of rows) t.equal(preferredType(accept), expected, `${accept}: ${expected}`)
})

t.test('the fields of a refusal', async (t) => {
  for (const accept of ['text/html', 'text/plain', 'application/json']) {
    const { head, body, fields } = parts({}, { accept })
    t.match(head, /^HTTP\/1\.1 403 Forbidden\r\n/)
    t.equal(fields.get('content-type'), `${accept}; charset=utf-8`)
    t.equal(Number(fields.get('content-length')), Buffer.byteLength(body))
    t.equal(fields.get('proxy-status'), 'greengate; error=http_request_denied')
    t.equal(fields.get('x-greengate-rule'), 'messenger')
    t.equal(fields.get('x-greengate-request-id'), 'r-1')
    t.equal(fields.get('cache-control'), 'no-store')
    t.notOk(fields.has('transfer-encoding'))
    for (const said of ['messenger', 'it@office.example', 'r-1', 'example.com']) t.ok(body.includes(said), `${accept} says ${said}`)
    t.match(body, /deliberate/)
    t.match(body, /do not look for another way/)
  }
})

t.test('nothing of the asker becomes markup or a line', async (t) => {
  const html = parts({}, { accept: 'text/html' }).body
  t.notOk(html.includes('<script>'))
  t.ok(html.includes('&lt;script&gt;'))
  t.ok(html.includes('No messengers &lt;here&gt; &amp; &quot;now&quot;'))
  const what = 'http://x/\x1b[31m\r\nSet-Cookie: a=b\u0085\u00e4'
  const plain = parts({ what }, { accept: 'text/plain' })
  t.ok(plain.body.includes('http://x/%1B[31m%0D%0ASet-Cookie: a=b%85%E4'))
  t.equal(JSON.parse(parts({}, { accept: 'application/json' }).body).rule, 'messenger')
  const rule = parts({ cause: { ...CAUSE, by: 'a\r\nX-Evil: 1' }, id: 'x\r\ny' })
  t.notOk(rule.fields.has('x-evil'))
  t.ok(parts({ what: 'http://x/'.padEnd(50_000, 'a') }).body.length < 4000, 'a long target is cut')
})

t.test('the frame follows the request', async (t) => {
  t.equal(parts({}, { method: 'HEAD' }).body, '')
  t.equal(parts({}, { method: 'HEAD' }).fields.get('content-length'), parts().fields.get('content-length'))
  t.equal(parts({}, { close: true }).fields.get('connection'), 'close')
  t.equal(parts({}, { close: false, minor: 0 }).fields.get('connection'), 'keep-alive')
  t.notOk(parts().fields.has('connection'))
  t.ok(parts({}, { method: 'CONNECT' }).body.length > 0)
})

t.test('each status has its own words', async (t) => {
  t.match(parts({ status: 429, error: 'http_request_denied', retryAfterS: 0.2 }).head, /^HTTP\/1\.1 429 Too Many Requests\r\n[^]*\r\nRetry-After: 1\r\n|\r\nRetry-After: 1$/)
  for (const status of [400, 405, 408, 414, 431, 500, 502, 503, 504]) {
    const { head, body } = parts({ status })
    t.match(head, new RegExp(`^HTTP/1\\.1 ${status} \\w`))
    t.notMatch(body, /refused by the policy/)
  }
  t.equal(parts({ status: 405, allow: 'GET, HEAD' }).fields.get('allow'), 'GET, HEAD')
  t.equal(proxyStatus({ ...REFUSAL, error: 'dns_error', rcode: 'NXDOMAIN' }), 'greengate; error=dns_error; rcode="NXDOMAIN"')
  t.equal(proxyStatus({ ...REFUSAL, error: 'x"; evil' }), 'greengate; error=proxy_internal_error')
})
