// The event log for a person at a terminal: the same JSON lines, told in one short line each by pino-pretty. What comes in is escaped
// already (events.ts), so nothing here can rule the terminal.
import { prettyFactory } from 'pino-pretty'

function field(log: Readonly<Record<string, unknown>>, name: string): string {
  const value = log[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function size(octets: number): string {
  if (octets < 1024) return `${octets} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = octets / 1024
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ''}`
}

function requestText(log: Readonly<Record<string, unknown>>): string {
  const who = [field(log, 'client'), field(log, 'group')].filter((part) => part !== '').join(' ')
  const what = `${field(log, 'verdict')} ${field(log, 'method')} ${field(log, 'target')} ${field(log, 'status')}`
  const measured = `${size(Number(log['bytesOut'] ?? 0))} ${field(log, 'duration')} ms`
  if (log['verdict'] === 'allow') return `${who}  ${what}  ${measured}`
  const place = field(log, 'place')
  const why = `${field(log, 'rule')}${place === '' ? '' : ` (${place})`}: ${field(log, 'reason')}`
  const error = field(log, 'error')
  return `${who}  ${what}  by ${why}${error === '' ? '' : `  ${error}`}  ${measured}`
}

/** One JSON line in, one readable line out. */
export function prettyLines(colour: boolean): (line: string) => string {
  return prettyFactory({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    messageFormat: (log, messageKey) => (log['event'] === 'request' ? requestText(log) : `${field(log, 'event')}: ${String(log[messageKey] ?? '')}`),
  })
}
