// Random packets for a policy: values at the ends of the classes that its constants cut, so that an off-by-one is met; the ways and the senders
// that the kernel's own routing lets come so far that rules see them.
import type { L4, Line, Ruleset } from '../../../src/firewall/ruleset.ts'
import { ipFromValue } from '../../../src/net/ip.ts'
import type { Ip } from '../../../src/net/ip.ts'
import { parseMac } from '../../../src/net/mac.ts'
import type { Mac } from '../../../src/net/mac.ts'
import { networkSet, parseNetwork } from '../../../src/net/network.ts'
import type { NetworkSet, Range } from '../../../src/net/network.ts'
import { macNumber } from '../../../src/proof/cuts.ts'
import type { Class, Piece } from '../../../src/proof/cut.ts'
import { DISCOVERY, firstState } from '../../../src/proof/first.ts'
import type { Packet, State } from '../../../src/proof/packet.ts'
import { PORTS, carried, portSpan, protocolSpan, serviceAt, typeSpan } from '../../../src/proof/service.ts'
import type { Space, Way } from '../../../src/proof/space.ts'
import { kindOf, routesTo } from '../../../src/proof/world.ts'
import type { World } from '../../../src/proof/world.ts'
import type { Flags } from './frames.ts'
import { pick } from './random-policy.ts'
import type { Random } from './random-policy.ts'

export interface Probe {
  readonly packet: Packet
  readonly flags: Flags
}

function set(...texts: readonly string[]): NetworkSet {
  return networkSet(texts.flatMap((text) => {
    const parsed = parseNetwork(text)
    return parsed.ok ? [parsed.range] : []
  }))
}

/** Dropped before any hook (ip6_rcv_core). */
const NEVER_SEEN = set('::1', 'ff00::/8')
/** Nobody is reached there by a wire. */
const NEVER_ROUTED = set('0.0.0.0/8', '127.0.0.0/8', '::', '::1')
const ALL_ONES = set('255.255.255.255')
/** ip_route_input_slow: what no source may be, and what only the asker for an address may */
const MARTIAN = set('127.0.0.0/8', '224.0.0.0/4', '255.255.255.255')
const ZERO = set('0.0.0.0/8')
const LOCAL_GROUPS = set('224.0.0.0/24')
/** groups that every host is in */
const JOINED = set('224.0.0.1', 'ff02::1')
const ALL_HOSTS: Readonly<Record<4 | 6, bigint>> = { 4: 0xe0000001n, 6: 0xff020000000000000000000000000001n }

function inPiece(random: Random, { first, last }: Piece): bigint {
  const where = random()
  if (where < 0.35) return first
  if (where < 0.7 || last - first < 2n) return last
  return first + (BigInt(Math.floor(random() * 2 ** 48)) % (last - first + 1n))
}

function valueOf(random: Random, of: Class): bigint {
  return inPiece(random, pick(random, of.pieces))
}

/** Whatever a rule asks for; what is missing is drawn from the classes. */
interface Aim {
  readonly family: 4 | 6
  readonly source?: bigint
  readonly destination?: bigint
  readonly service?: number
  readonly mac?: bigint
  readonly own: boolean
}

const LAST: Readonly<Record<4 | 6, bigint>> = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n }

export class Probes {
  readonly #space: Space
  readonly #world: World
  readonly #random: Random
  readonly #targets: readonly { readonly line: Line; readonly own: boolean; readonly caught: boolean }[]
  #port = 20_000

  constructor(space: Space, world: World, ruleset: Ruleset, random: Random) {
    this.#space = space
    this.#world = world
    this.#random = random
    this.#targets = ruleset.chains.flatMap(({ name, lines }) => lines.filter(({ comment }) => comment?.startsWith('rule:') === true || name === 'CATCH_RULES').map((line) => ({ line, own: name === 'OUTPUT', caught: name === 'CATCH_RULES' })))
  }

