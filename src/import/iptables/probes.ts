// The packets by which one rule is tried: at the edges of what it names, and of what the policy and the other rules name inside that. Danger
// prevented: a rule that agrees with the policy at one packet, and at the next port not.
import type { Family, Ip } from '../../net/ip.ts'
import { ipFromValue, parseIp } from '../../net/ip.ts'
import type { Mac } from '../../net/mac.ts'
import type { Range } from '../../net/network.ts'
import { edges, SOMEWHERE } from './ground.ts'
import type { Ground, Side } from './ground.ts'
import type { Constants, Probe } from './rule.ts'

export interface Probes {
  readonly probes: readonly Probe[]
  /** how many there would be */
  readonly all: number
}

type Service = Pick<Probe, 'protocol' | 'port' | 'sourcePort'>
type Route = Pick<Probe, 'way' | 'inCard' | 'outCard'> & { readonly sources: readonly Ip[]; readonly targets: readonly Ip[] }

function ips(...texts: readonly string[]): Ip[] {
  return texts.flatMap((text) => parseIp(text) ?? [])
}

/** Who speaks from there on a wire forges it. */
const FORGED: Readonly<Record<Family, readonly Ip[]>> = { 4: ips('127.0.0.1', '198.51.100.66', '169.254.9.9', '10.255.255.9'), 6: ips('::1', '2001:db8:ffff::66') }
/** Everybody on the link, and a group of them. */
const EVERYBODY: Readonly<Record<Family, readonly Ip[]>> = { 4: ips('255.255.255.255', '224.0.0.251'), 6: ips('ff02::1', 'ff02::fb') }

function routesOf(ground: Ground, way: Probe['way'], family: Family, constants: Constants, forged: boolean): Route[] {
  const { greens, reds, compiled } = ground
  const own = (ip: Ip): boolean => compiled.known.own.has(ip)
  const outside = (ip: Ip): boolean => compiled.known.internet.has(ip) && !own(ip)
  const ranges = (mine: readonly Range[]): readonly Range[] => [...mine, ...ground.addresses]
  const beyond = [...edges(constants.destinations, family, (ip) => !own(ip) && !greens.some(({ networks }) => networks.has(ip))), SOMEWHERE[family], ...edges(ground.addresses, family, outside)]
  // the last address of a network is everybody in it, and no kernel sends from it or passes it on
  const isHost = (side: Side, ip: Ip): boolean => side.networks.has(ip) && !own(ip) && !(family === 4 && side.networks.ranges.some(({ last }) => last === ip.value))
  const hosts = (side: Side, mine: readonly Range[]): Ip[] => [...edges(ranges(mine), family, (ip) => isHost(side, ip)), ...edges(side.networks.ranges.map((range) => ({ ...range, first: range.first + 2n, last: range.last - 2n })), family, (ip) => isHost(side, ip))]
  const strangers = forged ? [...edges(constants.sources, family, () => true), ...FORGED[family], ...greens.flatMap((side) => hosts(side, []).slice(0, 2))] : [...edges(constants.sources, family, outside), SOMEWHERE[family]]
  const mine = (side: Side): Ip[] => [...side.own.filter((ip) => ip.family === family), ...edges(constants.destinations, family, own), ...(constants.everybody ? EVERYBODY[family] : [])]
  if (way === 'out') {
    const from = greens.flatMap(({ own: addresses }) => addresses).filter((ip) => ip.family === family)
    return [...reds.map((card) => ({ way, outCard: card, sources: from.slice(0, 1), targets: beyond })), ...greens.map((side) => ({ way, outCard: side.card, sources: side.own.filter((ip) => ip.family === family).slice(0, 1), targets: hosts(side, constants.destinations) }))]
  }
  const routes: Route[] = []
  for (const side of greens) {
    const sources = forged ? [...edges(constants.sources, family, (ip) => !side.networks.has(ip)), ...FORGED[family]] : hosts(side, constants.sources)
    if (way === 'in') routes.push({ way, inCard: side.card, sources, targets: mine(side) })
    else {
      for (const card of reds) routes.push({ way, inCard: side.card, outCard: card, sources, targets: beyond })
      for (const other of greens) if (other !== side) routes.push({ way, inCard: side.card, outCard: other.card, sources, targets: hosts(other, constants.destinations) })
    }
    for (const card of reds) routes.push(way === 'in' ? { way, inCard: card, sources: strangers, targets: mine(side) } : { way, inCard: card, outCard: side.card, sources: strangers, targets: hosts(side, constants.destinations).slice(0, 4) })
  }
  return routes
}

