// Names as hostile name servers answer for them: what is dialled, and what the client is told. 127.88/16 is opened by the policy, all else on loopback is
// not; somebody listens on 127.88.0.1, 127.88.0.2 and on the closed 127.99.0.1 and 127.0.0.1, nobody on 127.88.0.9 (RFC 1035, 2181, 2308; wire rule 16, 23, D2).
import type { Rr, Zone } from './dns.ts'

export interface Said {
  readonly status: number
  readonly rule?: string
  /** of Proxy-Status */
  readonly error?: string
}

export interface NameCase {
  readonly name: string
  readonly zone: Zone
  /** what the client is told, a request each */
  readonly said: readonly Said[]
  /** addresses, in order of the requests */
  readonly dialled: readonly string[]
  /** how often A was asked for; absent: it does not matter */
  readonly asked?: number
}

export const OPEN = '127.88.0.1'
export const OPEN_TOO = '127.88.0.2'
export const DEAD = '127.88.0.9'
export const CLOSED = '127.99.0.1'
export const LISTENING: readonly string[] = [OPEN, OPEN_TOO, CLOSED, '127.0.0.1']

const OK: Said = { status: 200 }
const PRIVATE: Said = { status: 403, rule: 'private', error: 'http_request_denied' }
const NO_NAME: Said = { status: 502, error: 'dns_error' }
const LATE: Said = { status: 504, error: 'dns_timeout' }

const rrs = (...addresses: readonly string[]): readonly Rr[] => addresses.map((address) => ({ address }))
const many = (count: number, of: (index: number) => string): readonly Rr[] => Array.from({ length: count }, (_, index) => ({ address: of(index) }))
const closedMany = (index: number): string => `127.99.${index >> 8}.${index & 255}`
const opens = (name: string, zone: Zone, asked?: number): NameCase => ({ name, zone, said: [OK], dialled: [OPEN], ...(asked === undefined ? {} : { asked }) })
const shuts = (name: string, zone: Zone): NameCase => ({ name, zone, said: [PRIVATE], dialled: [] })
const fails = (name: string, zone: Zone, said = NO_NAME): NameCase => ({ name, zone, said: [said], dialled: [] })
const turns = (...answers: readonly (readonly Rr[])[]): Zone => (_, turn) => ({ records: (answers[Math.min(turn, answers.length - 1)] ?? []).map((rr) => ({ ttl: 0, ...rr })) })

const judged: readonly NameCase[] = [
  opens('an address that is open', { records: rrs(OPEN) }, 1),
  shuts('an address that is closed', { records: rrs(CLOSED) }),
  shuts('loopback', { records: rrs('127.0.0.1') }),
  shuts('the unspecified address, which reaches loopback', { records: rrs('0.0.0.0', '::') }),
  opens('a closed one before an open one is left out', { records: rrs(CLOSED, OPEN) }, 1),
  opens('a closed one behind an open one is not tried', { records: rrs(OPEN, CLOSED) }, 1),
  opens('closed ones of every kind round an open one', { records: rrs('10.0.0.1', '169.254.169.254', '::1', OPEN, 'fe80::1', '127.0.0.1', '64:ff9b::7f58:1') }, 1),
  opens('a dead one, then a living one: no second look-up', { records: rrs(DEAD, OPEN) }, 1),
  fails('a dead one is no reason to try a closed one', { records: rrs(DEAD, CLOSED) }, { status: 502, error: 'connection_refused' }),
  shuts('IPv6 loopback', { records: rrs('::1') }),
  opens('IPv6 loopback beside an open one', { records: rrs('::1', OPEN) }),
  shuts('the open address, mapped into IPv6: the range of mapped ones is not opened', { records: rrs('::ffff:127.88.0.1') }),
  shuts('compatible, translated, NAT64, 6to4, Teredo, ISATAP', { records: rrs('::127.88.0.1', '::ffff:0:127.88.0.1', '64:ff9b::127.88.0.1', '2002:7f58:1::', '2001:0:0:0:0:0:80a7:fffe', '2a00:1::5efe:127.88.0.1') }),
  shuts('a closed one many times', { records: many(30, () => CLOSED) }),
  opens('the same open one many times', { records: many(30, () => OPEN) }),
  shuts('three hundred closed ones', { records: many(300, closedMany), truncated: true }),
  opens('an open one among three hundred closed ones', { records: [...many(20, closedMany), { address: OPEN }, ...many(280, closedMany)], truncated: true }),
  shuts('behind the first 64 nobody looks', { records: [...many(64, closedMany), { address: OPEN }], truncated: true }),
]

