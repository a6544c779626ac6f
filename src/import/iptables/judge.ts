// Each rule of an iptables text beside a policy: does the policy say the same of every packet that this rule decides? Danger prevented: a rule
// thrown away at a change of tools because its words stand in the policy too, and its effect does not.
import type { CompiledPolicy } from '../../decision/compile.ts'
import { decidePacket } from '../../decision/packet.ts'
import { packetText } from '../../decision/packet-text.ts'
import type { SourceLine } from '../finding.ts'
import { groundOf, waysOf } from './ground.ts'
import type { Ground } from './ground.ts'
import { probesFor } from './probes.ts'
import type { Constants, IptChain, IptRule, IptText, Probe } from './rule.ts'
import { fitOf, simulate, unsureAt } from './simulate.ts'
import { translation } from './translation.ts'

export type Status = 'implied' | 'not-implied' | 'unjudged' | 'never' | 'fault' | 'no-verdict'

export interface Judged {
  readonly line: SourceLine
  readonly table: string
  readonly chain: string
  readonly status: Status
  readonly why: string
  readonly hint?: string
  /** a packet on which they part */
  readonly example?: { readonly packet: string; readonly rule: string; readonly policy: string; readonly by: string; readonly place?: string }
}

const NOTHING: Constants = { sources: [], destinations: [], ports: [], types: [], protocols: [], cards: [], macs: [], everybody: false }
/** Packets for one rule, and for all. */
const MOST = 1500
const LEAST = 250
const ALL = 300_000
const STATE = 'the firewall\'s own head lets the replies of a flow pass, and the errors that belong to it'

export function judgeText(compiled: CompiledPolicy, text: IptText, now: number): readonly Judged[] {
  const ground = groundOf(compiled, text)
  const policies = [...text.chains.values()].filter(({ table, policy }) => policy !== undefined && table === 'filter')
  return [...policies.map((chain) => judgePolicy(ground, text, chain, now)), ...text.rules.map((rule) => judgeRule(ground, text, rule, now))].sort((a, b) => (a.line.origin.file === b.line.origin.file ? a.line.origin.line - b.line.origin.line : 0))
}

function judgePolicy(ground: Ground, text: IptText, chain: IptChain, now: number): Judged {
  const about = { line: chain.policy?.line ?? { origin: { file: '', line: 1 }, text: '' }, table: chain.table, chain: chain.name }
  return { ...about, ...tried(ground, text, chain, waysOf([chain.name]), chain.family, NOTHING, now) }
}

type Verdict = Omit<Judged, 'line' | 'table' | 'chain'>

function judgeRule(ground: Ground, text: IptText, rule: IptRule, now: number): Judged {
  return { line: rule.line, table: rule.table, chain: rule.chain, ...(withoutPackets(ground, rule) ?? tried(ground, text, rule, waysOf(rule.hooks), rule.family, rule.constants, now)) }
}

