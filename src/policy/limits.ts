// Limits: durations, sizes and counts, each with its default. Danger prevented: no limit at all, by a typo, by a unit that was
// guessed, or by a zero that one side reads as "none" and the other as "at once".
import type { Limits } from './policy.ts'
import type { Report } from './report.ts'
import type { Draft } from './schema.ts'
import { parseDuration, parseSize } from './sizes.ts'

type LimitsDraft = NonNullable<Draft['limits']>
type Kind = 'duration' | 'size' | 'count'

const TABLE: readonly (readonly [key: keyof LimitsDraft, field: keyof Limits, kind: Kind, value: number, least: number, most: number])[] = [
  ['head', 'headMs', 'duration', 10_000, 1, 3_600_000],
  ['dns', 'dnsMs', 'duration', 5000, 1, 600_000],
  ['dial', 'dialMs', 'duration', 10_000, 1, 600_000],
  ['first-byte', 'firstByteMs', 'duration', 300_000, 1, 86_400_000],
  ['idle-body', 'idleBodyMs', 'duration', 300_000, 1, 86_400_000],
  ['tunnel-idle', 'tunnelIdleMs', 'duration', 900_000, 1, 7 * 86_400_000],
  ['tunnel-age', 'tunnelAgeMs', 'duration', 86_400_000, 1, 30 * 86_400_000],
  ['drain', 'drainMs', 'duration', 30_000, 0, 86_400_000],
  ['header-bytes', 'headerBytes', 'size', 65_536, 256, 16 * 1024 ** 2],
  ['header-count', 'headerCount', 'count', 200, 1, 10_000],
  ['uri-bytes', 'uriBytes', 'size', 32_768, 64, 1024 ** 2],
  ['connections', 'connections', 'count', 10_000, 1, 10_000_000],
  ['tunnels', 'tunnels', 'count', 10_000, 0, 10_000_000],
  ['new-per-second', 'newPerSecond', 'count', 2000, 1, 10_000_000],
  ['connections-per-client', 'connectionsPerClient', 'count', 1000, 1, 10_000_000],
  ['tunnels-per-client', 'tunnelsPerClient', 'count', 500, 0, 10_000_000],
  ['new-per-second-per-client', 'newPerSecondPerClient', 'count', 200, 1, 10_000_000],
  ['refusals-logged-per-second-per-client', 'refusalsLoggedPerSecondPerClient', 'count', 300, 1, 10_000_000],
  ['requests-logged-per-second-per-client', 'requestsLoggedPerSecondPerClient', 'count', 50_000, 1, 10_000_000],
]

const FORMS: Readonly<Record<Kind, readonly [form: string, hint: string]>> = {
  duration: ['a duration', 'write it with its unit: `10s`, `5m`, `24h`'],
  size: ['a size', 'write it with its unit: `64KiB`, `1MiB`'],
  count: ['a whole number', 'write it without unit: `1000`'],
}

function parse(kind: Kind, text: string): number | undefined {
  if (kind === 'count') return /^\d{1,9}$/.test(text) ? Number(text) : undefined
  return kind === 'duration' ? parseDuration(text) : parseSize(text)
}

/** In the unit that an author would write. */
function told(kind: Kind, value: number): string {
  if (kind === 'count') return String(value)
  if (kind === 'size') return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2}MiB` : value % 1024 === 0 ? `${value / 1024}KiB` : `${value}B`
  for (const [unit, ms] of [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000]] as const) if (value >= ms && value % ms === 0) return `${value / ms}${unit}`
  return `${value}ms`
}

export function readLimits(report: Report, draft: LimitsDraft): Limits {
  const read = (field: keyof Limits): number => {
    const row = TABLE.find(([, name]) => name === field)
    if (row === undefined) return 0
    const [key, , kind, value, least, most] = row
    if (draft[key] === undefined) return value
    const text = report.source.text(['limits', key])
    const parsed = parse(kind, text)
    const [form, hint] = FORMS[kind]
    if (parsed === undefined) {
      const bare = kind !== 'count' && /^\d+$/.test(text)
      report.error('limit', ['limits', key], bare ? `\`${text}\` has no unit` : `\`${text}\` is not ${form}`, hint)
    } else if (parsed < least || parsed > most) report.error('limit', ['limits', key], `\`${text}\` is out of range`, `\`${key}\` goes from ${told(kind, least)} to ${told(kind, most)}`)
    else return parsed
    return value
  }
  return {
    headMs: read('headMs'), dnsMs: read('dnsMs'), dialMs: read('dialMs'), firstByteMs: read('firstByteMs'), idleBodyMs: read('idleBodyMs'),
    tunnelIdleMs: read('tunnelIdleMs'), tunnelAgeMs: read('tunnelAgeMs'), drainMs: read('drainMs'),
    headerBytes: read('headerBytes'), headerCount: read('headerCount'), uriBytes: read('uriBytes'),
    connections: read('connections'), tunnels: read('tunnels'), newPerSecond: read('newPerSecond'),
    connectionsPerClient: read('connectionsPerClient'), tunnelsPerClient: read('tunnelsPerClient'), newPerSecondPerClient: read('newPerSecondPerClient'),
    refusalsLoggedPerSecondPerClient: read('refusalsLoggedPerSecondPerClient'), requestsLoggedPerSecondPerClient: read('requestsLoggedPerSecondPerClient'),
  }
}
