// The number for a new meaning, chosen with a look at the flows that the kernel has; written down when it is used. Danger prevented: a number that
// means two policies to flows that are still there.
import { listFlows, removeGeneration } from '../kernel/conntrack.ts'
import { asGenerations, chooseGeneration } from './generations.ts'
import { readJson, writeJson } from './places.ts'
import type { Places } from './places.ts'
import { readKept } from './recover.ts'

export interface NewGeneration {
  readonly generation: number
  /** to be called when the rules are about to be loaded */
  readonly begin: () => Promise<void>
}

export async function newGeneration(places: Places, meaning: string, wanted: number): Promise<NewGeneration> {
  const listed = await listFlows()
  const known = ((): unknown => {
    try {
      return readJson(places.generations)
    } catch {
      return []
    }
  })()
  const used = [places.inForce, places.lastGood, places.undo].flatMap((path) => readKept(path)?.meta?.generation ?? [])
  const choice = chooseGeneration(meaning, wanted, asGenerations(known), listed.ok ? listed.flows : [], used)
  return {
    generation: choice.generation,
    async begin() {
      if (choice.cut) await removeGeneration(choice.generation)
      writeJson(places.generations, choice.known)
    },
  }
}
