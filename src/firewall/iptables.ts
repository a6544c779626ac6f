// The ruleset as iptables-restore reads it and iptables-save prints it, one family a text. A dumb printer: what a packet may do was
// decided before. Danger prevented: a text that loads as something else than it reads (firewall.md's nineteen faults).
import { rangeText } from '../net/network.ts'
import type { Range } from '../net/network.ts'
import type { Family } from '../net/ip.ts'
import type { PortRange } from '../policy/policy.ts'
import { LEDGER_SECONDS, ipsetNames } from './ledger.ts'
import { LOG_GROUP } from './logs.ts'
import { protocolName } from './protocols.ts'
import { CATCH_MARK, CATCH_MASK } from './route.ts'
import type { Answer, Chain, L4, Line, Ruleset, Table, Tests, Verdict } from './ruleset.ts'
import { LAST_SECOND } from './standing.ts'
import { className } from './tc.ts'
import { spread } from './spread.ts'

export const PREFIX = 'GG_'
const BUILT_IN = { input: 'INPUT', forward: 'FORWARD', output: 'OUTPUT', prerouting: 'PREROUTING', postrouting: 'POSTROUTING' } as const
/** filter first: the file is committed table by table, and half a load must leave the gateway shut, not open */
const TABLES: readonly Table[] = ['filter', 'raw', 'mangle', 'nat']
/** the LOG target cuts what is longer, and says nothing */
const LOG_PREFIX = 29

function isBlock(range: Range): boolean {
  return !rangeText(range).includes('-')
}

/** iptables-save writes the prefix of a single address too. */
function blockText(range: Range): string {
  const text = rangeText(range)
  return text.includes('/') ? text : `${text}/${range.family === 4 ? 32 : 128}`
}

function protocolOf(tests: Tests, family: Family): string | undefined {
  const { l4 } = tests
  if (l4 === undefined) return tests.notSyn === true ? 'tcp' : undefined
  if (l4.protocol === 'ip') return protocolName(l4.number)
  if (l4.protocol === 'icmp') return family === 4 ? 'icmp' : 'ipv6-icmp'
  return l4.protocol
}

