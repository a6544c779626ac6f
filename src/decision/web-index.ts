// All web rules together: which may speak of a request at all (bits), and every expression of every rule in one set. Danger prevented:
// costs that grow with the length of the policy where an index can serve.
import { compileExpressions } from '../lists/expressions.ts'
import type { ExpressionSet } from '../lists/expressions.ts'
import type { OpenList } from '../lists/list.ts'
import { networkSet } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import type { Policy } from '../policy/policy.ts'
import type { Calendar } from './activity.ts'
import { HostIndex, ruleBits, setBit } from './host-index.ts'
import type { RuleBits } from './host-index.ts'
import type { KnownAddresses } from './known.ts'
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
  /** rules that speak of narrow networks and of no name: asked only of an address in `networks`, which holds all of theirs */
  readonly dormant: RuleBits
  readonly networks: NetworkSet
  /** one of the dormant rules allows */
  readonly dormantAllows: boolean
  readonly uris: ExpressionSet
  readonly userAgents: ExpressionSet
  readonly lists: readonly OpenList[]
  /** where one request's answers are kept while it is judged: judgement never waits */
  readonly scratch: { readonly marks: RuleBits; readonly lists: Uint8Array }
}

export function webIndex(policy: Policy, lists: ReadonlyMap<string, OpenList>, known: KnownAddresses, calendar: Calendar): WebIndex {
  const count = policy.web.rules.length
  const hosts = new HostIndex()
  const unhosted = ruleBits(count)
  const numeric = ruleBits(count)
  const uris: string[] = []
  const userAgents: string[] = []
  const withUri = ruleBits(count)
  const dormant = ruleBits(count)
  const used = new Map<string, OpenList>()
  const rules = policy.web.rules.map((rule, index): ReadyWebRule => {
    const toHosts = rule.to !== undefined && !rule.to.any ? rule.to : undefined
    const toHostsOnly = toHosts !== undefined && !toHosts.green && !toHosts.internet && !toHosts.gateway && toHosts.ranges.length === 0
    if (rule.host !== undefined) hosts.add(rule.host.patterns, index)
    else if (toHostsOnly) hosts.add(toHosts.hosts, index)
    else setBit(unhosted, index)
    if ((rule.host === undefined || rule.host.numeric) && !toHostsOnly) setBit(numeric, index)
    if (rule.uri !== undefined) setBit(withUri, index)
    const parts = { uri: append(uris, rule.uri), userAgents: append(userAgents, rule.userAgents), lists: rule.lists?.map((name) => listIndex(used, lists, name)) }
    return readyWebRule(rule, index, parts, policy, known, calendar)
  })
  const asleep = rules.filter((ready) => ready.toAddresses !== undefined && !ready.wide && ready.hosts === undefined && ready.toHosts?.empty === true && ready.rule.contentTypes === undefined)
  for (const ready of asleep) setBit(dormant, ready.index)
  return {
    rules, unhosted, numeric, hosts, withUri, dormant,
    networks: networkSet(asleep.flatMap((ready) => ready.toAddresses?.ranges ?? [])),
    dormantAllows: asleep.some((ready) => !ready.denies),
    uris: compileExpressions(uris),
    userAgents: compileExpressions(userAgents),
    lists: [...used.values()],
    scratch: { marks: ruleBits(count), lists: new Uint8Array(used.size) },
  }
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
