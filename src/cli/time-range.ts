// `--since` and `--until`: a time of this machine, or how long ago. Danger prevented: a time that was misread, and a report of another week.
import { parseTime } from '../policy/schedule.ts'
import { parseDuration } from '../policy/sizes.ts'
import { usageError } from './exit.ts'

export interface TimeOptions {
  readonly since?: string
  readonly until?: string
}

export interface TimeRange {
  /** epoch milliseconds, `until` not included */
  readonly since: number
  readonly until: number
}

/** What `--since` and `--until` say in the help of the commands. */
export const TIME_FORM = 'a time (2026-11-20T17:30, 2026-11-20), or how long ago: 10m, 2h, 1d'

export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

function moment(text: string | undefined, now: number, absent: number): number | undefined {
  if (text === undefined) return absent
  const ago = parseDuration(text)
  return ago === undefined ? parseTime(text, localZone()) : now - ago
}

/** undefined: told on standard error, and the exit code is set. */
export function timeRange(options: TimeOptions, now: number): TimeRange | undefined {
  const since = moment(options.since, now, 0)
  const until = moment(options.until, now, Number.MAX_SAFE_INTEGER)
  for (const [text, ms] of [[options.since, since], [options.until, until]] as const) if (ms === undefined) return void usageError(`\`${text ?? ''}\` is no time`, `write ${TIME_FORM}`)
  if (since === undefined || until === undefined) return undefined
  if (since >= until) return void usageError('`--until` is not after `--since`')
  return { since, until }
}
