// Rule 3 for responses: hop-by-hop fields and what Connection names end here, the rest goes on in its order, number and spelling (RFC 9110 7.6.1).
import { answered, bad, gets, ends, OK_BODY, relayed, reply } from '../answers.ts'
import type { CaseFile, WireCase } from '../case.ts'

/** [what, field lines of the origin's, those that the client gets] */
type Row = readonly [name: string, ref: string, sent: readonly string[], got: readonly string[]]

const passes = ([name, ref, sent, got]: Row): WireCase => relayed(name, ref, reply(sent), { status: 200, body: 'ok', fields: got })

/** Where another may let it pass: the RFC says SHOULD, or nothing. */
const mayPass = ([name, ref, sent, got]: Row): WireCase => relayed(name, ref, reply(sent), { status: 200, body: 'ok', fields: got }, { or: [ends({ ...OK_BODY, fields: got }), gets(OK_BODY), ends(OK_BODY)] })

const NAMED = 'RFC 9110 7.6.1'

const nominated: readonly Row[] = [
  ['a field that Connection names ends here', NAMED, ['Connection: x-a', 'X-A: 1', 'X-B: 2'], ['X-B: 2']],
  ['Connection names fields in any case of letters', NAMED, ['Connection: x-A', 'X-a: 1', 'X-B: 2'], ['X-B: 2']],
  ['Connection comes behind the field that it names', NAMED, ['X-A: 1', 'X-B: 2', 'Connection: X-A'], ['X-B: 2']],
  ['Connection names two fields', NAMED, ['X-A: 1', 'X-B: 2', 'X-C: 3', 'Connection: X-A, X-C'], ['X-B: 2']],
  ['two Connection fields each name one', NAMED, ['Connection: X-A', 'X-A: 1', 'X-B: 2', 'X-C: 3', 'Connection: X-C'], ['X-B: 2']],
  ['a second Connection field names one, beside keep-alive in the first', NAMED, ['Connection: keep-alive', 'Connection: X-C', 'X-B: 2', 'X-C: 3'], ['X-B: 2']],
  ['Connection has empty members', 'RFC 9110 5.6.1', ['Connection: ,, X-A ,, ,', 'X-A: 1', 'X-B: 2'], ['X-B: 2']],
  ['Connection has tabs round its members', 'RFC 9110 5.6.1', ['Connection:\tX-C\t,\tX-A\t', 'X-A: 1', 'X-B: 2'], ['X-B: 2']],
  ['a named field stands there twice', NAMED, ['X-A: 1', 'Connection: X-A', 'X-A: 2', 'X-B: 2'], ['X-B: 2']],
  ['Connection names what is not there', NAMED, ['Connection: X-None', 'X-B: 2'], ['X-B: 2']],
  ['Connection names Set-Cookie', NAMED, ['Connection: Set-Cookie', 'Set-Cookie: a=1', 'X-B: 2'], ['X-B: 2']],
  ['Connection names Location', NAMED, ['Connection: location', 'Location: http://a.example/', 'X-B: 2'], ['X-B: 2']],
  ['Connection names Cache-Control', NAMED, ['Connection: cache-control', 'Cache-Control: no-store', 'X-B: 2'], ['X-B: 2']],
  ['Connection names Content-Type', NAMED, ['Connection: content-type', 'Content-Type: text/html', 'X-B: 2'], ['X-B: 2']],
  ['Connection names ETag and Vary', NAMED, ['Connection: etag, vary', 'ETag: "a"', 'Vary: *', 'X-B: 2'], ['X-B: 2']],
  ['Connection names itself', NAMED, ['Connection: Connection', 'X-B: 2'], ['X-B: 2']],
  ['Connection names Host', NAMED, ['Connection: host', 'X-B: 2'], ['X-B: 2']],
  ['Keep-Alive named by Connection', 'RFC 9112 C.2.2', ['Connection: keep-alive', 'Keep-Alive: timeout=5, max=100', 'X-B: 2'], ['X-B: 2']],
  ['Upgrade named by Connection', 'RFC 9110 7.8', ['Connection: upgrade', 'Upgrade: h2c', 'X-B: 2'], ['X-B: 2']],
  ['TE and Trailer named by Connection', NAMED, ['Connection: TE, Trailer', 'TE: trailers', 'Trailer: X-T', 'X-B: 2'], ['X-B: 2']],
  ['Proxy-Authenticate named by Connection', 'RFC 9110 11.7.1', ['Connection: Proxy-Authenticate', 'Proxy-Authenticate: Basic realm="a"', 'X-B: 2'], ['X-B: 2']],
]

