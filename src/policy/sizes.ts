// Durations and sizes as an author writes them, with their unit: `10s`, `5m`, `24h`, `64KiB`. Danger prevented: a bare number
// that one reader takes for seconds and the next for milliseconds.

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SIZE_BYTES: Readonly<Record<string, number>> = {
  b: 1, byte: 1, bytes: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, kb: 1000, mb: 1000 ** 2, gb: 1000 ** 3, k: 1024, m: 1024 ** 2, g: 1024 ** 3,
}

function measure(text: string, units: Readonly<Record<string, number>>): number | undefined {
  let rest = text.trim().toLowerCase()
  let total = 0
  if (rest === '') return undefined
  while (rest !== '') {
    const match = /^(\d{1,12}(?:\.\d{1,3})?)\s*([a-z]+)\s*/.exec(rest)
    const unit = match === null ? undefined : units[match[2] ?? '']
    if (match === null || unit === undefined) return undefined
    total += Number(match[1]) * unit
    rest = rest.slice(match[0].length)
  }
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : undefined
}

/** Milliseconds of `10s`, `5m`, `1h30m`. */
export function parseDuration(text: string): number | undefined {
  return measure(text, DURATION_MS)
}

/** Octets of `64KiB`, `1MB`. */
export function parseSize(text: string): number | undefined {
  return measure(text, SIZE_BYTES)
}
