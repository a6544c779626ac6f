// Two rulesets over one space: which packets the new one lets begin that the old one did not, and the other way round. Danger prevented: a
// change of one line in a policy that opens more than its author sees.
import type { Ruleset } from '../firewall/ruleset.ts'
import { networkSet } from '../net/network.ts'
import { merged } from './box.ts'
import type { Box, Side } from './box.ts'
import { Chooser, seeded } from './chooser.ts'
import type { Class } from './cut.ts'
import { Cuts } from './cuts.ts'
import { FirstPacket } from './first-packet.ts'
import { modelOfRuleset } from './from-ruleset.ts'
import type { Packet } from './packet.ts'
import type { ProofOptions } from './prove.ts'
import { PORTS, typeSpan } from './service.ts'
import { Space } from './space.ts'
import type { Chosen, Place, Way } from './space.ts'
import { walk } from './walk.ts'
import type { Outcome } from './walk.ts'
import { routesTo } from './world.ts'
import type { World } from './world.ts'

export interface Change {
  readonly kind: 'allowed' | 'denied'
  readonly box: Box
  readonly ways: readonly Way[]
  /** one of the packets */
  readonly packet: Packet
}

export interface Comparison {
  readonly changes: readonly Change[]
  readonly cells: number
  readonly drawn: number
  readonly share: number
  /** of the whole space, for naming a set that is all of it */
  readonly space: Space
}

function sideOf(of: Class | undefined): Side {
  return of === undefined ? undefined : { pieces: of.pieces }
}

function boxOf(way: Way, { source, destination, service, mac, uid, sourcePort }: Chosen): Box {
  return {
    ways: new Set([JSON.stringify(way)]), source: sideOf(source), destination: sideOf(destination), service: sideOf(service),
    mac: mac === 'none' ? { pieces: [], none: true } : sideOf(mac), uids: uid === undefined ? undefined : new Set([uid]),
    sourcePorts: sourcePort === undefined ? undefined : new Set([sourcePort]),
  }
}

/** What decides, as a word to sort by. */
function decider(outcome: Outcome): string {
  return `${outcome.verdict} ${outcome.path.flatMap(({ rule: { comment } }) => comment ?? []).join(' ')}`
}

class Comparer {
  readonly #old: ReturnType<typeof modelOfRuleset>
  readonly #new: ReturnType<typeof modelOfRuleset>
  readonly #world: World
  readonly #space: Space
  readonly #targets: ReadonlyMap<Way, readonly Place[]>
  readonly #found = new Map<string, { readonly kind: Change['kind']; readonly boxes: (readonly [Box, Packet])[] }>()

  constructor(before: Ruleset, after: Ruleset, world: World) {
    this.#old = modelOfRuleset(before)
    this.#new = modelOfRuleset(after)
    this.#world = world
    const cuts = new Cuts()
    for (const model of [this.#old, this.#new]) cuts.model(model)
    for (const set of [world.local, world.broadcast, world.anycast, world.multicast, world.nowhere, world.linkLocal6, ...world.greens.map(({ network }) => networkSet([network]))]) cuts.addresses('both', set.ranges)
    for (const span of [PORTS.tcp, PORTS.udp, typeSpan(4), typeSpan(6)]) cuts.services([span])
    // ICMP that begins something, and what does not
    for (const [family, types] of [[4, [8, 13, 15, 17]], [6, [128, 139]], [6, [130, 131, 132, 143]], [6, [133, 134, 135, 136, 137]]] as const) cuts.services(types.map((type) => typeSpan(family, type)))
    this.#space = new Space(cuts, world, 0)
    this.#targets = new Map(this.#space.ways.map((way) => [way, this.#space.destinationsOf(way)]))
  }

  run({ most, draw, seed }: ProofOptions): Comparison {
    const whole = this.#space.ways.map((way) => ({ way, chooser: new Chooser(), share: 0, done: this.#targets.get(way)?.length === 0 }))
    let cells = 0
    for (let open = whole.filter(({ done }) => !done); cells < most && open.length > 0; open = open.filter(({ done }) => !done)) {
      const room = Math.ceil((most - cells) / open.length)
      for (const tried of open) {
        for (let count = 0; count < room && cells < most && !tried.done; count++, cells++) {
          this.#try(tried.way, tried.chooser)
          tried.share += tried.chooser.share
          tried.done = !tried.chooser.next()
        }
      }
    }
    const left = whole.filter(({ done }) => !done)
    const random = new Chooser(seeded(seed))
    for (let drawn = 0; drawn < (left.length === 0 ? 0 : draw); drawn++) {
      const { way } = left[drawn % left.length] ?? {}
      if (way !== undefined) this.#try(way, random)
      random.next()
    }
    const share = left.length === 0 ? 1 : whole.reduce((sum, tried) => sum + (tried.done ? 1 : tried.share), 0) / whole.length
    return { changes: this.#changes(), cells, drawn: left.length === 0 ? 0 : draw, share, space: this.#space }
  }

  #try(way: Way, chooser: Chooser): void {
    const packet = new FirstPacket(this.#space, way, this.#targets.get(way) ?? [], chooser)
    const before = walk(this.#old, packet)
    const after = walk(this.#new, packet)
    const kind = before.verdict === 'accept' ? (after.verdict === 'accept' ? undefined : 'denied') : after.verdict === 'accept' ? 'allowed' : undefined
    // the kernel sends nothing where its routing does not lead
    if (kind === undefined) return
    const exits = routesTo(this.#world, packet.destination)
    if (exits.length === 0 || (way.hook !== 'input' && !exits.includes(way.out))) return
    const key = `${kind} ${way.family} ${way.hook} ${decider(before)} ${decider(after)}`
    const known = this.#found.get(key)
    const { chosen } = packet
    const whole = packet.whole()
    const found: readonly [Box, Packet] = [boxOf(way, chosen), chosen.mac === undefined ? { ...whole, mac: undefined } : whole]
    if (known === undefined) this.#found.set(key, { kind, boxes: [found] })
    else known.boxes.push(found)
  }

  #changes(): readonly Change[] {
    return [...this.#found.values()].flatMap(({ kind, boxes }) => merged(boxes).map(([box, packet]): Change => ({
      kind, box, packet, ways: [...box.ways].map((text) => JSON.parse(text) as Way),
    })))
  }
}

/** `world`: where addresses are under both. */
export function compareRulesets(before: Ruleset, after: Ruleset, world: World, options: ProofOptions): Comparison {
  return new Comparer(before, after, world).run(options)
}