const aliases: readonly NameCase[] = [
  opens('an alias', { records: [{ cname: 'real.test' }, { address: OPEN }] }, 1),
  shuts('an alias of a closed address', { records: [{ cname: 'real.test' }, { address: CLOSED }] }),
  shuts('an alias of localhost', { records: [{ cname: 'localhost' }, { address: '127.0.0.1' }, { address: '::1' }] }),
  fails('an alias of localhost without an address: it is not looked up', { records: [{ cname: 'localhost' }] }),
  fails('an alias of a number', { records: [{ cname: '127.88.0.1' }] }),
  opens('an alias over localhost back to an open address: the address decides', { records: [{ cname: 'localhost' }, { cname: 'real.test' }, { address: OPEN }] }),
  opens('a chain of 40 aliases', { records: [...Array.from({ length: 40 }, (_, at) => ({ cname: `c${at}.test` })), { address: OPEN }] }),
  shuts('a chain of 40 aliases to a closed address', { records: [...Array.from({ length: 40 }, (_, at) => ({ cname: `c${at}.test` })), { address: CLOSED }] }),
  fails('a loop of aliases', { records: [{ cname: 'loop.test' }, { cname: 'loop2.test' }, { cname: 'loop.test' }] }),
  shuts('a loop of aliases with a closed address', { records: [{ cname: 'loop.test' }, { cname: 'loop.test' }, { address: CLOSED }] }),
  shuts('a closed address under another owner', { records: [{ address: CLOSED, owner: 'another.test' }] }),
  opens('a closed address under another owner beside an open one', { records: [{ address: CLOSED, owner: 'another.test' }, { address: OPEN }] }),
]

const failures: readonly NameCase[] = [
  fails('no record', {}), fails('NXDOMAIN', { rcode: 3 }), fails('SERVFAIL', { rcode: 2 }), fails('REFUSED', { rcode: 5 }), fails('FORMERR', { rcode: 1 }), fails('NOTIMP', { rcode: 4 }), fails('NOTAUTH', { rcode: 9 }),
  fails('NXDOMAIN with an address all the same', { rcode: 3, records: rrs(OPEN) }),
  fails('SERVFAIL with an address all the same', { rcode: 2, records: rrs(OPEN) }),
  fails('silence', { silent: true }, LATE),
  opens('IPv6 is never answered', (kind) => (kind === 'aaaa' ? { silent: true } : { records: rrs(OPEN) })),
  shuts('IPv6 is never answered, IPv4 is closed', (kind) => (kind === 'aaaa' ? { silent: true } : { records: rrs(CLOSED) })),
  opens('IPv6 is refused', (kind) => (kind === 'aaaa' ? { rcode: 5 } : { records: rrs(OPEN) })),
  shuts('IPv6 comes late and closed, IPv4 is closed', (kind) => (kind === 'aaaa' ? { records: rrs('::1'), delayMs: 150 } : { records: rrs(CLOSED) })),
  opens('late, but in time', { records: rrs(OPEN), delayMs: 250 }),
  opens('cut over UDP: asked again over TCP', { records: rrs(OPEN), truncated: true }, 2),
  shuts('cut over UDP, closed over TCP', { records: rrs(CLOSED), truncated: true }),
]

