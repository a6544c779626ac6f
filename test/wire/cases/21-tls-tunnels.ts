// Rule 21: what a tunnel carries is held to the name that it was asked for: read over any cut into segments and records, and each way to be something else
// has its own word in the record; nothing of what is refused goes upstream (RFC 8446 4.1.2, 5.1; RFC 6066 3; RFC 9849). More of the reading is in ../../tls.
import { helloFor, message, record, records, serverName, ech, extension, grease, nameEntry, padding } from '../../tls/hello.ts'
import type { CaseFile, Outcome, Step, WireCase } from '../case.ts'

const text = (bytes: Buffer): string => bytes.toString('latin1')
const NAME = '{fixname}'
const HELLO = text(helloFor(NAME))
const wide = (...bytes: Buffer[]): Buffer => extension(0, Buffer.concat([Buffer.from([0, Buffer.concat(bytes).length]), ...bytes]))
const hello = (...extensions: Buffer[]): string => text(records(message({ extensions })))

/** In records of so many octets, but that the word for the name stays in one. */
function scattered(size: number): string {
  const whole = message({ extensions: [grease(), serverName(NAME), padding(90)] })
  const at = whole.indexOf(NAME)
  return text(Buffer.concat([records(whole.subarray(0, at), size), record(whole.subarray(at, at + NAME.length)), records(whole.subarray(at + NAME.length), size)]))
}

type Policy = NonNullable<WireCase['policy']>
const terms = (words: string, head = '10s'): Policy => ({ web: `  tunnels: { ${words} }\n`, top: `limits: { head: ${head}, new-per-second: 100000, new-per-second-per-client: 100000 }\n` })
const STRICT = terms('require-tls: true, server-name: match')
const HURRY = terms('require-tls: true, server-name: match', '600ms')
const NO_ECH = terms('require-tls: true, server-name: match, ech: deny')
const ANY_NAME = terms('require-tls: true, server-name: any')
const NO_TLS = terms('require-tls: false, server-name: match')
const UNHELD = terms('require-tls: false, server-name: any')

const connect = (authority: string): string => `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`
const OPENED = { to: 'CONNECT', status: 200 } as const

interface Held {
  readonly policy?: Policy
  readonly target?: string
  readonly records?: Readonly<Record<string, unknown>>
}

/** Sent behind the 200, and with the CONNECT itself: the same. */
function both(name: string, ref: string, sent: readonly Step[], expect: Outcome, { policy = STRICT, target = `${NAME}:{port}`, records: told }: Held, more: Partial<WireCase> = {}): WireCase[] {
  const [first = ''] = sent
  const early: Step = typeof first === 'string' ? connect(target) + first : first
  const one = (how: string, send: readonly Step[]): WireCase => ({ name: `${name}${how}`, ref, ours: true, raw: true, policy, send, expect, ...(told === undefined ? {} : { records: [told] }), ...more })
  return [one('', [connect(target), { until: '\r\n\r\n' }, ...sent]), ...(typeof first === 'string' ? [one(', sent with the CONNECT', [early, ...sent.slice(1)])] : [])]
}

/** Goes up as it came, and the answer comes back. */
function through(name: string, ref: string, sent: string, held: Held = {}): WireCase[] {
  return both(name, ref, [sent], { origin: [], raw: sent, client: [OPENED], tunnel: 'down', end: 'open' }, { records: { verdict: 'allow', status: 200 }, ...held }, { answers: [[{ until: sent }, 'down']] })
}

/** [the record's error, its reason] */
const WORDS = {
  mismatch: ['server_name_mismatch', 'the TLS server name is not the name that the tunnel was asked for'],
  not_tls: ['not_tls', 'what runs inside the tunnel is not TLS'],
  missing: ['server_name_missing', 'the TLS hello names no server'],
  numeric: ['server_name_numeric', 'the TLS hello names its server by number'],
  doubled: ['server_name_doubled', 'the TLS hello names several servers'],
  malformed: ['client_hello_malformed', 'the TLS hello is malformed'],
  large: ['client_hello_too_large', 'the TLS hello is larger than 16 KiB'],
  late: ['client_hello_timeout', 'no complete TLS hello came in time'],
  ech: ['ech_denied', 'the TLS hello is encrypted (ECH), which this policy denies'],
} as const

