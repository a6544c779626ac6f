// What a line of iptables asks of a packet. It knows the matches that Greengate prints, in the forms that iptables-save gives back, and no
// other. Danger prevented: `--test`, which passes what the kernel refuses, taken for an understanding of the line.
import { parseMac } from '../net/mac.ts'
import { networkSet, parseNetwork } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import { CATCH, LEDGER, targetOf } from './iptables-targets.ts'
import { Words } from './iptables-words.ts'
import { LAST_TIME } from './model.ts'
import type { Action, Test } from './model.ts'
import type { Kind, State } from './packet.ts'
import { protocolCalled } from './protocol-names.ts'
import { PORTS, portSpan, protocolSpan, typeSpan } from './service.ts'
import type { Span } from './service.ts'

const STATES: Readonly<Record<string, State>> = { NEW: 'new', ESTABLISHED: 'established', RELATED: 'related', INVALID: 'invalid', UNTRACKED: 'untracked' }
const KINDS: Readonly<Record<string, Kind>> = { LOCAL: 'local', UNICAST: 'unicast', BROADCAST: 'broadcast', MULTICAST: 'multicast' }
const MATCHES = new Set(['tcp', 'udp', 'icmp', 'icmp6', 'multiport', 'iprange', 'addrtype', 'mac', 'hl', 'connmark', 'mark', 'conntrack', 'owner', 'limit', 'hashlimit', 'comment', 'set', 'time'])
/** `-m multiport` holds fifteen numbers, a range counts twice. */
const MULTIPORT = 15
/** 2038-01-19T03:14:07Z: it counts in a signed number of 32 bits */
const LAST_OF_MATCH = 0x7fffffff

export class LineReader {
  readonly tests: Test[] = []
  readonly actions: Action[] = []
  comment: string | undefined
  readonly #words: Words
  #protocol: number | undefined
  #match = ''

  /** `words`: what stands behind the chain's name. */
  constructor(words: Words) {
    this.#words = words
    while (!words.done) {
      const first = words.next()
      const not = first === '!'
      const word = not ? words.next() : first
      const tests = this.#testsOf(word, not)
      if (tests !== undefined) this.tests.push(...tests)
      else if (not) words.bad(`\`! ${word}\` is not known here`)
      else this.#rest(word)
    }
  }

