// Commands that go on until somebody ends them: by a signal, or because nobody reads what they print any more. Danger prevented: a follower
// that is killed in the middle and leaves the programs that it started.

/** Aborts at SIGINT, SIGTERM, SIGHUP, and when standard output is closed. */
export function untilStopped(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort())
  process.stdout.on('error', () => controller.abort())
  return controller.signal
}