/** What can be said of a rule by its words alone. */
function withoutPackets(ground: Ground, rule: IptRule): Verdict | undefined {
  const { target, states } = rule
  const [fault] = rule.faults
  if (fault !== undefined) return { status: 'fault', why: rule.faults.map(({ message }) => message).join('; '), hint: rule.faults.map(({ hint }) => hint).join('; ') }
  if (target === undefined) return { status: 'no-verdict', why: 'it counts, and decides nothing' }
  if (target.kind === 'passes') return { status: 'no-verdict', why: `${target.name} decides nothing about the packet` }
  if (target.kind === 'jump' || target.kind === 'goto') return { status: 'no-verdict', why: `it leads to \`${target.chain}\`, whose rules are judged by themselves` }
  if (target.kind === 'return') return { status: 'no-verdict', why: 'it leads back to where its chain was called' }
  if (rule.hooks.length === 0) return { status: 'never', why: `no chain of the kernel's leads to \`${rule.chain}\`` }
  if (target.kind === 'translate') return translation(ground.compiled, rule, target)
  if (rule.loopback) return target.kind === 'accept' ? { status: 'implied', why: 'loopback is open in any case' } : { status: 'not-implied', why: 'loopback is open in any case, and this closes it' }
  if (states !== undefined && !states.includes('NEW')) return ofState(rule, states)
  if (rule.notFirst) return target.kind === 'accept' ? { status: 'not-implied', why: 'TCP that begins no flow, and belongs to none, is refused' } : { status: 'implied', why: 'TCP that begins no flow, and belongs to none, is refused in any case' }
  const { policy } = ground.compiled
  const known = new Set([...ground.greens.map(({ card }) => card), ...ground.reds])
  const strange = rule.constants.cards.find((card) => !known.has(card) && !(card.endsWith('+') && [...known].some((each) => each.startsWith(card.slice(0, -1)))))
  if (strange !== undefined) return { status: 'unjudged', why: `\`${strange}\` is neither green nor red in the policy`, hint: policy.gateway.red.length === 0 ? 'give `gateway.red` its interface' : 'what comes in through another interface is closed, unless it is given as green' }
  return undefined
}

function ofState({ target }: IptRule, states: readonly string[]): Verdict {
  const what = states.join(',')
  if (target?.kind === 'accept') return states.includes('INVALID') ? { status: 'not-implied', why: 'packets that belong to no flow are dropped' } : { status: 'implied', why: STATE }
  if (states.every((state) => state === 'INVALID' || state === 'UNTRACKED')) return { status: 'implied', why: 'packets that belong to no flow are dropped in any case' }
  return { status: 'unjudged', why: `it stops packets of the state ${what}, and ${STATE}`, hint: 'a policy judges a flow as it begins, and again when the rules change: deny what begins it' }
}

interface Tally {
  agreed: number
  parted: number
  open: number
  /** packets that fit the rule, whoever decided them */
  seen: number
  /** lines that decided in its place */
  readonly others: Set<number>
  unsure: string | undefined
  otherwise: string
  example: Judged['example'] | undefined
}

function tried(ground: Ground, text: IptText, by: IptRule | IptChain, ways: readonly Probe['way'][], family: 4 | 6, constants: Constants, now: number): Verdict {
  const isRule = 'tests' in by
  if (isRule && by.target?.kind === 'unknown') return { status: 'unjudged', why: `a program decides (${by.target.name})` }
  if (!ground.greens.some(({ own }) => own.some((ip) => ip.family === family))) return { status: 'unjudged', why: `the policy has no green address of IPv${family}: none of it passes`, hint: 'give `gateway.green` an address of that family' }
  // those that nobody forges first: what comes with a forged source is dropped whatever the rules say, and would hide what they say
  let never: Verdict | undefined
  for (const forged of [false, true]) {
    const { probes, all } = probesFor(ground, ways, family, constants, forged, Math.max(LEAST, Math.min(MOST, Math.floor(ALL / (text.rules.length + 1)))))
    const tally: Tally = { agreed: 0, parted: 0, open: 0, seen: 0, others: new Set(), unsure: undefined, otherwise: '', example: undefined }
    for (const probe of probes) if (!isRule || fitOf(by, probe) !== 'no') count(ground, text, by, probe, now, tally)
    const verdict = verdictOf(tally, isRule ? 'the rule' : 'the chain', all > probes.length ? `, of some ${all} that there are` : '')
    if (verdict !== undefined && verdict.status !== 'never') return verdict
    never ??= verdict
  }
  if (never !== undefined) return never
  return isRule ? { status: 'unjudged', why: 'no packet could be made that fits it: it speaks of addresses that are of no side of the policy' } : { status: 'never', why: 'the rules decide every packet' }
}

