// The transparent proxy's part of the rules: web packets of clients who may use the proxy, caught where no rule of the policy decides the direct
// packet, and delivered to the socket that listens for them (TPROXY: the address that the client asked stays). Dangers prevented: a packet
// that is both caught and let through; a port that catches and is open to whoever asks it directly.
import type { Range } from '../net/network.ts'
import { networkSet } from '../net/network.ts'
import type { Family } from '../net/ip.ts'
import { ipFromValue } from '../net/ip.ts'
import type { AddressSet, PacketRule, Policy, ServiceSet } from '../policy/policy.ts'
import { CAUGHT_PORTS, transparentPort } from '../policy/transparent.ts'
import { chain, denialOf } from './endings.ts'
import { safeId } from './rule-id.ts'
import { RETURN, goTo, jump, line } from './ruleset.ts'
import type { Chain, Line, Tests } from './ruleset.ts'
import { placedRules, ruleChainName, ruleChains } from './rules.ts'
import type { Side } from './rules.ts'
import { portTerm, serviceTerms } from './services.ts'
import type { Term } from './services.ts'
import { vetted } from './shaping.ts'
import { addressTerms, greenInterfaces, lines, product } from './terms.ts'

const WEB = portTerm('tcp', CAUGHT_PORTS.map((port) => ({ first: port, last: port })))

/** What of the services can be caught. */
function caughtTerms(services: ServiceSet, proxyPort: number): readonly Term[] {
  return serviceTerms(services, proxyPort).flatMap(({ families, tests: { l4 } }): readonly Term[] => {
    if (l4 === undefined) return [{ ...WEB, families }]
    if (l4.protocol !== 'tcp' || l4.sourcePort !== undefined) return []
    if (l4.ports.length === 0) return [{ ...WEB, families }]
    const ports = CAUGHT_PORTS.filter((port) => l4.ports.some(({ first, last }) => first <= port && port <= last))
    return ports.length === 0 ? [] : [{ ...portTerm('tcp', ports.map((port) => ({ first: port, last: port }))), families }]
  })
}

/** Where it goes is the internet already: a rule about that holds for all of it. */
function targets(set: AddressSet, everybody: Term): readonly Term[] {
  return set.any || set.internet ? [everybody] : addressTerms(set.ranges, 'destinations')
}

/** The families in which the rule speaks of the proxy, at every address at which a client of green would ask it. */
function proxyFamilies(policy: Policy, rule: PacketRule, proxyPort: number): readonly Family[] {
  const asksProxy = serviceTerms(rule.services, proxyPort).some(({ tests: { l4 } }) =>
    l4 === undefined || (l4.protocol === 'tcp' && l4.sourcePort === undefined && (l4.ports.length === 0 || l4.ports.some(({ first, last }) => first <= proxyPort && proxyPort <= last))))
  if (!asksProxy) return []
  const named = networkSet([...rule.to.ranges, ...(rule.to.green ? policy.gateway.green.map(({ network }): Range => network) : [])])
  return ([4, 6] as const).filter((family) => {
    const own = policy.gateway.green.filter((green) => green.family === family)
    return own.length > 0 && (rule.to.any || rule.to.gateway || own.every(({ address }) => named.has(ipFromValue(family, address))))
  })
}

interface Reach {
  readonly rule: PacketRule
  readonly when: Tests
  readonly terms: readonly Term[]
}

/** The rules that decide whether a client may use the proxy, in file order. */
function reachRules(policy: Policy, now: number, proxyPort: number, side: Side): readonly Reach[] {
  return placedRules(policy, now).flatMap(([rule, when]): readonly Reach[] => {
    const families = proxyFamilies(policy, rule, proxyPort)
    return families.length === 0 ? [] : [{ rule, when, terms: product([side.from(rule.from), [{ families, tests: {} }], [WEB]]) }]
  })
}

function within(made: readonly Line[], when: Tests): readonly Line[] {
  return made.map((each) => ({ ...each, tests: { ...each.tests, ...when } }))
}

