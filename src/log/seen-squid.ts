// A line of Squid's access log read back, in its native form (with or without what a syslog puts before it) or in `combined`. Danger prevented: an
// office that judges a change by the lines which happened to be understood, without knowing how many were not.
import type { SeenLine, SeenRequest } from './seen.ts'

/** time, elapsed, client, code/status, bytes, method, URL, user, hierarchy/peer, type */
const NATIVE = /^(?:.*?\s)?(\d{9,11})\.(\d{3})\s+(-?\d+) (\S+) ([A-Z_]+)\/(\d{3}) (\d+) (\S+) (\S+) (\S+) ([A-Z_]+)\/(\S+)(?: (\S+))?/
/** client, ident, user, time, request line, status, bytes, referrer, agent, code:hierarchy */
const COMBINED = /^(\S+) \S+ (\S+) \[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\] "(\S+) (\S+)(?: HTTP\/[\d.]+)?" (\d{3}) (\d+|-) "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"(?: ([A-Z_]+):[A-Z_]+)?/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const NONE: readonly string[] = []

/** What Squid answers for itself, and what never became a request, tells of no site. */
function isRequest(code: string, url: string, status: number): boolean {
  if (url.startsWith('error:') || url.startsWith('cache_object:') || url === '-') return false
  // asking who it is comes before any verdict
  return !(code.includes('DENIED') && status === 407) && !(code.startsWith('NONE') && status !== 200 && status !== 0)
}

function field(value: string | undefined): string | undefined {
  return value === undefined || value === '-' || value === '' ? undefined : value
}

/** A peer that is an address: where it went. A parent proxy's address tells nothing of the site. */
function addressesOf(hierarchy: string, peer: string): readonly string[] {
  return /DIRECT|PINNED/.test(hierarchy) && /^[\da-fA-F.:]+$/.test(peer) ? [peer] : NONE
}

function seen(parts: Pick<SeenRequest, 'time' | 'client' | 'method' | 'target' | 'status' | 'bytesOut' | 'duration' | 'addresses' | 'contentType' | 'userAgent'>, code: string): SeenRequest {
  return {
    ...parts, mac: undefined, group: undefined, verdict: code.includes('DENIED') ? 'deny' : 'allow', rule: undefined, observed: NONE, error: undefined, serverName: undefined, bytesIn: undefined,
  }
}

/** One line, without its line break. */
export function seenFromSquid(line: string): SeenLine {
  const native = NATIVE.exec(line)
  if (native !== null) {
    const [, seconds = '', millis = '', elapsed = '', client = '', code = '', status = '', bytes = '', method = '', url = '', , hierarchy = '', peer = '', type] = native
    if (!isRequest(code, url, Number(status))) return 'skip'
    const duration = Math.max(0, Number(elapsed))
    return seen({
      time: Number(seconds) * 1000 + Number(millis) - duration, client, method, target: url, status: Number(status), bytesOut: Number(bytes), duration,
      addresses: addressesOf(hierarchy, peer), contentType: field(type), userAgent: undefined,
    }, code)
  }
  const found = combinedLine(line)
  return found === undefined ? 'unread' : isRequest(found.code, found.seen.target, found.seen.status) ? found.seen : 'skip'
}

/** A line of `combined`, whether it tells a request or not, with Squid's own word for it. */
export function combinedLine(line: string): { readonly seen: SeenRequest; readonly code: string } | undefined {
  const combined = COMBINED.exec(line)
  if (combined === null) return undefined
  const [, client = '', , day = '', month = '', year = '', clock = '', hours = '', minutes = '', method = '', url = '', status = '', bytes = '', agent, code = ''] = combined
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, '0')
  const time = Date.parse(`${year}-${number}-${day}T${clock}${hours}:${minutes}`)
  if (Number.isNaN(time)) return undefined
  const parts = { time, client, method, target: url, status: Number(status), bytesOut: bytes === '-' ? 0 : Number(bytes), duration: 0, addresses: NONE, contentType: undefined, userAgent: field(agent) }
  return { seen: seen(parts, code === '' && status === '403' ? 'DENIED' : code), code }
}

/** Each line by its own form: a log may hold both, where a switch fell into it. */
export function isJsonLine(line: string): boolean {
  return line.charCodeAt(0) === 0x7b
}
