// Which number a policy's flows are marked with: the one that its meaning had before, else one that no flow in the kernel bears. Danger prevented: a
// flow that an older policy allowed, under a number that comes round again and means another policy.
import type { Flow } from '../kernel/conntrack.ts'

const MOST = 254

/** meaning → generation, oldest first */
export type Generations = readonly (readonly [meaning: string, generation: number])[]

export function asGenerations(value: unknown): Generations {
  if (!Array.isArray(value)) return []
  return value.filter((entry): entry is readonly [string, number] =>
    Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string' && Number.isInteger(entry[1]) && entry[1] >= 1 && entry[1] <= MOST)
}

export function generationOfMark(mark: number): number {
  return Math.floor(mark / 2 ** 24) % 256
}

export interface Choice {
  readonly generation: number
  readonly known: Generations
  /** every number is borne by some flow: those of this one are cut before it is taken */
  readonly cut: boolean
}

/** `wanted`: what is tried first. `used`: generations that are in force, or that a way back leads to. */
export function chooseGeneration(meaning: string, wanted: number, known: Generations, flows: readonly Pick<Flow, 'mark'>[], used: readonly number[]): Choice {
  const own = known.find(([each]) => each === meaning)
  const others = known.filter(([each]) => each !== meaning)
  if (own !== undefined) return { generation: own[1], known: [...others, own], cut: false }
  const borne = new Set([...flows.map(({ mark }) => generationOfMark(mark)), ...used])
  const taken = (generation: number, cut: boolean): Choice => ({
    generation, cut, known: [...others.filter(([, each]) => each !== generation), [meaning, generation]],
  })
  for (let step = 0; step < MOST; step++) {
    const generation = 1 + ((wanted - 1 + step) % MOST)
    if (!borne.has(generation)) return taken(generation, false)
  }
  const oldest = others.find(([, generation]) => !used.includes(generation))?.[1]
  const free = oldest ?? Array.from({ length: MOST }, (_, index) => index + 1).find((generation) => !used.includes(generation)) ?? wanted
  return taken(free, true)
}
