// Rule 13: bodies of any size pass in both directions, by length and in chunks, piece by piece as they come: what is said before a body's end arrives before its
// end, and who is slow makes the other wait and breaks nothing (RFC 9112 6, 7; HTML 9.2 server-sent events). What memory does meanwhile is in ../soak.
import { raw } from '../answers.ts'
import { OK, get, post, type Arrives, type CaseFile, type Gets, type Outcome, type Step, type WireCase } from '../case.ts'

const FIN = { end: 'fin' } as const
const X = { line: 'GET /x HTTP/1.1' }
const UP = { line: 'POST /x HTTP/1.1' }
const LENGTH = (octets: number): string => raw('HTTP/1.1 200 OK', [`Content-Length: ${octets}`])
const CHUNKED = raw('HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'])
const LARGE = 300_000
const large = 'x'.repeat(LARGE)
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const LAST = '0\r\n\r\n'
const head = (...fields: readonly string[]): string => post('/x', fields, '')

function down(name: string, ref: string, answer: readonly Step[], client: Gets, more: Partial<WireCase> = {}, arrives: Arrives = X): WireCase {
  return { name, ref, send: get('/x'), answers: [answer], expect: { origin: [arrives], client: [client], end: 'open' }, time: 20_000, or: [{ origin: [arrives], client: [client], end: 'closed' }], ...more }
}

function up(name: string, ref: string, send: readonly Step[], body: string, more: Partial<WireCase> = {}): WireCase {
  return { name, ref, send, expect: { origin: [{ ...UP, body }], client: [OK], end: 'open' }, time: 20_000, ...more }
}

