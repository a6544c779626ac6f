// Wakes at the next instant at which a rule begins or ends (schedules, `expires`). Danger prevented: a tunnel that outlives the lesson in
// which it was allowed, also where the machine's clock was set or the machine slept.
import type { Snapshot } from '../decision/snapshot.ts'

/** A timer counts time that passes; the wall clock may jump. So it is looked at again after this at the latest. */
const LOOK_MS = 15_000

export interface EdgeWatch {
  /** from now on the edges of this one */
  follow(snapshot: Snapshot): void
}

export function edgeWatch(atEdge: (now: number) => void): EdgeWatch {
  let timer: NodeJS.Timeout | undefined
  return {
    follow(snapshot) {
      clearTimeout(timer)
      let seen = Date.now()
      let edge = snapshot.compiled.nextEdge(seen)
      const look = (): void => {
        const now = Date.now()
        // past the edge, or back before the time at which it was computed
        if ((edge !== undefined && now >= edge) || now < seen) {
          atEdge(now)
          edge = snapshot.compiled.nextEdge(now)
        }
        seen = now
        wait()
      }
      const wait = (): void => {
        timer = setTimeout(look, edge === undefined ? LOOK_MS : Math.min(LOOK_MS, Math.max(1, edge - Date.now())))
        timer.unref()
      }
      wait()
    },
  }
}