function count(ground: Ground, text: IptText, by: IptRule | IptChain, probe: Probe, now: number, tally: Tally): void {
  tally.seen++
  const outcomes = simulate(text, probe)
  const mine = outcomes.find((each) => each.by === by)
  if (mine === undefined) {
    for (const { by: other } of outcomes) if (other !== undefined && 'line' in other) tally.others.add(other.line.origin.line)
    return
  }
  const ours = decided(ground, probe, now)
  const allows = mine.verdict === 'accept'
  if (allows === (ours.action === 'accept')) {
    tally.agreed++
    if (!allows && ours.action !== mine.verdict) tally.otherwise = `, though the policy ${done(ours.action)} and the rule ${done(mine.verdict)}`
  } else if (outcomes.some((each) => each !== mine && (each.verdict === 'accept') !== allows)) {
    tally.open++
    tally.unsure ??= unsureAt(text, probe)
  } else {
    tally.parted++
    tally.example ??= { packet: probeText(probe), rule: mine.verdict, policy: ours.action, by: ours.by, ...(ours.place === undefined ? {} : { place: ours.place }) }
  }
}

/** What comes in through red begins nothing; the rest is asked. */
function decided(ground: Ground, probe: Probe, now: number): { readonly action: 'accept' | 'drop' | 'reject'; readonly by: string; readonly place?: string } {
  if (probe.inCard !== undefined && ground.reds.includes(probe.inCard)) return { action: 'drop', by: 'default' }
  const { action, cause } = decidePacket(ground.compiled, {
    from: probe.way === 'out' ? 'gateway' : { address: probe.from, mac: probe.mac }, to: probe.to, protocol: probe.protocol, port: probe.port, now, ...(probe.sourcePort === undefined ? {} : { sourcePort: probe.sourcePort }),
  })
  return { action, by: cause.by, ...(cause.place === undefined ? {} : { place: `${cause.place.file}:${cause.place.line}` }) }
}

const MOST_NAMED = 4

function deciders(lines: readonly number[]): string {
  const named = [...lines].sort((a, b) => a - b).slice(0, MOST_NAMED)
  if (named.length === 0) return 'a chain\'s policy decides'
  return named.length === 1 ? `line ${named[0] ?? ''} decides` : `lines ${named.join(', ')}${lines.length > MOST_NAMED ? ' and more' : ''} decide`
}

function packets(number: number): string {
  return `${number} ${number === 1 ? 'packet' : 'packets'}`
}

/** undefined: there was no packet to try. */
function verdictOf({ agreed, parted, open, seen, others, unsure, otherwise, example }: Tally, what: string, sampled: string): Verdict | undefined {
  const total = parted + agreed + open
  if (example !== undefined) return { status: 'not-implied', why: `${example.packet}: ${what} ${done(example.rule)} it, the policy ${done(example.policy)} it by \`${example.by}\`${total > 1 ? `; they part on ${parted} of ${packets(total)}${sampled}` : ''}`, example }
  if (open > 0) return { status: 'unjudged', why: `it, or a rule before it, asks for ${unsure ?? 'what a packet does not say'}: the first packet alone does not tell${agreed > 0 ? `; on ${packets(agreed)} the policy agrees whichever it is, on ${open} it does not` : ''}`, hint: 'a policy has no such condition: say whether the rule holds without it' }
  if (agreed > 0) return { status: 'implied', why: `the policy says the same of all ${packets(agreed)} tried${sampled}${otherwise}` }
  if (seen > 0) return { status: 'never', why: `${deciders([...others])} every packet of it that was tried` }
  return undefined
}

function done(verdict: string): string {
  return verdict === 'drop' ? 'drops' : `${verdict}s`
}

function probeText(probe: Probe): string {
  const { way, from, to, protocol, port, mac, inCard } = probe
  const what = packetText({ from: 'gateway', to, protocol, port, now: 0 })
  const who = way === 'out' ? 'the gateway' : `${from.text}${mac === undefined ? '' : ` (${mac})`}`
  return `${what} from ${who}${inCard === undefined ? '' : ` on ${inCard}`}`
}
