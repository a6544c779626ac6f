// A report as plain text, for a terminal and a mail: tables with their numbers to the right. Danger prevented: a host's name that is as long as a client
// likes and makes every column as wide.
import { visible } from '../policy/visible.ts'
import type { Dimension, Figures } from './figures.ts'
import { weekOf } from './figures.ts'
import { deniedSection, sectionBy, sections, summary } from './sections.ts'
import type { Section } from './sections.ts'

const MOST_CELL = 80

function cell(text: string): string {
  const shown = visible(text)
  return shown.length > MOST_CELL ? `${shown.slice(0, MOST_CELL - 1)}…` : shown
}

function tableText({ title, head, rows, right, more }: Section): string {
  const all = [...(head.some((each) => each !== '') ? [head] : []), ...rows].map((row) => row.map(cell))
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const lines = all.map((row) => row.map((text, column) => {
    const width = widths[column] ?? 0
    if (right.includes(column) && title !== 'Summary') return text.padStart(width)
    return column === row.length - 1 ? text : text.padEnd(width)
  }).join('  ').trimEnd())
  return `${title}\n${lines.map((line) => `  ${line}\n`).join('')}${more === undefined ? '' : `  ... ${more}\n`}`
}

const SHADES = ' ·▁▂▃▄▅▆▇█'
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Hours of the day across, days of the week down; the busiest is full. */
function weekText(figures: Figures): string {
  const week = weekOf(figures.hours)
  const most = Math.max(1, ...week.flat())
  const shade = (value: number): string => (value === 0 ? SHADES[0] ?? ' ' : SHADES[1 + Math.min(8, Math.floor((value / most) * 9))] ?? ' ')
  return `Hours of the week\n       0     6     12    18    23\n${week.map((hours, day) => `  ${DAYS[day] ?? ''}  ${hours.map(shade).join('')}\n`).join('')}`
}

export function reportText(figures: Figures, by: readonly Dimension[]): string {
  if (by.length > 0) return [summary(figures), ...by.map((each) => sectionBy(figures, each))].map(tableText).join('\n')
  const denied = deniedSection(figures)
  return [...sections(figures), ...(denied.rows.length === 0 ? [] : [denied])].map(tableText).join('\n') + (figures.hours.length === 0 ? '' : `\n${weekText(figures)}`)
}
