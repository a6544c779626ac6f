// The options of one rule of iptables into its tests and target. An option that is not known is never passed over: the rule then may or may not
// fit. Danger prevented: a rule that is read as broader than it is, because one of its conditions was not understood.
import type { Family } from '../../net/ip.ts'
import { parseMac } from '../../net/mac.ts'
import type { Mac } from '../../net/mac.ts'
import type { Range } from '../../net/network.ts'
import { protocolNumber } from '../../policy/services.ts'
import { looseRange } from '../range.ts'
import { fit, test, unsure } from './building.ts'
import type { Building } from './building.ts'
import { allBut, icmpTypes, portItems } from './numbers.ts'
import type { Fault, Fit, Probe, Target, Test } from './rule.ts'
import { readTarget } from './target.ts'
import { addresses, card, kinds, within } from './where.ts'

export interface Options {
  readonly tests: readonly Test[]
  readonly target: Target | undefined
  readonly faults: readonly Fault[]
  readonly sources: readonly Range[]
  readonly destinations: readonly Range[]
  readonly ports: readonly (readonly [first: number, last: number])[]
  readonly types: readonly number[]
  readonly protocols: readonly Probe['protocol'][]
  readonly inCards: readonly string[]
  readonly outCards: readonly string[]
  readonly macs: readonly Mac[]
  readonly states: readonly string[] | undefined
  /** it asks whether everybody, or a group, is meant */
  readonly everybody: boolean
  /** TCP that begins no flow */
  readonly notFirst: boolean
  /** the modules and options that it names, for what a hook cannot have */
  readonly used: ReadonlySet<string>
}

const LONG: Readonly<Record<string, string>> = {
  '--source': '-s', '--src': '-s', '--destination': '-d', '--dst': '-d', '--protocol': '-p', '--proto': '-p', '--in-interface': '-i', '--out-interface': '-o', '--jump': '-j', '--goto': '-g', '--match': '-m', '--fragment': '-f',
  '--destination-port': '--dport', '--source-port': '--sport', '--destination-ports': '--dports', '--source-ports': '--sports', '--icmpv6-type': '--icmp-type',
}
/** Words of ours for what only the packets before, or the machine, can say. */
const UNSURE: Readonly<Record<string, string>> = {
  limit: 'a rate limit', hashlimit: 'a rate limit for each source', connlimit: 'a number of connections', recent: 'what was seen before', time: 'the time of day', string: 'what is in the packet', owner: 'the user who sends', set: 'a set of the kernel\'s',
  mark: 'a mark', connmark: 'a mark of the flow', statistic: 'chance', random: 'chance', quota: 'a quota', geoip: 'a country', layer7: 'what is in the packet', helper: 'a helper', policy: 'IPsec', physdev: 'a port of a bridge', length: 'the packet\'s length',
  ttl: 'the TTL', hl: 'the hop limit', tos: 'the TOS', dscp: 'the DSCP', pkttype: 'how it was sent on the link', realm: 'a route\'s realm', u32: 'octets of the packet', bpf: 'a program', rpfilter: 'the way back', condition: 'a switch', cpu: 'a processor', dccp: 'DCCP', sctp: 'SCTP',
}

export function readOptions(words: readonly string[], family: Family): Options {
  const made: Building = { tests: [], faults: [], sources: [], destinations: [], ports: [], types: [], protocols: [], inCards: [], outCards: [], macs: [], states: undefined, used: new Set(), notFirst: false, everybody: false, target: undefined }
  let not = false
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '!') {
      not = true
      continue
    }
    const option = LONG[word] ?? word
    const next = (): string => {
      const value = words[at + 1] ?? ''
      at++
      // as it was written before 1.4: `-s ! address`
      if (value !== '!') return value
      not = true
      return words[++at] ?? ''
    }
    if (option === '-j' || option === '-g') {
      made.target = readTarget(option, next(), words.slice(at + 1), made.faults)
      break
    }
    if (option.startsWith('--')) made.used.add(option)
    one(option, next, () => not, made, family, words, (to) => (at = to), at)
    not = false
  }
  return made
}

