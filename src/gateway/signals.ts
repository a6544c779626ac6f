// The signals of the process and what each means. systemd and Ctrl-C reach launcher and runtime alike, and the launcher passes on what it
// gets: one that comes twice within a second was sent once. Danger prevented: connections cut at once because a polite signal came by two ways.
import { npmAbove, stillAbove } from '../kernel/ancestry.ts'

const ONCE_MS = 1_000
const LOOK_MS = 1_000

export interface SignalActions {
  reload(): void
  reopen(): void
  /** the first one: finish what is under way */
  drain(why: string): void
  /** the second one: 128 and the signal's number, as a shell tells it */
  end(code: number): void
}

const NUMBER = { SIGINT: 2, SIGTERM: 15 } as const

/** Returns what takes them off again. */
export function takeSignals(actions: SignalActions): () => void {
  const seen = new Map<string, number>()
  let ending = false
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const now = performance.now()
    const before = seen.get(signal)
    if (before !== undefined && now - before < ONCE_MS) return
    seen.set(signal, now)
    if (ending) return actions.end(128 + NUMBER[signal])
    ending = true
    actions.drain(signal)
  }
  // a launcher that is gone cannot pass signals on any more, and nobody knows this process
  const orphaned = (): void => {
    if (ending) return
    ending = true
    actions.drain('the launcher is gone')
  }
  const handlers = {
    SIGHUP: () => actions.reload(),
    SIGUSR2: () => actions.reopen(),
    // Node would open its debugger
    SIGUSR1: () => {},
    SIGINT: () => stop('SIGINT'),
    SIGTERM: () => stop('SIGTERM'),
  }
  for (const [signal, act] of Object.entries(handlers)) process.on(signal as NodeJS.Signals, act)
  process.on('disconnect', orphaned)
  process.channel?.unref()
  const npm = npmAbove()
  const watch = npm.length === 0 ? undefined : setInterval(() => (stillAbove(npm) ? undefined : orphaned()), LOOK_MS)
  watch?.unref()
  return () => {
    for (const [signal, act] of Object.entries(handlers)) process.off(signal as NodeJS.Signals, act)
    process.off('disconnect', orphaned)
    clearInterval(watch)
  }
}
