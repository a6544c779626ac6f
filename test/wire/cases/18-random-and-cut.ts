// Rule 18: a head that is cut, drawn out or nonsense ends in a refusal or a close, in bounded time, and in at most one record; what steers terminals is no part
// of a head (RFC 9112 2.2, 3, 8; RFC 9110 5.5). Floods, and what the log makes of octets, are in ../limits and ../logs.
import { ASK, ASKED, answered, bad, relayed, reply } from '../answers.ts'
import { get, OK, passes, refused, type CaseFile, type Outcome, type Step, type WireCase } from '../case.ts'

const ours = { ours: true } as const
const FAST = { top: 'limits: { head: 500ms, idle-body: 500ms, new-per-second: 100000, new-per-second-per-client: 100000 }\n' }
const NOTHING: Outcome = { origin: [], client: [], end: 'closed' }
const LATE: Outcome = { origin: [], client: [{ status: 408, has: ['Connection: close', 'X-Greengate-Rule: limits'] }], end: 'closed' }
const LATE_RECORD = { verdict: 'error', rule: 'limits', status: 408, fault: 'client', error: 'http_request_error' }
/** it was allowed before its body stopped */
const LATE_BODY = { ...LATE_RECORD, rule: 'loopback', reason: 'the request body did not come in time' }

/** [what of a head has come, its text] */
const CUT: readonly (readonly [what: string, text: string])[] = [
  ['an empty line', '\r\n'], ['one octet', 'G'], ['a method', 'GET'], ['a method and its blank', 'GET '], ['half a scheme', 'GET ht'], ['a target', 'GET {uri}/x'], ['a target and its blank', 'GET {uri}/x '], ['half a version', 'GET {uri}/x HTTP/1'], ['a line without its end', 'GET {uri}/x HTTP/1.1'], ['a line and a CR', 'GET {uri}/x HTTP/1.1\r'], ['a line', 'GET {uri}/x HTTP/1.1\r\n'],
  ['half a name', 'GET {uri}/x HTTP/1.1\r\nHos'], ['a name and its colon', 'GET {uri}/x HTTP/1.1\r\nHost:'], ['half a value', 'GET {uri}/x HTTP/1.1\r\nHost: {host}'], ['a field without its end', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}'], ['a field and a CR', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r'], ['a field', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n'], ['all but the last LF', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n\r'],
  ['half a POST', 'POST {uri}/x HTTP/1.1\r\nHost: {origin}\r\nContent-Length: 3\r\n'], ['half a CONNECT', 'CONNECT {origin}'], ['half a lower-case method', 'get {uri}'], ['half an upgrade', 'GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\nUpgrade: web'], ['half an expectation', 'GET {uri}/x HTTP/1.1\r\nExpect: 100-con'],
]

const cuts = CUT.flatMap(([what, text]): WireCase[] => [
  { name: `${what}, and the client ends its side`, ref: 'RFC 9112 8', send: [text, { end: 'fin' }], expect: NOTHING, records: [], or: [refused([400, 408])] },
  { name: `${what}, and a reset`, ref: 'RFC 9112 8', send: [text, { pause: 30 }, { end: 'rst' }], expect: NOTHING, records: [] },
  { ...ours, name: `${what}, and silence`, ref: 'RFC 9110 15.5.9', policy: FAST, send: text, expect: what === 'an empty line' ? NOTHING : LATE, ...(what === 'an empty line' ? { either: [LATE] } : { records: [LATE_RECORD] }) },
  { ...ours, name: `${what} behind a whole request, and silence`, ref: 'RFC 9110 15.5.9', policy: FAST, send: get('/x') + text, expect: { origin: [ASKED], client: [OK, ...LATE.client], end: 'closed' }, ...(what === 'an empty line' ? { expect: passes(ASKED) } : { records: [{ status: 200 }, LATE_RECORD] }) },
  { name: `${what} behind a whole request, and the end`, ref: 'RFC 9112 8', send: [get('/x') + text, { end: 'fin' }], expect: { origin: [ASKED], client: [OK], end: 'closed' }, records: [{ status: 200 }], or: [{ origin: [ASKED], client: [OK, { status: [400, 408] }], end: 'closed' }] },
])

