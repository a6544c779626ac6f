// The space of packets: ways through the machine, and for each the classes of every dimension. A packet of it chooses a value only when
// somebody looks. Danger prevented: half of the space left out because no test asked for it in the usual order.
import { ipFromValue } from '../net/ip.ts'
import type { Family, Ip } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import type { Chooser } from './chooser.ts'
import type { Class } from './cut.ts'
import type { Cuts } from './cuts.ts'
import { HOP_LIMIT, SOURCE_PORT } from './packet.ts'
import type { Kind, Packet, PacketHook, State } from './packet.ts'
import { PORTS, carried } from './service.ts'
import { interfacesOf, kindOf } from './world.ts'
import type { World } from './world.ts'

export interface Place {
  readonly ip: Ip
  readonly kind: Kind
  readonly of: Class
}

export interface Way {
  readonly family: Family
  readonly hook: PacketHook
  readonly in: string
  readonly out: string
}

const STATES: readonly State[] = ['new', 'established', 'related', 'invalid', 'untracked']
const EITHER: readonly boolean[] = [false, true]

function macOf(value: bigint): Mac {
  const mac = parseMac((value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':'))
  if (mac === undefined) throw new Error('no MAC')
  return mac
}

function numbersOf(classes: readonly Class[], usual: number): readonly number[] {
  return classes.map(({ pieces, sample }) => (pieces.some(({ first, last }) => BigInt(usual) >= first && BigInt(usual) <= last) ? usual : Number(sample)))
}

export class Space {
  readonly ways: readonly Way[]
  readonly sources: Readonly<Record<Family, readonly Place[]>>
  readonly destinations: Readonly<Record<Family, readonly Place[]>>
  readonly services: Readonly<Record<Family, readonly { readonly at: number; readonly of: Class }[]>>
  readonly macs: readonly { readonly mac: Mac | undefined; readonly of: Class | undefined }[]
  readonly sourcePorts: readonly number[]
  readonly hopLimits: readonly number[]
  readonly uids: readonly number[]
  readonly marks: readonly number[]
  readonly times: readonly number[]

  /** `now`: seconds since 1970. */
  constructor(cuts: Cuts, world: World, now: number) {
    const places = (family: Family, classes: readonly Class[]): readonly Place[] => classes.map((of) => {
      const ip = ipFromValue(family, of.sample)
      return { ip, kind: kindOf(world, ip), of }
    })
    this.sources = { 4: places(4, cuts.source[4].classes()), 6: places(6, cuts.source[6].classes()) }
    this.destinations = { 4: places(4, cuts.destination[4].classes()), 6: places(6, cuts.destination[6].classes()) }
    const services = cuts.service.classes()
    const carriedBy = (family: Family): Space['services'][Family] => services.flatMap((of) => {
      // a class may hold services of both families: each takes one of its own
      const pieces = of.pieces.flatMap(({ first, last }) => [Number(first < last ? first + 1n : first), Number(first), Number(last)])
      const at = pieces.find((each) => carried(family, each))
      return at === undefined ? [] : [{ at, of }]
    })
    this.services = { 4: carriedBy(4), 6: carriedBy(6) }
    this.macs = [...cuts.mac.classes().map((of) => ({ mac: macOf(of.sample), of })), { mac: undefined, of: undefined }]
    this.sourcePorts = numbersOf(cuts.sourcePort.classes(), SOURCE_PORT)
    this.hopLimits = numbersOf(cuts.hopLimit.classes(), HOP_LIMIT)
    this.uids = numbersOf(cuts.uid.classes(), 0)
    // each begins with an edge of some rule
    this.times = cuts.time.classes().map(({ pieces }) => (pieces.some(({ first, last }) => BigInt(now) >= first && BigInt(now) <= last) ? now : Number(pieces[0]?.first ?? 0n)))
    this.marks = marksOf(cuts.marks)
    this.ways = waysOf([...new Set([...interfacesOf(world), ...cuts.interfaces])].filter((name) => name !== 'lo'))
  }

  destinationsOf(way: Way): readonly Place[] {
    return this.destinations[way.family].filter(({ kind }) => {
      if (way.hook === 'forward') return kind === 'unicast'
      return way.hook === 'input' ? (way.in === 'lo' ? kind === 'local' || kind === 'anycast' : kind !== 'unicast') : (way.out === 'lo') === (kind === 'local' || kind === 'anycast')
    })
  }
}

/** Every value that is asked for in each part of the mark with every one in each other part, none, and one that nobody asks for. */
function marksOf(parts: ReadonlyMap<number, ReadonlySet<number>>): readonly number[] {
  let marks: readonly number[] = [0]
  for (const [mask, values] of parts) {
    const all = [...values, unused(mask, values)]
    marks = marks.flatMap((mark) => all.map((value) => (((mark & ~mask) | value) >>> 0)))
  }
  return [...new Set(marks)]
}

