// The rounds as a table: medians, how far the rounds lie apart, ratios within the run. A failure stands in its cell, with its reason below: a proxy
// that answers half of what it is asked must not look cheap.
import { unitOf } from './cases.ts'
import type { Case } from './cases.ts'
import type { Round } from './measure.ts'

export interface Column {
  readonly title: string
  /** `first`: what all is compared with; `variant`: told as a part of the first; `other`: the first is told as a part of it */
  readonly kind: 'first' | 'variant' | 'other'
}

export interface Row {
  readonly case: Case
  readonly rounds: ReadonlyMap<string, readonly Round[]>
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

function values(rounds: readonly Round[] | undefined): readonly number[] {
  return (rounds ?? []).flatMap(({ value }) => value ?? [])
}

function number(value: number): string {
  return value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(1) : value.toFixed(0)
}

function cell(rounds: readonly Round[] | undefined): string {
  const all = values(rounds)
  const middle = median(all)
  const failed = (rounds ?? []).reduce((sum, { outcome }) => sum + outcome.failed, 0)
  const told = failed === 0 ? '' : ` (${failed} failed)`
  if (middle === undefined) return `-${told}`
  const apart = all.length < 2 ? '' : ` ±${Math.round(((Math.max(...all) - Math.min(...all)) / 2 / middle) * 100)}%`
  return `${number(middle)}${apart}${told}`
}

function ratio(row: Row, first: string, { title, kind }: Column): string {
  const [one, other] = [median(values(row.rounds.get(first))), median(values(row.rounds.get(title)))]
  if (one === undefined || other === undefined || one <= 0 || other <= 0) return '-'
  return (kind === 'variant' ? other / one : one / other).toFixed(2)
}

export function markdown(columns: readonly Column[], rows: readonly Row[]): string {
  const first = columns.find(({ kind }) => kind === 'first')?.title ?? ''
  const rest = columns.filter(({ kind }) => kind !== 'first')
  const head = ['case', 'of', 'in', ...columns.map(({ title }) => title), ...rest.map(({ title, kind }) => (kind === 'variant' ? `${title} ÷ ${first}` : `${first} ÷ ${title}`))]
  const lines = rows.map((row) => [`\`${row.case.name}\``, row.case.what, unitOf(row.case), ...columns.map(({ title }) => cell(row.rounds.get(title))), ...rest.map((column) => ratio(row, first, column))])
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What does not fit into a cell: reasons of failures, what each worker carried, and what of ours a request itself waits for. */
export function remarks(columns: readonly Column[], rows: readonly Row[]): readonly string[] {
  const told: string[] = []
  for (const row of rows) {
    for (const { title } of columns) {
      const rounds = row.rounds.get(title) ?? []
      const failure = rounds.find(({ outcome }) => outcome.failed > 0)
      if (failure !== undefined) told.push(`${row.case.name}, ${title}: ${failure.outcome.failed} failed, the first: ${failure.outcome.why}`)
      const workers = rounds.find(({ shares }) => shares.length > 0)?.shares.length ?? 0
      const shares = Array.from({ length: workers }, (_, i) => median(rounds.flatMap(({ shares: each }) => each[i] ?? [])) ?? 0)
      if (shares.length > 0 && row.case.connections > 1) told.push(`${row.case.name}, ${title}: the workers carry ${shares.map((share) => `${Math.round(share * 100)}%`).join(', ')}`)
    }
    const variants = columns.filter(({ kind }) => kind !== 'other')
    const workers = variants.map(({ title }) => median((row.rounds.get(title) ?? []).flatMap(({ worker }) => (worker === undefined ? [] : [worker]))))
    const [first] = workers
    if (first !== undefined && workers.length > 1) told.push(`${row.case.name}, the workers' threads alone: ${variants.map(({ title }, i) => `${title} ${workers[i]?.toFixed(1) ?? '-'}${i === 0 ? '' : ` (${((workers[i] ?? 0) / first).toFixed(2)})`}`).join('; ')}`)
  }
  return told
}
