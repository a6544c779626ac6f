// The proof: every packet that some judge tells apart is put to all of them, and they must say the same. Where there are too many, the rest is
// drawn by chance from the classes, and that is said. Danger prevented: four texts of one policy of which one is another policy.
import { Chooser, seeded } from './chooser.ts'
import { agree } from './judges.ts'
import type { Judge, Told } from './judges.ts'
import type { Packet } from './packet.ts'
import { CellPacket } from './space.ts'
import type { Space, Way } from './space.ts'

/** Something that must hold of a packet beside the judges' agreement; what does not, is told by who says what. */
export type Check = (packet: Packet) => readonly Said[] | undefined

export interface Said {
  readonly name: string
  readonly told: Told
}

export interface Disagreement {
  readonly packet: Packet
  readonly said: readonly Said[]
}

export interface Proof {
  /** packets that some judge tells from every other */
  readonly cells: number
  /** drawn by chance where not every cell was tried */
  readonly drawn: number
  /** 1: every cell; else how much of the space lies in cells that were tried */
  readonly share: number
  /** how many times who was asked and had a say */
  readonly asked: ReadonlyMap<string, number>
  readonly disagreements: readonly Disagreement[]
  /** found beside those that are told */
  readonly more: number
}

export interface ProofOptions {
  /** the most cells that are tried one by one */
  readonly most: number
  readonly draw: number
  readonly seed: number
  /** the most disagreements that are kept */
  readonly keep: number
}

export class Prover {
  readonly #space: Space
  readonly #reference: Judge
  readonly #judges: readonly Judge[]
  readonly #checks: readonly Check[]
  readonly #options: ProofOptions
  readonly #asked = new Map<string, number>()
  readonly #disagreements: Disagreement[] = []
  readonly #kinds = new Set<string>()
  #more = 0

  /** `reference`: with whom each judge is compared; it has a say in every packet. */
  constructor(space: Space, reference: Judge, judges: readonly Judge[], checks: readonly Check[], options: ProofOptions) {
    this.#space = space
    this.#reference = reference
    this.#judges = judges
    this.#checks = checks
    this.#options = options
  }

  run(): Proof {
    const { ways } = this.#space
    const { most, draw, seed } = this.#options
    let cells = 0
    let covered = 0
    const open: Way[] = []
    ways.forEach((way, index) => {
      // what earlier ways did not need, later ones may use
      const room = Math.ceil((most - cells) / (ways.length - index))
      const tried = this.#way(way, room)
      cells += tried.cells
      covered += tried.share
      if (tried.share < 1) open.push(way)
    })
    const drawn = open.length === 0 ? 0 : this.#draw(open, draw, seeded(seed))
    return { cells, drawn, share: open.length === 0 ? 1 : covered / ways.length, asked: this.#asked, disagreements: this.#disagreements, more: this.#more }
  }

  #way(way: Way, room: number): { readonly cells: number; readonly share: number } {
    const chooser = new Chooser()
    const targets = this.#space.destinationsOf(way)
    if (targets.length === 0) return { cells: 0, share: 1 }
    let share = 0
    for (let cells = 1; ; cells++) {
      this.#try(new CellPacket(this.#space, way, targets, chooser))
      share += chooser.share
      if (!chooser.next()) return { cells, share: 1 }
      if (cells >= room) return { cells, share: Math.min(share, 0.999_999) }
    }
  }

  #draw(ways: readonly Way[], count: number, random: () => number): number {
    const chooser = new Chooser(random)
    const targets = ways.map((way) => this.#space.destinationsOf(way))
    for (let drawn = 0; drawn < count; drawn++) {
      const index = drawn % ways.length
      const way = ways[index]
      if (way !== undefined) this.#try(new CellPacket(this.#space, way, targets[index] ?? [], chooser))
      chooser.next()
    }
    return count
  }

  #try(packet: CellPacket): void {
    const expected = this.#reference.judge(packet)
    if (expected === undefined) throw new Error('the one who is compared with has no say')
    let agreed = true
    const said: Said[] = [{ name: this.#reference.name, told: expected }]
    this.#count(this.#reference.name)
    for (const judge of this.#judges) {
      const told = judge.judge(packet)
      if (told === undefined) continue
      this.#count(judge.name)
      said.push({ name: judge.name, told })
      if (!agree(told, expected)) agreed = false
    }
    if (!agreed) this.#disagree({ packet: packet.whole(), said })
    for (const check of this.#checks) {
      const broken = check(packet)
      if (broken !== undefined) this.#disagree({ packet: packet.whole(), said: broken })
    }
  }

  #count(name: string): void {
    this.#asked.set(name, (this.#asked.get(name) ?? 0) + 1)
  }

  /** One of each kind first: a fault breaks many cells in the same way. */
  #disagree(found: Disagreement): void {
    const kind = `${found.packet.hook} ${found.said.map(({ name, told }) => `${name} ${told.verdict} ${told.by} ${told.more ?? ''}`).join(' | ')}`
    if (this.#kinds.has(kind) || this.#disagreements.length >= this.#options.keep) {
      this.#more += 1
      return
    }
    this.#kinds.add(kind)
    this.#disagreements.push(found)
  }
}