/** Closed, and nothing of it went up. */
function closed(name: string, ref: string, sent: string | readonly Step[], word: keyof typeof WORDS, held: Held = {}, upstream = ''): WireCase[] {
  const [error, reason] = WORDS[word]
  return both(`${name}: ${error}`, ref, typeof sent === 'string' ? [sent] : sent, { origin: [], raw: upstream, client: [OPENED], tunnel: '', end: 'closed' }, { ...held, records: { verdict: 'deny', rule: 'server-name', error, reason, fault: 'policy', ...held.records } })
}

const SNI = 'RFC 6066 3'
const passing: readonly WireCase[] = [
  ...through('a hello for the name of the CONNECT', SNI, HELLO),
  ...through('its name with a final dot', SNI, text(helloFor(`${NAME}.`))),
  ...through('a name without its final dot', SNI, HELLO, { target: `${NAME}.:{port}` }),
  ...through('a hello over records of one octet', 'RFC 8446 5.1', scattered(1)),
  ...through('a hello over records of seven octets', 'RFC 8446 5.1', scattered(7)),
  ...[1, 2, 5].flatMap((size) => through(`a name over records, ${size} of its octets in each`, 'RFC 8446 5.1', text(records(message({ extensions: [serverName('other.test')] }), size)), { policy: ANY_NAME, records: { verdict: 'allow', serverName: 'other.test' } })),
  ...through('a hello of 16 KiB', 'RFC 8446 4.1.2', text(records(message({ extensions: [serverName(NAME), padding(16384 - 104)] }), 8000))),
  ...through('early data behind the hello', 'RFC 8446 4.2.10', HELLO + text(record(Buffer.from('early'), 23))),
  ...through('ECH is allowed where the outer name is right', 'RFC 9849', hello(ech(), serverName(NAME)), { records: { verdict: 'allow', ech: true } }),
  ...through('no name, for an address', SNI, text(helloFor()), { target: '{net}.{place}:{port}' }),
  ...through('another name where any will do', SNI, text(helloFor('other.test')), { policy: ANY_NAME, records: { verdict: 'allow', serverName: 'other.test' } }),
  ...through('what is no TLS where none is required', 'RFC 9110 9.3.6', 'SSH-2.0-OpenSSH_9.2\r\n', { policy: NO_TLS }),
  ...through('another name where nothing is held is told of', SNI, text(helloFor('other.test')), { policy: UNHELD, records: { verdict: 'allow' } }),
]

const names: readonly WireCase[] = [
  ...closed('another name', SNI, text(helloFor('other.test')), 'mismatch', { records: { serverName: 'other.test' } }),
  ...closed('another name in records of three octets', SNI, text(records(message({ extensions: [serverName('other.test')] }), 3)), 'mismatch'),
  ...closed('another name where TLS is not required', SNI, text(helloFor('other.test')), 'mismatch', { policy: NO_TLS }),
  ...closed('a name below', SNI, text(helloFor(`a.${NAME}`)), 'mismatch'),
  ...closed('a name that begins alike', SNI, text(helloFor(`${NAME}.evil`)), 'mismatch'),
  ...closed('a name for an address', SNI, text(helloFor('other.test')), 'mismatch', { target: '{net}.{place}:{port}' }),
  ...closed('no name', SNI, text(helloFor()), 'missing'),
  ...closed('no extension at all', 'RFC 5246 7.4.1.2', text(records(message({}))), 'missing'),
  ...closed('two names', SNI, text(helloFor(NAME, 'other.test')), 'doubled'),
  ...closed('two names in two extensions', SNI, hello(serverName(NAME), serverName('other.test')), 'doubled'),
  ...closed('the same name twice', SNI, text(helloFor(NAME, NAME)), 'doubled'),
  ...['127.0.0.1', '0x7f.1', '2130706433', '127.1', '2001:db8::1', '[::1]'].flatMap((name) => closed(`the name \`${name}\``, SNI, text(helloFor(name)), 'numeric', { records: { serverName: name } })),
  ...closed('the address itself for an address', SNI, text(helloFor('127.0.0.1')), 'numeric', { target: '{net}.{place}:{port}' }),
]

