// The table of README.md: one line a file of cases. A test holds its numbers of cases to the files.
export interface Row {
  readonly rule: string
  readonly title: string
  readonly sources: string
  readonly cases: number
  readonly ours: number
  /** cases that speak to any proxy, and how many of them the peer answers as one may */
  readonly fair: number
  readonly peer: number
}

export const BEGIN = '<!-- cases -->'
export const END = '<!-- /cases -->'

export function tableOf(rows: readonly Row[], version: string): string {
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0)
  const line = (row: Row): string => `| ${row.rule} | ${row.title} | ${row.sources} | ${row.cases} | ${row.ours} | ${row.peer} of ${row.fair} |`
  return [
    BEGIN,
    `| rule | what it asks | RFC sections, advisories and others | cases | Greengate | Squid ${version} |`,
    '|---|---|---|---|---|---|',
    ...rows.map(line),
    `| | all | | ${sum((row) => row.cases)} | ${sum((row) => row.ours)} | ${sum((row) => row.peer)} of ${sum((row) => row.fair)} (${((100 * sum((row) => row.peer)) / Math.max(1, sum((row) => row.fair))).toFixed(1)} %) |`,
    END,
  ].join('\n')
}

/** rule → number of cases, as the table has it. */
export function countsIn(text: string): Map<string, number> {
  const table = text.slice(text.indexOf(BEGIN), text.indexOf(END))
  return new Map([...table.matchAll(/^\| (\w+) \| [^|]* \| [^|]* \| (\d+) \|/gm)].map(([, rule = '', count = '0']) => [rule, Number(count)]))
}
