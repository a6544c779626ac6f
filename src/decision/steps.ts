// Work that may be done in one go or with pauses: a generator that yields between its parts. Danger prevented: a worker that compiles the next
// policy for a tenth of a second while its clients wait.

export type Steps<T> = Generator<void, T, void>

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** One after the other, with a pause after each. */
export function* eachOf<A, B>(values: readonly A[], make: (value: A, index: number) => B): Steps<B[]> {
  const made: B[] = []
  for (const [index, value] of values.entries()) {
    made.push(make(value, index))
    yield
  }
  return made
}
