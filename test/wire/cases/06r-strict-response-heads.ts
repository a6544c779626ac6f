// Rule 6 for responses: what is no valid status line or field line is 502, and no octet of it reaches the client (RFC 9112 2.2, 4, 5). Another may repair
// what RFC 9110 2.4 lets a recipient recover from, as long as what it sends is itself valid: the strict parser sees to that.
import { answered, bad, ends, gets, raw, recovers, relayed, reply } from '../answers.ts'
import type { CaseFile, WireCase } from '../case.ts'

// --- WPT fetch/h1-parsing/tools: each of six octets at each of seventeen places of a head

const PLACES = ['before the status line', 'within HTTP', 'before the slash', 'behind the slash', 'before the dot', 'behind the dot', 'behind the version', 'before the status', 'behind the status', 'before the reason', 'behind the reason', 'before the first name', 'within a name', 'before the colon', 'behind the colon', 'within a value', 'behind a value'] as const
const PIECES = ['', 'HT', 'TP', '/', '1', '.', '1', ' ', '200', ' ', 'OK', '\r\n', 'X-Frame', '-Options', ':', 'DE', 'NY', '\r\nContent-Length: 5\r\n\r\nTest.']
const OCTETS = { LF: '\n', CR: '\r', HTAB: '\t', SP: ' ', NUL: '\0', COLON: ':' } as const

/** Where the head stays valid, and what the field is then; RFC 9112 4 gives a reason HTAB, SP and VCHAR, RFC 9110 5.5 a value the same. */
const VALID: Readonly<Record<string, readonly string[]>> = {
  HTAB: ['before the reason', 'behind the reason', 'behind the colon', 'within a value', 'behind a value'],
  SP: ['behind the status', 'before the reason', 'behind the reason', 'behind the colon', 'within a value', 'behind a value'],
  COLON: ['before the reason', 'behind the reason', 'within a name', 'before the colon', 'behind the colon', 'within a value', 'behind a value'],
}
const FIELD: Readonly<Record<string, string>> = {
  'HTAB within a value': 'X-Frame-Options: DE\tNY',
  'SP within a value': 'X-Frame-Options: DE NY',
  'COLON within a name': 'X-Frame: -Options:DENY',
  'COLON before the colon': 'X-Frame-Options: :DENY',
  'COLON behind the colon': 'X-Frame-Options: :DENY',
  'COLON within a value': 'X-Frame-Options: DE:NY',
  'COLON behind a value': 'X-Frame-Options: DENY:',
}

const inserted: WireCase[] = Object.entries(OCTETS).flatMap(([name, octet]) => PLACES.map((place, at) => {
  const answer = PIECES.map((piece, index) => (index === at ? piece + octet : piece)).join('')
  const what = `${name} ${place}`
  const ref = 'WPT fetch/h1-parsing'
  if (VALID[name]?.includes(place) === true) return relayed(what, ref, answer, { status: 200, body: 'Test.', has: [FIELD[what] ?? 'X-Frame-Options: DENY'] })
  return bad(what, ref, answer, { or: recovers({ status: 200, body: 'Test.' }) })
}))

// --- status lines

const TEXT = { status: 200, body: 'ok' }
const status = (line: string): string => reply([], 'ok', line)

const goodStatus: readonly (readonly [string, number, string])[] = [
  ['HTTP/1.1 200', 200, 'no reason and no space'],
  ['HTTP/1.1 200 ', 200, 'no reason'],
  ['HTTP/1.1 200  OK', 200, 'a reason that begins with a space'],
  ['HTTP/1.1 200 200 OK', 200, 'a reason of digits'],
  [`HTTP/1.1 200 ${'r'.repeat(2000)}`, 200, 'a long reason'],
  ['HTTP/1.1 226 IM Used', 226, '226'],
  ['HTTP/1.1 299 Whatever', 299, 'an unknown 2xx'],
  ['HTTP/1.1 302 Found', 302, 'a redirection, which is not followed'],
  ['HTTP/1.1 399 x', 399, 'an unknown 3xx'],
  ['HTTP/1.1 401 Unauthorized', 401, '401'],
  ['HTTP/1.1 418 I am a teapot', 418, '418'],
  ['HTTP/1.1 426 Upgrade Required', 426, '426'],
  ['HTTP/1.1 451 Unavailable For Legal Reasons', 451, '451'],
  ['HTTP/1.1 499 x', 499, 'an unknown 4xx'],
  ['HTTP/1.1 503 Service Unavailable', 503, '503 of an origin'],
  ['HTTP/1.1 511 Network Authentication Required', 511, '511'],
  ['HTTP/1.1 599 x', 599, 'an unknown 5xx'],
]

