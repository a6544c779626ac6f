// The policy's packet rules as lines, in file order: what holds now, on the hooks that the caller's terms speak of. Danger prevented:
// a rule that yields nothing and that nobody is told of, or an observed rule that decides.
import type { AddressSet, PacketRule, Policy } from '../policy/policy.ts'
import { chain, denialOf } from './endings.ts'
import { RULE_LOG, logChain } from './logs.ts'
import type { Way } from './logs.ts'
import { safeId } from './rule-id.ts'
import { goTo, jump, line } from './ruleset.ts'
import type { Chain, Line, Note, Tests, Verdict } from './ruleset.ts'
import type { Term } from './services.ts'
import { serviceTerms } from './services.ts'
import { vetted } from './shaping.ts'
import { placement, standingOf } from './standing.ts'
import { lines, lostFamilies, product } from './terms.ts'

/** What a rule's two ends mean on one hook. */
export interface Side {
  /** what the log calls it */
  readonly way: Way
  readonly from: (set: AddressSet) => readonly Term[]
  readonly to: (set: AddressSet) => readonly Term[]
}

export interface Lowered {
  readonly lines: readonly Line[]
  readonly chains: readonly Chain[]
  /** somebody is meant on this side at either end */
  readonly meant: boolean
  /** families of addresses that the rule names on this side and that meet nothing */
  readonly lost: readonly { readonly end: 'from' | 'to'; readonly family: 4 | 6 }[]
}

export function ruleChainName(rule: PacketRule, way: Way): string {
  return way === 'GREEN' ? `RULE${rule.index}` : `RULE${rule.index}_${way}`
}

/** Rules that speak of direct packets, in file order. */
export function standingRules(policy: Policy, now: number): readonly PacketRule[] {
  return policy.rules.filter((rule) => rule.via !== 'proxy' && standingOf(rule, now) === 'active')
}

/** Those that a text of now has, with the time that each holds for; in file order. */
export function placedRules(policy: Policy, now: number): readonly (readonly [PacketRule, Tests])[] {
  return policy.rules.flatMap((rule) => {
    const placed = rule.via === 'proxy' ? undefined : placement(rule, now)
    return placed === undefined ? [] : [[rule, placed] as const]
  })
}

export function inactiveRules(policy: Policy, now: number): readonly string[] {
  return policy.rules.flatMap((rule) => {
    const standing = standingOf(rule, now)
    return standing === 'active' || placement(rule, now) !== undefined ? [] : [`${safeId(rule.id)}: ${standing}`]
  })
}

function verdictOf(policy: Policy, rule: PacketRule, way: Way): Verdict {
  return rule.action === 'allow' ? vetted(policy, rule) : denialOf(policy, way, rule.action, rule.rejectWith)
}

/** What a rule's own log line says: what happened, or what would have. */
function logPrefix(policy: Policy, rule: PacketRule, way: Way): string {
  const word = rule.action === 'deny' ? policy.gateway.default.action : rule.action
  const told = word === 'allow' ? 'ACCEPT' : word.toUpperCase()
  const would = rule.mode === 'observe' || (policy.mode === 'observe' && word !== 'allow')
  return `${way} ${would ? 'WOULD ' : ''}${told} ${safeId(rule.id)} `
}

/** The chain of a rule that logs: its name in the log, then its verdict; an observed one comes back and the next rule is tried. */
export function ruleChains(policy: Policy, rule: PacketRule, way: Way): readonly Chain[] {
  const observed = rule.mode === 'observe'
  if (!observed && rule.log !== true) return []
  const name = ruleChainName(rule, way)
  return [
    chain(name, [
      ...(observed && rule.log === false ? [] : [line({ limit: RULE_LOG }, jump(`${name}_LOG`))]),
      ...(observed ? [] : [line({}, verdictOf(policy, rule, way))]),
    ]),
    logChain(`${name}_LOG`, logPrefix(policy, rule, way)),
  ]
}

export function lowerRule(policy: Policy, rule: PacketRule, side: Side, proxyPort: number, when: Tests = {}): Lowered {
  const from = side.from(rule.from)
  const to = side.to(rule.to)
  const services = serviceTerms(rule.services, proxyPort)
  const chains = ruleChains(policy, rule, side.way)
  const name = ruleChainName(rule, side.way)
  const own = rule.mode === 'observe' ? jump(name) : goTo(name)
  const made = lines(product([from, to, services]), chains.length > 0 ? own : verdictOf(policy, rule, side.way), `rule:${safeId(rule.id)}`)
    .map((each) => ({ ...each, tests: { ...each.tests, ...when } }))
  return {
    lines: made,
    chains: made.length > 0 ? chains : [],
    meant: from.length > 0 && to.length > 0,
    lost: [
      ...lostFamilies(from, [to, services]).map((family) => ({ end: 'from' as const, family })),
      ...lostFamilies(to, [from, services]).map((family) => ({ end: 'to' as const, family })),
    ],
  }
}

export interface LoweredRules {
  readonly chains: readonly Chain[]
  readonly notes: readonly Note[]
  /** by side, in the order given */
  readonly sides: readonly (readonly Line[])[]
}

/** Every standing rule on every side; a rule that comes to nothing anywhere is told, and so is half of one. */
export function lowerRules(policy: Policy, now: number, proxyPort: number, sides: readonly Side[], single = false): LoweredRules {
  const out: Line[][] = sides.map(() => [])
  const chains: Chain[] = []
  const notes: Note[] = []
  for (const [rule, when] of placedRules(policy, now)) {
    const lowered = sides.map((side) => lowerRule(policy, rule, side, proxyPort, when))
    lowered.forEach((each, index) => out[index]?.push(...each.lines))
    for (const each of lowered) chains.push(...each.chains)
    if (lowered.every((each) => each.lines.length === 0)) {
      // on a single machine, rules of other hosts are no concern
      if (!single || lowered.some((each) => each.meant)) notes.push({ code: 'firewall-nothing', place: rule.place, ...nothing(rule) })
      continue
    }
    for (const end of ['from', 'to'] as const) {
      for (const family of [4, 6] as const) {
        // lost where it was looked for and nowhere found
        const told = lowered.filter((each) => each.lost.some((lost) => lost.end === end && lost.family === family))
        if (told.length === 0 || lowered.some((each) => each.lines.some((made) => made.families.includes(family)))) continue
        notes.push({
          code: 'firewall-family',
          place: rule.place,
          message: `rule \`${rule.id}\` emits nothing for the IPv${family} addresses of its \`${end}\`: the other end has none`,
        })
      }
    }
  }
  return { chains, notes, sides: out }
}

function nothing(rule: PacketRule): { readonly message: string; readonly hint?: string } {
  const { from } = rule
  if (from.internet && !from.any && !from.green && !from.gateway && from.ranges.length === 0 && from.macs.length === 0 && from.pins.length === 0) {
    return { message: `rule \`${rule.id}\` emits nothing: what comes in through red is closed`, hint: 'on a single machine, `--mode client` opens what `to: gateway` serves' }
  }
  return { message: `rule \`${rule.id}\` emits nothing: no packet meets \`from\`, \`to\` and \`services\` together`, hint: 'are both ends of one family, and is it one that green has?' }
}
