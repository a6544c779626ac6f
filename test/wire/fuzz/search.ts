// Mutates what is known, keeps what behaves in a new way (another pair of refusals, another number or form of messages) and tells each difference,
// shrunk. Guided by behaviour: what is kept is mutated further.
import { difference } from './differ.ts'
import { theirReading } from './llhttp.ts'
import { mutant, type Random, shrunk } from './mutate.ts'
import { ourReading } from './ours.ts'

export interface Finding {
  readonly problem: string
  readonly bytes: Buffer
  readonly method: string | undefined
}

const METHODS = ['GET', 'HEAD'] as const
/** a kind of problem is told once */
const kindOf = (problem: string): string => problem.replace(/".*"|\d+|\{.*\}|\[.*\]/g, '').slice(0, 120)

export class Search {
  readonly #pools: { readonly requests: Buffer[]; readonly responses: Buffer[] }
  readonly #random: Random
  readonly #seen = new Set<string>()
  readonly findings = new Map<string, Finding>()
  tried = 0

  constructor(corpus: { readonly requests: readonly Buffer[]; readonly responses: readonly Buffer[] }, random: Random) {
    this.#pools = { requests: [...corpus.requests], responses: [...corpus.responses] }
    this.#random = random
  }

  get kept(): number {
    return this.#seen.size
  }

  /** One mutant of each direction. */
  step(): void {
    this.#try('requests', undefined)
    this.#try('responses', METHODS[this.#random() % METHODS.length])
  }

  /** The corpus itself. */
  begin(): void {
    for (const bytes of this.#pools.requests) this.#judge(bytes, undefined)
    for (const method of METHODS) for (const bytes of this.#pools.responses) this.#judge(bytes, method)
  }

  #try(direction: 'requests' | 'responses', method: string | undefined): void {
    const pool = this.#pools[direction]
    const random = this.#random
    const pick = (): Buffer => pool[random() % pool.length] ?? Buffer.alloc(0)
    const bytes = mutant(pick(), pick(), random)
    if (bytes.length === 0) return
    this.#judge(bytes, method)
    const ours = ourReading(bytes, bytes.length, method)
    const theirs = theirReading(bytes, method)
    const behaviour = `${method} ${ours.refused} ${ours.messages.map((each) => `${each.complete ? 1 : 0}${each.body.length > 0 ? 1 : 0}${each.keepAlive ? 1 : 0}${each.minor}`).join('')} ${theirs.refused} ${theirs.messages.length}`
    if (this.#seen.has(behaviour)) return
    this.#seen.add(behaviour)
    pool.push(bytes)
  }

  #judge(bytes: Buffer, method: string | undefined): void {
    this.tried++
    const problem = difference(bytes, method)
    if (problem === undefined) return
    const kind = `${method ?? 'request'} ${kindOf(problem)}`
    if (this.findings.has(kind)) return
    const least = shrunk(bytes, (less) => {
      const found = less.length > 0 ? difference(less, method) : undefined
      return found !== undefined && kindOf(found) === kindOf(problem)
    })
    this.findings.set(kind, { problem: difference(least, method) ?? problem, bytes: least, method })
  }
}
