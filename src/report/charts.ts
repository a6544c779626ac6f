// Charts as SVG text: columns over time, and a map of the week. They take their colours from the page, so that one chart is right in light, dark and on
// paper. Danger prevented: text of strangers inside markup (all of it goes through `escapeHtml`).
import type { HourRow, Row } from './figures.ts'
import { daysOf, weekOf } from './figures.ts'
import { countText, momentText } from './words.ts'

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const WIDE = 960
const HIGH = 220
const LEFT = 56
const BOTTOM = 24
const TOP = 10

/** 1, 2 or 5 times a power of ten, so that four lines or so stand on the axis. */
function stepFor(most: number): number {
  const rough = Math.max(1, most / 4)
  const power = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power
}

function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(1))} M`
  return value >= 1e3 ? `${Number((value / 1e3).toFixed(1))} k` : String(value)
}

interface Column {
  readonly label: string
  readonly tip: string
  readonly allowed: number
  readonly denied: number
  readonly failed: number
}

function columnOf(row: Row, label: string, name: string): Column {
  const allowed = Math.max(0, row.requests - row.denied - row.errors)
  return { label, tip: `${name}: ${countText(row.requests)} requests, ${countText(row.denied)} denied, ${countText(row.errors)} failed`, allowed, denied: row.denied, failed: row.errors }
}

/** Days, or hours where there are few days. */
export function timeColumns(hours: readonly HourRow[]): readonly Column[] {
  const days = daysOf(hours)
  if (days.length > 3) return days.map((row) => columnOf(row, row.key.slice(5), row.key))
  return hours.map((row) => columnOf(row, momentText(row.at).slice(11), momentText(row.at)))
}

export function columnsSvg(columns: readonly Column[], title: string): string {
  const most = Math.max(1, ...columns.map(({ allowed, denied, failed }) => allowed + denied + failed))
  const step = stepFor(most)
  const top = Math.ceil(most / step) * step
  const y = (value: number): number => TOP + (HIGH - TOP - BOTTOM) * (1 - value / top)
  const room = (WIDE - LEFT) / Math.max(1, columns.length)
  const width = Math.max(1, Math.min(48, room * 0.78))
  const every = Math.ceil(columns.length / 16)
  const lines: string[] = []
  for (let value = 0; value <= top; value += step) lines.push(`<line class="grid" x1="${LEFT}" x2="${WIDE}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/><text x="${LEFT - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${short(value)}</text>`)
  const bars = columns.map(({ label, tip, allowed, denied, failed }, at) => {
    const x = LEFT + room * at + (room - width) / 2
    let under = 0
    const parts = ([['allowed', allowed], ['failed', failed], ['denied', denied]] as const).flatMap(([kind, value]) => {
      if (value === 0) return []
      const bar = `<rect class="${kind}" x="${x.toFixed(1)}" width="${width.toFixed(1)}" y="${y(under + value).toFixed(1)}" height="${Math.max(0.5, y(under) - y(under + value)).toFixed(1)}"/>`
      under += value
      return [bar]
    })
    const name = at % every === 0 ? `<text x="${(x + width / 2).toFixed(1)}" y="${HIGH - 6}" text-anchor="middle">${escapeHtml(label)}</text>` : ''
    return `<g><title>${escapeHtml(tip)}</title>${parts.join('')}</g>${name}`
  })
  return `<svg viewBox="0 0 ${WIDE} ${HIGH}" role="img" aria-label="${escapeHtml(title)}">${lines.join('')}${bars.join('')}</svg>`
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

export function weekSvg(hours: readonly HourRow[]): string {
  const week = weekOf(hours)
  const most = Math.max(1, ...week.flat())
  const size = (WIDE - LEFT) / 24
  const high = 26
  const cells = week.flatMap((row, day) => row.map((requests, hour) => {
    // by the root: a quiet hour can be told from an empty one
    const share = requests === 0 ? 0 : 0.08 + 0.92 * Math.sqrt(requests / most)
    return `<rect class="heat" x="${(LEFT + hour * size + 1).toFixed(1)}" y="${day * high + 1}" width="${(size - 2).toFixed(1)}" height="${high - 2}" rx="3" fill-opacity="${share.toFixed(3)}"><title>${DAYS[day] ?? ''} ${hour}:00: ${countText(requests)} requests</title></rect>`
  }))
  const names = DAYS.map((name, day) => `<text x="${LEFT - 8}" y="${day * high + 17}" text-anchor="end">${name}</text>`)
  const under = Array.from({ length: 12 }, (_, at) => `<text x="${(LEFT + (at * 2 + 0.5) * size).toFixed(1)}" y="${7 * high + 16}" text-anchor="middle">${at * 2}</text>`)
  return `<svg viewBox="0 0 ${WIDE} ${7 * high + 22}" role="img" aria-label="hours of the week">${cells.join('')}${names.join('')}${under.join('')}</svg>`
}

/** A day's hours, small, beside a client's name. */
export function hoursSvg(hours: readonly number[]): string {
  const most = Math.max(1, ...hours)
  const bars = hours.map((value, hour) => `<rect class="allowed" x="${hour * 10 + 1}" width="8" y="${(40 - (40 * value) / most).toFixed(1)}" height="${((40 * value) / most).toFixed(1)}"><title>${hour}:00: ${countText(value)} requests</title></rect>`)
  const names = [0, 6, 12, 18].map((hour) => `<text x="${hour * 10 + 5}" y="54" text-anchor="middle">${hour}</text>`)
  return `<svg class="small" viewBox="0 0 240 58" role="img" aria-label="hours of the day">${bars.join('')}${names.join('')}</svg>`
}
