// Times, spans and sizes for people. Danger prevented: two commands that tell the same moment in two ways.
export function momentText(ms: number): string {
  const at = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** Two units at most: `3d 4h`, `12m 5s`. */
export function spanText(seconds: number): string {
  const whole = Math.floor(seconds)
  const parts = [[86_400, 'd'], [3_600, 'h'], [60, 'm'], [1, 's']] as const
  const first = parts.findIndex(([unit]) => whole >= unit)
  if (first < 0) return '0s'
  return parts.slice(first, first + 2).flatMap(([unit, letter], at) => {
    const value = Math.floor((at === 0 ? whole : whole % (parts[first]?.[0] ?? 1)) / unit)
    return value === 0 ? [] : [`${value}${letter}`]
  }).join(' ')
}

export function sizeText(octets: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = octets
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? 'B'}`
}
