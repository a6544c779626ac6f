// The lock-down of a gateway between green and red, in the order that policy.md fixes: what no policy may change, then blocks, serve,
// the rules in file order, and last what no rule decided. One chain holds green's rules for both hooks, so that no rule can stand on
// one of them and be forgotten on the other.
import { networkSet, subtract } from '../net/network.ts'
import type { Range } from '../net/network.ts'
import { PACKET_INTERNET_EXCLUDES, PRIVATE_RANGES } from '../net/scope.ts'
import type { AddressSet, Gateway, Policy } from '../policy/policy.ts'
import { blockChains } from './blocked.ts'
import { PING, chain, defaultLines, denyChains, quiet, redDropChain, redLogChain, revoked, stateChain, wouldChains } from './endings.ts'
import { catchChains, caughtChains, caughtLine } from './catch.ts'
import type { RulesetFacts } from './facts.ts'
import { toLedger } from './ledger.ts'
import { DENIAL_LOG, denialLog, denialLogChains, logsDenials } from './logs.ts'
import { discoveryIn } from './neighbours.ts'
import { gatewayOutput, lockNotes } from './output.ts'
import { ACCEPT, DROP, goTo, jump, line } from './ruleset.ts'
import type { Chain, Line, Note } from './ruleset.ts'
import { lowerRules, standingRules } from './rules.ts'
import type { Side } from './rules.ts'
import { portTerm, serviceTerms } from './services.ts'
import type { Term } from './services.ts'
import { shapeChain, shapingOf, vettedChains } from './shaping.ts'
import { gatewaySpoofChains } from './spoof.ts'
import { addressTerms, greenInterfaces, internetTests, redInterfaces, senderTerms } from './terms.ts'

export interface Compiled {
  readonly chains: readonly Chain[]
  readonly notes: readonly Note[]
}

/** What is not `internet`: special-use addresses (unless red is private) and green's own networks. */
export function specialRanges(gateway: Gateway): readonly Range[] {
  const excluded = networkSet(PACKET_INTERNET_EXCLUDES)
  const open = gateway.red.some((red) => red.private) ? subtract(excluded, networkSet(PRIVATE_RANGES)) : excluded
  return networkSet([...open.ranges, ...gateway.green.map((green) => green.network)]).ranges
}

/** The way in through green: to the gateway and through it alike. */
function greenSide(gateway: Gateway): Side {
  const families = [...new Set(gateway.green.map((green) => green.family))].sort()
  const everybody: Term = { families, tests: {} }
  const networks = gateway.green.map((green) => green.network)
  const narrowed = (term: Term): Term => ({ ...term, families: term.families.filter((family) => families.includes(family)) })
  return {
    way: 'GREEN',
    from: (set: AddressSet): readonly Term[] => (set.any || set.green ? [everybody] : senderTerms(set).map(narrowed)),
    to: (set: AddressSet): readonly Term[] => {
      if (set.any) return [everybody]
      return [
        ...(set.gateway ? [{ families, tests: { destinationKinds: ['local' as const] } }] : []),
        // the gateway's own address in a green network is an address of green
        ...(set.green ? addressTerms(networks, 'destinations') : []),
        ...(set.internet ? [{ families, tests: internetTests(gateway) }] : []),
        ...addressTerms(set.ranges, 'destinations'),
      ]
    },
  }
}

/** `serve`: what every Green client may ask of the gateway itself, and of nothing past it. */
function serveLines(policy: Policy, proxyPort: number): readonly Line[] {
  const { serve } = policy.gateway
  if (!serve.any && serve.parts.length === 0) return []
  return serviceTerms(serve, proxyPort).flatMap(({ families, tests }): readonly Line[] => {
    const { l4 } = tests
    if (l4?.protocol === 'icmp') return [line({ ...tests, destinationKinds: ['local'], limit: PING }, ACCEPT, 'serve', families)]
    const dhcp = l4 !== undefined && 'sourcePort' in l4 && l4.sourcePort !== undefined
    return [line({ ...tests, destinationKinds: dhcp ? ['local', 'broadcast'] : ['local'] }, goTo('VETTED'), 'serve', families)]
  })
}

/** Refused at once rather than dropped: a client that falls back to TCP, or to the gateway's DNS, should do so without waiting. */
function quickRefusals(gateway: Gateway): readonly Line[] {
  const red = redInterfaces(gateway)
  // without red, "past the gateway" is what `internet` is: neither its own ports nor another green
  const past = red.length > 0 ? { out: red } : internetTests(gateway)
  const refused = (protocol: 'tcp' | 'udp', port: number, comment: string): Line =>
    line({ ...past, l4: { protocol, ports: [{ first: port, last: port }] } }, goTo('QUICK'), comment)
  return [refused('udp', 443, 'quic'), refused('udp', 853, 'dot'), refused('tcp', 853, 'dot'), refused('udp', 53, 'dns'), refused('tcp', 53, 'dns')]
}