/** A step a tenth of a second: each alone would be in time. */
const drip = (parts: readonly string[], ms = 100): Step[] => parts.flatMap((each): Step[] => [each, { pause: ms }])
const slow = (name: string, send: readonly Step[], expect: Outcome = LATE, records: WireCase['records'] = [LATE_RECORD]): WireCase => ({ ...ours, name, ref: 'Slowloris; wire rule 18', policy: FAST, send, expect, ...(records === undefined ? {} : { records }) })
const slowness: readonly WireCase[] = [
  slow('an octet now and then is too slow in all', drip([...'GET {uri}/aaaaaaaa HTTP/1.1\r\n'.replace('{uri}', 'http://')])),
  slow('a field now and then is too slow in all', ['GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n', ...drip(Array.from({ length: 20 }, (_, at) => `X-${at}: 1\r\n`))]),
  slow('a field drawn out is too slow in all', ['GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\nX: ', ...drip([...'aaaaaaaaaaaaaaaaaaaa'])]),
  slow('the second head is bounded as the first', [get('/x'), { until: 'ok' }, 'GET {uri}/y HTTP/1.1\r\nHost: {origin}\r\n', ...drip(Array.from({ length: 20 }, () => 'X: 1\r\n'))], { origin: [ASKED], client: [OK, ...LATE.client], end: 'closed' }, [{ status: 200 }, LATE_RECORD]),
  slow('empty lines now and then are no begin', ['GET {uri}/x HTTP/1.1\r\nHost: {origin}\r\n\r\n', { until: 'ok' }, ...drip(Array.from({ length: 4 }, () => '\r\n'), 60), get('/y')], passes(ASKED, { line: 'GET /y HTTP/1.1' }), [{ status: 200 }, { status: 200 }]),
  { ...ours, name: 'a head in good time is no matter of its pieces', ref: 'wire rule 18', policy: FAST, send: drip(['GET {uri}/x HT', 'TP/1.1\r\nHost: {ori'.replace('{ori', '{origin}'), '\r\n\r\n'], 40), expect: passes(ASKED) },
  { ...ours, name: 'a client that never says a word is closed', ref: 'wire rule 18', policy: FAST, path: 'plain', send: [], expect: NOTHING, records: [] },
  { ...ours, name: 'a body that stops is 408, and never whole', ref: 'RFC 9110 15.5.9', policy: FAST, send: 'POST {uri}/x HTTP/1.1\r\nHost: {origin}\r\nContent-Length: 10\r\n\r\nhalf', expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [{ status: 408, has: ['Connection: close'] }], end: 'closed' }, records: [LATE_BODY] },
  { ...ours, name: 'a chunked body that stops is 408, and never whole', ref: 'RFC 9110 15.5.9', policy: FAST, send: 'POST {uri}/x HTTP/1.1\r\nHost: {origin}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', expect: { origin: [{ line: 'POST /x HTTP/1.1', cut: true }], client: [{ status: 408, has: ['Connection: close'] }], end: 'closed' }, records: [LATE_BODY] },
]

let seed = 18
const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below
const pick = (from: string, length: number): string => Array.from({ length }, () => from[(random(1 << 20) >> 4) % from.length]).join('')
const ALL = String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))
/** no `GET ...` comes of these: each has its end behind it, so that none waits for more */
const KINDS: readonly (readonly [what: string, alphabet: string, length: number])[] = [
  ['any octets', ALL, 200], ['few octets', ALL, 9], ['letters', 'ABCDEFxyz', 60], ['printable', ALL.slice(33, 127), 80], ['separators', ' \t:;,=/?#[]@"\\', 50], ['line ends and letters', '\r\na: ', 60], ['what steers terminals', '\x1b\x9b\x9d\x07\x08[]0;m', 40], ['high octets', ALL.slice(128), 64], ['zeros', '\0\x01\x02', 40],
]
const nonsense = KINDS.flatMap(([what, alphabet, length]): WireCase[] => Array.from({ length: 6 }, (_, at) => {
  const text = pick(alphabet, length)
  return { name: `${what}, number ${at + 1}: refused`, ref: 'RFC 9112 3', path: 'plain', send: `${text.replace(/^[\r\n]+/, '')}\r\n\r\n\r\n`, expect: refused([400, 414, 431, 501, 505]), records: [{ verdict: 'error', rule: 'framing', fault: 'client' }], or: [NOTHING] }
}))

