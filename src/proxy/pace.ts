// How fast a body or a tunnel goes where its rule limits it: every direction has a turn at its bucket, and who finds it empty waits in line, behind
// one deadline a bucket. Dangers prevented: a timer a connection; a client with many connections that gets ahead of one with few reads
// at a time; a new connection that takes its first octets from an empty bucket.
import { createHash } from 'node:crypto'
import type { Endpoint, RuleLimit } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Ip } from '../net/ip.ts'
import type { Bucket, Buckets } from './buckets.ts'
import { arm, deadline, disarm } from './deadlines.ts'

const LEAST_READ = 4 * 1024
const LARGEST_READ = 1024 * 1024

/** At most so much is read at once, and so much moved before others have their turn: a sixty-fourth of a second's worth. */
export function readOctets(rate: number): number {
  return Math.min(LARGEST_READ, Math.max(LEAST_READ, rate / 64))
}

/** One bucket as a worker sees it, with who waits for it. */
class Pacer {
  readonly bucket: Bucket
  readonly quantum: number
  readonly #wake = deadline(() => this.#grant())
  #first: Turn | undefined
  #last: Turn | undefined
  readonly #forget: () => void
  users = 0

  constructor(bucket: Bucket, forget: () => void) {
    this.bucket = bucket
    this.#forget = forget
    this.quantum = readOctets(bucket.rate)
  }

  /** Somebody waits. */
  get crowded(): boolean {
    return this.#first !== undefined
  }

  get empty(): boolean {
    return this.crowded || this.bucket.left() <= 0
  }

  /** One has had its share and the bucket is not empty: who has waited longest goes on in its place. */
  pass(turn: Turn): void {
    const next = this.#first
    this.join(turn)
    next?.go()
  }

  join(turn: Turn): void {
    turn.before = this.#last
    if (this.#last === undefined) this.#first = turn
    else this.#last.after = turn
    this.#last = turn
    if (this.#first === turn) this.#sleep(this.bucket.left())
  }

  part(turn: Turn): void {
    const { before, after } = turn
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    turn.before = undefined
    turn.after = undefined
    if (this.#first === undefined) disarm(this.#wake)
  }

  #sleep(left: number): void {
    arm(this.#wake, Math.max(1, this.bucket.waitMs(left)))
  }

  /** As many as the bucket has reads for, in the order in which they came. */
  #grant(): void {
    const left = this.bucket.left()
    let reads = left <= 0 ? 0 : Math.max(1, Math.floor(left / this.quantum))
    while (reads-- > 0 && this.#first !== undefined) this.#first.go()
    if (this.#first !== undefined) this.#sleep(left > 0 ? 1 : left)
  }

  leave(): void {
    if (--this.users === 0) this.#forget()
  }
}

/** One direction's place at its bucket. Its owner moves octets, says how many, and stops where it is told to wait. */
export class Turn {
  readonly #pacer: Pacer
  /** set by who reads: called when it may go on */
  goOn: () => void = () => {}
  before: Turn | undefined
  after: Turn | undefined
  waiting = false
  /** moved since it last went on */
  #since = 0
  #over = false

  constructor(pacer: Pacer) {
    this.#pacer = pacer
    pacer.users++
  }

  get readOctets(): number {
    return readOctets(this.#pacer.bucket.rate)
  }

  /** So much was moved. True: nothing more until `goOn`. */
  moved(octets: number): boolean {
    const pacer = this.#pacer
    this.#since += octets
    if (pacer.bucket.take(octets) <= 0) this.#wait()
    else if (this.#since >= pacer.quantum && pacer.crowded && !this.#over) {
      this.waiting = true
      pacer.pass(this)
    }
    return this.waiting
  }

  /** Nothing was moved yet: true where others must come first. */
  holds(): boolean {
    if (!this.waiting && this.#pacer.empty) this.#wait()
    return this.waiting
  }

  #wait(): void {
    if (this.waiting || this.#over) return
    this.waiting = true
    this.#pacer.join(this)
  }

  go(): void {
    if (!this.waiting) return
    this.waiting = false
    this.#since = 0
    this.#pacer.part(this)
    this.goOn()
  }

  /** It needs its place no more; what waited may go on, by another's word. */
  end(): void {
    if (this.#over) return
    this.#over = true
    if (this.waiting) {
      this.waiting = false
      this.#pacer.part(this)
    }
    this.#pacer.leave()
  }
}

/** Both directions of an exchange. */
export interface Pace {
  readonly up: Turn
  readonly down: Turn
  /** for the record */
  readonly text: string
}

/** Nobody moves anything by it any more. */
export function endPace(pace: Pace | undefined): void {
  pace?.up.end()
  pace?.down.end()
}

type Words = readonly [number, number]
const words = new Map<string, Words>()
const MOST_WORDS = 4096

function wordsOf(text: string): Words {
  const known = words.get(text)
  if (known !== undefined) return known
  if (words.size >= MOST_WORDS) words.clear()
  const digest = createHash('sha256').update(text).digest()
  const made: Words = [digest.readInt32LE(0), digest.readInt32LE(4)]
  words.set(text, made)
  return made
}

/** Of one worker: who waits for what. */
export class Paces {
  readonly #buckets: Buckets
  readonly #pacers = new Map<string, Pacer>()

  constructor(buckets: Buckets) {
    this.#buckets = buckets
  }

  /** undefined: as fast as it comes; so it is too while a policy only observes. */
  of(snapshot: Snapshot, endpoint: Endpoint, client: Ip): Pace | undefined {
    const limit = limitOf(snapshot, endpoint)
    if (limit === undefined) return undefined
    const whose = limit.per === 'client' ? client : undefined
    const turn = (way: 'up' | 'down'): Turn => new Turn(this.#pacer(`${limit.rule} ${limit.rate} ${way}`, limit.rate, whose))
    return { up: turn('up'), down: turn('down'), text: paceText(limit) }
  }

  #pacer(text: string, rate: number, client: Ip | undefined): Pacer {
    const key = `${text} ${client?.text ?? ''}`
    let pacer = this.#pacers.get(key)
    if (pacer === undefined) {
      pacer = new Pacer(this.#buckets.bucket({ words: wordsOf(text), client }, rate), () => this.#pacers.delete(key))
      this.#pacers.set(key, pacer)
    }
    return pacer
  }
}

/** What holds: a policy that only observes slows nothing. */
export function limitOf(snapshot: Snapshot, endpoint: Endpoint): RuleLimit | undefined {
  return snapshot.compiled.policy.mode === 'observe' ? undefined : endpoint.limit
}

export function sameLimit(a: RuleLimit | undefined, b: RuleLimit | undefined): boolean {
  return a?.rule === b?.rule && a?.rate === b?.rate && a?.per === b?.per
}

export function paceText({ text, per }: { readonly text: string; readonly per: 'client' | 'group' }): string {
  return per === 'client' ? `${text} per client` : text
}