function portText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}:${last}`
}

function l4Words(l4: L4, family: Family): readonly string[] {
  if (l4.protocol === 'ip') return []
  if (l4.protocol === 'icmp') {
    const [type] = l4.types
    if (type === undefined) return []
    return family === 4 ? ['-m icmp', `--icmp-type ${type}`] : ['-m icmp6', `--icmpv6-type ${type}`]
  }
  const [port, ...others] = l4.ports
  if (port !== undefined && others.length > 0) return ['-m multiport', `--dports ${l4.ports.map(portText).join(',')}`]
  const source = l4.sourcePort === undefined ? [] : [`--sport ${l4.sourcePort}`]
  const target = port === undefined ? [] : [`--dport ${portText(port)}`]
  return source.length + target.length === 0 ? [] : [`-m ${l4.protocol}`, ...source, ...target]
}

function addressWords(tests: Tests): { readonly plain: readonly string[]; readonly spans: readonly string[] } {
  const plain: string[] = []
  const spans: string[] = []
  for (const [ranges, flag, word] of [[tests.sources, '-s', '--src-range'], [tests.destinations, '-d', '--dst-range']] as const) {
    const [range] = ranges ?? []
    if (range === undefined) continue
    if (isBlock(range)) plain.push(`${flag} ${blockText(range)}`)
    else spans.push(`${word} ${rangeText(range)}`)
  }
  return { plain, spans: spans.length === 0 ? [] : ['-m iprange', ...spans] }
}

function hex(generation: number): string {
  return `0x${generation.toString(16)}000000/0xff000000`
}

/** Hexadecimal as iptables-save has it: without leading zeros. */
function markWords({ generation, class: shapeClass }: Extract<Verdict, { readonly kind: 'vet' }>): string {
  return shapeClass === undefined ? hex(generation) : `0x${(generation * 256 + shapeClass).toString(16)}0000/0xffff0000`
}

function stateWords(tests: Tests): readonly string[] {
  const words = tests.vettedBy === undefined ? [] : ['-m connmark', `--mark ${hex(tests.vettedBy)}`]
  if (tests.flowClass !== undefined) words.push('-m connmark', `--mark 0x${tests.flowClass.toString(16)}0000/0xff0000`)
  if (tests.state === undefined) return words
  words.push('-m conntrack', `--ctstate ${tests.state.toUpperCase()}`)
  if (tests.direction !== undefined) words.push(`--ctdir ${tests.direction.toUpperCase()}`)
  return words
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19)
}

/** UTC, which the match takes where nothing else is said; the last second counts; where no end is given it is the last that the match knows. */
function timeWords({ since, until }: Tests): readonly string[] {
  if (since === undefined && until === undefined) return []
  return ['-m time', ...(since === undefined ? [] : [`--datestart ${clock(since)}`]), `--datestop ${clock(until === undefined ? LAST_SECOND : until - 1)}`]
}

function limitWords({ limit }: Tests): readonly string[] {
  if (limit === undefined) return []
  const { perSecond, burst, perSource } = limit
  if (perSource === undefined) return [`-m limit --limit ${perSecond}/sec --limit-burst ${burst}`]
  return [`-m hashlimit --hashlimit-upto ${perSecond}/sec --hashlimit-burst ${burst} --hashlimit-mode srcip --hashlimit-name gg${perSource}`]
}

function verdictWords(verdict: Verdict, family: Family): string {
  switch (verdict.kind) {
    case 'accept': case 'drop': case 'return': case 'masquerade': return `-j ${verdict.kind.toUpperCase()}`
    case 'jump': return `-j ${PREFIX}${verdict.chain}`
    case 'goto': return `-g ${PREFIX}${verdict.chain}`
    case 'vet': return `-j CONNMARK --set-xmark ${markWords(verdict)}`
    case 'catch': return `-j TPROXY --on-port ${verdict.port} --on-ip ${family === 4 ? '0.0.0.0' : '::'} --tproxy-mark 0x${CATCH_MARK.toString(16)}/0x${CATCH_MASK.toString(16)}`
    case 'classify': return `-j CLASSIFY --set-class ${className(verdict.class).replace(':', ':0')}`
    case 'nflog': return `-j NFLOG --nflog-prefix "${verdict.prefix}" --nflog-group ${LOG_GROUP}`
    case 'log': return `-j LOG --log-prefix "${cutPrefix(verdict.prefix)}" --log-level 6`
    case 'ledger': throw new Error('the ledger is more than one line')
    case 'reject': return `-j REJECT --reject-with ${rejectWord(verdict.with, family)}`
  }
}

const REJECTS: Readonly<Record<Answer, readonly [v4: string, v6: string]>> = {
  reset: ['tcp-reset', 'tcp-reset'],
  port: ['icmp-port-unreachable', 'icmp6-port-unreachable'],
  net: ['icmp-net-unreachable', 'icmp6-no-route'],
  host: ['icmp-host-unreachable', 'icmp6-addr-unreachable'],
  protocol: ['icmp-proto-unreachable', 'icmp6-port-unreachable'],
  'net-prohibited': ['icmp-net-prohibited', 'icmp6-adm-prohibited'],
  'host-prohibited': ['icmp-host-prohibited', 'icmp6-adm-prohibited'],
  admin: ['icmp-admin-prohibited', 'icmp6-adm-prohibited'],
}

function rejectWord(how: Answer, family: Family): string {
  return REJECTS[how][family === 4 ? 0 : 1]
}

function cutPrefix(prefix: string): string {
  return prefix.length <= LOG_PREFIX ? prefix : `${prefix.slice(0, LOG_PREFIX - 1)} `
}

/** When last, and how often: only a match counts up, and what it does not find begins at one. A set that is full takes nobody. */
function ledgerTexts(chain: string, family: Family): readonly string[] {
  const { count, seen } = ipsetNames(family)
  const words = [`-j SET --add-set ${seen} src,dst,dst --exist --timeout ${LEDGER_SECONDS}`, `-m set --match-set ${count} src,dst,dst -j RETURN`, `-j SET --add-set ${count} src,dst,dst`]
  return words.map((each) => `-A ${PREFIX}${chain} ${each}`)
}

function lineTexts(chain: string, line: Line, family: Family): readonly string[] {
  return line.verdict.kind === 'ledger' ? ledgerTexts(chain, family) : [lineText(chain, line, family)]
}

/** One `-A` line in the order of iptables-save: addresses, interfaces, protocol, then the matches as they are tried. */
function lineText(chain: string, line: Line, family: Family): string {
  const { tests } = line
  const { plain, spans } = addressWords(tests)
  const protocol = protocolOf(tests, family)
  const kinds = tests.destinationKinds
  const words = [
    `-A ${PREFIX}${chain}`,
    ...plain,
    ...(tests.in === undefined ? [] : [`-i ${tests.in[0] ?? ''}`]),
    ...(tests.out === undefined ? [] : [`-o ${tests.out[0] ?? ''}`]),
    ...(protocol === undefined ? [] : [`-p ${protocol}`]),
    ...spans,
    ...(tests.sourceLocal === true ? ['-m addrtype --src-type LOCAL'] : []),
    ...(tests.sourceForeign === true ? ['-m addrtype ! --src-type LOCAL'] : []),
    ...(kinds === undefined ? [] : [`-m addrtype --dst-type ${kinds.map((kind) => kind.toUpperCase()).join(',')}`]),
    ...(tests.macs === undefined ? [] : [`-m mac --mac-source ${tests.macs[0] ?? ''}`]),
    ...(tests.l4 === undefined ? [] : l4Words(tests.l4, family)),
    ...(tests.caught === true ? [`-m mark --mark 0x${CATCH_MARK.toString(16)}/0x${CATCH_MASK.toString(16)}`] : []),
    ...(tests.hopLimit === undefined ? [] : [`-m hl --hl-eq ${tests.hopLimit}`]),
    ...stateWords(tests),
    ...(tests.notSyn === true ? ['-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN'] : []),
    ...(tests.user === undefined ? [] : [`-m owner ${tests.user.not ? '! ' : ''}--uid-owner ${tests.user.uid}`]),
    ...timeWords(tests),
    ...limitWords(tests),
    ...(line.comment === undefined ? [] : [`-m comment --comment "gg:${line.comment}"`]),
    verdictWords(line.verdict, family),
  ]
  return words.join(' ')
}

/** A built-in chain takes our jump at its first place, whatever stands there. */
function jumpText(chain: Chain): string {
  return chain.hook === undefined ? '' : `-I ${BUILT_IN[chain.hook]} 1 -j ${PREFIX}${chain.name}`
}

/** The tables of one family, chains by name as iptables-save orders them. */
export function renderTables(ruleset: Ruleset, family: Family): string {
  const chains = spread(ruleset, family)
  // gathered a table, not a line, at a time: a call takes so many arguments and no more
  const out: (readonly string[])[] = []
  for (const table of TABLES) {
    const own = chains.filter((chain) => chain.table === table).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    if (own.length === 0) continue
    out.push([
      `*${table}`,
      ...own.map((chain) => `:${PREFIX}${chain.name} - [0:0]`),
      ...own.filter((chain) => chain.hook !== undefined && chain.lines.length > 0).map(jumpText),
      ...own.flatMap((chain) => chain.lines.flatMap((line) => lineTexts(chain.name, line, family))),
      'COMMIT',
    ])
  }
  return `${out.flat().join('\n')}\n`
}

/** Every own jump of a family: table, built-in chain, ours. */
export function jumps(ruleset: Ruleset, family: Family): readonly { readonly table: Table; readonly builtIn: string; readonly chain: string }[] {
  return TABLES.flatMap((table) => ruleset.chains.flatMap((chain) => {
    if (chain.table !== table || chain.hook === undefined || !chain.lines.some((line) => line.families.includes(family))) return []
    return [{ table, builtIn: BUILT_IN[chain.hook], chain: `${PREFIX}${chain.name}` }]
  }))
}
