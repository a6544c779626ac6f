// The steps of the distributions: how large answers were and how long they took. Fixed, since sums of an hour are kept by them for years.

export const SIZE_STEPS: readonly number[] = [0, 1, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]
export const TIME_STEPS: readonly number[] = [0, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]

/** Index of the last step that is not more than the value. */
export function stepOf(steps: readonly number[], value: number): number {
  let at = steps.length - 1
  while (at > 0 && value < (steps[at] ?? 0)) at--
  return at
}
