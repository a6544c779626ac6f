// What must be gone when the bench is: processes, groups, folders. Undone in the reverse of the order in which it came to be, also after an error or
// a signal. Danger prevented: a proxy, a worktree or a cgroup that stays behind a bench that somebody interrupted.
import { constants } from 'node:os'

const acts = new Set<() => void>()

export function onEnd(act: () => void): { forget(): void } {
  acts.add(act)
  return { forget: () => void acts.delete(act) }
}

function undo(): void {
  for (const act of [...acts].reverse()) {
    try {
      act()
    } catch (error) {
      console.error(`bench: left behind: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  acts.clear()
}

process.on('exit', undo)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(128 + constants.signals[signal]))
