// A request of the event log as a person reads it: when, who, what, what became of it, by which rule and why. What comes in is escaped already
// (events.ts), and again where it is printed. Danger prevented: a denial whose reason one has to look for in another place.

type Line = Readonly<Record<string, unknown>>

function field(log: Line, name: string): string {
  const value = log[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function sizeText(octets: number): string {
  if (octets < 1024) return `${octets} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = octets / 1024
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ''}`
}

function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}

/** `by closed (policies/office.yaml:11): the reason` */
export function causeText(log: Line): string {
  const place = field(log, 'place')
  const reason = field(log, 'reason')
  return `by ${field(log, 'rule')}${place === '' ? '' : ` (${place})`}${reason === '' ? '' : `: ${reason}`}`
}

function observedText(log: Line): string {
  const { observed } = log
  if (!Array.isArray(observed)) return ''
  const would = observed.flatMap((each: unknown) => (typeof each === 'object' && each !== null && 'rule' in each && 'verdict' in each ? [`${String(each.verdict)} by ${String(each.rule)}`] : []))
  return would.length === 0 ? '' : `  observed: would ${would.join(', ')}`
}

/** `timeText`: of epoch milliseconds. The verdict stands in five columns behind the time and two spaces. */
export function requestLine(log: Line, timeText: (atMs: number) => string): string {
  const group = field(log, 'group')
  const error = field(log, 'error')
  const who = `${field(log, 'client')}${group === '' ? '' : ` (${group})`}`
  const status = log['status'] === 0 ? '---' : field(log, 'status')
  const told = error === '' || (error === 'http_request_denied' && log['verdict'] === 'deny') ? '' : `  ${error}`
  return `${timeText(Date.parse(field(log, 'time')))}  ${field(log, 'verdict').padEnd(5)}  ${status.padEnd(3)}  ${who}  ${field(log, 'method')} ${field(log, 'target')}  ${sizeText(Number(log['bytesOut'] ?? 0))} ${durationText(Number(log['duration'] ?? 0))}  ${causeText(log)}${told}${observedText(log)}`
}

/** What happened to the gateway itself. */
export function eventLine(log: Line, timeText: (atMs: number) => string): string {
  return `${timeText(Date.parse(field(log, 'time')))}  ${field(log, 'event')}: ${field(log, 'msg')}`
}
