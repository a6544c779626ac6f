// Charts as SVG text: columns and areas over time, and a map of the week; scales and shapes are D3's, which need no browser. They take their colours from
// the page, so that one chart is right in light, dark and on paper, and the page needs no script. Danger prevented: text of strangers inside markup (all of it
// goes through `escapeHtml`).
import { scaleBand, scaleLinear, scaleSqrt } from 'd3-scale'
import { area, curveMonotoneX, stack } from 'd3-shape'
import type { Series } from 'd3-shape'
import type { HourRow } from './figures.ts'
import { weekOf } from './figures.ts'
import type { Span } from './spans.ts'
import { bytesText, countText } from './words.ts'

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const WIDE = 960
const HIGH = 220
const LEFT = 56
const BOTTOM = 24
const TOP = 10
/** about so many lines on an axis, and so many names under it */
const LINES = 4
const NAMES = 16
const WIDEST = 48

const OUTCOMES = ['allowed', 'failed', 'denied'] as const
const WAYS = ['bytesOut', 'bytesIn'] as const

function shortText(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(2))} M`
  return value >= 1e3 ? `${Number((value / 1e3).toFixed(2))} k` : String(value)
}

interface Axis {
  /** where it is drawn */
  readonly y: (value: number) => number
  readonly lines: string
}

/** From 0 to `most` or a little above. */
function axis(most: number, unit: number, label: (value: number) => string): Axis {
  const scale = scaleLinear([0, Math.max(1, most / unit)], [HIGH - BOTTOM, TOP]).nice(LINES)
  const y = (value: number): number => scale(value / unit)
  const lines = scale.ticks(LINES).filter((value) => unit > 1 || Number.isInteger(value)).map((value) => {
    const at = scale(value)
    return `<line class="grid" x1="${LEFT}" x2="${WIDE}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}"/><text x="${LEFT - 8}" y="${(at + 4).toFixed(1)}" text-anchor="end">${label(value)}</text>`
  })
  return { y, lines: lines.join('') }
}

function places(spans: readonly Span[]): (at: number) => { readonly x: number; readonly width: number; readonly name: string } {
  const band = scaleBand(spans.map((_, at) => at), [LEFT, WIDE]).paddingInner(0.22).paddingOuter(0.11)
  const width = Math.max(1, Math.min(WIDEST, band.bandwidth()))
  const every = Math.ceil(spans.length / NAMES)
  return (at) => {
    const middle = (band(at) ?? LEFT) + band.bandwidth() / 2
    const name = at % every === 0 ? `<text x="${middle.toFixed(1)}" y="${HIGH - 6}" text-anchor="middle">${escapeHtml(spans[at]?.label ?? '')}</text>` : ''
    return { x: middle - width / 2, width, name }
  }
}

function svg(title: string, high: number, inner: string): string {
  return `<svg viewBox="0 0 ${WIDE} ${high}" role="img" aria-label="${escapeHtml(title)}">${inner}</svg>`
}

/** Requests: allowed, failed, denied, one above the other. */
export function columnsSvg(spans: readonly Span[], title: string): string {
  const { y, lines } = axis(Math.max(1, ...spans.map(({ allowed, failed, denied }) => allowed + failed + denied)), 1, shortText)
  const place = places(spans)
  const layers = stack<Span, (typeof OUTCOMES)[number]>().keys(OUTCOMES)([...spans])
  const columns = spans.map(({ name, requests, denied, failed }, at) => {
    const { x, width, name: under } = place(at)
    const bars = layers.map((layer) => {
      const [from = 0, to = 0] = layer[at] ?? []
      return from === to ? '' : `<rect class="${layer.key}" x="${x.toFixed(1)}" width="${width.toFixed(1)}" y="${y(to).toFixed(1)}" height="${Math.max(0.5, y(from) - y(to)).toFixed(1)}"/>`
    })
    return `<g><title>${escapeHtml(`${name}: ${countText(requests)} requests, ${countText(denied)} denied, ${countText(failed)} failed`)}</title>${bars.join('')}</g>${under}`
  })
  return svg(title, HIGH, `${lines}${columns.join('')}`)
}

interface Point {
  readonly x: number
  readonly from: number
  readonly to: number
}

/** Octets to clients and, above them, from clients. */
export function trafficSvg(spans: readonly Span[], title: string): string {
  const most = Math.max(1, ...spans.map(({ bytesIn, bytesOut }) => bytesIn + bytesOut))
  const unit = 1024 ** Math.floor(Math.log(most) / Math.log(1024))
  const { y, lines } = axis(most, unit, (value) => bytesText(value * unit))
  const place = places(spans)
  // to the outer edges of the first and the last: one span alone has a width too
  const points = (layer: Series<Span, (typeof WAYS)[number]>): readonly Point[] => layer.flatMap(([from, to], at) => {
    const { x, width } = place(at)
    return [...(at === 0 ? [x] : []), x + width / 2, ...(at === layer.length - 1 ? [x + width] : [])].map((middle) => ({ x: middle, from, to }))
  })
  const shape = area<Point>().x(({ x }) => x).y0(({ from }) => y(from)).y1(({ to }) => y(to)).curve(curveMonotoneX).digits(1)
  const layers = stack<Span, (typeof WAYS)[number]>().keys(WAYS)([...spans]).map((layer) => `<path class="${layer.key}" d="${shape([...points(layer)]) ?? ''}"/>`)
  // what a pointer finds: the whole height of a span
  const tips = spans.map(({ name, bytesIn, bytesOut }, at) => {
    const { x, width, name: under } = place(at)
    return `<rect class="tip" x="${x.toFixed(1)}" width="${width.toFixed(1)}" y="${TOP}" height="${HIGH - TOP - BOTTOM}"><title>${escapeHtml(`${name}: ${bytesText(bytesOut)} to clients, ${bytesText(bytesIn)} from them`)}</title></rect>${under}`
  })
  return svg(title, HIGH, `${lines}${layers.join('')}${tips.join('')}`)
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

export function weekSvg(hours: readonly HourRow[]): string {
  const week = weekOf(hours)
  const high = 26
  const x = scaleBand(Array.from({ length: 24 }, (_, hour) => hour), [LEFT, WIDE])
  // by the root: a quiet hour can be told from an empty one
  const share = scaleSqrt([0, Math.max(1, ...week.flat())], [0.08, 1])
  const cells = week.flatMap((row, day) => row.map((requests, hour) =>
    `<rect class="heat" x="${((x(hour) ?? 0) + 1).toFixed(1)}" y="${day * high + 1}" width="${(x.bandwidth() - 2).toFixed(1)}" height="${high - 2}" rx="3" fill-opacity="${(requests === 0 ? 0 : share(requests)).toFixed(3)}"><title>${DAYS[day] ?? ''} ${hour}:00: ${countText(requests)} requests</title></rect>`))
  const names = DAYS.map((name, day) => `<text x="${LEFT - 8}" y="${day * high + 17}" text-anchor="end">${name}</text>`)
  const under = x.domain().filter((hour) => hour % 2 === 0).map((hour) => `<text x="${((x(hour) ?? 0) + x.bandwidth() / 2).toFixed(1)}" y="${7 * high + 16}" text-anchor="middle">${hour}</text>`)
  return svg('hours of the week', 7 * high + 22, `${cells.join('')}${names.join('')}${under.join('')}`)
}

/** A day's hours, small, beside a client's name. */
export function hoursSvg(hours: readonly number[]): string {
  const high = scaleLinear([0, Math.max(1, ...hours)], [0, 40])
  const bars = hours.map((value, hour) => `<rect class="allowed" x="${hour * 10 + 1}" width="8" y="${(40 - high(value)).toFixed(1)}" height="${high(value).toFixed(1)}"><title>${hour}:00: ${countText(value)} requests</title></rect>`)
  const names = [0, 6, 12, 18].map((hour) => `<text x="${hour * 10 + 5}" y="54" text-anchor="middle">${hour}</text>`)
  return `<svg class="small" viewBox="0 0 240 58" role="img" aria-label="hours of the day">${bars.join('')}${names.join('')}</svg>`
}
