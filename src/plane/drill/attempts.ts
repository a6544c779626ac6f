// One attempt: a client, a way, an address of its own to go to, the packets that try it, and what the policy says of it. The policy's word is asked of
// the judge of the live traffic, so that a way which a rule opens is told as opened by that rule. Danger prevented: a scorecard with rules of its own.
import type { CompiledPolicy } from '../../decision/compile.ts'
import type { PacketDecision } from '../../decision/facts.ts'
import { decidePacket } from '../../decision/packet.ts'
import type { Family, Ip } from '../../net/ip.ts'
import { ipFromValue, parseIp } from '../../net/ip.ts'
import { networkSet, parseNetwork } from '../../net/network.ts'
import type { NetworkSet, Range } from '../../net/network.ts'
import { seenKey } from './capture.ts'
import type { DrillClient } from './client.ts'
import type { Probe } from './send.ts'
import { GATEWAY_PORTS, waysOut } from './ways.ts'
import type { Disguise, Way } from './ways.ts'

export interface Attempt {
  readonly client: DrillClient
  readonly title: string
  /** `tcp/443 to 203.0.113.7` */
  readonly what: string
  readonly to: Ip
  readonly probe: Probe
  /** for the client's own packet filter, which makes of a plain packet what no program may send */
  readonly rewrite?: string
  /** how it is known at red, if it gets out; absent: it went to the gateway, and got in if somebody answered */
  readonly seenAs?: string
  readonly decision: PacketDecision
  /** no true packet of its protocol: that it does not pass says nothing where it may */
  readonly crude: boolean
  /** why no rule of any policy lets it pass: a flow that never began, a forged sender */
  readonly never: string | undefined
}

function ranges(...texts: readonly string[]): readonly Range[] {
  return texts.flatMap((text) => {
    const parsed = parseNetwork(text)
    return parsed.ok ? [parsed.range] : []
  })
}

/** Documentation's networks (RFC 5737, 3849): internet to a policy, and nobody's in the internet. */
export const DRILL_NETWORKS = ['203.0.113.0/24', '198.51.100.0/24', '192.0.2.0/24', '2001:db8:67::/48'] as const
const POOLS: Readonly<Record<Family, readonly Range[]>> = { 4: ranges(...DRILL_NETWORKS.slice(0, 3)), 6: ranges(DRILL_NETWORKS[3]) }

/** Addresses that no attempt had yet. Those that a rule names come last, for what it opens is not what is looked for. */
export class Targets {
  readonly #free: Readonly<Record<Family, Iterator<Ip>>>

  /** `taken`: networks in which a gateway would look for a neighbour, and send nothing. */
  constructor(compiled: CompiledPolicy, taken: NetworkSet) {
    const { policy, known } = compiled
    const spoken = networkSet(policy.rules.flatMap(({ to }) => to.ranges))
    const fit = (ip: Ip): boolean => !taken.has(ip) && !known.own.has(ip) && !known.green.has(ip)
    function* all(family: Family, named: boolean): Generator<Ip, void, undefined> {
      for (const pool of POOLS[family]) {
        for (let value = pool.first + 1n; value < pool.last && value < pool.first + 4096n; value++) {
          const ip = ipFromValue(family, value)
          if (fit(ip) && spoken.has(ip) === named) yield ip
        }
      }
    }
    function* ordered(family: Family): Generator<Ip, void, undefined> {
      yield* all(family, false)
      yield* all(family, true)
    }
    this.#free = { 4: ordered(4), 6: ordered(6) }
  }

  /** undefined: there are no more. */
  next(family: Family): Ip | undefined {
    const result = this.#free[family].next()
    return result.done === true ? undefined : result.value
  }
}

function whatText({ protocol, port }: Pick<Way, 'protocol' | 'port'>, to: Ip): string {
  return `${typeof protocol === 'number' ? `ip/${protocol}` : `${protocol}/${port ?? ''}`} to ${to.text}`
}

