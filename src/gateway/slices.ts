// Long work between requests: a little at a time, and whatever came meanwhile is served before it goes on.
import type { Steps } from '../decision/steps.ts'

const SLICE_MS = 1

export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (let began = performance.now(); ;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (performance.now() - began < SLICE_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    began = performance.now()
  }
}
