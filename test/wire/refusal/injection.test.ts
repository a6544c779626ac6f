// Whatever stands in a target, in a policy's own sentences or in a rule's name: a refusal, the page of refusals and the PAC file have the same shape,
// byte for byte, as with harmless words. Dangers: script in a page (XSS), a field or a response of the client's making, a PAC that leads elsewhere.
import t from 'tap'
import fc from 'fast-check'
import { createContext, runInContext } from 'node:vm'
import type { Cause } from '../../../src/decision/facts.ts'
import { noteRefusal, ownResponse } from '../../../src/proxy/own.ts'
import { refusalResponse, type Refusal } from '../../../src/proxy/refuse.ts'
import { gateWith, ip, snapshotWith } from '../../proxy/sockets.ts'
import { answerOf } from './answer.ts'

const PIECES = [
  '<script>alert(1)</script>', '</script><script>', '"><img src=x onerror=alert(1)>', '\' onload=\'x', '</title>', '<!--', '-->', ']]>', '&lt;script&gt;', '&#x3c;', 'javascript:alert(1)', '</style><style>', '<base href=//evil>',
  '\r\nSet-Cookie: a=b', '\nX-Evil: 1', '\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', '%0d%0a', '\\r\\n', '\u560d\u560a', '\x00', '\x1b[2J', '\x1b]0;t\x07', '\u009b31m', '\x85', '\u2028', '\u2029', '\u202e', '\u2066', '\ufeff', '\u200b', '\ud800', '\udc00',
  '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xe2\x80\xae', '+ADw-script+AD4-', '`${x}`', '");alert(1)//', "';}", '"', "'", '\\', '</pre>', '{{x}}', '; error=x', 'q"uo"te', 'ä世😀', 'http://h/', ' ', '\t', 'x'.repeat(3000),
]
const hostile = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.string({ unit: 'binary', maxLength: 60 }),
)
const FORMS = ['text/html', 'text/plain', 'application/json'] as const

/** The tags of a page, in order; its text left out. */
const tagsOf = (html: string): string[] => html.match(/<[^>]*>/g) ?? []

function refusal(change: Partial<Refusal>, cause: Partial<Cause>): Refusal {
  return { status: 403, error: 'http_request_denied', what: 'http://h/', id: 'r-1', ...change, cause: { by: 'r', kind: 'rule', reason: 'why', ...cause } }
}

t.test('a refusal keeps its shape', async (t) => {
  for (const accept of FORMS) {
    const plain = answerOf(refusalResponse(refusal({ allow: 'GET' }, {}), { method: 'GET', minor: 1, accept, contact: 'c', gatewayName: 'n', close: true }))
    const tags = tagsOf(plain.text)
    fc.assert(fc.property(hostile, hostile, hostile, hostile, hostile, hostile, hostile, (what, by, reason, contact, gatewayName, id, error) => {
      const bytes = refusalResponse(refusal({ what, id, error, allow: what }, { by, reason }), { method: 'GET', minor: 1, accept, contact, gatewayName, close: true })
      const { response, fields, text } = answerOf(bytes)
      if (response.fields.map(([name]) => name).join() !== plain.response.fields.map(([name]) => name).join()) return false
      if (!/^greengate; error=[a-z][a-z0-9_]*$/.test(fields.get('proxy-status') ?? '') || /[^\x20-\x7e]/.test(response.head.replaceAll('\r\n', ''))) return false
      if (bytes.length !== response.head.length + response.body.length) return false
      if (accept === 'application/json') return typeof (JSON.parse(text) as { readonly rule: unknown }).rule === 'string' && !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/.test(text)
      if (accept === 'text/plain') return !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(text) && text.split('\n').length === plain.text.split('\n').length
      return tagsOf(text).join() === tags.join() && !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(text) && !/<(?!\/?[a-z!])/.test(text)
    }), { numRuns: 600 })
  }
  t.pass('1800 refusals')
})

