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
import { clientSetOf } from './client-set.ts'
import type { ClientSet } from './client-set.ts'
import { fromIndex } from './from-index.ts'
import type { FromIndex } from './from-index.ts'
import { Hits, hostIndex, ruleBits, setBit } from './host-index.ts'
import type { HostIndex, RuleBits } from './host-index.ts'
import type { KnownAddresses } from './known.ts'
import { TypeWords } from './media.ts'
import { HourIndex, MethodIndex, PortIndex } from './request-index.ts'
import { Standings } from './standing.ts'
import { eachOf } from './steps.ts'
import type { Steps } from './steps.ts'
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
  /** the same for the user agent and for lists */
  readonly withAgent: RuleBits
  readonly withList: RuleBits
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
  readonly types: TypeWords
  /** where one request's answers are kept while it is judged: judgement never waits */
  readonly scratch: { readonly hits: Hits; readonly lists: Uint8Array }
}

export function* webIndex(policy: Policy, lists: ReadonlyMap<string, OpenList>, known: KnownAddresses, calendar: Calendar): Steps<WebIndex> {
  const count = policy.web.rules.length
  const hosted: { readonly patterns: readonly HostPattern[]; readonly rule: number }[] = []
  const unhosted = ruleBits(count)
  const numeric = ruleBits(count)
  const uris: string[] = []
  const userAgents: string[] = []
  const withUri = ruleBits(count)
  const withAgent = ruleBits(count)
  const withList = ruleBits(count)
  const dormant = ruleBits(count)
  const used = new Map<string, OpenList>()
  const sets = new Map<string, ClientSet>()
  const standings = new Standings()
  const rules = yield* eachOf(policy.web.rules, (rule, index): ReadyWebRule => {
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
    if (rule.lists !== undefined) setBit(withList, index)
    const clients = rule.from === undefined || rule.from.any ? undefined : clientSetOf(sets, rule.from, known)
    const parts = { clients, uri: append(uris, rule.uri), userAgents: append(userAgents, rule.userAgents), lists: rule.lists?.map((name) => listIndex(used, lists, name)) }
    return readyWebRule(rule, index, parts, policy, known, calendar)
  })
  const asleep = rules.filter(({ rule }) => sleeps(rule))
  const networks = networkSet(asleep.flatMap((ready) => ready.toAddresses?.ranges ?? []))
  yield
  const hosts = yield* hostIndex(hosted)
  const froms = yield* fromIndex(rules)
  const methods = new MethodIndex(rules)
  yield
  const ports = new PortIndex(rules)
  yield
  const hours = new HourIndex(rules, calendar, () => standings.clear())
  yield
  const uriExpressions = compileExpressions(uris)
  yield
  return {
    rules, unhosted, numeric, withUri, withAgent, withList, dormant, networks, hosts, froms, methods, ports, hours, standings,
    dormantAllows: asleep.some((ready) => !ready.denies),
    uris: uriExpressions,
    userAgents: compileExpressions(userAgents),
    lists: [...used.values()],
    types: new TypeWords(policy.web.rules),
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
