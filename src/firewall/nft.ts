// The ruleset as `nft -f` reads it and `nft -s list table` prints it, both families in one transaction. A dumb printer: what a packet
// may do was decided before. Danger prevented: `delete table`, which lets packets see empty sets while it lasts; `flush` does not.
import { rangeText } from '../net/network.ts'
import type { Range } from '../net/network.ts'
import type { Family } from '../net/ip.ts'
import type { PortRange } from '../policy/policy.ts'
import { counterName, counterNames, ledgerTexts, namedSets } from './nft-objects.ts'
import { LongLists } from './nft-lists.ts'
import { LOG_GROUP } from './logs.ts'
import { protocolName } from './protocols.ts'
import { CATCH_MARK, CATCH_MASK } from './route.ts'
import { className } from './tc.ts'
import type { Answer, Chain, L4, Line, Ruleset, Tests, Verdict } from './ruleset.ts'

export const NFT_TABLE = 'inet greengate'

const PRIORITY: Readonly<Record<Exclude<Chain['table'], 'nat'>, string>> = { filter: 'filter - 5', raw: 'raw', mangle: 'mangle' }

function baseText({ table, hook }: Chain): readonly string[] {
  if (hook === undefined) return []
  const words = table === 'nat' ? `type nat hook ${hook} priority srcnat` : `type filter hook ${hook} priority ${PRIORITY[table]}`
  return [`\t\t${words}; policy accept;`]
}

const ICMP_NAMES: Readonly<Record<Family, ReadonlyMap<number, string>>> = {
  4: new Map([
    [0, 'echo-reply'], [3, 'destination-unreachable'], [4, 'source-quench'], [5, 'redirect'], [8, 'echo-request'], [9, 'router-advertisement'],
    [10, 'router-solicitation'], [11, 'time-exceeded'], [12, 'parameter-problem'], [13, 'timestamp-request'], [14, 'timestamp-reply'],
    [15, 'info-request'], [16, 'info-reply'], [17, 'address-mask-request'], [18, 'address-mask-reply'],
  ]),
  6: new Map([
    [1, 'destination-unreachable'], [2, 'packet-too-big'], [3, 'time-exceeded'], [4, 'parameter-problem'], [128, 'echo-request'], [129, 'echo-reply'],
    [130, 'mld-listener-query'], [131, 'mld-listener-report'], [132, 'mld-listener-done'], [133, 'nd-router-solicit'], [134, 'nd-router-advert'],
    [135, 'nd-neighbor-solicit'], [136, 'nd-neighbor-advert'], [137, 'nd-redirect'], [138, 'router-renumbering'], [141, 'ind-neighbor-solicit'],
    [142, 'ind-neighbor-advert'], [143, 'mld2-listener-report'],
  ]),
}

/** One bare, several as an anonymous set; nft turns a set of one into the value itself. */
function setText(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `{ ${values.join(', ')} }`
}

function quoted(names: readonly string[]): string {
  return setText([...new Set(names)].sort().map((name) => `"${name}"`))
}

