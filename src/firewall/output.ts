// What the gateway sends itself: the rules `from: gateway`, then that the proxy's user alone may open web connections, then
// `gateway.output`. Danger prevented: a program on the gateway that goes round its own proxy.
import type { AddressSet, PacketRule, Policy, PortRange } from '../policy/policy.ts'
import { TCP, chain } from './endings.ts'
import type { RulesetFacts } from './facts.ts'
import { toLedger } from './ledger.ts'
import { COMMON_LOG, denialLog, logsDenials } from './logs.ts'
import { discoveryOut } from './neighbours.ts'
import { loopbackOut, spoofOutChains } from './spoof.ts'
import { ACCEPT, BOTH, DROP, REJECT_ADMIN, RESET, goTo, jump, line } from './ruleset.ts'
import type { Chain, Line, Note, Verdict } from './ruleset.ts'
import { standingRules } from './rules.ts'
import type { Side } from './rules.ts'
import { portTerm, serviceTerms } from './services.ts'
import type { Term } from './services.ts'
import { addressTerms, greenInterfaces, internetTests, redInterfaces } from './terms.ts'

export interface Output {
  readonly side: Side
  readonly head: readonly Line[]
  readonly end: readonly Line[]
  readonly chains: readonly Chain[]
}

/**
 * The ports that mean the web: 80, 443, and those that the policy names one by one. A range such as 1025-65535 says what the proxy
 * may be asked for; to lock it would close the gateway's own SSH and DNS too.
 */
export function webPorts(policy: Policy): readonly PortRange[] {
  const named = [...policy.web.ports, ...policy.web.connectPorts].filter(({ first, last }) => first === last)
  return [{ first: 80, last: 80 }, { first: 443, last: 443 }, ...named]
}

/** The short path of flows that were judged, and what the kernel itself answers with: errors and resets to packets that it saw. */
export function outputHead(generation: number): readonly Line[] {
  return [
    line({ out: ['lo'] }, ACCEPT),
    ...loopbackOut(),
    // whoever forges a client's packets on the gateway would else ride on that client's flow
    line({ sourceForeign: true, state: 'established', direction: 'original' }, DROP, 'spoof-output'),
    line({ state: 'established', vettedBy: generation }, ACCEPT, 'established'),
    // the answers of a transparent proxy come from the address that the client asked, which is not ours
    line({ state: 'established', direction: 'reply' }, ACCEPT, 'reply'),
    line({ state: 'related' }, ACCEPT, 'related'),
    discoveryOut(),
    line({ sourceForeign: true }, jump('SPOOF_OUT')),
  ]
}

export function resolverLines(facts: RulesetFacts, verdict: Verdict): readonly Line[] {
  const seen = new Set<string>()
  return facts.resolvers.flatMap(({ address, port }) => {
    if (seen.has(`${address.text} ${port}`)) return []
    seen.add(`${address.text} ${port}`)
    const { family, value } = address
    return addressTerms([{ family, first: value, last: value }], 'destinations').flatMap(({ families, tests }) =>
      (['udp', 'tcp'] as const).map((protocol) => line({ ...tests, l4: { protocol, ports: [{ first: port, last: port }] } }, verdict, 'resolvers', families)))
  })
}

/** Nobody but `uid` (nobody at all where there is none) may open these; `would`: where that is only observed. */
export function webLock(policy: Policy, uid: number | undefined, out: Line['tests'], would: Verdict | undefined): readonly Line[] {
  const user = uid === undefined ? {} : { user: { uid, not: true } }
  const tcp = portTerm('tcp', webPorts(policy)).tests
  const quic = portTerm('udp', [{ first: 443, last: 443 }]).tests
  return [line({ ...out, ...tcp, ...user }, would ?? goTo('OUTPUT_LOCK'), 'proxy-lock'), line({ ...out, ...quic, ...user }, would ?? goTo('OUTPUT_LOCK'), 'proxy-lock')]
}

/** Refused at once, and told: a program that goes round the proxy should not hang. */
export function lockChain(policy: Policy): Chain {
  const log = logsDenials(policy) ? [line({ limit: COMMON_LOG }, jump(denialLog(policy, 'OUTPUT', 'reject')))] : []
  return chain('OUTPUT_LOCK', [toLedger(), ...log, line({ l4: TCP }, RESET), line({}, REJECT_ADMIN)])
}