function unused(mask: number, values: ReadonlySet<number>): number {
  const step = (mask & -mask) >>> 0
  for (let value = step; value <= mask; value += step) if (!values.has(value)) return value
  return 0
}

function waysOf(names: readonly string[]): readonly Way[] {
  return ([4, 6] as const).flatMap((family): readonly Way[] => [
    ...['lo', ...names].map((name) => ({ family, hook: 'input' as const, in: name, out: '' })),
    ...names.flatMap((entry) => names.map((exit) => ({ family, hook: 'forward' as const, in: entry, out: exit }))),
    ...['lo', ...names].map((name) => ({ family, hook: 'output' as const, in: '', out: name })),
  ])
}

export interface Chosen {
  readonly source: Class | undefined
  readonly destination: Class | undefined
  readonly service: Class | undefined
  readonly mac: Class | 'none' | undefined
  readonly uid: number | undefined
  readonly sourcePort: number | undefined
}

export class CellPacket implements Packet {
  readonly family: Family
  readonly hook: PacketHook
  readonly in: string
  readonly out: string
  readonly #space: Space
  readonly #targets: readonly Place[]
  readonly #chooser: Chooser
  #source: Place | undefined
  #destination: Place | undefined
  #service: Space['services'][Family][number] | undefined
  #mac: Space['macs'][number] | undefined
  #sourcePort: number | undefined
  #hopLimit: number | undefined
  #state: State | undefined
  #reply: boolean | undefined
  #mark: number | undefined
  #syn: boolean | undefined
  #uid: number | undefined
  #time: number | undefined
  #noisy: boolean | undefined

  /** `targets`: the way's. */
  constructor(space: Space, way: Way, targets: readonly Place[], chooser: Chooser) {
    this.family = way.family
    this.hook = way.hook
    this.in = way.in
    this.out = way.out
    this.#space = space
    this.#targets = targets
    this.#chooser = chooser
  }

  #pick<T>(of: readonly T[]): T {
    const value = of[this.#chooser.choose(of.length)]
    if (value === undefined) throw new Error('an empty dimension')
    return value
  }

  get #sourcePlace(): Place {
    return (this.#source ??= this.#pick(this.#space.sources[this.family]))
  }

  get #destinationPlace(): Place {
    return (this.#destination ??= this.#pick(this.#targets))
  }

  /** The classes that somebody asked for; undefined: whichever. */
  get chosen(): Chosen {
    const mac = this.#mac
    return { source: this.#source?.of, destination: this.#destination?.of, service: this.#service?.of, mac: mac === undefined ? undefined : (mac.of ?? 'none'), uid: this.#uid, sourcePort: this.#sourcePort }
  }

  get source(): Ip {
    return this.#sourcePlace.ip
  }

  get sourceKind(): Kind {
    return this.#sourcePlace.kind
  }

  get destination(): Ip {
    return this.#destinationPlace.ip
  }

  get destinationKind(): Kind {
    return this.#destinationPlace.kind
  }

  get service(): number {
    return (this.#service ??= this.#pick(this.#space.services[this.family])).at
  }

  get mac(): Mac | undefined {
    // what the machine sends itself, and what it says to itself, comes over no link
    if (this.hook === 'output' || this.in === 'lo') return undefined
    return (this.#mac ??= this.#pick(this.#space.macs)).mac
  }

  get sourcePort(): number {
    return this.service > PORTS.udp.last ? 0 : (this.#sourcePort ??= this.#pick(this.#space.sourcePorts))
  }

  get hopLimit(): number {
    return (this.#hopLimit ??= this.#pick(this.#space.hopLimits))
  }

  get state(): State {
    return (this.#state ??= this.#pick(STATES))
  }

  get reply(): boolean {
    return (this.#reply ??= this.#pick(EITHER))
  }

  get mark(): number {
    return (this.#mark ??= this.#pick(this.#space.marks))
  }

  get syn(): boolean {
    return this.service <= PORTS.tcp.last && (this.#syn ??= this.#pick([true, false]))
  }

  get uid(): number | undefined {
    return this.hook === 'output' ? (this.#uid ??= this.#pick(this.#space.uids)) : undefined
  }

  get time(): number {
    return (this.#time ??= this.#pick(this.#space.times))
  }

  get noisy(): boolean {
    return (this.#noisy ??= this.#pick(EITHER))
  }

  /** Every value, those that nobody asked for chosen too. */
  whole(): Packet {
    const { family, hook, source, destination, sourceKind, destinationKind, mac, service, sourcePort, hopLimit, state, reply, mark, syn, uid, time, noisy } = this
    return { family, hook, in: this.in, out: this.out, source, destination, sourceKind, destinationKind, mac, service, sourcePort, hopLimit, state, reply, mark, syn, uid, time, noisy }
  }
}
