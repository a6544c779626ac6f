// Schedules: windows of a week on the wall clock of one time zone, and times of day and year as an author writes them. Danger
// prevented: a rule that ends an hour early, or that nobody ends because its edge fell into the hour that DST skips.
import { instantOf, wallTime } from './zone.ts'

/** Begins on each of `days`, at `startMinute` of local time; `endMinute` is not included. */
export interface Window {
  /** bit 0 = monday */
  readonly days: number
  readonly startMinute: number
  /** up to 1440; not after the start: on the next day */
  readonly endMinute: number
}

export interface Schedule {
  readonly name: string
  readonly windows: readonly Window[]
  readonly timezone: string
}

export type WindowParse = { readonly ok: true; readonly window: Window } | { readonly ok: false; readonly problem: string; readonly hint: string }

export const EVERY_DAY = 0b111_1111
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const FORM = 'write `mon-fri 08:00-12:30`; over midnight: `fri 22:00-06:00`; whole days: `sat-sun`'

function covers(window: Window, weekday: number, minute: number): boolean {
  const today = (window.days >> weekday) & 1
  if (window.endMinute > window.startMinute) return today === 1 && minute >= window.startMinute && minute < window.endMinute
  const yesterday = (window.days >> ((weekday + 6) % 7)) & 1
  return (today === 1 && minute >= window.startMinute) || (yesterday === 1 && minute < window.endMinute)
}

export function scheduleActive(schedule: Schedule, atMs: number): boolean {
  const { weekday, minute } = wallTime(schedule.timezone, atMs)
  return schedule.windows.some((window) => covers(window, weekday, minute))
}

/**
 * The next instant at which `scheduleActive` changes; undefined when it never does. Looked for minute by minute, because both
 * edges and changes of the clock fall on minutes; sixteen days, because DST can swallow one week's only window.
 */
export function nextEdge(schedule: Schedule, afterMs: number): number | undefined {
  const now = scheduleActive(schedule, afterMs)
  const first = Math.floor(afterMs / 60_000) + 1
  for (let minute = first; minute < first + 16 * 1440; minute++) {
    if (scheduleActive(schedule, minute * 60_000) !== now) return minute * 60_000
  }
  return undefined
}

function dayNumber(text: string): number {
  return text.length < 2 ? -1 : DAYS.findIndex((day) => day.startsWith(text))
}

/** `mon`, `mon-fri`, `fri-mon`, `mon,wed`; undefined for what is no day. */
function parseDays(text: string): number | undefined {
  if (text === 'daily') return EVERY_DAY
  let days = 0
  for (const item of text.split(',')) {
    const [from = '', to = from, ...rest] = item.split('-')
    const first = dayNumber(from)
    const last = dayNumber(to)
    if (first < 0 || last < 0 || rest.length > 0) return undefined
    for (let day = first; ; day = (day + 1) % 7) {
      days |= 1 << day
      if (day === last) break
    }
  }
  return days
}

function parseClock(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d\d)$/.exec(text)
  if (match === null) return undefined
  const minutes = Number(match[1]) * 60 + Number(match[2])
  return Number(match[2]) < 60 && minutes <= 1440 ? minutes : undefined
}

/** One window: days, times, or both. */
export function parseWindow(text: string): WindowParse {
  const problem = (what: string): WindowParse => ({ ok: false, problem: what, hint: FORM })
  const words = text.trim().toLowerCase().replace(/\s*([-–,])\s*/g, (_, mark: string) => (mark === '–' ? '-' : mark)).split(/\s+/)
  let days = 0
  let times: readonly [number, number] | undefined
  for (const word of words) {
    if (/^\d/.test(word)) {
      if (times !== undefined) return problem(`\`${text}\` has two times; each window is an entry of its own`)
      const [from = '', to = '', ...rest] = word.split('-')
      const start = parseClock(from)
      const end = parseClock(to)
      if (start === undefined || end === undefined || rest.length > 0 || start === 1440) return problem(`\`${word}\` is no span of a day`)
      if (start === end) return { ok: false, problem: `\`${word}\` ends where it begins`, hint: 'the whole day is `00:00-24:00`' }
      times = [start, end]
      continue
    }
    if (times !== undefined) return problem(`\`${word}\` stands behind the times; days come first`)
    const named = parseDays(word)
    if (named === undefined) return problem(`\`${word}\` is no day of the week`)
    days |= named
  }
  const [startMinute, endMinute] = times ?? [0, 1440]
  return { ok: true, window: { days: days === 0 ? EVERY_DAY : days, startMinute, endMinute } }
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/

/** ISO 8601: a date (its first instant) or a date and time; without offset on the wall clock of `timezone`. */
export function parseTime(text: string, timezone: string): number | undefined {
  const match = TIME.exec(text.trim())
  if (match === null) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 59) return undefined
  if (Number(hour) === 24 && Number(minute) + Number(second) > 0) return undefined
  const localMs = date.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Number(fraction.padEnd(3, '0'))
  if (offset === undefined) return instantOf(timezone, localMs)
  if (/^[Zz]$/.test(offset)) return localMs
  const hours = Number(offset.slice(1, 3))
  const minutes = Number(offset.slice(3).replace(':', '') || '0')
  if (hours > 23 || minutes > 59) return undefined
  return localMs - (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
