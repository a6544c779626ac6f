// A table for people: columns as wide as what they hold, two spaces between them, the last one as it is. Danger prevented: a cell of strangers'
// text that breaks its row.
import { visible } from '../policy/visible.ts'

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map(visible))
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all.map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd()}\n`).join('')
}
