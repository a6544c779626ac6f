// `#time: 9 0 17 0 01234` of a list, as windows of a schedule. Danger prevented: a list that was banned in lessons and is banned for ever, or never.
export interface Band {
  /** 0 is Monday */
  readonly days: readonly number[]
  /** minutes of the day; the end is not included */
  readonly from: number
  readonly to: number
}

const NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** Start hour and minute, end hour and minute, days. undefined: it is none. Its last minute counts, ours does not. */
export function bandOf(text: string): Band | undefined {
  const [hour = 99, minute = 99, lastHour = 99, lastMinute = 99] = text.trim().split(/\s+/).map(Number)
  const days = /^\s*(?:\d{1,2}\s+){4}([0-6]{1,7})\s*$/.exec(text)?.[1]
  if (days === undefined || hour > 23 || lastHour > 23 || minute > 59 || lastMinute > 59) return undefined
  return { days: [...new Set([...days].map(Number))].sort(), from: hour * 60 + minute, to: lastHour * 60 + lastMinute + 1 }
}

export function bothBands(a: Band, b: Band): Band {
  return { days: a.days.filter((day) => b.days.includes(day)), from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }
}

/** A band that ends before it begins never holds: it does not cross midnight. */
export function isNever({ days, from, to }: Band): boolean {
  return days.length === 0 || to <= from
}

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

export function windowsOf({ days, from, to }: Band): readonly string[] {
  const runs: number[][] = []
  for (const day of days) {
    const run = runs.at(-1)
    if (run !== undefined && run.at(-1) === day - 1) run.push(day)
    else runs.push([day])
  }
  return runs.map((run) => {
    const [first = 0, last = first] = [run[0], run.at(-1)]
    const name = first === last ? NAMES[first] : `${NAMES[first]}-${NAMES[last]}`
    return from === 0 && to === 24 * 60 ? `${name}` : `${name} ${clock(from)}-${clock(to)}`
  })
}