function quickChain(policy: Policy): Chain {
  return chain('QUICK', [...denialLogLine(policy, 'reject'), line({}, goTo('REFUSED'))])
}

function denialLogLine(policy: Policy, action: 'drop' | 'reject'): readonly Line[] {
  return logsDenials(policy) ? [line({ limit: DENIAL_LOG }, jump(denialLog(policy, 'GREEN', action)))] : []
}

function greenEnd(policy: Policy): readonly Line[] {
  const log = denialLogLine(policy, policy.gateway.default.action)
  if (policy.mode === 'observe') return [quiet(ACCEPT), toLedger(), ...log, line({}, goTo('VETTED'), 'default-deny')]
  return [revoked(), quiet(DROP), toLedger(), ...quickRefusals(policy.gateway), ...log, ...defaultLines(policy)]
}

export function masquerade(gateway: Gateway): Chain {
  const out = [...new Set(gateway.red.filter((red) => red.masquerade).map((red) => red.interface))].sort()
  const terms = out.length === 0 ? [] : addressTerms(gateway.green.map((green) => green.network), 'sources', { out })
  // the chain stands without lines too: loaded over another ruleset, it empties that one's
  return { name: 'POST', table: 'nat', hook: 'postrouting', lines: terms.map(({ families, tests }) => line(tests, { kind: 'masquerade' }, 'masquerade', families)) }
}

/** These MACs are never locked out: above state, blocks and rules. */
export function adminLines(gateway: Gateway, on: readonly string[] | undefined): readonly Line[] {
  const { admin } = gateway
  if (admin === undefined || admin.macs.length === 0 || admin.ports.length === 0) return []
  const { tests } = portTerm('tcp', admin.ports.map((port) => ({ first: port, last: port })))
  return [line({ ...(on === undefined ? {} : { in: on }), macs: admin.macs, ...tests }, ACCEPT, 'admin')]
}

export function compileGateway(policy: Policy, facts: RulesetFacts, generation: number): Compiled {
  const { gateway } = policy
  const greens = greenInterfaces(gateway)
  const side = greenSide(gateway)
  const output = gatewayOutput(policy, facts, generation)
  const lowered = lowerRules(policy, facts.now, facts.proxyPort, [side, output.side])
  const [green = [], sent = []] = lowered.sides
  const blocks = blockChains(policy, facts.blocks, facts.proxyPort, 'GREEN')
  const chains: readonly Chain[] = [
    chain('GREEN', [
      ...(blocks.length > 0 ? [line({}, jump('BLOCKS'))] : []),
      ...serveLines(policy, facts.proxyPort),
      ...green,
      line({}, goTo('GREEN_END')),
    ]),
    {
      ...chain('INPUT', [
        line({ in: ['lo'] }, ACCEPT),
        ...adminLines(gateway, greens),
        ...discoveryIn(greens, redInterfaces(gateway)),
        line({}, jump('STATE')),
        ...caughtLine(policy),
        line({ in: greens }, goTo('GREEN')),
        line({}, goTo('RED_DROP')),
      ]),
      hook: 'input',
    },
    { ...chain('FORWARD', [line({}, jump('STATE')), line({ in: greens }, goTo('GREEN')), line({}, goTo('RED_DROP'))]), hook: 'forward' },
    { ...chain('OUTPUT', [...output.head, ...sent, ...output.end]), hook: 'output' },
    stateChain(generation),
    ...vettedChains(policy, generation),
    ...denyChains(),
    chain('GREEN_END', greenEnd(policy)),
    quickChain(policy),
    ...denialLogChains(policy, ['GREEN', 'OUTPUT']),
    redDropChain(policy),
    redLogChain(),
    ...output.chains,
    ...wouldChains(policy, ['GREEN', 'OUTPUT']),
    ...blocks,
    ...lowered.chains,
    ...caughtChains(policy, facts.now, facts.proxyPort, side, blocks.length > 0),
    ...catchChains(policy, facts.now, facts.proxyPort, side),
    ...gatewaySpoofChains(policy),
    masquerade(gateway),
    shapeChain(shapingOf(policy, standingRules(policy, facts.now))),
  ]
  return { chains, notes: [...lockNotes(policy, facts.now, facts.proxyPort), ...lowered.notes] }
}
