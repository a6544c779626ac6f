// A report as CSV (RFC 4180): numbers as they are, one list with its header, or all of them with the section in front. Danger prevented: a cell that a
// spreadsheet runs as a formula, or a terminal obeys.
import { visible } from '../policy/visible.ts'
import { DIMENSIONS, rowsOf } from './figures.ts'
import type { Dimension, Figures, Row } from './figures.ts'

const HEAD = ['requests', 'denied', 'failed', 'bytes_out', 'bytes_in', 'ms']

function cell(raw: string): string {
  const text = visible(raw)
  // a quote in front makes it text there
  const safe = /^[=+\-@]/.test(text) && text !== '-' ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function numbers({ requests, denied, errors, bytesOut, bytesIn, ms }: Row): readonly string[] {
  return [requests, denied, errors, bytesOut, bytesIn, Math.round(ms)].map(String)
}

function lines(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

export function reportCsv(figures: Figures, by: readonly Dimension[]): string {
  const [only] = by
  if (only !== undefined && by.length === 1) return lines([[only, ...HEAD], ...rowsOf(figures, only).map((row) => [row.key, ...numbers(row)])])
  const chosen = by.length === 0 ? DIMENSIONS : by
  const more: readonly (readonly [string, readonly Row[]])[] = by.length > 0 ? [] : [['total', [figures.total]], ['method', figures.methods], ['top', figures.tops], ['host', figures.hosts]]
  return lines([['section', 'key', ...HEAD], ...[...more, ...chosen.map((each) => [each, rowsOf(figures, each)] as const)].flatMap(([name, rows]) => rows.map((row) => [name, row.key, ...numbers(row)]))])
}
