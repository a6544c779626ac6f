// A web rule made ready to be asked: its conditions as sets and indices, its cause and tunnels settled. Danger prevented: work for
// each request that could have been done once, and a condition that is read in two places in two ways.
import { ipFromValue } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { EVERYTHING, intersect, networkSet } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import { hostMatcher } from '../net/pattern.ts'
import type { HostMatcher } from '../net/pattern.ts'
import type { Policy, Tunnels, WebRule } from '../policy/policy.ts'
import type { Calendar, Timing } from './activity.ts'
import { ruleCause, ruleObserved } from './cause.ts'
import type { Refused } from './cause.ts'
import type { ClientSet } from './client-set.ts'
import type { Observed, RuleLimit } from './facts.ts'
import { targetSet } from './known.ts'
import type { KnownAddresses } from './known.ts'

/** A rule whose conditions on what is known hold, with what is still open of it. */
export interface Live {
  readonly ready: ReadyWebRule
  /** its `to` speaks of addresses and none is known yet */
  readonly needsAddress: boolean
  /** its `content-type` may still match the response's */
  readonly needsResponse: boolean
  /** a CONNECT whose inside is parsed: the rule speaks of what the request inside will say */
  readonly maybe: boolean
  /** open on nothing: it decides every request that comes this far */
  readonly settled: boolean
}

export interface Span {
  readonly first: number
  readonly end: number
}

export interface ReadyWebRule {
  readonly index: number
  readonly rule: WebRule
  readonly timing: Timing
  readonly clients: ClientSet | undefined
  readonly numeric: boolean
  readonly hosts: HostMatcher | undefined
  /** `to`: host patterns and addresses; both undefined where the rule has no `to` or `any` */
  readonly toHosts: HostMatcher | undefined
  readonly toAddresses: NetworkSet | undefined
  /** `to` holds green, internet or gateway, so it may cover most of the public addresses */
  readonly wide: boolean
  /** indices into the expressions of all rules */
  readonly uri: Span | undefined
  readonly userAgents: Span | undefined
  /** indices into the compiled policy's lists */
  readonly lists: readonly number[] | undefined
  readonly resolvesTo: NetworkSet | undefined
  /** an address that both its `to` and its `resolves-to` hold; undefined where it has neither */
  readonly example: Ip | undefined
  readonly tunnels: Tunnels
  readonly limit: RuleLimit | undefined
  readonly denies: boolean
  readonly log: boolean
  readonly observed: Observed | undefined
  readonly refused: Refused
  /** of `liveOf`: kept, so that no request makes its own */
  readonly live: (Live | undefined)[]
}

export interface WebRuleParts {
  /** one for all rules of the same `from`; undefined: anybody */
  readonly clients: ClientSet | undefined
  readonly uri: Span | undefined
  readonly userAgents: Span | undefined
  readonly lists: readonly number[] | undefined
}

export function readyWebRule(rule: WebRule, index: number, parts: WebRuleParts, policy: Policy, known: KnownAddresses, calendar: Calendar): ReadyWebRule {
  const cause = ruleCause(rule)
  const to = rule.to === undefined || rule.to.any ? undefined : rule.to
  const toAddresses = to === undefined ? undefined : targetSet(to, known)
  const resolvesTo = rule.resolvesTo === undefined ? undefined : networkSet(rule.resolvesTo)
  const ready: ReadyWebRule = {
    index,
    rule,
    timing: calendar.timing(rule),
    clients: parts.clients,
    numeric: rule.host?.numeric ?? false,
    hosts: rule.host === undefined ? undefined : hostMatcher(rule.host.patterns),
    toHosts: to === undefined ? undefined : hostMatcher(to.hosts),
    toAddresses,
    wide: to !== undefined && (to.green || to.internet || to.gateway),
    uri: parts.uri,
    userAgents: parts.userAgents,
    lists: parts.lists,
    resolvesTo,
    example: exampleOf(toAddresses, resolvesTo),
    tunnels: { ...policy.web.tunnels, ...rule.tunnels },
    limit: rule.limit === undefined ? undefined : { ...rule.limit, rule: rule.id },
    denies: rule.action === 'deny',
    log: rule.log ?? true,
    observed: rule.mode === 'observe' ? ruleObserved(rule, cause) : undefined,
    refused: { cause, firm: false },
    live: [],
  }
  return ready
}

/** `variant`: needsAddress + 2 * needsResponse + 4 * maybe. Made when a request first wants it: most never do. */
export function liveOf(ready: ReadyWebRule, variant: number): Live {
  const known = ready.live[variant]
  if (known !== undefined) return known
  const made: Live = {
    ready,
    needsAddress: (variant & 1) !== 0,
    needsResponse: (variant & 2) !== 0,
    maybe: (variant & 4) !== 0,
    settled: variant === 0 && ready.resolvesTo === undefined && ready.observed === undefined,
  }
  ready.live[variant] = made
  return made
}

function exampleOf(to: NetworkSet | undefined, resolvesTo: NetworkSet | undefined): Ip | undefined {
  if (to === undefined && resolvesTo === undefined) return undefined
  const range = intersect(to ?? EVERYTHING, resolvesTo ?? EVERYTHING).ranges[0]
  return range === undefined ? undefined : ipFromValue(range.family, range.first)
}
