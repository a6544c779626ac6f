// Web rules as sets of requests, for the proof of shadows: who, methods and ports as sets; every other condition by what implies it.
// Danger prevented: a false alarm. What cannot be proven to be implied is taken as not implied.
import { networkSet, subtract } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import type { HostPattern } from '../net/pattern.ts'
import { hostMatcher } from '../net/pattern.ts'
import type { AddressSet, WebRule } from '../policy/policy.ts'
import { EVERY_WORD, apart, numbers, words } from './box.ts'
import type { Box, Side } from './box.ts'
import { ANYBODY } from './client-set.ts'
import type { CompiledPolicy } from './compile.ts'
import { clientSides } from './shadow-packets.ts'
import type { Area } from './shadow.ts'
import type { ReadyWebRule } from './web-rule.ts'

export function webArea(ready: ReadyWebRule): Area<WebRule> {
  const { rule } = ready
  const methods: Side = rule.methods === undefined ? EVERY_WORD : words(...rule.methods)
  const ports = numbers(rule.ports ?? [{ first: 0, last: 65535 }], networkSet)
  const boxes: readonly Box[] = clientSides(ready.clients ?? ANYBODY).map(([addresses, macs]) => [addresses, macs, methods, ports])
  return { rule, most: boxes, least: boxes }
}

/** Of the conditions that are no sets: does whatever satisfies `later` satisfy `earlier` too? */
export function impliesWeb(compiled: CompiledPolicy): (earlier: WebRule, later: WebRule) => boolean {
  const addresses = new Map(compiled.web.rules.map((ready) => [ready.rule, ready.toAddresses]))
  return (earlier, later) =>
    among(earlier.uri, later.uri) && among(earlier.userAgents, later.userAgents) && among(earlier.lists, later.lists) &&
    typesImplied(earlier, later) && resolvesImplied(earlier, later) && hostImplied(earlier, later) && toImplied(compiled, addresses, earlier, later)
}

function among(earlier: readonly string[] | undefined, later: readonly string[] | undefined): boolean {
  return earlier === undefined || (later !== undefined && later.every((each) => earlier.includes(each)))
}

/** An allow looks at the request's type alone, a denial at the response's as well. */
function typesImplied(earlier: WebRule, later: WebRule): boolean {
  const types = earlier.contentTypes
  if (types === undefined) return true
  if (later.contentTypes === undefined || (later.action === 'deny' && earlier.action === 'allow')) return false
  return later.contentTypes.every((type) => types.includes(type) || types.includes(`${type.split('/')[0] ?? ''}/*`))
}

function resolvesImplied(earlier: WebRule, later: WebRule): boolean {
  if (earlier.resolvesTo === undefined) return true
  return later.resolvesTo !== undefined && subtract(networkSet(later.resolvesTo), networkSet(earlier.resolvesTo)).empty
}

function bare(set: AddressSet): boolean {
  return !set.any && !set.green && !set.internet && !set.gateway && set.ranges.length === 0
}

function hostImplied(earlier: WebRule, later: WebRule): boolean {
  const { host } = earlier
  if (host === undefined) return true
  if (later.host !== undefined && (!later.host.numeric || host.numeric) && later.host.patterns.every((pattern) => patternWithin(pattern, host.patterns))) return true
  return later.to !== undefined && bare(later.to) && later.to.hosts.every((pattern) => patternWithin(pattern, host.patterns))
}

function toImplied(compiled: CompiledPolicy, addresses: ReadonlyMap<WebRule, NetworkSet | undefined>, earlier: WebRule, later: WebRule): boolean {
  const { to } = earlier
  if (to === undefined || to.any) return true
  if (later.host !== undefined && !later.host.numeric && later.host.patterns.every((pattern) => patternWithin(pattern, to.hosts))) return true
  if (later.to === undefined || later.to.any || !later.to.hosts.every((pattern) => patternWithin(pattern, to.hosts))) return false
  if (bare(later.to)) return true
  // a denial holds for an address inside another one as well, an allow does not; it matters where such addresses are opened at all
  if (earlier.action === 'allow' && later.action === 'deny' && opensIpv6(compiled)) return false
  const [mine, others] = [addresses.get(later), addresses.get(earlier)]
  return mine !== undefined && others !== undefined && !apart(mine, others) && subtract(mine, others).empty
}

function opensIpv6(compiled: CompiledPolicy): boolean {
  return compiled.policy.web.rules.some((rule) => rule.resolvesTo?.some((range) => range.family === 6) === true)
}

/** Every host of the pattern is a host of one of the others. */
function patternWithin(pattern: HostPattern, others: readonly HostPattern[]): boolean {
  if (others.some((other) => other.text === pattern.text)) return true
  if (pattern.kind === 'glob') return globWithin(pattern.glob, others)
  if (pattern.kind === 'exact') return hostMatcher(others).has(pattern.name)
  const below = others.some((other) => other.kind !== 'glob' && other.kind !== 'exact' && (pattern.name === other.name || pattern.name.endsWith(`.${other.name}`)))
  return below && (pattern.kind === 'below' || hostMatcher(others).has(pattern.name))
}

/** A glob lies below the plain labels that it ends in. */
function globWithin(glob: string, others: readonly HostPattern[]): boolean {
  const labels = glob.split('.')
  const plain = labels.slice(labels.findLastIndex((label) => !/^[a-z0-9_-]+$/.test(label)) + 1).join('.')
  if (plain === '' || glob.includes(',')) return false
  return others.some((other) => (other.kind === 'below' || other.kind === 'both') && (plain === other.name || plain.endsWith(`.${other.name}`)))
}