  /** Of the gateway's two wires and its own sockets; `undefined`: chance led to a packet that no rule would see. */
  next(): Probe | undefined {
    const random = this.#random
    const target = this.#targets.length === 0 || random() < 0.3 ? undefined : pick(random, this.#targets)
    const aim: Aim = target === undefined ? { family: random() < 0.65 ? 4 : 6, own: random() < 0.15 } : this.#aim(target.line, target.own, target.caught)
    const { family, own } = aim
    const destination = this.#address(aim.destination ?? valueOf(random, pick(random, this.#space.destinations[family]).of), family)
    const kind = kindOf(this.#world, destination)
    const [out = ''] = routesTo(this.#world, destination)
    const entry = random() < 0.9 ? 'green0' : 'red0'
    const hook = own ? 'output' : kind === 'unicast' ? 'forward' : 'input'
    const way: Way = { family, hook, in: own ? '' : entry, out: hook === 'input' ? '' : out }
    const source = own ? this.#ownAddress(family) : this.#address(aim.source ?? valueOf(random, pick(random, this.#space.sources[family]).of), family)
    if (source === undefined || !this.#comes(way, source, destination, kind)) return undefined
    const { of: mac } = pick(random, this.#space.macs)
    return this.#probe(way, source, destination, aim.service ?? Number(valueOf(random, pick(random, this.#space.services[family]).of)), aim.mac ?? (mac === undefined ? 1n : valueOf(random, mac)))
  }

  /** At the line, or in one of its dimensions just beside it. */
  #aim({ families, tests }: Line, own: boolean, caught: boolean): Aim {
    const random = this.#random
    const family = pick(random, families)
    const beside = random() < 0.5 ? pick(random, ['source', 'destination', 'service', 'mac'] as const) : undefined
    const end = (first: bigint, last: bigint, off: boolean, most: bigint): bigint => {
      const low = random() < 0.5
      const value = off ? (low ? first - 1n : last + 1n) : random() < 0.3 && last - first > 1n ? first + 1n : low ? first : last
      return value < 0n ? 0n : value > most ? most : value
    }
    const among = (ranges: readonly Range[] | undefined, which: 'source' | 'destination'): bigint | undefined => {
      const own4 = ranges?.filter((range) => range.family === family) ?? []
      if (own4.length === 0) return undefined
      const range = pick(random, own4)
      return end(range.first, range.last, beside === which, LAST[family])
    }
    const internet = (tests.destinationNotSpecial === true || caught) && random() < 0.8 ? (family === 4 ? 0x08080808n : 0x2a00n << 112n) + BigInt(Math.floor(random() * 1000)) : undefined
    const local = tests.destinationKinds?.includes('local') === true ? pick(random, this.#world.local.ranges.filter((range) => range.family === family)).first : undefined
    const green = this.#world.greens.find((each) => each.family === family)
    const source = among(tests.sources, 'source') ?? (green === undefined || random() < 0.2 ? undefined : green.network.first + 1n + BigInt(Math.floor(random() * 250)))
    const destination = among(tests.destinations, 'destination') ?? internet ?? local
    const service = this.#serviceAt(tests.l4, family, beside === 'service')
    const mac = tests.macs === undefined ? undefined : macNumber(pick(random, tests.macs)) + (beside === 'mac' ? 1n : 0n)
    return { family, own, ...(source === undefined ? {} : { source }), ...(destination === undefined ? {} : { destination }), ...(service === undefined ? {} : { service }), ...(mac === undefined ? {} : { mac }) }
  }

  #serviceAt(l4: L4 | undefined, family: 4 | 6, beside: boolean): number | undefined {
    const random = this.#random
    if (l4 === undefined) return undefined
    if (l4.protocol === 'ip') return protocolSpan(l4.number).first + (beside ? 1 : 0)
    if (l4.protocol === 'icmp') return l4.types.length === 0 ? undefined : typeSpan(family, Math.min(255, pick(random, l4.types) + (beside ? 1 : 0))).first
    const { first, last } = l4.ports.length === 0 ? { first: 1, last: 65_535 } : pick(random, l4.ports)
    const port = random() < 0.5 ? (beside ? first - 1 : first) : beside ? last + 1 : last
    return portSpan(l4.protocol, Math.min(65_535, Math.max(1, port))).first
  }

  #address(value: bigint, family: 4 | 6): Ip {
    const ip = ipFromValue(family, value)
    // groups that nobody here has joined are dropped by routing
    return kindOf(this.#world, ip) === 'multicast' ? ipFromValue(family, ALL_HOSTS[family]) : ip
  }

  #ownAddress(family: 4 | 6): Ip | undefined {
    return pick(this.#random, this.#world.local.ranges.filter((range) => range.family === family && range.first === range.last).map((range) => ipFromValue(family, range.first)).filter(({ text }) => text !== '::1'))
  }

  #comes(way: Way, source: Ip, destination: Ip, kind: ReturnType<typeof kindOf>): boolean {
    if (NEVER_ROUTED.has(destination) || (destination.family === 4 && destination.value === 0xffffffffn && way.hook === 'output')) return false
    if (way.hook === 'output') return kind === 'unicast' && way.out !== 'lo' && !this.#world.linkLocal6.has(destination)
    if (NEVER_SEEN.has(source) || NEVER_SEEN.has(destination) && !JOINED.has(destination)) return false
    if (destination.family === 6 && this.#world.linkLocal6.has(destination)) return false
    return !(kind === 'multicast' && way.hook === 'forward')
  }

  /** What the kernel's routing stops between the first hook and the next, where the rules of the first let it by (ip_route_input_slow, ip6_forward). */
  static stopsBetween({ hook, source, destination, sourceKind, family, in: entry, out }: Packet): boolean {
    if (hook === 'output') return false
    if (family === 6) return hook === 'forward' && entry !== out && (source.value === 0n || source.value >> 118n === 0x3fan)
    if (ZERO.has(source)) return !ALL_ONES.has(destination) && !LOCAL_GROUPS.has(destination)
    return MARTIAN.has(source) || sourceKind === 'broadcast'
  }

  #probe(way: Way, source: Ip, destination: Ip, service: number, mac: bigint): Probe | undefined {
    const random = this.#random
    if (!carried(way.family, service)) return undefined
    const asked = serviceAt(service)
    const ported = asked.protocol === 'tcp' || asked.protocol === 'udp'
    // port 0 is no port; protocols that conntrack reads by themselves want more than a number
    if ((ported && asked.port === 0) || (asked.protocol === 'ip' && UNFIT[way.family].has(asked.number))) return undefined
    const flags = asked.protocol === 'tcp' ? pick<Flags>(random, ['syn', 'syn', 'syn', 'syn', 'syn', 'syn', 'ack', 'rst', 'synack']) : 'syn'
    const dhcp = ported && random() < 0.1
    this.#port = this.#port >= 60_000 ? 20_000 : this.#port + 1
    const state: State = service <= PORTS.tcp.last && flags !== 'syn' && flags !== 'ack' ? 'invalid' : firstState(service)
    const onLink = asked.protocol === 'icmp' && asked.family === 6 && DISCOVERY.has(asked.type)
    return {
      flags,
      packet: {
        family: way.family, hook: way.hook, in: way.in, out: way.out, source, destination, sourceKind: kindOf(this.#world, source), destinationKind: kindOf(this.#world, destination),
        mac: way.hook === 'output' ? undefined : macOf(mac), service, sourcePort: ported ? (dhcp ? pick(random, [67, 68]) : this.#port) : 0,
        hopLimit: onLink && random() < 0.8 ? 255 : 64, state, reply: false, mark: 0, syn: asked.protocol === 'tcp' && flags === 'syn', uid: way.hook === 'output' ? pick(random, [0, 13]) : undefined,
        time: 0, noisy: false,
      },
    }
  }
}

/** Extension headers of IPv6, protocols whose trackers want more than a number, and the one that ends a batch of probes. */
const UNFIT: Readonly<Record<4 | 6, ReadonlySet<number>>> = { 4: new Set([33, 132, 136, 253]), 6: new Set([0, 33, 43, 44, 51, 59, 60, 132, 135, 136, 139, 140]) }

/** A card, not a group of them. */
function macOf(value: bigint): Mac {
  const single = value & ~(1n << 40n)
  const mac = parseMac((single === 0n ? 1n : single).toString(16).padStart(12, '0').replace(/(..)(?=.)/g, '$1:'))
  if (mac === undefined) throw new Error('no MAC')
  return mac
}