const byNature: readonly Row[] = [
  ['Keep-Alive that nobody names', NAMED, ['Keep-Alive: timeout=5', 'X-B: 2'], ['X-B: 2']],
  ['Proxy-Connection', NAMED, ['Proxy-Connection: keep-alive', 'X-B: 2'], ['X-B: 2']],
  ['TE that nobody names', NAMED, ['TE: trailers', 'X-B: 2'], ['X-B: 2']],
  ['Trailer that nobody names', 'RFC 9110 6.6.2', ['Trailer: Expires', 'X-B: 2'], ['X-B: 2']],
  ['Upgrade that nobody names', 'RFC 9110 7.8', ['Upgrade: h2c, TLS/1.0', 'X-B: 2'], ['X-B: 2']],
  ['HTTP2-Settings', 'RFC 7540 3.2.1', ['HTTP2-Settings: AAMAAABk', 'X-B: 2'], ['X-B: 2']],
  ['Proxy-Authenticate of an origin', 'RFC 9110 11.7.1', ['Proxy-Authenticate: Basic realm="a"', 'X-B: 2'], ['X-B: 2']],
  ['Proxy-Authentication-Info of an origin', 'RFC 9110 11.7.3', ['Proxy-Authentication-Info: nextnonce="a"', 'X-B: 2'], ['X-B: 2']],
  ['Proxy-Authorization in an answer', 'RFC 9110 11.7.2', ['Proxy-Authorization: Basic YTpi', 'X-B: 2'], ['X-B: 2']],
  ['hop-by-hop names in any case of letters', NAMED, ['kEEP-aLIVE: timeout=5', 'PROXY-connection: close', 'uPGRADE: h2c', 'X-B: 2'], ['X-B: 2']],
  ['a known name with an underscore for its dash', 'CVE-2025-64484', ['Transfer_Encoding: chunked', 'Content_Length: 900', 'X-B: 2'], ['X-B: 2']],
]

