// All web rules together: which may speak of a request at all (bits), and every expression of every rule in one set. Danger prevented:
// costs that grow with the length of the policy where an index can serve.
import { compileExpressions } from '../lists/expressions.ts'
import type { ExpressionSet } from '../lists/expressions.ts'
import type { OpenList } from '../lists/list.ts'
import { networkSet } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import type { HostPattern } from '../net/pattern.ts'
import type { Policy, WebRule } from '../policy/policy.ts'
import type { Calendar } from './activity.ts'
import { FromIndex } from './from-index.ts'
import { HostIndex, Hits, ruleBits, setBit } from './host-index.ts'
import type { RuleBits } from './host-index.ts'
import type { KnownAddresses } from './known.ts'
import { HourIndex, MethodIndex, PortIndex } from './request-index.ts'
import { Standings } from './standing.ts'
import { readyWebRule } from './web-rule.ts'
import type { ReadyWebRule, Span } from './web-rule.ts'

export interface WebIndex {
  readonly rules: readonly ReadyWebRule[]
  /** rules that every name must be asked of: those that `hosts` does not find */
  readonly unhosted: RuleBits
  /** rules that a numeric target must be asked of */
  readonly numeric: RuleBits
  readonly hosts: HostIndex
  /** rules with a `uri`: none of them is asked once it is known that no expression is found */
  readonly withUri: RuleBits
  /** the same for the user agent */
  readonly withAgent: RuleBits
  readonly froms: FromIndex
  readonly methods: MethodIndex
  readonly ports: PortIndex
  readonly hours: HourIndex
  /** rules that speak of narrow networks: where `hosts` does not find them, asked only of an address in `networks`, which holds all of theirs */
  readonly dormant: RuleBits
  readonly networks: NetworkSet
  /** one of the dormant rules allows */
  readonly dormantAllows: boolean
  readonly uris: ExpressionSet
  readonly userAgents: ExpressionSet
  readonly lists: readonly OpenList[]
  readonly standings: Standings
  /** where one request's answers are kept while it is judged: judgement never waits */
  readonly scratch: { readonly hits: Hits; readonly lists: Uint8Array }
}

export function webIndex(policy: Policy, lists: ReadonlyMap<string, OpenList>, known: KnownAddresses, calendar: Calendar): WebIndex {
  const count = policy.web.rules.length
  const hosted: { readonly patterns: readonly HostPattern[]; readonly rule: number }[] = []
  const unhosted = ruleBits(count)
  const numeric = ruleBits(count)
  const uris: string[] = []
  const userAgents: string[] = []
  const withUri = ruleBits(count)
  const withAgent = ruleBits(count)
  const dormant = ruleBits(count)
  const used = new Map<string, OpenList>()
  const standings = new Standings()
  const rules = policy.web.rules.map((rule, index): ReadyWebRule => {
    const toHosts = rule.to !== undefined && !rule.to.any ? rule.to : undefined
    const toHostsOnly = toHosts !== undefined && !toHosts.green && !toHosts.internet && !toHosts.gateway && toHosts.ranges.length === 0
    if (rule.host !== undefined) hosted.push({ patterns: rule.host.patterns, rule: index })
    else if (toHosts !== undefined && toHosts.hosts.length > 0) hosted.push({ patterns: toHosts.hosts, rule: index })
    const asleep = sleeps(rule)
    if (asleep) setBit(dormant, index)
    else if (rule.host === undefined && !toHostsOnly) setBit(unhosted, index)
    if (!asleep && (rule.host === undefined || rule.host.numeric) && !toHostsOnly) setBit(numeric, index)
    if (rule.uri !== undefined) setBit(withUri, index)
    if (rule.userAgents !== undefined) setBit(withAgent, index)
    const parts = { uri: append(uris, rule.uri), userAgents: append(userAgents, rule.userAgents), lists: rule.lists?.map((name) => listIndex(used, lists, name)) }
    return readyWebRule(rule, index, parts, policy, known, calendar)
  })
  const asleep = rules.filter(({ rule }) => sleeps(rule))
  return {
    rules, unhosted, numeric, withUri, withAgent, dormant,
    hosts: new HostIndex(hosted),
    froms: new FromIndex(rules),
    methods: new MethodIndex(rules),
    ports: new PortIndex(rules),
    hours: new HourIndex(rules, calendar, () => standings.clear()),
    networks: networkSet(asleep.flatMap((ready) => ready.toAddresses?.ranges ?? [])),
    dormantAllows: asleep.some((ready) => !ready.denies),
    uris: compileExpressions(uris),
    userAgents: compileExpressions(userAgents),
    lists: [...used.values()],
    standings,
    scratch: { hits: new Hits(count), lists: new Uint8Array(used.size) },
  }
}

/** It needs a name that `hosts` finds, or an address in one of its networks. */
function sleeps({ host, to, contentTypes }: WebRule): boolean {
  if (host !== undefined || contentTypes !== undefined || to === undefined || to.any || to.green || to.internet || to.gateway) return false
  return to.ranges.length > 0 || to.hosts.length === 0
}

function append(all: string[], sources: readonly string[] | undefined): Span | undefined {
  if (sources === undefined) return undefined
  const first = all.length
  all.push(...sources)
  return { first, end: all.length }
}

function listIndex(used: Map<string, OpenList>, lists: ReadonlyMap<string, OpenList>, name: string): number {
  const known = [...used.keys()].indexOf(name)
  if (known >= 0) return known
  const list = lists.get(name)
  if (list === undefined) throw new Error(`the list \`${name}\` was not loaded`)
  used.set(name, list)
  return used.size - 1
}
