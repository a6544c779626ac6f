// What a rule of nft asks of a packet, in the words that `nft list` prints. Danger prevented: a set that was emptied, or one word of a rule,
// passed over.
import type { Family } from '../net/ip.ts'
import { CATCH_MARK, CATCH_MASK } from '../firewall/route.ts'
import { parseMac } from '../net/mac.ts'
import { networkSet, parseNetwork } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import { LAST_TIME } from './model.ts'
import type { Test } from './model.ts'
import type { Tokens } from './nft-tokens.ts'
import { nftType } from './nft-types.ts'
import type { Kind, State } from './packet.ts'
import { protocolCalled } from './protocol-names.ts'
import { PORTS, portSpan, protocolSpan, typeSpan } from './service.ts'
import type { Span } from './service.ts'

const STATES: ReadonlySet<string> = new Set(['new', 'established', 'related', 'invalid', 'untracked'])
const KINDS: ReadonlySet<string> = new Set(['unicast', 'local', 'broadcast', 'multicast'])

export type NamedSets = ReadonlyMap<string, NetworkSet>

/** The tests that begin at the next word; undefined: it begins none, and nothing was taken. */
export function nftTests(tokens: Tokens, sets: NamedSets): readonly Test[] | undefined {
  if (tokens.takes('meta', 'nfproto')) return [{ on: 'family', family: tokens.takes('ipv4') ? 4 : tokens.takes('ipv6') ? 6 : tokens.bad('neither ipv4 nor ipv6') }]
  for (const [word, on] of [['iifname', 'in'], ['oifname', 'out']] as const) {
    if (tokens.takes(word)) return [{ on, not: isNot(tokens), names: new Set(tokens.list().map((name) => interfaceName(tokens, name))) }]
  }
  if (tokens.takes('ether', 'saddr')) return [{ on: 'mac', not: isNot(tokens), macs: new Set(tokens.list().map((text) => parseMac(text) ?? tokens.bad(`\`${text}\` is no MAC`))) }]
  for (const [word, family] of [['ip', 4], ['ip6', 6]] as const) {
    if (tokens.takes(word, 'saddr')) return addresses(tokens, 'source', family, sets)
    if (tokens.takes(word, 'daddr')) return addresses(tokens, 'destination', family, sets)
  }
  for (const [word, on] of [['saddr', 'sourceKind'], ['daddr', 'destinationKind']] as const) {
    if (tokens.takes('fib', word, 'type')) return [{ on, not: isNot(tokens), kinds: new Set(tokens.list().map((text) => (KINDS.has(text) ? text as Kind : tokens.bad(`\`${text}\` is no kind of address`)))) }]
  }
  if (tokens.takes('meta', 'mark', '&')) return [caught(tokens)]
  if (tokens.takes('ip6', 'hoplimit')) return [{ on: 'family', family: 6 }, { on: 'hopLimit', not: isNot(tokens), spans: spans(tokens, 255) }]
  if (tokens.takes('meta', 'time', '<')) return [{ on: 'time', first: 0, last: instant(tokens) - 1 }]
  if (tokens.takes('meta', 'time', '>=')) return [{ on: 'time', first: instant(tokens), last: LAST_TIME }]
  if (tokens.takes('meta', 'skuid')) return [{ on: 'uid', not: isNot(tokens), spans: spans(tokens) }]
  return services(tokens) ?? flow(tokens)
}

/** Seconds; a listing has a date, which our tools are told to write in UTC. */
function instant(tokens: Tokens): number {
  const text = tokens.next()
  if (/^\d{1,10}$/.test(text)) return Number(text)
  const date = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(text) ?? tokens.bad(`\`${text}\` is no time`)
  return Date.parse(`${date[1] ?? ''}T${date[2] ?? ''}Z`) / 1000
}

/** `meta mark & 0xffff == 0x4747` */
function caught(tokens: Tokens): Test {
  if (tokens.number(tokens.next()) !== CATCH_MASK || isNot(tokens) || tokens.number(tokens.next()) !== CATCH_MARK) tokens.bad('the mark is not ours')
  return { on: 'caught' }
}

/** `!=`; `==` says nothing. */
function isNot(tokens: Tokens): boolean {
  tokens.takes('==')
  return tokens.takes('!=')
}

function interfaceName(tokens: Tokens, name: string): string {
  return /^[\w.@-]+$/.test(name) ? name : tokens.bad(`the interface \`${name}\` is a wild card`)
}

