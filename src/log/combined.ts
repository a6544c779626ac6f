// A request of the event log as a line of other tools' formats: NCSA's combined, which every log analyser reads, with Squid's result behind it; and
// Squid's native line. From the JSON line, so that the past can be told in either. Danger prevented: a quote in a field that ends it.
import { visible } from '../policy/visible.ts'
import { escapeField } from './escape.ts'
import { squidLine } from './squid.ts'
import type { SquidRecord } from './squid.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

type Line = Readonly<Record<string, unknown>>

function text(log: Line, name: string): string | undefined {
  const value = log[name]
  return typeof value === 'string' ? value : undefined
}

function amount(log: Line, name: string): number {
  const value = log[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

/** What Squid's line needs of a record. */
function recordOf(log: Line): SquidRecord {
  const verdict = text(log, 'verdict')
  const fault = text(log, 'fault')
  return {
    time: Date.parse(text(log, 'time') ?? '') || 0, client: text(log, 'client') ?? '', method: text(log, 'method') ?? '', target: text(log, 'target') ?? '',
    verdict: verdict === 'allow' || verdict === 'deny' ? verdict : 'error', fault: fault === 'client' || fault === 'policy' || fault === 'upstream' || fault === 'gateway' ? fault : undefined,
    address: text(log, 'address'), status: amount(log, 'status'), contentType: text(log, 'contentType'), bytesOut: amount(log, 'bytesOut'), duration: amount(log, 'duration'),
  }
}

export function squidOf(log: Line): string {
  return squidLine(recordOf(log))
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function stamp(atMs: number): string {
  const at = new Date(atMs)
  return `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()] ?? ''}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`
}

function quoted(value: string | undefined): string {
  return value === undefined || value === '' ? '"-"' : `"${visible(value).replace(/["\\]/g, (char) => `\\${char}`)}"`
}

/** `client - - [time] "METHOD target HTTP/1.1" status size "referer" "user agent" RESULT:HIERARCHY`, as Squid's own `combined`. */
export function combinedOf(log: Line): string {
  const record = recordOf(log)
  const parts = squidLine(record).trimStart().split(' ').filter((part) => part !== '')
  const [, , client = '-', code = '', size = '0', method = '-', target = '-', , hierarchy = ''] = parts
  const [result = '-', status = '000'] = code.split('/')
  const agent = text(log, 'userAgent')
  return `${client} - - [${stamp(record.time + record.duration)}] ${quoted(`${method} ${target} HTTP/1.1`)} ${status} ${size} "-" ${quoted(agent)} ${result}:${escapeField(hierarchy.split('/')[0])}`
}
