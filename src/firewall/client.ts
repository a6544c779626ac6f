// The rules of a single machine that must go through a proxy: the egress article's script, mended. In and out are closed; what is
// open is loopback, replies, echo, DHCP, its resolvers, the proxy, and what the policy's rules allow this host. Danger prevented: a
// workstation whose programs go round the proxy, over IPv6 or as another user.
import type { Range } from '../net/network.ts'
import { networkSet } from '../net/network.ts'
import { sameIp } from '../net/ip.ts'
import type { AddressSet, Policy, PortRange } from '../policy/policy.ts'
import { scopeOf } from '../net/scope.ts'
import { blockChains } from './blocked.ts'
import { PING, chain, defaultLines, denyChains, quiet, revoked, stateChain, wouldChains } from './endings.ts'
import type { RulesetFacts } from './facts.ts'
import { adminLines } from './gateway.ts'
import type { Compiled } from './gateway.ts'
import { toLedger } from './ledger.ts'
import { COMMON_LOG, DENIAL_LOG, denialLog, denialLogChains, logsDenials } from './logs.ts'
import type { Way } from './logs.ts'
import { discoveryIn } from './neighbours.ts'
import { lockChain, outputHead, resolverLines, webLock, webPorts } from './output.ts'
import { ACCEPT, BOTH, DROP, goTo, jump, line } from './ruleset.ts'
import type { Limit, Line, Note, Verdict } from './ruleset.ts'
import { lowerRules } from './rules.ts'
import type { Side } from './rules.ts'
import { portTerm } from './services.ts'
import type { Term } from './services.ts'
import { shapeChain, vettedChains } from './shaping.ts'
import { clientSpoofChains, network, spoofOutChains } from './spoof.ts'
import { addressTerms, senderTerms } from './terms.ts'

const EVERYWHERE: Term = { families: BOTH, tests: {} }
const LINK_LOCAL6 = network('fe80::/10')
const ALL_DHCP6 = network('ff02::1:2')

/** Where the policy names no green, or a green address of this machine, `gateway` is this machine. */
function gatewayIsHere(policy: Policy, facts: RulesetFacts): boolean {
  const { green } = policy.gateway
  return green.length === 0 || green.some((each) => facts.ownAddresses.some((own) => own.family === each.family && own.value === each.address))
}

/** What of `from` is this host: its addresses, its MACs, both together, or everybody. */
function holdsHost(policy: Policy, facts: RulesetFacts, set: AddressSet): readonly Term[] {
  if (set.any || (set.gateway && gatewayIsHere(policy, facts))) return [EVERYWHERE]
  const networks = policy.gateway.green.map((green) => green.network)
  const ownIn = (ranges: readonly Range[]): readonly Range[] => ranges.filter((range) => facts.ownAddresses.some((own) => networkSet([range]).has(own)))
  const hasMac = (macs: readonly string[]): boolean => facts.ownMacs.some((own) => macs.includes(own))
  if (hasMac(set.macs)) return [EVERYWHERE]
  const pinned = set.pins.filter((pin) => hasMac(pin.macs)).flatMap((pin) => pin.ranges)
  return addressTerms(ownIn([...set.ranges, ...pinned, ...(set.green ? networks : [])]), 'sources')
}

function sides(policy: Policy, facts: RulesetFacts): readonly [Side, Side] {
  const { green } = policy.gateway
  const here = gatewayIsHere(policy, facts)
  const networks = green.map((each) => each.network)
  const gatewayRanges: readonly Range[] = green.map(({ family, address }) => ({ family, first: address, last: address }))
  const sent: Side = {
    way: 'OUTPUT',
    from: (set) => holdsHost(policy, facts, set),
    to: (set) => (set.any
      ? [EVERYWHERE]
      : [
          // to itself it speaks over loopback, which is open
          ...addressTerms([...set.ranges, ...(set.green ? networks : []), ...(set.gateway && !here ? gatewayRanges : [])], 'destinations'),
          ...(set.internet ? [{ families: BOTH, tests: { destinationNotSpecial: true as const } }] : []),
        ]),
  }
  const received: Side = {
    way: 'INPUT',
    from: (set) => (set.any
      ? [EVERYWHERE]
      : [
          ...senderTerms(set),
          ...(set.green ? addressTerms(networks, 'sources') : []),
          ...(set.internet ? [{ families: BOTH, tests: { sourceNotSpecial: true as const } }] : []),
        ]),
    to: (set) => {
      if (set.any || (set.gateway && here)) return [EVERYWHERE]
      const own = set.ranges.filter((range) => facts.ownAddresses.some((address) => scopeOf(address) !== 'loopback' && networkSet([range]).has(address)))
      return addressTerms(own, 'destinations')
    },
  }
  return [received, sent]
}

/** The client's half of DHCP (RFC 2131, 8415); answers may come to everybody, so no state knows them. */
function dhcp(way: 'in' | 'out'): readonly Line[] {
  const udp = (own: number, port: number): Line['tests'] => ({ l4: { protocol: 'udp', ports: [{ first: port, last: port }], sourcePort: own } })
  return way === 'in'
    ? [line(udp(67, 68), ACCEPT, 'dhcp', [4]), line({ sources: [LINK_LOCAL6], ...udp(547, 546) }, ACCEPT, 'dhcp', [6])]
    : [line(udp(68, 67), ACCEPT, 'dhcp', [4]), line({ destinations: [ALL_DHCP6], ...udp(546, 547) }, ACCEPT, 'dhcp', [6])]
}

