// A record as one line of Squid's native access log (FormatSquidNative.cc): `%9d.%03d %6d client code/status bytes method URL user
// hierarchy/peer type`, ten fields parted by spaces. Danger prevented: a line that Calamaris counts as invalid, or that a client shaped.
import { escapeField, escapeUri } from './escape.ts'
import type { RequestRecord } from './record.ts'
import { redactTarget } from './redact.ts'

/** What the line tells of a record. */
export type SquidRecord = Pick<RequestRecord, 'time' | 'client' | 'method' | 'target' | 'verdict' | 'fault' | 'address' | 'status' | 'contentType' | 'bytesOut' | 'duration'>

/** What Squid would have called it. */
function result(record: SquidRecord): string {
  if (record.verdict === 'deny') return 'TCP_DENIED'
  // what never became a request is no traffic of a site
  if (record.fault === 'client' && record.address === undefined) return 'NONE_NONE'
  const code = record.method === 'CONNECT' ? 'TCP_TUNNEL' : 'TCP_MISS'
  return record.status === 0 ? `${code}_ABORTED` : code
}

function mediaType(text: string | undefined): string {
  return escapeField(text === undefined ? undefined : PARAMETERS.test(text) ? text.slice(0, text.search(PARAMETERS)) : text)
}

const PARAMETERS = /[;,\s]/
const NOT_WORD = /[^\w-]/

/** Calamaris knows a log by its first line, in which a method has letters, digits and dashes: any other would make it refuse the whole. */
function method(text: string): string {
  const told = escapeField(text, 64)
  return NOT_WORD.test(told) ? told.replace(/[^\w-]/g, '_') : told
}

/** 000 to 999, made once: every line has two of them. */
const THREE: readonly string[] = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'))

function padded(value: number, width: number, by: string): string {
  const digits = String(value)
  return digits.length < width ? digits.padStart(width, by) : digits
}

function whole(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.round(value) : 0
}

/** Without the line break. The time is the end of the exchange, as in Squid. */
export function squidLine(record: SquidRecord): string {
  const duration = whole(record.duration)
  const end = whole(record.time) + duration
  const stamp = `${padded(Math.floor(end / 1000), 9, ' ')}.${THREE[end % 1000]} ${padded(duration, 6, ' ')}`
  const code = whole(record.status)
  const status = THREE[code] ?? String(code)
  const url = record.target === '' ? 'error:invalid-request' : escapeUri(redactTarget(record.target))
  const peer = record.address === undefined ? 'HIER_NONE/-' : `HIER_DIRECT/${escapeField(record.address)}`
  return `${stamp} ${escapeField(record.client)} ${result(record)}/${status} ${whole(record.bytesOut)} ${method(record.method)} ${url} - ${peer} ${mediaType(record.contentType)}`
}