const others: readonly WireCase[] = [
  ...['SSH-2.0-OpenSSH_9.2\r\n', 'GET / HTTP/1.1\r\n\r\n', 'EHLO x\r\n', '\0\0\0\x10', '\x80\x2e\x01\0\x02', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x13BitTorrent protocol', '\xff\xfb\x18'].flatMap((sent) => closed(`${JSON.stringify(sent.slice(0, 14))} inside`, 'RFC 9110 9.3.6', sent, 'not_tls')),
  ...closed('an alert first', 'RFC 8446 5.1', text(record(Buffer.from([1, 0]), 21)) + HELLO, 'not_tls'),
  ...closed('a server\'s hello', 'RFC 8446 4', text(record(Buffer.from([2, 0, 0, 0]))), 'not_tls'),
  ...closed('what is no TLS where any name will do', 'RFC 9110 9.3.6', 'SSH-2.0-x\r\n', 'not_tls', { policy: ANY_NAME }),
  ...closed('ECH that the policy denies', 'RFC 9849', hello(ech(), serverName(NAME)), 'ech', { policy: NO_ECH, records: { ech: true } }),
  ...closed('ECH with the name of another outside', 'RFC 9849 6.1', hello(ech(), serverName('cloudflare-ech.com')), 'mismatch', { records: { ech: true, serverName: 'cloudflare-ech.com' } }),
  ...closed('ECH without a name outside', 'RFC 9849', hello(ech()), 'missing', { records: { ech: true } }),
  ...closed('a hello above 16 KiB', 'RFC 8446 4.1.2', text(records(message({ extensions: [serverName(NAME), padding(17_000)] }))), 'large'),
  ...closed('a hello that says it is 16 MiB', 'RFC 8446 4', '\x16\x03\x01\x40\x00\x01\xff\xff\xff', 'large'),
  ...closed('sixteen thousand zeros in records of one octet', 'RFC 8446 5.1', [text(records(Buffer.from([1, 0, 0x3f, 0xf0]), 1)), { repeat: text(record(Buffer.from([0]))), times: 17_000 }], 'malformed'),
]

const BROKEN: readonly (readonly [what: string, sent: string])[] = [
  ['an empty record', '\x16\x03\x01\0\0'], ['a record that is too long', '\x16\x03\x01\x40\x01'], ['an odd list of suites', text(records(message({ extensions: [serverName(NAME)], suites: Buffer.from([1, 2, 3]) })))], ['a session id of 33 octets', text(records(message({ extensions: [serverName(NAME)], session: 33 })))], ['no compression', text(records(message({ extensions: [serverName(NAME)], compression: Buffer.alloc(0) })))],
  ['the same extension twice', hello(grease(), grease(), serverName(NAME))], ['octets behind the extensions', text(records(message({ extensions: [serverName(NAME)], trailing: Buffer.from('x') })))], ['an empty list of names', hello(wide())], ['an empty name', hello(wide(nameEntry('')))], ['a name of another kind', hello(wide(nameEntry(NAME, 1)))], ['an unknown kind behind the name', hello(wide(nameEntry(NAME), nameEntry('other.test', 3)))],
  ['a second hello in the same record', text(record(Buffer.concat([message({ extensions: [serverName(NAME)] }), message({ extensions: [serverName('other.test')] })])))], ['an alert between two halves', text(Buffer.concat([record(message({ extensions: [serverName(NAME)] }).subarray(0, 50)), record(Buffer.from([1, 0]), 21)]))], ['a NUL in the name', text(helloFor(`${NAME}\0.evil`))], ['a blank in the name', text(helloFor(`${NAME} `))], ['octets beyond ASCII in the name', text(helloFor('\xe4.test'))], ['an empty label', text(helloFor('a..test'))],
]

const cuts: readonly WireCase[] = [
  ...closed('half a hello, and the end', 'RFC 8446 4', [HELLO.slice(0, 60), { end: 'fin' }], 'malformed'),
  ...closed('half a hello, and silence', 'wire rule 21', [HELLO.slice(0, 60)], 'late', { policy: HURRY }),
  ...closed('an octet of a hello now and then', 'wire rule 21', [...HELLO.slice(0, 12)].flatMap((octet): Step[] => [octet, { pause: 120 }]), 'late', { policy: HURRY }),
  { name: 'a client that says nothing', ref: 'wire rule 21', ours: true, raw: true, policy: HURRY, send: connect(`${NAME}:{port}`), expect: { origin: [], raw: '', client: [OPENED], tunnel: '', end: 'closed' }, records: [{ verdict: 'deny', rule: 'server-name', error: WORDS.late[0], reason: WORDS.late[1] }] },
  { name: 'a server that speaks first is not heard before the hello', ref: 'wire rule 21', ours: true, raw: true, policy: HURRY, answers: ['220 hello'], send: connect(`${NAME}:{port}`), expect: { origin: [], raw: '', client: [OPENED], tunnel: '', end: 'closed' }, records: [{ error: WORDS.late[0] }] },
  { name: 'and is where TLS is not required', ref: 'wire rule 21', ours: true, raw: true, policy: NO_TLS, answers: ['220 hello'], send: [connect(`${NAME}:{port}`), { until: '220 hello' }, 'EHLO'], expect: { origin: [], raw: 'EHLO', client: [OPENED], tunnel: '220 hello', end: 'open' } },
]

const RETRY = text(record(Buffer.concat([Buffer.from([2, 0, 0, 52, 3, 3]), Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex'), Buffer.alloc(18)])))
const SERVER = text(record(Buffer.concat([Buffer.from([2, 0, 0, 52, 3, 3]), Buffer.alloc(50, 9)])))

/** Behind the first hello the server answers, then the client says more. */
function again(name: string, answer: string, more: string, up: string, down: string, error?: string): WireCase {
  const end = error === undefined ? 'open' : 'closed'
  return {
    name, ref: 'RFC 8446 4.1.4', ours: true, raw: true, policy: STRICT, send: [connect(`${NAME}:{port}`), { until: '\r\n\r\n' }, HELLO, { until: answer }, more], answers: [[{ until: HELLO }, answer, ...(error === undefined ? [{ until: up.slice(-7) }, down] : [])]],
    expect: { origin: [], raw: HELLO + up, client: [OPENED], tunnel: answer + (error === undefined ? down : ''), end }, records: [error === undefined ? { verdict: 'allow', error: undefined } : { verdict: 'deny', rule: 'server-name', error }],
  }
}

const CHANGE = text(record(Buffer.from([1]), 20))
const second: readonly WireCase[] = [
  again('a second hello for the same name, as a server asked for', RETRY, CHANGE + HELLO, CHANGE + HELLO, 'down'),
  again('a second hello for another name', RETRY, text(helloFor('other.test')), '', '', 'server_name_mismatch'),
  again('a second hello for another name behind a ChangeCipherSpec', RETRY, CHANGE + text(helloFor('other.test')), CHANGE, '', 'server_name_mismatch'),
  again('a second hello without a name', RETRY, text(helloFor()), '', '', 'server_name_missing'),
  again('a second hello with two names', RETRY, text(helloFor(NAME, 'other.test')), '', '', 'server_name_doubled'),
  again('a second hello that is none', RETRY, text(record(Buffer.from([2, 0, 0, 0]))), '', '', 'client_hello_malformed'),
  again('what looks like a hello once TLS stands is the peers\' own', SERVER, text(helloFor('other.test')), text(helloFor('other.test')), 'down'),
  { name: 'a second hello for another name that does not wait for the server', ref: 'RFC 8446 4.1.4', ours: true, raw: true, policy: STRICT, send: connect(`${NAME}:{port}`) + HELLO + text(helloFor('other.test')), expect: { origin: [], raw: HELLO, client: [OPENED], tunnel: '', end: 'closed' }, either: [{ origin: [], raw: '', client: [OPENED], tunnel: '', end: 'closed' }], records: [{ verdict: 'deny', error: 'server_name_mismatch' }] },
]

export const file: CaseFile = {
  rule: '21',
  title: 'TLS tunnels: held to their name, each way to be something else told',
  cases: [...passing, ...names, ...others, ...BROKEN.flatMap(([what, sent]) => closed(what, 'RFC 8446 4.1.2', sent, 'malformed')), ...cuts, ...second],
}