function echo(): readonly Line[] {
  const echoRequest = (type: number): Line['tests'] => ({ l4: { protocol: 'icmp', types: [type] }, limit: PING })
  return [line(echoRequest(8), ACCEPT, 'echo', [4]), line(echoRequest(128), ACCEPT, 'echo', [6])]
}

/** Every port that the proxy may be asked for: it must be able to go there itself. */
function proxyPorts(policy: Policy): readonly PortRange[] {
  return [...policy.web.ports, ...policy.web.connectPorts, ...webPorts(policy)]
}

function isHere(facts: RulesetFacts): boolean {
  const proxy = facts.client?.proxy.address
  return proxy !== undefined && (scopeOf(proxy) === 'loopback' || facts.ownAddresses.some((own) => sameIp(own, proxy)))
}

/** The way to the web: our own proxy's user, or the proxy elsewhere and, where a user is named, that user alone. */
function proxyLines(policy: Policy, facts: RulesetFacts, would: Verdict | undefined): readonly Line[] {
  const { client } = facts
  if (client === undefined) return []
  const { uid } = client
  const user = uid === undefined ? {} : { user: { uid, not: false } }
  if (isHere(facts)) {
    if (uid === undefined) return []
    return [line({ ...portTerm('tcp', proxyPorts(policy)).tests, ...user }, goTo('VETTED'), 'proxy'), ...webLock(policy, uid, {}, would)]
  }
  const { address, port } = client.proxy
  const l4 = { protocol: 'tcp' as const, ports: [{ first: port, last: port }] }
  return addressTerms([{ family: address.family, first: address.value, last: address.value }], 'destinations').flatMap(({ families, tests }) => [
    line({ ...tests, l4, ...user }, goTo('VETTED'), 'proxy', families),
    ...(uid === undefined ? [] : [line({ ...tests, l4 }, would ?? goTo('OUTPUT_LOCK'), 'proxy-lock', families)]),
  ])
}

/** The end of the way in, of the way out, and of what somebody would have us forward. */
function ending(policy: Policy, way: Way, limit: Limit, hush: boolean): readonly Line[] {
  const observe = policy.mode === 'observe'
  return [
    ...(observe ? [] : [revoked()]),
    ...(hush ? [quiet(observe ? ACCEPT : DROP)] : []),
    toLedger(),
    ...(logsDenials(policy) ? [line({ limit }, jump(denialLog(policy, way, policy.gateway.default.action)))] : []),
    ...(observe ? [line({}, goTo('VETTED'), 'default-deny')] : defaultLines(policy)),
  ]
}

export function compileClient(policy: Policy, facts: RulesetFacts, generation: number): Compiled {
  const observe = policy.mode === 'observe'
  const lowered = lowerRules(policy, facts.now, facts.proxyPort, sides(policy, facts), true)
  const [received = [], sent = []] = lowered.sides
  const blocks = blockChains(policy, facts.blocks, facts.proxyPort, 'INPUT')
  const notes: Note[] = [...lowered.notes]
  if (isHere(facts) && facts.client?.uid === undefined) {
    notes.push({ code: 'firewall-user', message: 'the proxy is this machine\'s, but no user is named that it runs as: it can open nothing', hint: 'add `--user NAME`' })
  }
  if (facts.resolvers.every(({ address }) => scopeOf(address) === 'loopback')) {
    notes.push({
      code: 'firewall-resolvers', message: 'no resolver beyond loopback is known: what resolves names on this machine may ask nobody',
      hint: 'name them in the policy: `gateway: { resolvers: [192.0.2.53] }`',
    })
  }
  return {
    notes,
    chains: [
      {
        ...chain('INPUT', [
          line({ in: ['lo'] }, ACCEPT),
          // the admin's ports are the gateway's: another machine has its own, and opens them by a rule
          ...(gatewayIsHere(policy, facts) ? adminLines(policy.gateway, undefined) : []),
          ...discoveryIn([], undefined),
          line({}, jump('STATE')),
          ...echo(),
          ...dhcp('in'),
          ...(blocks.length > 0 ? [line({}, jump('BLOCKS'))] : []),
          ...received,
          ...ending(policy, 'INPUT', DENIAL_LOG, true),
        ]),
        hook: 'input',
      },
      { ...chain('FORWARD', [
          ...(logsDenials(policy) ? [line({ limit: COMMON_LOG }, jump('FORWARD_LOG'))] : []),
          line({}, observe ? goTo('VETTED') : DROP, 'forward-closed'),
        ]), hook: 'forward' },
      {
        ...chain('OUTPUT', [
          ...outputHead(generation),
          ...echo(),
          ...dhcp('out'),
          ...resolverLines(facts, goTo('VETTED')),
          ...proxyLines(policy, facts, observe ? goTo('OUTPUT_WOULD_DROP') : undefined),
          ...sent,
          ...ending(policy, 'OUTPUT', COMMON_LOG, false),
        ]),
        hook: 'output',
      },
      stateChain(generation),
      ...vettedChains(policy, generation),
      ...denyChains(),
      lockChain(policy),
      ...denialLogChains(policy, ['INPUT', 'FORWARD', 'OUTPUT']),
      ...wouldChains(policy, ['INPUT', 'OUTPUT']),
      ...blocks,
      ...lowered.chains,
      ...clientSpoofChains(),
      ...spoofOutChains(),
      // empty: loaded over a gateway's rules, it ends their masquerading
      { name: 'POST', table: 'nat', hook: 'postrouting', lines: [] },
      shapeChain(undefined),
      { name: 'CATCH', table: 'mangle', hook: 'prerouting', lines: [] },
    ],
  }
}