function servicesOf(ground: Ground, family: Family, { ports, types, protocols }: Constants): Service[] {
  const services: Service[] = []
  const mine = (protocol: Probe['protocol']): boolean => protocols.length === 0 || protocols.includes(protocol)
  for (const { protocol, first, last } of ports) for (const each of protocol === undefined ? (['tcp', 'udp'] as const) : [protocol]) for (const port of new Set([first, last, (first + last) >> 1])) if (port > 0) services.push({ protocol: each, port })
  for (const { protocol, port } of ground.ports) if (mine(protocol) && (ports.length === 0 || ports.some(({ first, last }) => port >= first && port <= last))) services.push({ protocol, port })
  if (mine('icmp') && ports.length === 0) for (const type of new Set([...(types.length > 8 ? [] : types), ...ground.types])) if ((family === 4) === (type < 128)) services.push({ protocol: 'icmp', port: type })
  if (ports.length === 0) for (const protocol of ground.protocols) if (mine(protocol)) services.push({ protocol })
  const distinct = new Map(services.map((each) => [`${each.protocol}/${each.port}`, family === 4 && each.protocol === 'udp' && each.port === 67 ? { ...each, sourcePort: 68 } : each]))
  return [...distinct.values()]
}

/** A plain generator of numbers: the same packets each time. */
function numbers(): (below: number) => number {
  let state = 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

/** All of them, or where they are too many: each value once, and then any. */
function combine(sizes: readonly number[], most: number): { readonly picks: readonly (readonly number[])[]; readonly all: number } {
  const all = sizes.reduce((product, size) => product * size, 1)
  if (all === 0) return { picks: [], all: 0 }
  if (all <= most) return { picks: Array.from({ length: all }, (_, at) => sizes.map((size, dim) => Math.floor(at / sizes.slice(0, dim).reduce((product, each) => product * each, 1)) % size)), all }
  const picks: number[][] = sizes.flatMap((size, dim) => Array.from({ length: Math.min(size, most >> 2) }, (_, at) => sizes.map((_each, other) => (other === dim ? at : 0))))
  const next = numbers()
  while (picks.length < most) picks.push(sizes.map((size) => next(size)))
  return { picks, all }
}

/** `forged`: from addresses that are not of the side they come from. */
export function probesFor(ground: Ground, ways: readonly Probe['way'][], family: Family, constants: Constants, forged: boolean, most: number): Probes {
  const services = servicesOf(ground, family, constants)
  const macs: readonly (Mac | undefined)[] = [...constants.macs, undefined, ...ground.macs]
  const probes: Probe[] = []
  let all = 0
  for (const way of ways) {
    for (const { sources, targets, ...route } of routesOf(ground, way, family, constants, forged)) {
      const links = way === 'out' ? [undefined] : [...new Set(macs)]
      const made = combine([services.length, sources.length, targets.length, links.length], most)
      all += made.all
      for (const [service = 0, source = 0, target = 0, link = 0] of made.picks) {
        const from = sources[source]
        const to = targets[target]
        const what = services[service]
        const mac = links[link]
        // TCP has one partner
        if (what?.protocol === 'tcp' && to !== undefined && EVERYBODY[family].some((ip) => ip.value === to.value)) continue
        if (from !== undefined && to !== undefined && what !== undefined) probes.push({ ...route, ...what, from, to, ...(mac === undefined ? {} : { mac }) })
      }
    }
    // a client that has no address yet
    if (way === 'in' && family === 4 && services.some(({ port }) => port === 67)) for (const { card } of ground.greens) probes.push({ way, inCard: card, from: ipFromValue(4, 0n), to: ipFromValue(4, 0xffffffffn), protocol: 'udp', port: 67, sourcePort: 68 })
  }
  return { probes, all }
}
