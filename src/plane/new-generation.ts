// The number for a new meaning, chosen with a look at the flows that the kernel has; written down when it is used. Danger prevented: a number that
// means two policies to flows that are still there.
import { listFlows, removeGeneration } from '../kernel/conntrack.ts'
import { asGenerations, chooseGeneration } from './generations.ts'
import type { Generations } from './generations.ts'
import { RulesError } from './own-kernel.ts'
import { readJson, writeJson } from './places.ts'
import type { Places } from './places.ts'
import { readKept } from './recover.ts'

export interface NewGeneration {
  readonly generation: number
  /** to be called when the rules are about to be loaded */
  readonly begin: () => Promise<void>
}

function knownIn(places: Places): Generations {
  try {
    return asGenerations(readJson(places.generations))
  } catch {
    return []
  }
}

export async function newGeneration(places: Places, meaning: string, wanted: number): Promise<NewGeneration> {
  const listed = await listFlows()
  const known = knownIn(places)
  const used = [places.inForce, places.lastGood, places.undo].flatMap((path) => readKept(path)?.meta?.generation ?? [])
  const { generation, cut, known: next } = chooseGeneration(meaning, wanted, known, listed.ok ? listed.flows : [], used)
  const taken = (list: Generations): boolean => list.some(([other, number]) => number === generation && other !== meaning)
  return {
    generation,
    async begin() {
      // chosen before the lock was ours
      if (!taken(known) && taken(knownIn(places))) throw new RulesError('another apply came between, and marks its flows with the number that was chosen here; apply anew')
      if (cut) await removeGeneration(generation)
      writeJson(places.generations, next)
    },
  }
}