const kept: readonly Row[] = [
  ['the order of fields', 'RFC 9110 5.3', ['X-C: 3', 'X-A: 1', 'X-B: 2'], ['X-C: 3', 'X-A: 1', 'X-B: 2']],
  ['several of one name, each on its line', 'RFC 9110 5.3', ['Set-Cookie: a=1; Path=/', 'X-A: 1', 'Set-Cookie: b=2, c', 'set-cookie: d=3'], ['Set-Cookie: a=1; Path=/', 'X-A: 1', 'Set-Cookie: b=2, c', 'set-cookie: d=3']],
  ['two challenges', 'RFC 9110 11.6.1', ['WWW-Authenticate: Basic realm="a"', 'WWW-Authenticate: Negotiate'], ['WWW-Authenticate: Basic realm="a"', 'WWW-Authenticate: Negotiate']],
  ['the spelling of names', 'RFC 9110 5.1', ['x-lower: 1', 'X-UPPER: 2', 'etag: "a"'], ['x-lower: 1', 'X-UPPER: 2', 'etag: "a"']],
  ['every octet of a token in a name', 'RFC 9110 5.6.2', ["!#$%&'*+-.^_`|~09azAZ: 1", 'X-$PrototypeBI-Version: 1.6'], ["!#$%&'*+-.^_`|~09azAZ: 1", 'X-$PrototypeBI-Version: 1.6']],
  ['a name with an underscore', 'llhttp response/sample.md', ['DCLK_imp: v7;x;1~okv=;'], ['DCLK_imp: v7;x;1~okv=;']],
  ['octets from 0x80 on in a value', 'RFC 9110 5.5', ['X-A: \x80\x85\xa0\xff gr\xfc\xdfe'], ['X-A: \x80\x85\xa0\xff gr\xfc\xdfe']],
  ['blanks and tabs within a value', 'RFC 9110 5.5', ['X-A: a \t  b'], ['X-A: a \t  b']],
  ['colons and commas in a value', 'RFC 9110 5.5', ['X-A: ::a:, ,b:'], ['X-A: ::a:, ,b:']],
  ['quotes that do not close', 'RFC 9110 5.5', ['X-A: "a', 'X-B: "\\'], ['X-A: "a', 'X-B: "\\']],
  ['blanks round a value are not part of it', 'RFC 9112 5.1', ['X-A: \t  1 \t ', 'X-B:2'], ['X-A: 1', 'X-B: 2']],
  ['an empty value', 'RFC 9110 5.5', ['X-A:', 'X-B: \t ', 'X-C: 3'], ['X-A: ', 'X-B: ', 'X-C: 3']],
  ['a value of eight thousand octets', 'RFC 9110 5.4', [`X-A: ${'v'.repeat(8000)}`], [`X-A: ${'v'.repeat(8000)}`]],
  ['a hundred fields', 'RFC 9110 5.4', Array.from({ length: 100 }, (_, at) => `X-${at}: ${at}`), Array.from({ length: 100 }, (_, at) => `X-${at}: ${at}`)],
  ['a name that begins as a hop-by-hop one does', NAMED, ['Keep-Alive-X: 1', 'TEX: 2', 'Upgrade-Insecure-Requests: 1', 'Trailers: 4'], ['Keep-Alive-X: 1', 'TEX: 2', 'Upgrade-Insecure-Requests: 1', 'Trailers: 4']],
  ['names that begin as framing does', 'llhttp response/content-length.md', ['Content-Length-X: 9', 'X-Transfer-Encoding: gzip', 'Content-Lengt: 3'], ['Content-Length-X: 9', 'X-Transfer-Encoding: gzip', 'Content-Lengt: 3']],
  ['names that objects of JavaScript have', 'CVE-2018-16487', ['__proto__: 1', 'constructor: 2', 'hasOwnProperty: 3', 'toString: 4'], ['__proto__: 1', 'constructor: 2', 'hasOwnProperty: 3', 'toString: 4']],
  ['what is about the content', 'RFC 9110 7.7', ['Content-Type: text/html; charset=utf-8', 'Content-Encoding: gzip', 'Content-Language: de', 'Content-Disposition: attachment; filename="a"'], ['Content-Type: text/html; charset=utf-8', 'Content-Encoding: gzip', 'Content-Language: de', 'Content-Disposition: attachment; filename="a"']],
  ['what is about caching', 'RFC 9111 5', ['Cache-Control: max-age=5, no-transform', 'Expires: 0', 'ETag: W/"a"', 'Last-Modified: Mon, 26 Jul 1997 05:00:00 GMT', 'Vary: Accept'], ['Cache-Control: max-age=5, no-transform', 'Expires: 0', 'ETag: W/"a"', 'Last-Modified: Mon, 26 Jul 1997 05:00:00 GMT', 'Vary: Accept']],
  ['what is about security', 'RFC 6797', ['Strict-Transport-Security: max-age=1', 'Content-Security-Policy: default-src *', 'X-Frame-Options: DENY'], ['Strict-Transport-Security: max-age=1', 'Content-Security-Policy: default-src *', 'X-Frame-Options: DENY']],
  ['Proxy-Status of a proxy behind us', 'RFC 9209 2', ['Proxy-Status: cdn.example; error=dns_error', 'Cache-Status: cdn; hit'], ['Proxy-Status: cdn.example; error=dns_error', 'Cache-Status: cdn; hit']],
]

