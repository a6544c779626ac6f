// What an nft table has beside its chains: counters by name, and sets. A counter with a name, and a set, outlive the flush of their table,
// so that usage and the drop ledger go on over a reload; what must begin anew is flushed by name.
import type { Family } from '../net/ip.ts'
import { rangeText } from '../net/network.ts'
import { LEDGER_ENTRIES, LEDGER_SECONDS, LEDGER_SETS, isLedgerLine } from './ledger.ts'
import type { LedgerSet } from './ledger.ts'
import type { LongLists } from './nft-lists.ts'
import type { Ruleset } from './ruleset.ts'

/** `rule:mail` → `gg-rule.mail`: what nft takes for a name, with a head that is none of its own words. */
export function counterName(comment: string): string {
  return `gg-${comment.replace(':', '.')}`
}

/** The way back; undefined: not one of ours. */
export function commentOfCounter(name: string): string | undefined {
  return /^gg-(.+)$/.exec(name)?.[1]?.replace('.', ':')
}

export function counterNames(ruleset: Ruleset): readonly string[] {
  return [...new Set(ruleset.chains.flatMap((chain) => chain.lines.flatMap(({ comment }) => (comment === undefined ? [] : [counterName(comment)]))))].sort()
}

export interface NamedSet {
  readonly name: string
  readonly head: string
  readonly body: readonly string[]
  /** filled by packets, over every reload */
  readonly kept?: true
}

function ip(family: Family): string {
  return family === 4 ? 'ip' : 'ip6'
}

function ledgerKey({ family, kind }: LedgerSet): { readonly type: string; readonly words: string; readonly when: string } {
  const address = `ipv${family}_addr`
  const ends = `${ip(family)} saddr . ${ip(family)} daddr`
  switch (kind) {
    case 'ports': return { type: `${address} . ${address} . inet_proto . inet_service`, words: `${ends} . meta l4proto . th dport`, when: 'meta l4proto { tcp, udp } ' }
    case 'icmp': return { type: `${address} . ${address} . icmp${family === 6 ? 'v6' : ''}_type`, words: `${ends} . icmp${family === 6 ? 'v6' : ''} type`, when: '' }
    case 'other': return { type: `${address} . ${address} . inet_proto`, words: `${ends} . meta l4proto`, when: '' }
    case 'rest': return { type: address, words: `${ip(family)} saddr`, when: '' }
  }
}

/** Each packet in the first set that has its kind and has room: a set that is full does not match, and the next line is tried. */
export function ledgerTexts(): readonly string[] {
  return LEDGER_SETS.map((set) => {
    const { words, when } = ledgerKey(set)
    return `\t\t${when}update @${set.name} { ${words} counter }${set.kind === 'rest' ? '' : ' return'}`
  })
}

function dynamic(name: string, type: string, size: number, timeout: string): NamedSet {
  return { name, head: `type ${type}; size ${size}; flags dynamic,timeout; timeout ${timeout};`, body: [`type ${type}`, `size ${size}`, 'flags dynamic,timeout', `timeout ${timeout}`] }
}

/** As nft breaks its lines: two IPv4 networks or one IPv6 network a line. */
function elementsText(elements: readonly string[], family: Family): string {
  const perLine = family === 4 ? 2 : 1
  const rows: string[] = []
  for (let index = 0; index < elements.length; index += perLine) rows.push(elements.slice(index, index + perLine).join(', '))
  return rows.join(',\n\t\t\t     ')
}

function filled(name: string, family: Family, interval: boolean, elements: readonly string[]): NamedSet {
  const words = [`type ipv${family}_addr`, ...(interval ? ['flags interval'] : [])]
  return { name, head: words.map((each) => `${each};`).join(' '), body: [...words, `elements = { ${elementsText(elements, family)} }`] }
}

export function namedSets(ruleset: Ruleset, lists: LongLists): readonly NamedSet[] {
  const all = ruleset.chains.flatMap((chain) => chain.lines)
  const sets: NamedSet[] = []
  for (const family of [4, 6] as const) {
    if (all.some(({ tests, families }) => families.includes(family) && (tests.sourceNotSpecial === true || tests.destinationNotSpecial === true))) {
      sets.push(filled(`special${family}`, family, true, ruleset.special.filter((range) => range.family === family).map(rangeText)))
    }
  }
  for (const { name, family, interval, elements } of lists.all) sets.push(filled(name, family, interval, elements))
  const buckets = new Set(all.flatMap(({ tests }) => tests.limit?.perSource ?? []))
  for (const bucket of [...buckets].sort()) {
    for (const family of [4, 6] as const) sets.push(dynamic(`rate_${bucket}${family}`, `ipv${family}_addr`, 4096, '1m'))
  }
  if (all.some(isLedgerLine)) {
    for (const set of LEDGER_SETS) sets.push({ ...dynamic(set.name, ledgerKey(set).type, LEDGER_ENTRIES, `${LEDGER_SECONDS / 86_400}d`), kept: true })
  }
  return sets
}