/** Octets that a terminal obeys, raw and in C1. */
const STEERS: readonly (readonly [what: string, octets: string])[] = [['ESC [ 2 J', '\x1b[2J'], ['ESC ] 0 ; BEL', '\x1b]0;x\x07'], ['BS', 'a\x08'], ['VT', '\x0b'], ['FF', '\x0c'], ['DEL', '\x7f'], ['SI', '\x0f']]
const C1: readonly (readonly [what: string, octets: string])[] = [['CSI', '\x9b2J'], ['OSC', '\x9d0;x\x9c'], ['NEL', '\x85'], ['CSI in UTF-8', '\xc2\x9b2J'], ['U+202E', '\xe2\x80\xae']]
const FRAMING = { verdict: 'error', rule: 'framing', status: 400 }
const steering: readonly WireCase[] = [
  ...[...STEERS, ...C1].map(([what, octets]): WireCase => ({ name: `${what} in a target is refused`, ref: 'CVE-2024-45808; RFC 3986 2', send: `GET {uri}/${octets} HTTP/1.1\r\nHost: {origin}\r\n\r\n`, expect: refused(), records: [FRAMING], or: [passes({ line: `GET /${octets} HTTP/1.1` })] })),
  ...[...STEERS, ...C1].map(([what, octets]): WireCase => ({ name: `${what} in a method is refused`, ref: 'RFC 9110 5.6.2', send: `G${octets}T {uri}/ HTTP/1.1\r\nHost: {origin}\r\n\r\n`, expect: refused([400, 501]), records: [{ ...FRAMING, method: '-' }] })),
  ...[...STEERS, ...C1].map(([what, octets]): WireCase => ({ name: `${what} in a Host is refused`, ref: 'RFC 9112 3.2', send: `GET {uri}/ HTTP/1.1\r\nHost: a${octets}\r\n\r\n`, expect: refused(), records: [FRAMING] })),
  ...[...STEERS, ...C1].map(([what, octets]): WireCase => ({ name: `${what} in a field's name is refused`, ref: 'RFC 9110 5.1', send: get('/', `X${octets}: 1`), expect: refused(), records: [FRAMING] })),
  ...STEERS.map(([what, octets]): WireCase => ({ name: `${what} in a value is refused`, ref: 'CVE-2024-45808; RFC 9110 5.5', send: get('/', `User-Agent: a${octets}b`), expect: refused(), records: [{ ...FRAMING, userAgent: undefined }], or: [passes({ line: 'GET / HTTP/1.1' })] })),
  ...C1.map(([what, octets]): WireCase => ({ name: `${what} in a value goes on as sent`, ref: 'RFC 9110 5.5', send: get('/x', `X: a${octets}b`), expect: passes({ ...ASKED, has: [`X: a${octets}b`] }) })),
  ...STEERS.map(([what, octets]): WireCase => bad(`${what} in a value of an answer`, 'CVE-2024-45808; RFC 9110 5.5', reply([`X: a${octets}b`]), { or: [{ origin: [ASKED], client: [{ status: 200 }], end: 'open' }, { origin: [ASKED], client: [{ status: 200 }], end: 'closed' }] })),
  ...STEERS.slice(0, 2).map(([what, octets]): WireCase => bad(`${what} in the reason of an answer`, 'RFC 9112 4', `HTTP/1.1 200 a${octets}\r\nContent-Length: 2\r\n\r\nok`, { or: [{ origin: [ASKED], client: [{ status: 200 }], end: 'open' }, { origin: [ASKED], client: [{ status: 200 }], end: 'closed' }] })),
  ...C1.map(([what, octets]): WireCase => relayed(`${what} in a value of an answer goes on as sent`, 'RFC 9110 5.5', reply([`X: a${octets}b`]), { status: 200, body: 'ok', fields: [`X: a${octets}b`] })),
  answered('what steers terminals in a body is content', 'RFC 9110 6.4', reply([], '\x1b[2J\x9b\0'), { origin: [ASKED], client: [{ status: 200, body: '\x1b[2J\x9b\0' }], end: 'open' }, { send: ASK }),
]

export const file: CaseFile = { rule: '18', title: 'heads cut, drawn out and of nonsense; what steers terminals', cases: [...cuts, ...slowness, ...nonsense, ...steering] }