function portText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`
}

function l4Words(l4: L4, family: Family): readonly string[] {
  if (l4.protocol === 'ip') return [`meta l4proto ${protocolName(l4.number)}`]
  if (l4.protocol === 'icmp') {
    if (l4.types.length === 0) return [`meta l4proto ${family === 4 ? 'icmp' : 'ipv6-icmp'}`]
    return [`${family === 4 ? 'icmp' : 'icmpv6'} type ${setText(l4.types.map((type) => ICMP_NAMES[family].get(type) ?? String(type)))}`]
  }
  const source = l4.sourcePort === undefined ? [] : [`${l4.protocol} sport ${l4.sourcePort}`]
  const target = l4.ports.length === 0 ? [] : [`${l4.protocol} dport ${setText(l4.ports.map(portText))}`]
  return source.length + target.length === 0 ? [`meta l4proto ${l4.protocol}`] : [...source, ...target]
}

function listText(ranges: readonly Range[], lists: LongLists): string {
  const name = lists.nameOf(ranges)
  return name === undefined ? setText(ranges.map(rangeText)) : `@${name}`
}

function addressWords(tests: Tests, family: Family, lists: LongLists): readonly string[] {
  const ip = family === 4 ? 'ip' : 'ip6'
  const words: string[] = []
  if (tests.sources !== undefined) words.push(`${ip} saddr ${listText(tests.sources, lists)}`)
  if (tests.sourceNotSpecial === true) words.push(`${ip} saddr != @special${family}`)
  if (tests.destinations !== undefined) words.push(`${ip} daddr ${listText(tests.destinations, lists)}`)
  if (tests.destinationNotSpecial === true) words.push(`${ip} daddr != @special${family}`)
  return words
}

/** A number, not a date: that would be read in the time zone of whoever loads it. */
function timeWords({ since, until }: Tests): readonly string[] {
  return [...(since === undefined ? [] : [`meta time >= ${since}`]), ...(until === undefined ? [] : [`meta time < ${until}`])]
}

function stateWords(tests: Tests): readonly string[] {
  const words: string[] = []
  if (tests.state !== undefined) words.push(`ct state ${tests.state}`)
  if (tests.direction !== undefined) words.push(`ct direction ${tests.direction}`)
  if (tests.vettedBy !== undefined) words.push(`ct mark 0x${byte(tests.vettedBy)}000000/8`)
  if (tests.flowClass !== undefined) words.push(`ct mark & 0x00ff0000 == 0x00${byte(tests.flowClass)}0000`)
  if (tests.notSyn === true) words.push('tcp flags != syn / fin,syn,rst,ack')
  return words
}

function byte(generation: number): string {
  return generation.toString(16).padStart(2, '0')
}

function limitWords({ limit }: Tests, family: Family): readonly string[] {
  if (limit === undefined) return []
  const rate = `limit rate ${limit.perSecond}/second burst ${limit.burst} packets`
  return [limit.perSource === undefined ? rate : `add @rate_${limit.perSource}${family} { ${family === 4 ? 'ip' : 'ip6'} saddr ${rate} }`]
}

/** `icmpx` is both families' in one line; what it lacks is a line each. */
const REJECTS: Readonly<Record<Exclude<Answer, 'reset'>, { readonly both: string } | { readonly 4: string; readonly 6: string }>> = {
  port: { both: '' },
  net: { both: ' with icmpx no-route' },
  host: { both: ' with icmpx host-unreachable' },
  admin: { both: ' with icmpx admin-prohibited' },
  protocol: { 4: ' with icmp prot-unreachable', 6: ' with icmpv6 port-unreachable' },
  'net-prohibited': { 4: ' with icmp net-prohibited', 6: ' with icmpv6 admin-prohibited' },
  'host-prohibited': { 4: ' with icmp host-prohibited', 6: ' with icmpv6 admin-prohibited' },
}

function rejectWords(answer: Answer, family: Family): string {
  if (answer === 'reset') return 'reject with tcp reset'
  const words = REJECTS[answer]
  return `reject${'both' in words ? words.both : words[family]}`
}

function answersBySide(verdict: Verdict): boolean {
  return verdict.kind === 'reject' && verdict.with !== 'reset' && !('both' in REJECTS[verdict.with])
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0')
}

/** nft tells the mask with the new bits in it; it keeps the bits below. */
function vetWords({ generation, class: shapeClass }: Extract<Verdict, { readonly kind: 'vet' }>): string {
  const head = byte(generation) + (shapeClass === undefined ? '' : byte(shapeClass))
  return `ct mark set ct mark & 0x${head.padEnd(8, 'f')} | 0x${head.padEnd(8, '0')}`
}

function verdictWords(verdict: Verdict, family: Family): string {
  switch (verdict.kind) {
    case 'accept': case 'drop': case 'return': case 'masquerade': return verdict.kind
    case 'jump': case 'goto': return `${verdict.kind} ${verdict.chain.toLowerCase()}`
    case 'vet': return vetWords(verdict)
    case 'catch': return `tproxy to :${verdict.port} meta mark set meta mark & 0xffff${hex4(CATCH_MARK)} | 0x0000${hex4(CATCH_MARK)} accept`
    case 'classify': return `meta priority set ${className(verdict.class)}`
    case 'nflog': return `log prefix "${verdict.prefix}" group ${LOG_GROUP}`
    case 'log': return `log prefix "${verdict.prefix}" level info`
    case 'ledger': throw new Error('the ledger is more than one line')
    case 'reject': return rejectWords(verdict.with, family)
  }
}

/** Does what the line tests differ by family, so that one nft line cannot hold both? */
function bySide({ tests, verdict }: Line): boolean {
  return answersBySide(verdict) || tests.sourceNotSpecial === true || tests.destinationNotSpecial === true || tests.limit?.perSource !== undefined
}

function lineText(line: Line, families: readonly Family[], lists: LongLists): string {
  const { tests } = line
  const [family = 4] = families
  const addresses = addressWords(tests, family, lists)
  const limits = limitWords(tests, family)
  const tied = addresses.length > 0 || tests.l4?.protocol === 'icmp' || tests.limit?.perSource !== undefined
    // an answer of one family says which, where no counter stands between
    || (line.comment === undefined && answersBySide(line.verdict))
  const words = [
    ...(families.length === 1 && !tied ? [`meta nfproto ipv${family}`] : []),
    ...(tests.in === undefined ? [] : [`iifname ${quoted(tests.in)}`]),
    ...(tests.out === undefined ? [] : [`oifname ${quoted(tests.out)}`]),
    // a packet to the machine itself has no way out, and its empty name differs from every other
    ...(tests.notOut === undefined ? [] : ['fib daddr type != local', `oifname != ${quoted(tests.notOut)}`]),
    ...(tests.macs === undefined ? [] : [`ether saddr ${setText([...new Set<string>(tests.macs)].sort())}`]),
    ...addresses,
    ...(tests.sourceLocal === true ? ['fib saddr type local'] : []),
    ...(tests.sourceForeign === true ? ['fib saddr type != local'] : []),
    ...(tests.destinationKinds === undefined ? [] : [`fib daddr type ${setText(tests.destinationKinds)}`]),
    ...(tests.l4 === undefined ? [] : l4Words(tests.l4, family)),
    ...(tests.caught === true ? [`meta mark & 0x0000${hex4(CATCH_MASK)} == 0x0000${hex4(CATCH_MARK)}`] : []),
    ...(tests.hopLimit === undefined ? [] : [`ip6 hoplimit ${tests.hopLimit}`]),
    ...stateWords(tests),
    ...(tests.user === undefined ? [] : [`meta skuid ${tests.user.not ? '!= ' : ''}${tests.user.uid}`]),
    ...timeWords(tests),
    ...limits,
    ...(line.comment === undefined ? [] : [`counter name "${counterName(line.comment)}"`]),
    verdictWords(line.verdict, family),
    ...(line.comment === undefined ? [] : [`comment "gg:${line.comment}"`]),
  ]
  return `\t\t${words.join(' ')}`
}

function lineTexts(line: Line, lists: LongLists): readonly string[] {
  if (line.verdict.kind === 'ledger') return ledgerTexts()
  return bySide(line) ? line.families.map((family) => lineText(line, [family], lists)) : [lineText(line, line.families, lists)]
}

function chainText(chain: Chain, lists: LongLists): string {
  return [`\tchain ${chain.name.toLowerCase()} {`, ...baseText(chain), ...chain.lines.flatMap((line) => lineTexts(line, lists)), '\t}'].join('\n')
}

/** Whole: creates the table where it is missing, empties it where it is not, and fills it, all at once. */
export function renderNftTable(ruleset: Ruleset): string {
  const lists = new LongLists(ruleset)
  const sets = namedSets(ruleset, lists)
  const chains = ruleset.chains.filter((chain) => chain.hook === undefined || chain.lines.length > 0)
  const blocks = [
    ...counterNames(ruleset).map((name) => `\tcounter ${name} {\n\t}`),
    ...sets.map((set) => [`\tset ${set.name} {`, ...set.body.map((row) => `\t\t${row}`), '\t}'].join('\n')),
    ...chains.map((chain) => chainText(chain, lists)),
  ]
  return [
    `add table ${NFT_TABLE}`,
    `flush table ${NFT_TABLE}`,
    // a set outlives the flush of its table: emptied, so that what an older policy put there is gone; the ledger goes on
    ...sets.flatMap((set) => [`add set ${NFT_TABLE} ${set.name} { ${set.head} }`, ...(set.kept === true ? [] : [`flush set ${NFT_TABLE} ${set.name}`])]),
    `table ${NFT_TABLE} {`,
    blocks.join('\n\n'),
    '}',
    '',
  ].join('\n')
}