const forged: readonly NameCase[] = [
  opens('another id first', { wrongId: true, records: rrs(OPEN_TOO), then: { records: rrs(OPEN), delayMs: 30 } }),
  shuts('another id with an open address, then the right one with a closed one', { wrongId: true, records: rrs(OPEN), then: { records: rrs(CLOSED), delayMs: 30 } }),
  fails('another id and nothing else', { wrongId: true, records: rrs(OPEN) }, LATE),
  shuts('an answer from another port first', { fromElsewhere: true, records: rrs(OPEN), then: { records: rrs(CLOSED), delayMs: 30 } }),
  shuts('an answer to another question first', { question: 'another.test', records: rrs(OPEN), then: { records: rrs(CLOSED), delayMs: 30 } }),
  fails('an address of three octets', { records: [{ type: 1, data: Buffer.from([127, 88, 0]) }] }),
  fails('an IPv6 address of fifteen octets', { records: [{ type: 28, data: Buffer.alloc(15) }] }),
  fails('an IPv4 address in a record of IPv6', { records: [{ type: 28, data: Buffer.from([127, 88, 0, 1]) }] }),
  fails('other records alone', { records: [{ type: 16, data: Buffer.from('\x04text') }, { type: 65, data: Buffer.from([0, 1, 0]) }] }),
  fails('no message', { raw: Buffer.from('this is no answer') }),
  fails('an id and nothing behind it', { raw: Buffer.alloc(0) }),
  fails('a header without its question', { raw: Buffer.from([0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0]) }),
  fails('more records promised than sent', { raw: Buffer.from([0x81, 0x80, 0, 0, 0xff, 0xff, 0, 0, 0, 0]) }),
  fails('a name that points at itself', { raw: Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 88, 0, 1]) }),
  fails('a name that points forward', { raw: Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 0xc0, 0x1e, 0, 1, 0, 1, 0xc0, 0x1e, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 88, 0, 1]) }),
]

const rebinding: readonly NameCase[] = [
  { name: 'open first, closed the second time', zone: turns(rrs(OPEN), rrs(CLOSED)), said: [OK, PRIVATE], dialled: [OPEN], asked: 2 },
  { name: 'closed first, open the second time', zone: turns(rrs(CLOSED), rrs(OPEN)), said: [PRIVATE, OK], dialled: [OPEN], asked: 2 },
  { name: 'open, loopback, open', zone: turns(rrs(OPEN), rrs('127.0.0.1'), rrs(OPEN_TOO)), said: [OK, PRIVATE, OK], dialled: [OPEN, OPEN_TOO], asked: 3 },
  { name: 'open and closed, the other way round the second time', zone: turns(rrs(OPEN, CLOSED), rrs(CLOSED, OPEN_TOO)), said: [OK, OK], dialled: [OPEN, OPEN_TOO], asked: 2 },
  { name: 'a dead one first: the second address is of the same answer', zone: turns(rrs(DEAD, OPEN), rrs(CLOSED)), said: [OK, PRIVATE], dialled: [OPEN], asked: 2 },
  { name: 'all dead: refused, and not looked up again', zone: turns(rrs(DEAD), rrs(CLOSED)), said: [{ status: 502, error: 'connection_refused' }], dialled: [], asked: 1 },
  { name: 'A is open, then AAAA is loopback', zone: (kind, turn) => ({ records: turn === 0 ? [{ address: OPEN, ttl: 0 }] : kind === 'aaaa' ? [{ address: '::1', ttl: 0 }] : [] }), said: [OK, PRIVATE], dialled: [OPEN] },
  { name: 'an alias without a life before an address with one', zone: (_, turn) => ({ records: [{ cname: 'real.test', ttl: 0 }, { address: turn === 0 ? OPEN : CLOSED, ttl: 900 }] }), said: [OK, PRIVATE], dialled: [OPEN], asked: 2 },
  { name: 'a life: one question', zone: (_, turn) => ({ records: [{ address: turn === 0 ? OPEN : CLOSED }] }), said: [OK, OK, OK], dialled: [OPEN, OPEN, OPEN], asked: 1 },
  { name: 'a closed one is kept as long', zone: (_, turn) => ({ records: [{ address: turn === 0 ? CLOSED : OPEN }] }), said: [PRIVATE, PRIVATE], dialled: [], asked: 1 },
  { name: 'that there is no such name is kept for a moment', zone: (_, turn) => (turn === 0 ? { rcode: 3 } : { records: rrs(OPEN) }), said: [NO_NAME, NO_NAME], dialled: [], asked: 1 },
]

export const NAME_CASES: readonly NameCase[] = [...judged, ...aliases, ...failures, ...forged, ...rebinding]