const LARGE = 3_000
/** Read as GRE (RFC 2784, 2890): a key, version 0, and IPv4 inside; the others take any beginning. */
const RAW_SOURCE = 0x2000
const RAW_PORT = 0x0800
const SCTP = 132

function probeOf(way: Way, to: Ip, from: Ip): Probe {
  const { protocol, port = 0, sourcePort, how } = way
  const common = { to: to.text, from: from.text, ...(sourcePort === undefined ? {} : { sourcePort }) }
  if (protocol === 'tcp') return { kind: 'tcp', port, ...common }
  if (protocol === 'icmp') return { kind: 'icmp', port: 0, ...common }
  if (protocol === 'udp') return { kind: 'udp', port, ...common, ...(how === 'large' ? { size: LARGE } : {}) }
  return { kind: 'udp', port: RAW_PORT, ...common, sourcePort: RAW_SOURCE }
}

const ECHO: Readonly<Record<Family, number>> = { 4: 8, 6: 128 }

function rewriteOf(way: Way, to: Ip): string | undefined {
  if (typeof way.protocol === 'number') return `ip daddr ${to.text} ip protocol set ${way.protocol}`
  if (way.how === 'ack') return `ip daddr ${to.text} tcp flags set ack`
  if (way.protocol === 'icmp' && way.port !== ECHO[way.family]) return `ip daddr ${to.text} icmp type set ${way.port ?? 0}`
  return undefined
}

function judge(compiled: CompiledPolicy, client: DrillClient, from: Ip, way: Pick<Way, 'protocol' | 'port' | 'sourcePort'>, to: Ip, now: number): PacketDecision {
  const { protocol, port, sourcePort } = way
  return decidePacket(compiled, { from: { address: from, mac: client.mac }, to, protocol, port, now, ...(sourcePort === undefined ? {} : { sourcePort }) })
}

export function attemptsOut(compiled: CompiledPolicy, client: DrillClient, disguises: readonly Disguise[], targets: Targets, now: number): readonly Attempt[] {
  const families = client.addresses.map(({ family }) => family)
  return waysOut(families, disguises).flatMap((way): readonly Attempt[] => {
    const from = way.source ?? client.addresses.find(({ family }) => family === way.family)
    const to = targets.next(way.family)
    if (from === undefined || to === undefined) return []
    const rewrite = rewriteOf(way, to)
    return [{
      client, title: way.title, what: whatText(way, to), to, seenAs: seenKey(to, way.protocol, way.port), probe: probeOf(way, to, from), crude: way.protocol === SCTP, never: way.how === 'ack' ? 'it never began' : way.source === undefined ? undefined : 'forged',
      decision: judge(compiled, client, from, way, to, now), ...(rewrite === undefined ? {} : { rewrite }),
    }]
  })
}

/** The gateway's own ports, from a client that is no administrator. */
export function attemptsIn(compiled: CompiledPolicy, client: DrillClient, gateway: readonly Ip[], now: number): readonly Attempt[] {
  const { policy, machine } = compiled
  const ports = [...new Set([...GATEWAY_PORTS, ...(policy.gateway.admin?.ports ?? [445, 222])])].filter((port) => port !== machine.proxyPort).sort((a, b) => a - b)
  return gateway.flatMap((to) => {
    const from = client.addresses.find(({ family }) => family === to.family)
    if (from === undefined) return []
    return ports.map((port): Attempt => {
      const way = { protocol: 'tcp', port } as const
      const admin = policy.gateway.admin?.ports.includes(port) === true
      return {
        client, title: admin ? 'the administrator\'s port' : 'the gateway\'s own port', what: whatText(way, to), to, crude: false, never: undefined,
        probe: { kind: 'tcp', to: to.text, port, from: from.text }, decision: judge(compiled, client, from, way, to, now),
      }
    })
  })
}

export function drillIp(text: string): Ip {
  const ip = parseIp(text)
  if (ip === undefined) throw new Error(`${text} is no address`)
  return ip
}