  #testsOf(word: string, not: boolean): readonly Test[] | undefined {
    const words = this.#words
    switch (word) {
      case '-s': case '--src-range': return [{ on: 'source', set: this.#network(words.next()), not }]
      case '-d': case '--dst-range': return [{ on: 'destination', set: this.#network(words.next()), not }]
      case '-i': case '-o': return [{ on: word === '-i' ? 'in' : 'out', names: new Set([this.#interface(words.next())]), not }]
      case '-p': return this.#protocolTest(words.next(), not)
      case '--sport': case '--dport': return this.#portTests(word, [words.next()], not)
      case '--sports': case '--dports': return this.#portTests(word, words.next().split(','), not)
      case '--icmp-type': case '--icmpv6-type': return this.#typeTest(word, words.next(), not)
      case '--src-type': case '--dst-type': return [{ on: word === '--src-type' ? 'sourceKind' : 'destinationKind', kinds: this.#kinds(words.next()), not }]
      case '--mac-source': return [{ on: 'mac', macs: new Set([parseMac(words.next()) ?? words.bad('this is no MAC')]), not }]
      case '--hl-eq': return [{ on: 'hopLimit', spans: [this.#single(words.next(), 255)], not }]
      case '--mark': return this.#markTest(words.next(), not)
      case '--ctstate': return [{ on: 'state', states: this.#each(words.next(), STATES), not }]
      case '--ctdir': return [{ on: 'reply', reply: this.#direction(words.next(), not) }]
      case '--tcp-flags': return this.#flagsTest(words.next(), words.next(), not)
      case '--uid-owner': return [{ on: 'uid', spans: [this.#single(words.next())], not }]
      case '--datestart': return [{ on: 'time', first: this.#instant(words.next(), not), last: LAST_TIME }]
      case '--datestop': return [{ on: 'time', first: 0, last: this.#end(this.#instant(words.next(), not)) }]
      case '--match-set': return this.#ledgerTest(words.next(), words.next(), not)
      default: return undefined
    }
  }

  /** To ip6tables several are what is all of them at once. */
  #kinds(text: string): ReadonlySet<Kind> {
    const kinds = this.#each(text, KINDS)
    return this.#words.family === 6 && kinds.size > 1 ? this.#words.bad(`\`${text}\` is nothing in IPv6`) : kinds
  }

  #ledgerTest(name: string, key: string, not: boolean): readonly Test[] {
    if (!LEDGER.test(name) || key !== 'src,dst,dst' || not) this.#words.bad(`the set \`${name}\` is no ledger`)
    return [{ on: 'counted' }]
  }

  /** UTC, to the second. */
  #instant(text: string, not: boolean): number {
    const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) && !not && this.#match === 'time' ? Date.parse(`${text}Z`) / 1000 : Number.NaN
    return Number.isNaN(instant) ? this.#words.bad(`\`${text}\` is no time`) : instant
  }

  /** The last second that the match knows is what stands where no end is meant. */
  #end(second: number): number {
    return second === LAST_OF_MATCH ? LAST_TIME : second
  }

  #rest(word: string): void {
    const words = this.#words
    switch (word) {
      case '-m':
        this.#match = words.next()
        if (!MATCHES.has(this.#match)) words.bad(`the match \`${this.#match}\` is not known here`)
        return
      case '--limit': case '--hashlimit-upto': return this.#rate(words.next())
      case '--comment':
        this.comment = words.next()
        return
      case '-g':
        this.actions.push({ kind: 'goto', chain: words.next() })
        return
      case '-j':
        this.actions.push(targetOf(words, this.#protocol))
        return
      default: words.bad(`\`${word}\` is not known here`)
    }
  }

  #network(text: string): NetworkSet {
    const parsed = parseNetwork(text)
    if (!parsed.ok) return this.#words.bad(parsed.problem)
    if (parsed.range.family !== this.#words.family) this.#words.bad(`\`${text}\` is of the other family`)
    return networkSet([parsed.range])
  }

  #interface(text: string): string {
    return /^[\w.@-]+$/.test(text) ? text : this.#words.bad(`the interface \`${text}\` is a wild card`)
  }

  #single(text: string, most?: number): Span {
    const value = this.#words.number(text, most)
    return { first: value, last: value }
  }

  #each<T>(text: string, of: Readonly<Record<string, T>>): ReadonlySet<T> {
    return new Set(text.split(',').map((word) => of[word] ?? this.#words.bad(`\`${word}\` is not known here`)))
  }

  #direction(text: string, not: boolean): boolean {
    if (text !== 'ORIGINAL' && text !== 'REPLY') this.#words.bad(`\`${text}\` is no direction`)
    return (text === 'REPLY') !== not
  }

  #protocolTest(text: string, not: boolean): readonly Test[] {
    const number = protocolCalled(text) ?? this.#words.bad(`\`${text}\` is no protocol`)
    if (number === 0) this.#words.bad('protocol 0 is every protocol')
    this.#protocol = not ? undefined : number
    return [{ on: 'service', spans: [protocolSpan(number)], not }]
  }

  #portTests(word: string, texts: readonly string[], not: boolean): readonly Test[] {
    const words = this.#words
    const protocol = this.#protocol === 6 ? 'tcp' : this.#protocol === 17 ? 'udp' : words.bad('ports without `-p tcp` or `-p udp`')
    if (this.#match !== (word.endsWith('s') ? 'multiport' : protocol)) words.bad(`\`${word}\` without its match`)
    const spans: readonly Span[] = texts.map((text) => {
      const [first, last = first, ...more] = text.split(':')
      return more.length > 0 ? words.bad(`\`${text}\` is no port`) : { first: words.number(first, 65535), last: words.number(last, 65535) }
    })
    if (spans.reduce((sum, { first, last }) => sum + (first === last ? 1 : 2), 0) > MULTIPORT) words.bad('multiport holds fifteen ports')
    if (word.startsWith('--sport')) return [{ on: 'sourcePort', spans, not }]
    const own: readonly Test[] = not ? [{ on: 'service', spans: [PORTS[protocol]], not: false }] : []
    return [...own, { on: 'service', spans: spans.map(({ first, last }) => portSpan(protocol, first, last)), not }]
  }

  #typeTest(word: string, text: string, not: boolean): readonly Test[] {
    const family = word === '--icmp-type' ? 4 : 6
    if (family !== this.#words.family || this.#protocol !== (family === 4 ? 1 : 58)) this.#words.bad(`\`${word}\` without its protocol`)
    return [{ on: 'service', spans: [typeSpan(family, this.#words.number(text, 255))], not }]
  }

  #markTest(text: string, not: boolean): readonly Test[] {
    if (this.#match === 'mark') return text === CATCH && !not ? [{ on: 'caught' }] : this.#words.bad(`the mark \`${text}\` is not ours`)
    if (this.#match !== 'connmark') this.#words.bad('only the mark of a flow is known here')
    const [value, mask = '0xffffffff'] = text.split('/')
    return [{ on: 'mark', value: this.#words.number(value), mask: this.#words.number(mask), not }]
  }

  #flagsTest(mask: string, flags: string, not: boolean): readonly Test[] {
    if (mask !== 'FIN,SYN,RST,ACK' || flags !== 'SYN') this.#words.bad(`the flags \`${mask} ${flags}\` are not known here`)
    return [{ on: 'syn', syn: !not }]
  }

  #rate(text: string): void {
    const words = this.#words
    const match = /^(\d+)\/sec$/.exec(text) ?? words.bad(`the rate \`${text}\` is not known here`)
    let burst = 5
    let bucket = ''
    for (let word = words.option(/^--(?:limit|hashlimit)-/); word !== undefined; word = words.option(/^--(?:limit|hashlimit)-/)) {
      const value = words.next()
      if (word.endsWith('-burst')) burst = words.number(value)
      else if (word === '--hashlimit-name') bucket = value
      else if (word !== '--hashlimit-mode' || value !== 'srcip') words.bad(`\`${word} ${value}\` is not known here`)
    }
    this.tests.push({ on: 'rate', perSecond: Number(match[1]), burst, bucket: bucket.replace(/^gg/, '') })
  }
}