/** An explicit rule stands before the lock; whoever wrote it should know. */
export function lockNotes(policy: Policy, now: number, proxyPort: number): readonly Note[] {
  const { user } = policy.gateway.proxy
  if (user === undefined) {
    if (policy.gateway.output === 'allow') return []
    return [{
      code: 'firewall-user', message: '`gateway.output` drops, and `gateway.proxy.user` is not named: the proxy itself can open only what rules `from: gateway` allow',
      hint: 'name the user that runs it: `proxy: { user: NAME }`',
    }]
  }
  const web = webPorts(policy)
  const opens = (rule: PacketRule): boolean => serviceTerms(rule.services, proxyPort).some(({ tests: { l4 } }) =>
    l4 === undefined || (l4.protocol === 'tcp' && (l4.ports.length === 0 || l4.ports.some((port) => web.some(({ first }) => port.first <= first && first <= port.last)))))
  return standingRules(policy, now).filter((rule) => rule.action === 'allow' && rule.mode === 'enforce' && rule.from.gateway && opens(rule)).map((rule) => ({
    code: 'firewall-lock',
    place: rule.place,
    message: `rule \`${rule.id}\` lets every user of the gateway open the web connections that it names, not \`${user}\` alone`,
  }))
}

function outputSide(policy: Policy): Side {
  const { gateway } = policy
  const networks = gateway.green.map((green) => green.network)
  return {
    way: 'OUTPUT',
    from: (set: AddressSet): readonly Term[] => (set.gateway ? [{ families: BOTH, tests: {} }] : []),
    to: (set: AddressSet): readonly Term[] => (set.any
      ? [{ families: BOTH, tests: {} }]
      : [
          ...(set.green ? addressTerms(networks, 'destinations') : []),
          ...(set.internet ? [{ families: BOTH, tests: internetTests(gateway) }] : []),
          ...addressTerms(set.ranges, 'destinations'),
        ]),
  }
}

/** A DHCP server answers a broadcast, which conntrack does not know for a reply. */
function dhcpAnswers(policy: Policy, proxyPort: number): readonly Line[] {
  const serves = serviceTerms(policy.gateway.serve, proxyPort).some(({ tests }) => tests.l4 !== undefined && 'sourcePort' in tests.l4 && tests.l4.sourcePort === 68)
  if (!serves) return []
  const out = greenInterfaces(policy.gateway)
  return [line({ out, l4: { protocol: 'udp', ports: [{ first: 68, last: 68 }], sourcePort: 67 } }, ACCEPT, 'serve', [4])]
}

export function gatewayOutput(policy: Policy, facts: RulesetFacts, generation: number): Output {
  const { gateway } = policy
  const observe = policy.mode === 'observe'
  const uid = typeof facts.proxyUid === 'number' ? facts.proxyUid : undefined
  const red = redInterfaces(gateway)
  const lock = gateway.proxy.user === undefined ? [] : webLock(policy, uid, red.length > 0 ? { out: red } : {}, observe ? jump('OUTPUT_WOULD') : undefined)
  const drops = gateway.output === 'drop'
  const end: Line[] = drops
    ? [
        ...lock,
        ...(uid === undefined ? [] : [line({ user: { uid, not: false } }, goTo('VETTED'), 'proxy')]),
        ...resolverLines(facts, goTo('VETTED')),
        ...dhcpAnswers(policy, facts.proxyPort),
        toLedger(),
        line({ limit: COMMON_LOG }, jump('OUTPUT_LOG')),
        line({}, observe ? goTo('VETTED') : DROP, 'output-drop'),
      ]
    // no verdict: what else the machine's owner keeps in OUTPUT still has its say
    : [...lock, line({}, { kind: 'vet', generation })]
  return {
    side: outputSide(policy),
    head: outputHead(generation),
    end,
    chains: [
      lockChain(policy),
      ...(observe && lock.length > 0 ? [chain('OUTPUT_WOULD', [line({ limit: COMMON_LOG }, jump('OUTPUT_LOG'))])] : []),
      ...spoofOutChains(),
    ],
  }
}
