// When: the entries of `schedules`, from names and windows to schedules of one time zone. Danger prevented: a rule that is
// active when its author sleeps, because a day or a time was read as something else.
import { entries } from './address.ts'
import { defineNames, NAME, type Names } from './names.ts'
import type { Report } from './report.ts'
import { parseWindow, type Schedule, type Window } from './schedule.ts'
import type { Words } from './schema.ts'
import type { Path } from './source.ts'

export interface Schedules {
  readonly names: Names<readonly Window[]>
  list(words: Words, path: Path): Schedule[] | undefined
}

export function newSchedules(report: Report, sections: Readonly<Record<string, Words>>, timezone: string): Schedules {
  const one = (text: string, at: Path, names: Names<readonly Window[]>): readonly Window[] | undefined => {
    if (names.has(text)) return names.use(text, at)
    const parsed = parseWindow(text)
    if (parsed.ok) return [parsed.window]
    if (NAME.test(text) && /[a-z]/i.test(text)) {
      const meant = names.near(text)
      report.error('undefined-name', at, `nothing defines the schedule \`${text}\``, meant === undefined ? `define it under \`schedules\`; ${parsed.hint}` : `did you mean \`${meant}\`?`)
    } else report.error('schedule', at, parsed.problem, parsed.hint)
    return undefined
  }
  const names = defineNames<readonly Window[]>(report, {
    section: 'schedules', kind: 'schedule', entries: Object.keys(sections), reserved: new Set(['any']),
    resolve: (name, known) => entries(report, sections[name] ?? [], ['schedules', name]).flatMap(({ text, at }) => one(text, at, known) ?? []),
  })
  return {
    names,
    list(words, path) {
      const found = entries(report, words, path).map(({ text, at }) => ({ text, windows: one(text, at, names) }))
      const schedules = found.flatMap(({ text, windows }) => (windows === undefined ? [] : [{ name: text, windows, timezone }]))
      return schedules.length === found.length ? schedules : undefined
    },
  }
}