/** RFC 9110 15: invalid, and a client is to take them for a 5xx; nothing asks a proxy to refuse them, and a client may be waiting for one. */
const oddStatus = ['600 x', '700', '999 DOES IT MATTER'].map((each) => relayed(`a status of ${each}`, 'RFC 9110 15, WPT fetch/h1-parsing', status(`HTTP/1.1 ${each}`), { status: Number(each.slice(0, 3)), body: 'ok' }, { or: [gets({ status: [500, 502] }), ends({ status: [500, 502] })] }))

const badStatus = ['', ' ', 'BLAH', '2', '20', '0 OK', '1 OK', '99 NOT OK', '099 HELLO', '000 OK', '1000 BOO', '0200 OK', '2000 OK', '65736 NOT 200', '131072 HI', '-20 OK', '+20 OK', '0x2 OK', '2e2 OK', '2 0 OK', '20O OK', '200OK', '200,OK', '200.0 OK', '"200" OK', '\xb2\xb0\xb0 OK', '2\xa00 OK', '   ', 'OK 200'].map((each) => bad(`a status of ${JSON.stringify(each)}`, 'RFC 9112 4, WPT fetch/h1-parsing', status(`HTTP/1.1 ${each}`), { or: recovers({ status: 200, body: 'ok' }) }))

const badVersion = [
  'HTTP/0.9', 'HTTP/2', 'HTTP/2.0', 'HTTP/3.0', 'HTTP/5.6', 'HTTP/9.9', 'HTTP/0.0', 'HTTP/1', 'HTTP/1.', 'HTTP/.1', 'HTTP/', 'HTTP', 'HTTP/1.01', 'HTTP/1.10', 'HTTP/01.1', 'HTTP/11.1', 'HTTP/1,1', 'HTTP/1.1.1', 'HTTP/1.a', 'HTTP/a.1', 'HTTP/-1.1', 'HTTP/+1.1', 'HTTP/1.\xb9',
  'http/1.1', 'Http/1.1', 'HTTp/1.1', 'HTP/1.1', 'HTTPS/1.1', 'HTTPER/1.1', 'XHTTP/1.1', 'HTTP\\1.1', 'ICY', 'ICE/1.1', 'RTSP/1.0', 'SIP/2.0', 'SHTTP/1.0',
].map((each) => bad(`a version of ${each}`, 'RFC 9112 2.3, llhttp response/invalid.md', status(`${each} 200 OK`), { or: recovers(TEXT) }))

/** RFC 9110 2.5 would have them read as 1.1, which it only asks (SHOULD); no such version was ever made, and llhttp refuses them. */
const higher = ['HTTP/1.2', 'HTTP/1.9'].map((each) => bad(`a version of ${each}`, 'RFC 9110 2.5', status(`${each} 200 OK`), { or: recovers(TEXT) }))

// --- field lines

const line = (text: string): string => raw('HTTP/1.1 200 OK', ['X-B: 2', text, 'Content-Length: 2'], 'ok')
const first = (text: string): string => raw('HTTP/1.1 200 OK', [text, 'Content-Length: 2'], 'ok')

const badLines: readonly (readonly [string, string])[] = [
  ['no colon', 'X-A'],
  ['a blank and no colon', 'X-A 1'],
  ['no name', ': 1'],
  ['a colon alone', ':'],
  ['a blank before the colon', 'X-A : 1'],
  ['a tab before the colon', 'X-A\t: 1'],
  ['several blanks before the colon', 'X-A \t : 1'],
  ['a blank before the colon of a length', 'Content-Length : 2'],
  ['a blank before the colon of a coding', 'Transfer-Encoding : chunked'],
  ['a blank within a name', 'X A: 1'],
  ['a folded line', 'X-A: a\r\n b'],
  ['a line folded by a tab', 'X-A: a\r\n\tb'],
  ['a line folded to nothing', 'X-A: a\r\n '],
  ['a folded line that looks like a field', 'X-A: a\r\n Set-Cookie: b'],
  ['a coding on a folded line', 'Transfer-Encoding:\r\n chunked'],
  ['a length on a folded line', 'X-A: 1\r\n Content-Length: 0'],
  ['a parenthesis in a name', 'X-(A): 1'],
  ['an at in a name', 'X@A: 1'],
  ['a slash in a name', 'X/A: 1'],
  ['a bracket in a name', 'X[A]: 1'],
  ['a brace in a name', '{X}: 1'],
  ['a quote in a name', '"X": 1'],
  ['a comma in a name', 'X,A: 1'],
  ['a semicolon in a name', 'X;A: 1'],
  ['an equals sign in a name', 'X=A: 1'],
  ['a less-than sign in a name', '<X>: 1'],
  ['a question mark in a name', 'X?: 1'],
  ['a backslash in a name', 'X\\A: 1'],
  ['an octet of 0x80 in a name', 'X\x80: 1'],
  ['an octet of 0xff in a name', '\xffX: 1'],
  ['letters beyond ASCII in a name', '\xc3\x84: 1'],
  ['NUL in a name', 'X\0A: 1'],
  ['ESC in a name', 'X\x1bA: 1'],
  ['DEL in a name', 'X\x7fA: 1'],
  ['another status line', 'HTTP/1.1 200 OK'],
]

