// Turns: one after the other, never two at once. Danger prevented: two reloads that interleave, so that one worker has the first policy and
// another the second.

/** Runs what it is given one after the other; a failure of one does not stop the next. */
export function turns(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const mine = last.then(task, task)
    last = mine.catch(() => {})
    return mine
  }
}

/**
 * Everybody who asks while one waits for its turn gets that one's answer: it has not begun, so it will see what each of them meant. Who
 * asks while one runs gets the next, since the running one may have read the file before it was changed.
 */
export function coalesced<T>(turn: (task: () => Promise<T>) => Promise<T>, task: () => Promise<T>): () => Promise<T> {
  let waiting: Promise<T> | undefined
  return () => {
    waiting ??= turn(() => {
      waiting = undefined
      return task()
    })
    return waiting
  }
}