const madeAnew: readonly WireCase[] = [
  relayed('our Via stands behind those that were there', 'RFC 9110 7.6.3', reply(['Via: 1.0 a, HTTP/2 b (c)', 'X-A: 1']), { status: 200, body: 'ok', has: ['Via: 1.0 a, HTTP/2 b (c)', 'Via: 1.1 {via}'] }, { ours: true }),
  relayed('Via is sent in each answer that goes on', 'RFC 9110 7.6.3', reply(), { status: 200, body: 'ok', has: ['Via: 1.1 {via}'] }),
  answered('Via says that the origin spoke HTTP/1.0', 'RFC 9110 7.6.3', reply([], 'ok', 'HTTP/1.0 200 OK'), gets({ status: 200, body: 'ok', has: ['Via: 1.0 {via}'] }, 'fresh')),
  relayed('no Via where the policy says so', 'wire rule 3', reply(), { status: 200, body: 'ok', lacks: ['via'] }, { policy: { web: '  via: false\n' } }),
  relayed('Connection names Via: that of others goes, ours is sent', 'RFC 9110 7.6.1', reply(['Connection: Via', 'Via: 1.1 other']), { status: 200, body: 'ok', has: ['Via: 1.1 {via}'], hides: ['other'] }),
  relayed('a Date is kept', 'RFC 9110 6.6.1', reply(['Date: Tue, 15 Nov 1994 08:12:31 GMT']), { status: 200, body: 'ok', has: ['Date: Tue, 15 Nov 1994 08:12:31 GMT'] }),
  relayed('a Date that is none is kept', 'RFC 9110 6.6.1', reply(['Date: yesterday']), { status: 200, body: 'ok', has: ['Date: yesterday'] }, { or: [gets(OK_BODY), ends(OK_BODY)] }),
  relayed('Connection names Date: the answer still has one', 'RFC 9110 6.6.1', reply(['Connection: Date', 'Date: Tue, 15 Nov 1994 08:12:31 GMT']), { status: 200, body: 'ok', hides: ['1994'] }),
  relayed('Connection names Content-Length: the framing stays', 'RFC 9110 7.6.1', reply(['Connection: Content-Length']), { status: 200, body: 'ok', has: ['Content-Length: 2'], framing: 'length' }, { or: [gets(OK_BODY), ends(OK_BODY)] }),
  relayed('Connection names Transfer-Encoding: the body is still read by it', 'RFC 9110 7.6.1', 'HTTP/1.1 200 OK\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  answered('Connection names a field and says close', 'RFC 9110 7.6.1', reply(['Connection: close, X-A', 'X-A: 1', 'X-B: 2']), gets({ status: 200, body: 'ok', fields: ['X-B: 2'], lacks: ['connection'] }, 'fresh'), { or: [ends({ status: 200, body: 'ok', fields: ['X-B: 2'] })] }),
  relayed('Connection holds what is no token', 'RFC 9110 7.6.1', reply(['Connection: "x-a", x-b;q=1, @', 'X-C: 3']), { status: 200, body: 'ok', fields: ['X-C: 3'] }),
  answered('the 407 of an origin asks nobody for credentials', 'RFC 9110 11.7.1', reply(['Proxy-Authenticate: Basic realm="steal"', 'X-B: 2'], 'ok', 'HTTP/1.1 407 Proxy Authentication Required'), gets({ status: 407, body: 'ok', lacks: ['proxy-authenticate'] }, 'same'), { or: [gets({ status: [407, 502] }), ends({ status: [407, 502] })] }),
  bad('two media types, of which a policy would see one', 'WPT fetch/content-type', reply(['Content-Type: text/plain', 'Content-Type: text/html']), { or: [gets(OK_BODY), ends(OK_BODY)] }),
  relayed('the same media type twice', 'RFC 9110 5.3', reply(['Content-Type: text/plain', 'Content-Type: text/plain']), { status: 200, body: 'ok', fields: ['Content-Type: text/plain', 'Content-Type: text/plain'] }, { or: [gets(OK_BODY), ends(OK_BODY)] }),
]

export const file: CaseFile = {
  rule: '3r',
  title: 'what ends at this hop and what goes on, in responses',
  side: 'response',
  cases: [...nominated.map(passes), ...byNature.map(mayPass), ...kept.map(passes), ...madeAnew],
}