const badValues: readonly (readonly [string, string])[] = [
  ['NUL at the begin of a value', 'X-A: \0a'],
  ['NUL within a value', 'X-A: a\0b'],
  ['NUL at the end of a value', 'X-A: a\0'],
  ['NUL within a media type', 'Content-Type: text/html\0; a'],
  ['CR within a value', 'X-A: a\rb'],
  ['CR at the end of a value', 'X-A: a\r'],
  ['CR and a field behind it', 'X-A: a\rSet-Cookie: evil=1'],
  ['LF and a field behind it', 'X-A: a\nSet-Cookie: evil=1'],
  ['CR before a length', 'X-A: a\rContent-Length: 0'],
]

/** RFC 9110 5.5 lets a recipient keep them "within a safe context", which a proxy is not: no other is asked. */
const controls = ['\x01', '\x07', '\x08', '\x0b', '\x0c', '\x0e', '\x1a', '\x1b', '\x1f', '\x7f'].map((each) => bad(`octet 0x${each.charCodeAt(0).toString(16).padStart(2, '0')} within a value`, 'RFC 9110 5.5', line(`X-A: a${each}b`), { ours: true }))

const lineEnds: readonly WireCase[] = [
  bad('LF ends every line', 'RFC 9112 2.2, llhttp response/invalid.md', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', { or: recovers(TEXT) }),
  bad('LF ends the status line', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok', { or: recovers(TEXT) }),
  bad('LF ends a field line', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nok', { or: recovers(TEXT) }),
  bad('LF ends the head', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok', { or: recovers(TEXT) }),
  bad('LF LF ends the head', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\r\nContent-Length: 2\n\nok', { or: recovers(TEXT) }),
  bad('CR ends every line', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\rContent-Length: 2\r\rok'),
  bad('CR CR LF ends a line', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\r\nX-A: 1\r\r\nContent-Length: 2\r\n\r\nok', { or: recovers({ status: 200 }) }),
  bad('CR CR LF ends the head', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\r\nok', { or: recovers({ status: 200 }) }),
  bad('LF CR ends a line', 'RFC 9112 2.2', 'HTTP/1.1 200 OK\n\rContent-Length: 2\n\r\n\rok', { or: recovers({ status: 200 }) }),
  // an empty line before a message is forgiven to clients alone (RFC 9112 2.2): behind an answer it would be surplus, before one it is as foreign
  bad('an empty line before the status line', 'RFC 9112 2.1', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { or: recovers(TEXT) }),
  bad('several empty lines before the status line', 'RFC 9112 2.1', '\r\n\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { or: recovers(TEXT) }),
  bad('a blank before the status line', 'RFC 9112 2.1', ' HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { or: recovers(TEXT) }),
  bad('a byte order mark before the status line', 'RFC 9112 2.1', '\xef\xbb\xbfHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { or: recovers(TEXT) }),
  bad('a field that begins the head with a blank', 'RFC 9112 2.2', first(' X-A: 1'), { or: recovers(TEXT) }),
  bad('a field that begins the head with a tab', 'RFC 9112 2.2', first('\tX-A: 1'), { or: recovers(TEXT) }),
]

export const file: CaseFile = {
  rule: '6r',
  title: 'status lines and field lines, read strictly',
  side: 'response',
  cases: [
    ...inserted,
    ...goodStatus.map(([text, code, name]) => relayed(`status line: ${name}`, 'RFC 9112 4', status(text), { status: code, body: 'ok' })),
    ...oddStatus,
    ...badStatus,
    ...badVersion,
    ...higher,
    ...badLines.map(([name, text]) => bad(`field line: ${name}`, 'RFC 9112 5.1, 5.2', line(text), { or: recovers({ status: 200 }) })),
    ...badValues.map(([name, text]) => bad(`field line: ${name}`, 'RFC 9110 5.5', line(text), { or: recovers({ status: 200, hides: ['\r\nSet-Cookie: evil'] }) })),
    ...controls,
    answered('octets from 0x80 on in a value', 'RFC 9110 5.5', line('X-A: \x80\x9b\xff'), gets({ status: 200, body: 'ok', has: ['X-A: \x80\x9b\xff'] }, 'same')),
    ...lineEnds,
  ],
}
