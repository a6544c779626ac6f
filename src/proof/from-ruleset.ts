// The compiled ruleset as a model: the simulator's own rules. Danger prevented: a word of the ruleset that a simulator overlooks, so that
// it tells of another firewall.
import type { Family } from '../net/ip.ts'
import { networkSet } from '../net/network.ts'
import type { NetworkSet, Range } from '../net/network.ts'
import type { Answer, Chain as RulesetChain, L4, Line, Ruleset, Tests, Verdict } from '../firewall/ruleset.ts'
import { className } from '../firewall/tc.ts'
import { LAST_TIME, PRIORITY, modelFrom, ruleOf } from './model.ts'
import type { Action, Chain, Model, Test } from './model.ts'
import { TCP_RESET } from './rejects.ts'
import { PORTS, portSpan, protocolSpan, typeSpan } from './service.ts'
import type { Span } from './service.ts'

/** The top byte of the flow's mark is ours. */
export const MARK_MASK = 0xff000000

/** The byte below tells in which class a flow is slowed. */
export const CLASS_MASK = 0x00ff0000

export function markOf(generation: number): number {
  return (generation << 24) >>> 0
}

function spansOf(l4: L4, families: readonly Family[]): readonly Span[] {
  switch (l4.protocol) {
    case 'ip': return [protocolSpan(l4.number)]
    case 'icmp': return families.flatMap((family) => (l4.types.length === 0 ? [typeSpan(family)] : l4.types.map((type) => typeSpan(family, type))))
    default: return l4.ports.length === 0 ? [PORTS[l4.protocol]] : l4.ports.map(({ first, last }) => portSpan(l4.protocol, first, last))
  }
}

/** Each key of `Tests` has its reader here: a new one is an error of types until it has. */
type Readers = { readonly [K in keyof Required<Tests>]: (value: NonNullable<Tests[K]>, line: Line, special: NetworkSet) => readonly Test[] }

function addresses(on: 'source' | 'destination', ranges: readonly Range[]): readonly Test[] {
  return [{ on, set: networkSet(ranges), not: false }]
}

const READERS: Readers = {
  in: (names) => [{ on: 'in', names: new Set(names), not: false }],
  out: (names) => [{ on: 'out', names: new Set(names), not: false }],
  notOut: (names) => [{ on: 'destinationKind', kinds: new Set(['local']), not: true }, { on: 'out', names: new Set(names), not: true }],
  sources: (ranges) => addresses('source', ranges),
  destinations: (ranges) => addresses('destination', ranges),
  sourceNotSpecial: (_, __, special) => [{ on: 'source', set: special, not: true }],
  destinationNotSpecial: (_, __, special) => [{ on: 'destination', set: special, not: true }],
  sourceLocal: () => [{ on: 'sourceKind', kinds: new Set(['local']), not: false }],
  caught: () => [{ on: 'caught' }],
  sourceForeign: () => [{ on: 'sourceKind', kinds: new Set(['local']), not: true }],
  destinationKinds: (kinds) => [{ on: 'destinationKind', kinds: new Set(kinds), not: false }],
  macs: (macs) => [{ on: 'mac', macs: new Set<string>(macs), not: false }],
  l4: (l4, line) => [
    { on: 'service', spans: spansOf(l4, line.families), not: false },
    ...('sourcePort' in l4 && l4.sourcePort !== undefined ? [{ on: 'sourcePort' as const, spans: [{ first: l4.sourcePort, last: l4.sourcePort }], not: false }] : []),
  ],
  hopLimit: (limit) => [{ on: 'hopLimit', spans: [{ first: limit, last: limit }], not: false }],
  state: (state) => [{ on: 'state', states: new Set([state]), not: false }],
  direction: (way) => [{ on: 'reply', reply: way === 'reply' }],
  vettedBy: (generation) => [{ on: 'mark', value: markOf(generation), mask: MARK_MASK, not: false }],
  flowClass: (shapeClass) => [{ on: 'mark', value: shapeClass << 16, mask: CLASS_MASK, not: false }],
  notSyn: () => [{ on: 'service', spans: [PORTS.tcp], not: false }, { on: 'syn', syn: false }],
  user: ({ uid, not }) => [{ on: 'uid', spans: [{ first: uid, last: uid }], not }],
  until: (second) => [{ on: 'time', first: 0, last: second - 1 }],
  since: (second) => [{ on: 'time', first: second, last: LAST_TIME }],
  limit: ({ perSecond, burst, perSource }) => [{ on: 'rate', perSecond, burst, bucket: perSource ?? '' }],
}

function read<K extends keyof Tests>(key: K, line: Line, special: NetworkSet): readonly Test[] {
  const value = line.tests[key]
  return value === undefined ? [] : READERS[key](value, line, special)
}

function testsOf(line: Line, special: NetworkSet): readonly Test[] {
  const [family] = line.families
  const bound: readonly Test[] = line.families.length === 1 && family !== undefined ? [{ on: 'family', family }] : []
  return [...bound, ...(Object.keys(READERS) as readonly (keyof Tests)[]).flatMap((key) => read(key, line, special))]
}

/** The codes on the wire (RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1). */
const ANSWERS: Readonly<Record<Answer, readonly [string, string]>> = {
  reset: [TCP_RESET, TCP_RESET],
  port: ['icmp 3/3', 'icmpv6 1/4'],
  net: ['icmp 3/0', 'icmpv6 1/0'],
  host: ['icmp 3/1', 'icmpv6 1/3'],
  protocol: ['icmp 3/2', 'icmpv6 1/4'],
  'net-prohibited': ['icmp 3/9', 'icmpv6 1/1'],
  'host-prohibited': ['icmp 3/10', 'icmpv6 1/1'],
  admin: ['icmp 3/13', 'icmpv6 1/1'],
}

function markAction({ generation, class: shapeClass }: Extract<Verdict, { readonly kind: 'vet' }>): Action {
  if (shapeClass === undefined) return { kind: 'mark', value: markOf(generation), mask: MARK_MASK }
  return { kind: 'mark', value: markOf(generation) + shapeClass * 0x10000, mask: (MARK_MASK | CLASS_MASK) >>> 0 }
}

function actionOf(verdict: Verdict): Action {
  switch (verdict.kind) {
    case 'vet': return markAction(verdict)
    case 'classify': return { kind: 'classify', queue: className(verdict.class) }
    case 'reject': return { kind: 'reject', 4: ANSWERS[verdict.with][0], 6: ANSWERS[verdict.with][1] }
    case 'catch': return { kind: 'catch', port: verdict.port }
    case 'ledger': return { kind: 'count' }
    case 'jump': case 'goto': return { kind: verdict.kind, chain: verdict.chain }
    case 'log': case 'nflog': return { kind: verdict.kind, prefix: verdict.prefix }
    default: return { kind: verdict.kind }
  }
}

function chainOf(chain: RulesetChain, special: NetworkSet): Chain {
  const rules = chain.lines.flatMap((line, index) => (line.families.length === 0 ? [] : [ruleOf(testsOf(line, special), [actionOf(line.verdict)], line.comment, index + 1)]))
  if (chain.hook === undefined) return { name: chain.name, rules }
  const priority = chain.table === 'nat' ? PRIORITY.srcnat : PRIORITY[chain.table]
  return { name: chain.name, rules, base: { hook: chain.hook, priority, policy: 'accept' } }
}

export function modelOfRuleset(ruleset: Ruleset): Model {
  const special = networkSet(ruleset.special)
  return modelFrom(ruleset.chains.map((chain) => chainOf(chain, special)))
}