function plain(terms: readonly Term[], verdict: Line['verdict'], when: Tests): readonly Line[] {
  return terms.map(({ families, tests }) => line({ ...tests, ...when }, verdict, undefined, families))
}

/** Before routing: it stands without lines too, so that, loaded over other rules, it ends theirs. */
export function catchChains(policy: Policy, now: number, proxyPort: number, side: Side): readonly Chain[] {
  const { gateway } = policy
  if (gateway.proxy.transparent !== true) return [{ name: 'CATCH', table: 'mangle', hook: 'prerouting', lines: [] }]
  const families = [...new Set(gateway.green.map((green) => green.family))].sort()
  const everybody: Term = { families, tests: {} }
  const decided = placedRules(policy, now).filter(([rule]) => rule.mode === 'enforce').flatMap(([rule, when]) =>
    plain(product([side.from(rule.from), targets(rule.to, everybody), caughtTerms(rule.services, proxyPort)]), RETURN, when))
  const reach = reachRules(policy, now, proxyPort, side).filter(({ rule }) => rule.mode === 'enforce')
    .flatMap(({ rule, when, terms }) => plain(terms, rule.action === 'allow' ? goTo('CATCH_NOW') : RETURN, when))
  const served = product([[everybody], [WEB]])
  return [
    {
      name: 'CATCH', table: 'mangle', hook: 'prerouting', lines: [
        line({ destinationKinds: ['local', 'broadcast', 'multicast'] }, RETURN, undefined, families),
        ...product([[WEB], [everybody]]).map(({ tests }) => line({ ...tests, in: greenInterfaces(gateway), destinationNotSpecial: true }, goTo('CATCH_RULES'), undefined, families)),
      ],
    },
    { name: 'CATCH_RULES', table: 'mangle', lines: [...decided, ...(servesProxy(policy, proxyPort) ? plain(served, goTo('CATCH_NOW'), {}) : reach)] },
    { name: 'CATCH_NOW', table: 'mangle', lines: [line({ l4: { protocol: 'tcp', ports: [] } }, { kind: 'catch', port: transparentPort(proxyPort) }, 'caught')] },
  ]
}

function servesProxy(policy: Policy, proxyPort: number): boolean {
  return serviceTerms(policy.gateway.serve, proxyPort).some(({ tests: { l4 } }) => l4 === undefined || (l4.protocol === 'tcp' && l4.sourcePort === undefined && l4.ports.some(({ first, last }) => first <= proxyPort && proxyPort <= last)))
}

/** The way in of what was caught, in place of GREEN: judged once more, by the rules about the proxy; `blocked`: block files come first. */
export function caughtChains(policy: Policy, now: number, proxyPort: number, side: Side, blocked: boolean): readonly Chain[] {
  if (policy.gateway.proxy.transparent !== true) return []
  const own = reachRules(policy, now, proxyPort, side).flatMap(({ rule, when, terms }) => {
    const chains = ruleChains(policy, rule, side.way)
    const name = ruleChainName(rule, side.way)
    const plainly = rule.action === 'allow' ? vetted(policy, rule) : denialOf(policy, side.way, rule.action, rule.rejectWith)
    const verdict = chains.length === 0 ? plainly : rule.mode === 'observe' ? jump(name) : goTo(name)
    return within(lines(terms, verdict, `rule:${safeId(rule.id)}`), when)
  })
  return [chain('CAUGHT', [
    ...(blocked ? [line({}, jump('BLOCKS'))] : []),
    ...(servesProxy(policy, proxyPort) ? [line({}, goTo('VETTED'), 'serve')] : own),
    line({}, goTo('GREEN_END')),
  ])]
}

/** Into CAUGHT, behind the short path of flows that were judged. */
export function caughtLine(policy: Policy): readonly Line[] {
  return policy.gateway.proxy.transparent === true ? [line({ in: greenInterfaces(policy.gateway), caught: true }, goTo('CAUGHT'))] : []
}
