// The spans of time of the report's charts: a day without a request keeps its place, and their number is bounded whatever times a log has.
import t from 'tap'
import type { HourRow } from '../../src/report/figures.ts'
import { timeSpans } from '../../src/report/spans.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** noon, so that no time zone of a machine moves it to another day */
const NOON = new Date(2026, 10, 2, 12).getTime()

function hour(at: number, requests: number): HourRow {
  return { key: String(at), at, requests, denied: 0, errors: 0, bytesIn: 0, bytesOut: 0, ms: 0 }
}

function told(hours: readonly HourRow[]): readonly string[] {
  return timeSpans(hours).map(({ label, requests }) => `${label} ${requests}`)
}

t.test('days without a request keep their place, hours too where there are few days', async (t) => {
  const days = timeSpans([hour(NOON, 5), hour(NOON + DAY, 7), hour(NOON + 4 * DAY, 1), hour(NOON + 6 * DAY, 2)])
  t.same(days.map(({ label, requests }) => `${label} ${requests}`), ['11-02 5', '11-03 7', '11-04 0', '11-05 0', '11-06 1', '11-07 0', '11-08 2'])
  const hours = timeSpans([hour(NOON, 5), hour(NOON + 3_600_000 * 3, 1)])
  t.same(hours.map(({ label, requests }) => `${label} ${requests}`), ['12:00 5', '13:00 0', '14:00 0', '15:00 1'])
  t.same(timeSpans([]), [])
  // each day once where the clock is set forward and back, whichever zone the machine is in
  const year = timeSpans(Array.from({ length: 366 }, (_, day) => hour(NOON + day * DAY, 1)))
  t.equal(new Set(year.map(({ name }) => name)).size, year.length)
  t.ok(year.length >= 366 && year.length <= 367)
})

t.test('few requests far apart are days, months or years, and never thousands of hours', async (t) => {
  t.same(told([hour(NOON, 5), hour(NOON + 3 * DAY, 1)]), ['11-02 5', '11-03 0', '11-04 0', '11-05 1'])
  t.equal(timeSpans([hour(NOON, 5), hour(NOON + 2 * DAY, 1)]).length, 49)
  const day = new Date(2026, 0, 31, 12).getTime()
  const months = told([hour(day, 5), hour(day + DAY, 2), hour(new Date(2028, 1, 29, 12).getTime(), 3)])
  t.equal(months.length, 26)
  t.same(months.slice(0, 4), ['2026-01 5', '2026-02 2', '2026-03 0', '2026-04 0'])
  t.same(months.at(-1), '2028-02 3')
  const years = told([hour(HOUR * 24 * 3, 1), hour(new Date(2026, 11, 31, 12).getTime(), 3)])
  t.same([years.length, years[0], years.at(-1)], [57, '1970 1', '2026 3'])
  t.ok(timeSpans([hour(0, 1), hour(99_999_999 * HOUR, 1)]).length < 12_000)
  t.same(timeSpans([hour(NOON, 1), hour(NOON + 1000 * DAY, 1), hour(NOON + 1001 * DAY, 1)]).reduce((sum, { requests }) => sum + requests, 0), 3, 'none is lost')
})
