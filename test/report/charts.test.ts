// The report's charts, read back from their markup: columns stand on one another to the height that their numbers have on the axis,
// and nothing that is drawn leaves the picture.
import t from 'tap'
import { columnsSvg, hoursSvg, trafficSvg, weekSvg } from '../../src/report/charts.ts'
import type { HourRow } from '../../src/report/figures.ts'
import { timeSpans } from '../../src/report/spans.ts'

const DAY = 86_400_000
/** noon, so that no time zone of a machine moves it to another day */
const NOON = new Date(2026, 10, 2, 12).getTime()

function hour(at: number, requests: number, more: Partial<HourRow> = {}): HourRow {
  return { key: String(at), at, requests, denied: 0, errors: 0, bytesIn: 0, bytesOut: 0, ms: 0, ...more }
}

function numbers(svg: string, pattern: RegExp): readonly (readonly number[])[] {
  return [...svg.matchAll(pattern)].map((found) => found.slice(1).map(Number))
}

t.test('what was denied stands on what failed, and that on what was allowed', async (t) => {
  const svg = columnsSvg(timeSpans([hour(NOON, 100, { denied: 25, errors: 25 }), hour(NOON + 3_600_000, 50)]), 'requests <b>')
  t.notMatch(svg, /<b>/, 'a title is text')
  const height = (kind: string): readonly (readonly number[])[] => numbers(svg, new RegExp(`class="${kind}" x="[\\d.]+" width="[\\d.]+" y="([\\d.]+)" height="([\\d.]+)"`, 'g'))
  const [[allowedY = 0, allowedHigh = 0] = [], [, secondHigh = 0] = []] = height('allowed')
  const [[failedY = 0, failedHigh = 0] = []] = height('failed')
  const [[deniedY = 0, deniedHigh = 0] = []] = height('denied')
  t.equal(height('denied').length, 1, 'where nothing was denied, nothing is drawn')
  t.ok(Math.abs(allowedHigh - secondHigh) < 0.2, '50 and 50')
  t.ok(Math.abs(allowedHigh - 2 * deniedHigh) < 0.3 && Math.abs(failedHigh - deniedHigh) < 0.2)
  t.ok(Math.abs(failedY + failedHigh - allowedY) < 0.2 && Math.abs(deniedY + deniedHigh - failedY) < 0.2)
  t.ok(deniedY >= 10 && allowedY + allowedHigh <= 196.1)
  t.match(svg, /text-anchor="end">100</, 'the axis ends with a round number')
  t.match(columnsSvg(timeSpans([hour(NOON, 2_000_000)]), 'x'), /text-anchor="end">2 M</)
  t.notMatch(columnsSvg(timeSpans([hour(NOON, 1)]), 'x'), /text-anchor="end">0\.\d/, 'no half requests')
})

t.test('traffic is told in the units of the tables, and stays in its picture', async (t) => {
  const svg = trafficSvg(timeSpans([hour(NOON, 1, { bytesOut: 3 * 2 ** 20, bytesIn: 2 ** 20 }), hour(NOON + 3_600_000, 1), hour(NOON + 7_200_000, 1, { bytesOut: 2 ** 20 })]), 'traffic')
  t.match(svg, /text-anchor="end">4\.0 MiB</)
  t.match(svg, /3\.0 MiB to clients, 1\.0 MiB from them/)
  t.match(svg, /<path class="bytesOut" d="M[^"]+Z"/)
  t.match(svg, /<path class="bytesIn" d="M[^"]+Z"/)
  for (const [y = 0] of numbers(svg, /[ ,](\d+(?:\.\d+)?)(?=[LCZ"])/g)) t.ok(y >= 0 && y <= 960)
  t.notMatch(svg, /NaN|undefined/)
  t.notMatch(trafficSvg(timeSpans([hour(NOON, 1)]), 'none'), /NaN|undefined/, 'nothing sent, one span')
  const [[, from = 0, to = 0] = []] = numbers(trafficSvg(timeSpans([hour(NOON, 1, { bytesOut: 9 })]), 'one hour'), /class="bytesOut" d="M(([\d.]+),.*?)L([\d.]+),/g).map(([, ...xs]) => [0, ...xs])
  t.ok(Math.abs(to - from) > 40, 'one hour by itself is seen')
})

t.test('the week and the day', async (t) => {
  const week = weekSvg([hour(NOON, 9), hour(NOON + DAY, 1)])
  const shares = numbers(week, /fill-opacity="([\d.]+)"/g).flat()
  t.equal(shares.length, 7 * 24)
  t.equal(Math.max(...shares), 1)
  t.equal(shares.filter((share) => share > 0).length, 2)
  t.ok(shares.some((share) => share > 0.2 && share < 0.5), 'a quiet hour is seen')
  t.notMatch(weekSvg([]) + hoursSvg(Array.from({ length: 24 }, () => 0)), /NaN/)
})