function addresses(tokens: Tokens, on: 'source' | 'destination', family: Family, sets: NamedSets): readonly Test[] {
  const not = isNot(tokens)
  const first = tokens.peek() ?? ''
  if (first.startsWith('@')) {
    const set = sets.get(tokens.next().slice(1)) ?? tokens.bad(`the set \`${first}\` is not there`)
    return [{ on: 'family', family }, { on, set, not }]
  }
  return [{ on: 'family', family }, { on, set: networkSet(tokens.list().map((text) => rangeOf(tokens, text, family))), not }]
}

export function rangeOf(tokens: Tokens, text: string, family: Family): NetworkSet['ranges'][number] {
  const parsed = parseNetwork(text)
  if (!parsed.ok) return tokens.bad(parsed.problem)
  return parsed.range.family === family ? parsed.range : tokens.bad(`\`${text}\` is of the other family`)
}

/** `7`, `7-9`, `{ 7, 9-11 }`. */
function spans(tokens: Tokens, most?: number): readonly Span[] {
  return tokens.list().map((text) => {
    const [first, last = first, ...more] = text.split('-')
    return more.length > 0 ? tokens.bad(`\`${text}\` is no number`) : { first: tokens.number(first, most), last: tokens.number(last, most) }
  })
}

function services(tokens: Tokens): readonly Test[] | undefined {
  if (tokens.takes('meta', 'l4proto')) {
    const not = isNot(tokens)
    return [{ on: 'service', not, spans: tokens.list().map((text) => protocolSpan(protocolCalled(text) ?? tokens.bad(`\`${text}\` is no protocol`))) }]
  }
  for (const protocol of ['tcp', 'udp'] as const) {
    if (tokens.takes(protocol, 'dport')) {
      const not = isNot(tokens)
      const ports = spans(tokens, 65535).map(({ first, last }) => portSpan(protocol, first, last))
      return [...(not ? [{ on: 'service' as const, not: false, spans: [PORTS[protocol]] }] : []), { on: 'service', not, spans: ports }]
    }
    if (tokens.takes(protocol, 'sport')) return [{ on: 'service', not: false, spans: [PORTS[protocol]] }, { on: 'sourcePort', not: isNot(tokens), spans: spans(tokens, 65535) }]
  }
  for (const [word, family] of [['icmp', 4], ['icmpv6', 6]] as const) {
    if (!tokens.takes(word, 'type')) continue
    const not = isNot(tokens)
    const types = tokens.list().map((text) => typeSpan(family, nftType(family, text) ?? tokens.bad(`\`${text}\` is no type of ${word}`)))
    return [{ on: 'family', family }, ...(not ? [{ on: 'service' as const, not: false, spans: [typeSpan(family)] }] : []), { on: 'service', not, spans: types }]
  }
  return undefined
}

function flow(tokens: Tokens): readonly Test[] | undefined {
  if (tokens.takes('ct', 'state')) {
    const not = isNot(tokens)
    const states = tokens.list().flatMap((text) => text.split(',')).map((text) => (STATES.has(text) ? text as State : tokens.bad(`\`${text}\` is no state`)))
    return [{ on: 'state', not, states: new Set(states) }]
  }
  if (tokens.takes('ct', 'direction')) return [{ on: 'reply', reply: tokens.takes('reply') || (tokens.takes('original') ? false : tokens.bad('no direction')) }]
  if (tokens.takes('tcp', 'flags')) {
    const not = isNot(tokens)
    tokens.must('syn', '/', 'fin,syn,rst,ack')
    return [{ on: 'service', not: false, spans: [PORTS.tcp] }, { on: 'syn', syn: !not }]
  }
  if (tokens.peek() === 'ct' && tokens.takes('ct', 'mark')) return tokens.takes('set') ? tokens.bad('a mark that is set by a test') : markTest(tokens)
  return undefined
}

/** `0x07000000/8` is the value and the bits from the left that count; `& MASK == VALUE` any bits. */
function markTest(tokens: Tokens): readonly Test[] {
  if (tokens.takes('&')) {
    const mask = tokens.number(tokens.next())
    const not = isNot(tokens)
    return [{ on: 'mark', not, value: tokens.number(tokens.next()), mask }]
  }
  const not = isNot(tokens)
  const [value, bits = '32', ...more] = tokens.next().split('/')
  if (more.length > 0) tokens.bad('no mark')
  const width = tokens.number(bits, 32)
  return [{ on: 'mark', not, value: tokens.number(value), mask: width === 0 ? 0 : (0xffffffff << (32 - width)) >>> 0 }]
}
