// Long work between requests: a little at a time, and whatever came meanwhile is served before it goes on.
import type { Steps } from '../decision/steps.ts'

const SLICE_MS = 1

/** undefined: it was no longer wanted. */
export async function inSlices<T>(steps: Steps<T>, wanted: () => boolean): Promise<T | undefined> {
  for (let began = performance.now(); ;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (performance.now() - began < SLICE_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    if (!wanted()) return undefined
    began = performance.now()
  }
}