function one(option: string, next: () => string, negated: () => boolean, made: Building, family: Family, words: readonly string[], skipTo: (at: number) => void, at: number): void {
  switch (option) {
    case '-s': case '-d': return addresses(option, next(), negated, made, family)
    case '-p': return protocol(next(), negated, made)
    case '-i': case '-o': return card(option, next(), negated, made)
    case '-f': made.tests.push(test(negated(), () => false)); return
    case '-4': case '-6': case '-w': case '--wait': case '-n': case '-v': return
    case '-m': {
      const name = next()
      made.used.add(name)
      const what = UNSURE[name]
      if (what === undefined) return
      made.tests.push(unsure(what))
      // its own options say no more: up to the next option that is ours
      let to = at + 2
      while (to < words.length && !/^(?:-[a-zA-Z]|--(?:jump|goto|match|dports?|sports?|comment|state|ctstate|mac-source|syn|tcp-flags|icmp-type|icmpv6-type|destination-port|source-port)|!)$/.test(words[to] ?? '')) to++
      skipTo(to - 1)
      return
    }
    case '--comment': case '-c': next(); if (option === '-c') next(); return
    case '--dport': case '--dports': return ports(next(), negated, made, 'target')
    case '--sport': case '--sports': return ports(next(), negated, made, 'source')
    case '--ports': return ports(next(), negated, made, 'either')
    case '--icmp-type': return icmp(next(), negated, made, family)
    case '--state': case '--ctstate': {
      const states = next().split(',').map((each) => each.toUpperCase())
      const whole = negated() ? ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'].filter((each) => !states.includes(each)) : states
      made.states = made.states === undefined ? whole : made.states.filter((each) => whole.includes(each))
      made.tests.push(test(negated(), () => states.includes('NEW')))
      return
    }
    case '--ctdir': { const way = next().toUpperCase(); made.tests.push(test(negated(), () => way === 'ORIGINAL')); return }
    case '--mac-source': {
      const mac = parseMac(next())
      if (mac === undefined) return void made.tests.push(unsure('a MAC that is none'))
      made.macs.push(mac)
      made.tests.push(test(negated(), (probe) => probe.mac === mac))
      return
    }
    case '--src-range': case '--dst-range': {
      const read = looseRange(next())
      if (read === undefined) return void made.faults.push({ message: `\`${option}\` wants two addresses`, hint: 'write `192.168.51.1-192.168.51.9`' })
      within(read.range, option === '--src-range', negated(), made)
      return
    }
    case '--syn':
      if (negated()) made.notFirst = true
      made.tests.push(test(negated(), ({ protocol }) => protocol === 'tcp'))
      return
    case '--tcp-flags': {
      const mask = flags(next())
      const set = flags(next())
      // what begins a flow has SYN alone
      const holds = set.every((flag) => flag === 'SYN') && set.includes('SYN') === mask.includes('SYN')
      const not = negated()
      if (holds === not) made.notFirst = true
      made.tests.push(test(false, ({ protocol }) => protocol === 'tcp' && holds !== not))
      return
    }
    case '--dst-type': case '--src-type': return kinds(option, next(), negated, made)
    default: unknown(option, made, words, at, skipTo)
  }
}

/** Of a module that is not known, or a word that iptables itself does not know. */
function unknown(option: string, made: Building, words: readonly string[], at: number, skipTo: (at: number) => void): void {
  made.tests.push(unsure(`\`${option}\``))
  let to = at + 1
  while (to < words.length && !/^(?:-|!)/.test(words[to] ?? '')) to++
  skipTo(to - 1)
}

function flags(text: string): string[] {
  if (text.toUpperCase() === 'ALL') return ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG']
  return text.toUpperCase() === 'NONE' ? [] : text.toUpperCase().split(',')
}

function protocol(text: string, negated: () => boolean, made: Building): void {
  const name = text.toLowerCase()
  if (name.startsWith('$')) return void made.tests.push(unsure(`\`${text}\`, which nothing sets`))
  if (name === 'all' || name === '0') return
  const wanted = name === 'tcp' || name === '6' ? 'tcp' : name === 'udp' || name === '17' ? 'udp' : ['icmp', '1', 'icmpv6', 'ipv6-icmp', '58'].includes(name) ? 'icmp' : /^\d+$/.test(name) ? Number(name) : protocolNumber(name)
  if (wanted === undefined) return void made.tests.push(unsure(`the protocol \`${text}\``))
  if (!negated()) made.protocols.push(wanted)
  made.tests.push(test(negated(), (probe) => probe.protocol === wanted))
}

/** Ports that programs are given (RFC 6056): a test that holds all or none of them is sure. */
const INVENTED = [32_768, 60_999] as const

function ports(text: string, negated: () => boolean, made: Building, which: 'target' | 'source' | 'either'): void {
  if (/\$/.test(text)) return void made.tests.push(unsure(`\`${text}\`, which nothing sets`))
  const items = portItems(text)
  if (items === undefined) return void made.faults.push({ message: `\`${text}\` is no port`, hint: 'ports go from 0 to 65535: `25`, `1024:65535`' })
  if (text.split(',').length > 15) made.faults.push({ message: 'more than 15 ports in one `multiport`', hint: 'write two rules; in a policy a service has as many as it needs' })
  const not = negated()
  if (which !== 'source') made.ports.push(...(not ? allBut(items) : items))
  const holds = (port: number): boolean => items.some(([first, last]) => port >= first && port <= last)
  const target = ({ protocol, port }: Probe): boolean => (protocol === 'tcp' || protocol === 'udp') && port !== undefined && holds(port)
  const source = ({ sourcePort }: Probe): Fit => {
    if (sourcePort !== undefined) return fit(holds(sourcePort))
    if (items.some(([first, last]) => first <= INVENTED[0] && last >= INVENTED[1])) return 'yes'
    return items.some(([first, last]) => first <= INVENTED[1] && last >= INVENTED[0]) ? 'maybe' : 'no'
  }
  const turned = (is: Fit): Fit => (is === 'maybe' ? is : fit((is === 'yes') !== not))
  if (which === 'target') made.tests.push(test(not, target))
  else made.tests.push({ fits: (probe) => turned(which === 'either' && target(probe) ? 'yes' : source(probe)), unsure: 'a source port' })
}

function icmp(text: string, negated: () => boolean, made: Building, family: Family): void {
  const types = icmpTypes(text, family)
  if (types === undefined) return void made.faults.push({ message: `\`${text}\` is no ICMP type`, hint: 'write `echo-request`, or a number' })
  made.types.push(...types)
  made.tests.push(test(negated(), ({ protocol, port }) => protocol === 'icmp' && port !== undefined && types.includes(port)))
}
