// "Did you mean": the known word nearest to one that is not known, by Damerau-Levenshtein distance (insert, delete, replace,
// swap of neighbours). Danger prevented: an error that is true and helps nobody.

function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let best = Math.min((last[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) best = Math.min(best, (before[column - 2] ?? 0) + 1)
      line.push(best)
    }
    before = last
    last = line
  }
  return last[b.length] ?? 0
}

/** Case, `_` for `-`, and a missing mark are no mistakes worth a distance. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[_\s]/g, '-')
}

/** The nearest of `known`, if it is near enough to be meant: a third of the word's length wrong at most. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const asked = fold(word.slice(0, 60))
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(asked.length / 3)) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - asked.length) > bestDistance) continue
    const found = distance(asked, fold(candidate))
    const closer = found === bestDistance && best !== undefined && Math.abs(candidate.length - asked.length) < Math.abs(best.length - asked.length)
    if (found < bestDistance || closer) {
      best = candidate
      bestDistance = found
    }
  }
  return best
}
