// Rule 9: octets behind the end of an answer, or on an idle connection, end that connection and answer nobody; 1xx are bounded; 101 must be asked for; what
// is no HTTP is 502 (RFC 9112 6.3, 9.3; RFC 9110 15.2).
import { ASK, ASKED, answered, bad, gets, raw, relayed, reply } from '../answers.ts'
import { get, type CaseFile, type Outcome, type WireCase } from '../case.ts'

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
const fresh = (client: Parameters<typeof gets>[0]): Outcome => gets(client, 'fresh')
const HEAD = 'HEAD {uri}/x HTTP/1.1\r\nHost: {origin}\r\n\r\n'

/** [what, the answer, the client's part]: behind each stands another answer. */
const behind: readonly (readonly [string, string, { readonly status: number; readonly body?: string }, string])[] = [
  ['a length', reply(), { status: 200, body: 'ok' }, 'RFC 9112 6.3'],
  ['a length of 0', reply([], ''), { status: 200, body: '' }, 'RFC 9112 6.3'],
  ['a last chunk', raw('HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'), { status: 200, body: 'ok' }, 'RFC 9112 7.1'],
  ['a 204', raw('HTTP/1.1 204 No Content', []), { status: 204 }, 'RFC 9110 15.3.5'],
  ['a 304', raw('HTTP/1.1 304 Not Modified', ['Content-Length: 4']), { status: 304 }, 'RFC 9110 15.4.5'],
  ['an error', reply([], 'no', 'HTTP/1.1 404 Not Found'), { status: 404, body: 'no' }, 'RFC 9112 6.3'],
]

const surplus = behind.flatMap(([what, answer, client, ref]): WireCase[] => [
  answered(`another answer behind ${what} answers nobody`, ref, answer + EVIL, fresh({ ...client, hides: ['evil'] }), { or: [{ ...gets({ ...client, hides: ['evil'] }), end: 'closed' }] }),
  answered(`some octets behind ${what} answer nobody`, ref, `${answer}xx`, fresh(client), { or: [{ ...gets(client), end: 'closed' }] }),
])

export const file: CaseFile = {
  rule: '9',
  title: 'surplus octets, interim answers, what is no answer',
  side: 'response',
  cases: [
    ...surplus,
    { name: 'the body of an answer to HEAD answers nobody', ref: 'RFC 9110 9.3.2', send: HEAD, answers: [reply([], 'evil')], expect: { origin: [{ line: 'HEAD /x HTTP/1.1' }], client: [{ to: 'HEAD', status: 200, has: ['Content-Length: 4'] }], end: 'open', next: 'fresh' }, or: [{ origin: [{ line: 'HEAD /x HTTP/1.1' }], client: [{ to: 'HEAD', status: 200 }], end: 'closed' }] },
    { name: 'an answer to HEAD without a body leaves the connection clean', ref: 'RFC 9110 9.3.2', send: HEAD, answers: ['HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n'], expect: { origin: [{ line: 'HEAD /x HTTP/1.1' }], client: [{ to: 'HEAD', status: 200, has: ['Content-Length: 400'] }], end: 'open', next: 'same' }, or: [{ origin: [{ line: 'HEAD /x HTTP/1.1' }], client: [{ to: 'HEAD', status: 200 }], end: 'open' }] },
    { name: 'an answer that comes unasked on an idle connection answers nobody', ref: 'ATS CVE-2025-31699', send: [ASK, { until: 'ok' }, { pause: 120 }], answers: [[reply(), { pause: 40 }, EVIL]], expect: fresh({ status: 200, body: 'ok', hides: ['evil'] }) },
    answered('103 and then the answer', 'RFC 8297', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${reply()}`, { ...gets({ status: 200, body: 'ok' }, 'same'), interim: [103] }, { or: [gets({ status: 200, body: 'ok' })] }),
    answered('100 unasked and then the answer', 'RFC 9110 15.2.1', `HTTP/1.1 100 Continue\r\n\r\n${reply()}`, gets({ status: 200, body: 'ok' }, 'same')),
    answered('102, 103 and an unknown 1xx', 'RFC 9110 15.2', `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 199 y\r\n\r\n${reply()}`, { ...gets({ status: 200, body: 'ok' }, 'same'), interim: [102, 103, 199] }, { or: [gets({ status: 200, body: 'ok' })] }),
    { name: '1xx never reach HTTP/1.0', ref: 'RFC 9110 15.2', send: 'GET {uri}/x HTTP/1.0\r\nHost: {origin}\r\n\r\n', answers: [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n\r\n${reply()}`], expect: { origin: [ASKED], client: [{ status: 200, body: 'ok' }], interim: [], end: 'closed' } },
    bad('interim answers without end', 'Go CVE-2025-22870 class; RFC 9110 15.2', 'HTTP/1.1 103 x\r\n\r\n'.repeat(200), { expect: { origin: [ASKED], client: [{ status: 502 }], end: 'open' }, or: [] }),
    bad('a 101 that nobody asked for', 'RFC 9110 7.8', `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${EVIL}`),
    bad('an interim answer with a length', 'RFC 9110 8.6', `HTTP/1.1 103 x\r\nContent-Length: 4\r\n\r\nevil${reply()}`),
    bad('an interim answer with chunks', 'RFC 9112 6.1', `HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${reply()}`, { or: [gets({ status: 200 }), { ...gets({ status: 200 }), end: 'closed' }] }),
    ...(['220 mail.test ESMTP\r\n', 'SSH-2.0-OpenSSH_9.2\r\n', '<html>evil</html>\r\n\r\n', '\x15\x03\x01\x00\x02\x02\x46', '\x00\x00\x00', 'evil\r\n\r\n', `\r\n${EVIL}`, ` ${EVIL}`, '+OK POP3 ready\r\n', 'ICY 200 OK\r\n\r\n'] as const).map((text): WireCase => bad(`what begins with ${JSON.stringify(text.slice(0, 18))} is no answer`, 'RFC 9112 4', text, { or: [{ ...gets({ status: 200 }), end: 'closed' }] })),
    relayed('a 204 without surplus leaves the connection clean', 'RFC 9110 15.3.5', raw('HTTP/1.1 204 No Content', []), { status: 204 }),
    relayed('a 204 with a length of 0', 'RFC 9110 8.6', raw('HTTP/1.1 204 No Content', ['Content-Length: 0']), { status: 204 }),
    relayed('a 304 with the length that its 200 would have', 'RFC 9110 8.6', raw('HTTP/1.1 304 Not Modified', ['Content-Length: 400']), { status: 304, has: ['Content-Length: 400'] }, { or: [gets({ status: 304 }), { ...gets({ status: 304 }), end: 'closed' }] }),
    { name: 'requests in turn use one clean connection', ref: 'RFC 9112 9.3', send: [get('/x'), { until: 'ok' }, get('/y'), { until: 'ok' }], expect: { origin: [ASKED, { line: 'GET /y HTTP/1.1' }], client: [{ status: 200, body: 'ok' }, { status: 200, body: 'ok' }], connections: 1, end: 'open' } },
  ],
}
