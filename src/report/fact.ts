// What a report counts of one request, read from a line of the event log or of an access log. Pure. Danger prevented: a line that was cut, or that
// somebody else wrote into the file, counted as if it were a request.
import { combinedLine } from '../log/seen-squid.ts'
import { hostOfTarget, readSquidLine } from '../log/squid-read.ts'
import type { SquidFacts } from '../log/squid-read.ts'

export type Verdict = 'allow' | 'deny' | 'error'

export interface Fact {
  readonly kind: 'request'
  /** epoch milliseconds at its begin */
  readonly time: number
  readonly client: string
  readonly group: string
  readonly host: string
  readonly rule: string
  readonly verdict: Verdict
  readonly reason: string
  readonly method: string
  readonly type: string
  readonly status: number
  readonly target: string
  readonly bytesIn: number
  readonly bytesOut: number
  /** milliseconds */
  readonly duration: number
}

/** Requests of a client that have no line of their own: only their numbers are known. */
export interface LeftOutFact {
  readonly kind: 'left-out'
  readonly time: number
  readonly client: string
  readonly allow: number
  readonly deny: number
  readonly error: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Requests of which nothing is known but their number. */
export interface LostFact {
  readonly kind: 'lost'
  readonly time: number
  readonly count: number
}

/** `other`: a line of the log that is no request. */
export type LineFact = Fact | LeftOutFact | LostFact | { readonly kind: 'other' }

const OTHER = { kind: 'other' } as const
const NONE = '-'

function word(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : NONE
}

/** What nobody can have counted is damaged, and would hide all else. */
function amount(value: unknown): number {
  return typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0
}

function verdictOf(value: unknown): Verdict | undefined {
  return value === 'allow' || value === 'deny' || value === 'error' ? value : undefined
}

export function mediaType(value: unknown): string {
  if (typeof value !== 'string') return NONE
  const end = value.search(/[;,\s]/)
  const type = (end < 0 ? value : value.slice(0, end)).toLowerCase()
  return type === '' ? NONE : type.slice(0, 100)
}

function jsonOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

/** Of a line of the event log, already read as JSON. undefined: it is none. */
export function eventFact(log: Readonly<Record<string, unknown>>): LineFact | undefined {
  const time = typeof log['time'] === 'string' ? Date.parse(log['time']) : Number.NaN
  if (!Number.isFinite(time) || typeof log['event'] !== 'string') return undefined
  if (log['event'] === 'left-out') {
    return { kind: 'left-out', time, client: word(log['client']), allow: amount(log['allow']), deny: amount(log['deny']), error: amount(log['error']), bytesIn: amount(log['bytesIn']), bytesOut: amount(log['bytesOut']) }
  }
  if (log['event'] === 'log-lost') return { kind: 'lost', time, count: amount(log['lost']) }
  const verdict = verdictOf(log['verdict'])
  if (log['event'] !== 'request' || verdict === undefined) return OTHER
  return {
    kind: 'request', time, client: word(log['client']), group: word(log['group']), host: word(log['host']), rule: word(log['rule']), verdict, reason: word(log['reason']), method: word(log['method']),
    type: mediaType(log['contentType']), status: amount(log['status']), target: word(log['target']), bytesIn: amount(log['bytesIn']), bytesOut: amount(log['bytesOut']), duration: amount(log['duration']),
  }
}

/** Squid's `combined`, whose lines tell less. */
function combined(line: string): SquidFacts | undefined {
  const found = combinedLine(line)
  if (found === undefined) return undefined
  const { time, client, method, target, verdict, status, bytesOut, duration } = found.seen
  return { time, client, method, target, verdict: found.code.startsWith('NONE') ? 'error' : verdict, status, bytesOut, duration, bytesIn: 0, host: target.startsWith('error:') ? '-' : hostOfTarget(target), type: mediaType(found.seen.contentType) }
}

/** A line of either log. undefined: it is of neither. */
export function factOf(line: string): LineFact | undefined {
  if (!line.startsWith('{')) {
    const read = readSquidLine(line) ?? combined(line)
    return read === undefined ? undefined : { kind: 'request', ...read, group: NONE, rule: NONE, reason: NONE }
  }
  const log = jsonOf(line)
  return log === undefined ? undefined : eventFact(log)
}

/** A line of the event log with what it says; undefined: it is no JSON object. */
export function readEvent(line: string): { readonly log: Readonly<Record<string, unknown>>; readonly fact: LineFact } | undefined {
  const log = jsonOf(line)
  const fact = log === undefined ? undefined : eventFact(log)
  return log === undefined || fact === undefined ? undefined : { log, fact }
}