t.test('every octet in every place', async (t) => {
  for (let octet = 0; octet < 256; octet++) {
    const char = String.fromCharCode(octet)
    for (const accept of FORMS) {
      const bytes = refusalResponse(refusal({ what: `http://h/a${char}b`, id: `i${char}d` }, { by: `a${char}b`, reason: `a${char}b` }), { method: 'GET', minor: 1, accept, contact: `a${char}b`, gatewayName: `a${char}b`, close: false })
      const { response, text } = answerOf(bytes)
      if (response.fields.length !== 9) t.fail(`octet ${octet} makes a field`)
      if (octet !== 10 && octet < 32 && text.includes(char)) t.fail(`octet ${octet} comes through in ${accept}`)
    }
  }
  t.pass('256 octets, three forms')
})

t.test('the page of refusals keeps its shape, and shows the caller\'s own alone', async (t) => {
  const me = ip('192.168.51.35')
  fc.assert(fc.property(fc.array(fc.record({ what: hostile, by: hostile, reason: hostile, mine: fc.boolean() }), { minLength: 1, maxLength: 5 }), hostile, fc.constantFrom(...FORMS), (kept, contact, accept) => {
    const snapshot = snapshotWith({}, { contact })
    const gate = gateWith(snapshot)
    for (const [at, { what, by, reason, mine }] of kept.entries()) {
      const mark = mine ? 'http://mine.example/' : 'http://theirs.example/'
      noteRefusal(gate, mine ? me : ip(`192.168.51.${100 + at}`), refusal({ what: `${mark}${what}`, id: `r-${at}` }, { by: by.slice(0, 40), reason }), at)
    }
    const bytes = ownResponse({ id: 'r-9', method: 'GET', path: '/', host: 'localhost', minor: 1, accept, close: false, client: me, via: ip('192.168.51.254'), snapshot, gate })
    if (bytes === undefined) return false
    const { response, text } = answerOf(bytes)
    const mine = kept.filter((each) => each.mine).length
    if (response.fields.length !== 7 || text.includes('theirs.example') || bytes.length !== response.head.length + response.body.length) return false
    if (accept === 'application/json') return (JSON.parse(text) as { readonly refusals: readonly unknown[] }).refusals.length === mine
    if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(text)) return false
    if (accept === 'text/plain') return text.match(/^\d{4}-\d\d-\d\d /gm)?.length === (mine === 0 ? undefined : mine)
    return tagsOf(text).filter((tag) => tag === '<dt>').length === mine && tagsOf(text).every((tag) => /^<\/?(?:!doctype html|html(?: lang="en")?|head|meta [^<>]*|title|style|body|h1|p|dl|dt|dd|b|small)>$/.test(tag))
  }), { numRuns: 600 })
  t.pass()
})

t.test('the PAC file is JavaScript that knows one answer, whatever the Host', async (t) => {
  const snapshot = snapshotWith({}, { names: ['proxy.office.example'] })
  const gate = gateWith(snapshot)
  const hosts = ['localhost', 'wpad', 'wpad.x', 'WPAD.Evil.Example:1', 'wpad.";alert(1);"', "wpad.');//", 'wpad.%22%3balert(1)', 'proxy.office.example.', '127.0.0.1:65535', '[::1]', '0x7f.1', 'wpad.\u2028', 'wpad.${x}', 'wpad.`x`', 'wpad.\\u0022']
  let served = 0
  const check = (host: string, via: string): void => {
    const bytes = ownResponse({ id: 'r-9', method: 'GET', path: '/wpad.dat', host, minor: 1, accept: undefined, close: false, client: ip('192.168.51.35'), via: ip(via), snapshot, gate })
    if (bytes === undefined) return
    served++
    const context = createContext({})
    runInContext(answerOf(bytes).text, context)
    const found: unknown = runInContext('FindProxyForURL("http://example.com/", "example.com")', context)
    const right = via.includes(':') ? `PROXY [${via}]:800` : `PROXY ${via}:800`
    if (found !== right || Object.keys(context).join() !== 'FindProxyForURL') t.fail(`${host}: ${String(found)}`)
  }
  for (const host of hosts) for (const via of ['192.168.51.254', '2001:db8::1', '127.0.0.1']) check(host, via)
  fc.assert(fc.property(fc.constantFrom('wpad.', 'localhost', '', 'proxy.office.example'), hostile, (name, rest) => check(`${name}${rest}`, '192.168.51.254')), { numRuns: 500 })
  t.ok(served > 30, `${served} served`)
})
