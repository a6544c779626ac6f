// The proof: every packet that some judge tells apart is put to all of them, and they must say the same. Where there are too many, the rest is
// drawn by chance from the classes, and that is said. Danger prevented: four texts of one policy of which one is another policy.
import { Chooser, seeded } from './chooser.ts'
import { agree } from './judges.ts'
import type { Judge, Told } from './judges.ts'
import type { Packet } from './packet.ts'
import { CellPacket } from './space.ts'
import type { Place, Space, Way } from './space.ts'

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
  /** the most disagreements that are kept, one of each kind */
  readonly keep: number
  /** end when there are as many */
  readonly stop?: true
  /** told now and then how much of it is done, from 0 to 1 */
  readonly step?: (share: number) => void
}

/** How far a way has been tried. */
interface Tried {
  readonly way: Way
  readonly targets: readonly Place[]
  readonly chooser: Chooser
  share: number
  done: boolean
}

/** Packets between two words on how far it is. */
const EVERY = 4_096

function finish(tried: Tried): void {
  tried.share = 1
  tried.done = true
}

/** First where most have a say, and of first packets. */
function plainer(a: Disagreement, b: Disagreement): number {
  const odd = ({ packet, said }: Disagreement): number => (packet.state === 'new' ? 0 : 1) + (packet.noisy ? 1 : 0) - said.length
  return odd(a) - odd(b)
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
  #tried = 0
  /** of the space, as far as all of it is tried */
  #share: () => number = () => 0

  /** `reference`: with whom each judge is compared; it has a say in every packet. */
  constructor(space: Space, reference: Judge, judges: readonly Judge[], checks: readonly Check[], options: ProofOptions) {
    this.#space = space
    this.#reference = reference
    this.#judges = judges
    this.#checks = checks
    this.#options = options
  }

  run(): Proof {
    const { most, draw, seed } = this.#options
    const whole = this.#space.ways.map((way): Tried => ({ way, targets: this.#space.destinationsOf(way), chooser: new Chooser(), share: 0, done: false }))
    for (const tried of whole) if (tried.targets.length === 0) finish(tried)
    this.#share = () => whole.reduce((sum, tried) => sum + tried.share, 0) / whole.length
    let cells = 0
    // turn by turn: what one way does not need, the others may use
    for (let open: readonly Tried[] = whole; cells < most && open.length > 0 && !this.#enough; open = open.filter(({ done }) => !done)) {
      const room = Math.ceil((most - cells) / open.length)
      for (const tried of open) cells += this.#some(tried, Math.min(room, most - cells))
    }
    const left = whole.filter(({ done }) => !done)
    const drawn = left.length === 0 ? 0 : this.#draw(left, draw, seeded(seed))
    const share = left.length === 0 ? 1 : this.#share()
    return { cells, drawn, share, asked: this.#asked, disagreements: this.#disagreements.toSorted(plainer), more: this.#more }
  }

  get #enough(): boolean {
    return this.#options.stop === true && this.#disagreements.length >= this.#options.keep
  }

  #some(tried: Tried, room: number): number {
    const { way, targets, chooser } = tried
    for (let cells = 0; cells < room && !this.#enough; cells++) {
      this.#try(new CellPacket(this.#space, way, targets, chooser))
      tried.share += chooser.share
      if (chooser.next()) continue
      finish(tried)
      return cells + 1
    }
    return room
  }

  #draw(left: readonly Tried[], count: number, random: () => number): number {
    const chooser = new Chooser(random)
    for (let drawn = 0; drawn < count && !this.#enough; drawn++) {
      const tried = left[drawn % left.length]
      if (tried !== undefined) this.#try(new CellPacket(this.#space, tried.way, tried.targets, chooser))
      chooser.next()
    }
    return count
  }

  #try(packet: CellPacket): void {
    this.#tell()
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

  #tell(): void {
    const { step, most, draw } = this.#options
    if (++this.#tried % EVERY === 0) step?.(Math.max(this.#share(), this.#tried / (most + draw)))
  }

  #count(name: string): void {
    this.#asked.set(name, (this.#asked.get(name) ?? 0) + 1)
  }

  /** One of each kind first: a fault breaks many cells in the same way. */
  #disagree(found: Disagreement): void {
    const kind = `${found.packet.hook} ${found.said.map(({ name, told }) => `${name} ${told.verdict} ${told.by} ${told.answer ?? ''}`).join(' | ')}`
    if (this.#kinds.has(kind) || this.#disagreements.length >= this.#options.keep) {
      this.#more += 1
      return
    }
    this.#kinds.add(kind)
    this.#disagreements.push(found)
  }
}
