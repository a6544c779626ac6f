// The spans of time that a chart has a column for: hours, days, months or years, by how long it was from the first request to the last. Dangers prevented:
// idle days that a chart leaves out; one stray time in a log that makes a page of a million columns.
import { dayKey, rowsBy } from './figures.ts'
import type { HourRow, Row } from './figures.ts'
import { momentText } from './words.ts'

/** What happened in one span of time. */
export interface Span {
  readonly label: string
  readonly name: string
  readonly requests: number
  readonly allowed: number
  readonly failed: number
  readonly denied: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** A part of the calendar, in this machine's time. */
interface Part {
  /** for so many days in all, at most */
  readonly mostDays: number
  readonly key: (at: number) => string
  readonly label: (key: string) => string
  /** a noon in it, so that no change of the clock leads to another day */
  readonly noon: (at: Date) => Date
  readonly step: (noon: Date) => void
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MOST_DAYS_BY_HOUR = 3
/** More of them are thinner than a line. */
const MOST_COLUMNS = 430

const DAYS: Part = {
  mostDays: MOST_COLUMNS, key: dayKey, label: (key) => key.slice(5),
  noon: (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate(), 12), step: (noon) => noon.setDate(noon.getDate() + 1),
}
const MONTHS: Part = {
  mostDays: MOST_COLUMNS * 28, key: (at) => dayKey(at).slice(0, -'-30'.length), label: (key) => key,
  noon: (at) => new Date(at.getFullYear(), at.getMonth(), 1, 12), step: (noon) => noon.setMonth(noon.getMonth() + 1),
}
const YEARS: Part = {
  mostDays: Infinity, key: (at) => dayKey(at).slice(0, -'-11-30'.length), label: (key) => key,
  noon: (at) => new Date(at.getFullYear(), 0, 1, 12), step: (noon) => noon.setFullYear(noon.getFullYear() + 1),
}

function spanOf(row: Row | undefined, label: string, name: string): Span {
  const { requests, denied, errors: failed, bytesIn, bytesOut } = row ?? { requests: 0, denied: 0, errors: 0, bytesIn: 0, bytesOut: 0 }
  return { label, name, requests, allowed: Math.max(0, requests - denied - failed), denied, failed, bytesIn, bytesOut }
}

/** Those without a request too, from the first that had one to the last. `hours` in their order. */
export function timeSpans(hours: readonly HourRow[]): readonly Span[] {
  const [first, last] = [hours[0], hours.at(-1)]
  if (first === undefined || last === undefined) return []
  const noon = (part: Part, { at }: HourRow): Date => part.noon(new Date(at))
  const days = Math.round((noon(DAYS, last).getTime() - noon(DAYS, first).getTime()) / DAY_MS) + 1
  const spans: Span[] = []
  if (days <= MOST_DAYS_BY_HOUR) {
    const rows = new Map(hours.map((row) => [row.at, row]))
    for (let at = first.at; at <= last.at; at += HOUR_MS) spans.push(spanOf(rows.get(at), momentText(at).slice(11), momentText(at)))
    return spans
  }
  const part = [DAYS, MONTHS].find(({ mostDays }) => days <= mostDays) ?? YEARS
  const rows = new Map(rowsBy(hours, part.key).map((row) => [row.key, row]))
  const end = noon(part, last).getTime()
  for (const at = noon(part, first); at.getTime() <= end; part.step(at)) {
    const key = part.key(at.getTime())
    spans.push(spanOf(rows.get(key), part.label(key), key))
  }
  return spans
}