const sizes: readonly WireCase[] = [
  down('a large body down by its length', 'RFC 9112 6.2', [LENGTH(LARGE), { repeat: 'x', times: LARGE }], { status: 200, body: large, framing: 'length' }),
  down('a large body down in one chunk', 'RFC 9112 7.1', [CHUNKED, `${LARGE.toString(16)}\r\n`, { repeat: 'x', times: LARGE }, `\r\n${LAST}`], { status: 200, body: large, framing: 'chunked' }),
  down('a large body down in many chunks', 'RFC 9112 7.1', [CHUNKED, { repeat: chunk('x'.repeat(1000)), times: 300 }, LAST], { status: 200, body: large, framing: 'chunked' }),
  down('three thousand chunks of an octet down', 'RFC 9112 7.1', [CHUNKED, { repeat: chunk('x'), times: 3000 }, LAST], { status: 200, body: 'x'.repeat(3000) }),
  down('a large body down that the close ends', 'RFC 9112 6.3', [raw('HTTP/1.1 200 OK', []), { repeat: 'x', times: LARGE }, FIN], { status: 200, body: large }),
  { ...down('a large body down to HTTP/1.0', 'RFC 9112 6.3', [CHUNKED, { repeat: chunk('x'.repeat(1000)), times: 300 }, LAST], { status: 200, body: large, framing: 'close' }), send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\n\r\n', expect: { origin: [X], client: [{ status: 200, body: large, lacks: ['transfer-encoding'] }], end: 'closed' } },
  up('a large body up by its length', 'RFC 9112 6.2', [head(`Content-Length: ${LARGE}`), { repeat: 'x', times: LARGE }], large),
  up('a large body up in one chunk', 'RFC 9112 7.1', [head('Transfer-Encoding: chunked'), `${LARGE.toString(16)}\r\n`, { repeat: 'x', times: LARGE }, `\r\n${LAST}`], large),
  up('a large body up in many chunks', 'RFC 9112 7.1', [head('Transfer-Encoding: chunked'), { repeat: chunk('x'.repeat(1000)), times: 300 }, LAST], large),
  up('three thousand chunks of an octet up', 'RFC 9112 7.1', [head('Transfer-Encoding: chunked'), { repeat: chunk('x'), times: 3000 }, LAST], 'x'.repeat(3000)),
  up('two uploads in turn, the second pipelined', 'RFC 9112 9.3.2', [head('Content-Length: 100000'), { repeat: 'x', times: 100_000 }, post('/y', ['Transfer-Encoding: chunked'], chunk('abc') + LAST)], 'x'.repeat(100_000), { expect: { origin: [{ ...UP, body: 'x'.repeat(100_000) }, { line: 'POST /y HTTP/1.1', body: 'abc' }], client: [OK, OK], end: 'open' } }),
  { name: 'a large body up and one down', ref: 'RFC 9112 6', time: 20_000, send: [head(`Content-Length: ${LARGE}`), { repeat: 'x', times: LARGE }], answers: [[LENGTH(LARGE), { repeat: 'x', times: LARGE }]], expect: { origin: [{ ...UP, body: large }], client: [{ status: 200, body: large }], end: 'open' } },
]

/** Who reads nothing for a while makes the other wait; nothing is lost. */
const SLOW = 1_000_000
const waits: readonly WireCase[] = [
  down('a client that does not read for a while gets all of it', 'RFC 9112 6.2', [LENGTH(SLOW), { repeat: 'x', times: SLOW }], { status: 200, body: 'x'.repeat(SLOW) }, { send: [get('/x'), { deaf: 400 }] }),
  up('an origin that does not read for a while gets all of it', 'RFC 9112 6.2', [head(`Content-Length: ${SLOW}`), { repeat: 'x', times: SLOW }], 'x'.repeat(SLOW), { answerAt: 'head', answers: [[{ deaf: 400 }, { until: '\x81' }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']], send: [head(`Content-Length: ${SLOW + 1}`), { repeat: 'x', times: SLOW }, '\x81'], expect: { origin: [{ ...UP, body: `${'x'.repeat(SLOW)}\x81` }], client: [OK], end: 'open' } }),
]

const QUICK = { top: 'limits: { idle-body: 500ms, new-per-second: 100000, new-per-second-per-client: 100000 }\n' }
const drops = (texts: readonly string[], ms: number): Step[] => texts.flatMap((each): Step[] => [each, { pause: ms }])
const slow: readonly WireCase[] = [
  down('an origin that sends a little now and then is waited for, by its length', 'wire rule 13', [LENGTH(6), ...drops([...'abcdef'], 250)], { status: 200, body: 'abcdef' }, { ours: true, policy: QUICK }),
  down('and in chunks', 'wire rule 13', [CHUNKED, ...drops([...'abcdef'].map(chunk), 250), LAST], { status: 200, body: 'abcdef' }, { ours: true, policy: QUICK }),
  down('a head in pieces is no other head', 'RFC 9112 2', drops(['HTTP/1.1 20', '0 O', 'K\r', '\nContent-Len', 'gth: 2\r\n\r', '\nok'], 40), { status: 200, body: 'ok' }),
  up('a client that sends a little now and then is waited for', 'wire rule 13', [head('Content-Length: 6'), ...drops([...'abcdef'], 250)], 'abcdef', { ours: true, policy: QUICK }),
  up('and in chunks, cut anywhere', 'wire rule 13', [head('Transfer-Encoding: chunked'), ...drops(['1', '\r\na', '\r', '\n2\r\nb', 'c\r\n0', '\r\n\r', '\n'], 150)], 'abc', { ours: true, policy: QUICK }),
]

/** Each side says its next octet only when it has heard the other's: what is held back by anybody ends it all. A word may be cut into chunks on its way. */
const EARLY: Outcome = { origin: [{ ...UP, body: '\x81\x82\x83' }], client: [{ status: 200, body: '\x91\x92\x93' }], end: 'closed' }
const talk = (name: string, framed: string, say: (text: string) => string, answer: string, reply: (text: string) => string, endUp: string, endDown: string): WireCase => ({
  name, ref: 'RFC 9112 9.5; wire rule 13', answerAt: 'head', time: 8_000, expect: EARLY, or: [{ ...EARLY, end: 'open' }],
  send: [head(framed), say('\x81'), { until: '\x91' }, say('\x82'), { until: '\x92' }, say('\x83') + endUp],
  answers: [[{ until: '\x81' }, answer, reply('\x91'), { until: '\x82' }, reply('\x92'), { until: '\x83' }, { pause: 20 }, reply('\x93') + endDown]],
})
const same = (text: string): string => text
const UPLOAD = ['Transfer-Encoding: chunked', 'Content-Length: 3'] as const
const events: readonly WireCase[] = [
  talk('a talk in chunks, up and down at once', UPLOAD[0], chunk, CHUNKED, chunk, LAST, LAST),
  talk('a talk by lengths, up and down at once', UPLOAD[1], same, LENGTH(3), same, '', ''),
  talk('chunks up, a length down', UPLOAD[0], chunk, LENGTH(3), same, LAST, ''),
  talk('a length up, chunks down', UPLOAD[1], same, CHUNKED, chunk, '', LAST),
  { name: 'an event arrives though no other follows', ref: 'HTML 9.2.6', send: [get('/x', 'Accept: text/event-stream'), { until: '\x81' }, { end: 'rst' }], answers: [[raw('HTTP/1.1 200 OK', ['Content-Type: text/event-stream', 'Transfer-Encoding: chunked']), chunk('data: \x81'), { until: 'never' }]], expect: { origin: [X], client: [{ status: 200, cut: true, has: ['Content-Type: text/event-stream'], body: 'data: \x81' }], end: 'closed' }, records: [{ verdict: 'allow', status: 200, error: 'client_closed', fault: 'client', contentType: 'text/event-stream' }] },
  { name: 'and one in a body that the close would end', ref: 'HTML 9.2.6', send: [get('/x'), { until: '\x81' }, { end: 'rst' }], answers: [[raw('HTTP/1.1 200 OK', ['Content-Type: text/event-stream']), 'data: \x81', { until: 'never' }]], expect: { origin: [X], client: [{ status: 200, cut: true, body: 'data: \x81' }], end: 'closed' }, records: [{ status: 200, error: 'client_closed', fault: 'client' }] },
  { name: 'half a chunk arrives before its other half', ref: 'RFC 9112 7.1', send: [get('/x'), { until: '\x81' }, { end: 'rst' }], answers: [[CHUNKED, '8\r\nhal\x81', { until: 'never' }]], expect: { origin: [X], client: [{ status: 200, cut: true, body: 'hal\x81' }], end: 'closed' } },
  { name: 'a head arrives before its body', ref: 'RFC 9112 6', send: [get('/x'), { until: '\r\n\r\n' }, { end: 'rst' }], answers: [[LENGTH(9), { until: 'never' }]], expect: { origin: [X], client: [{ status: 200, cut: true, body: '' }], end: 'closed' } },
  { name: 'early hints arrive before the answer', ref: 'RFC 8297', send: [get('/x'), { until: '103' }, { end: 'rst' }], answers: [['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', { until: 'never' }]], expect: { origin: [X], client: [], interim: [103], end: 'closed' }, or: [{ origin: [X], client: [], end: 'closed' }] },
  { name: 'the head of an upload arrives before its body', ref: 'RFC 9112 6', answerAt: 'head', send: [head('Content-Length: 3'), { until: 'ok' }, 'abc'], answers: ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'], expect: { origin: [{ ...UP, cut: true }], client: [OK], end: 'closed' }, or: [{ origin: [{ ...UP, body: 'abc' }], client: [OK], end: 'open' }] },
  { name: 'what a client asked for and left is not read to its end', ref: 'wire rule 13', time: 20_000, send: [get('/x'), { until: 'xxx' }, { end: 'rst' }], answers: [[LENGTH(9_000_000), { repeat: 'x', times: 100_000 }, { until: 'never' }]], expect: { origin: [X], client: [{ status: 200, cut: true }], end: 'closed' }, records: [{ error: 'client_closed', fault: 'client' }] },
]

export const file: CaseFile = { rule: '13', title: 'streaming: large bodies both ways, events at once, slow sides', cases: [...sizes, ...waits, ...slow, ...events] }
