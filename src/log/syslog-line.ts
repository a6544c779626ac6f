// What stands before the kernel's words in a log of lines: a syslog file in either of its forms, `dmesg`, `/dev/kmsg`, the journal's JSON. Only
// what the kernel itself said counts. Danger prevented: a program that writes `GREEN DROP IN=...` to syslog and so forges the firewall's log.
import { instantOf } from '../policy/zone.ts'

export interface KernelMessage {
  /** epoch milliseconds */
  readonly time: number
  readonly message: string
}

export interface LineFacts {
  /** epoch milliseconds: the year that a line does not have is the last one that fits */
  readonly now: number
  /** epoch milliseconds at which the machine was started, for lines that count from there */
  readonly started: number
  /** of lines without an offset */
  readonly timezone: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000

/** RFC 5424's and rsyslog's form: `2026-11-29T23:00:00.123456+01:00 host kernel: [12.345] words` */
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) \S+ kernel: (?:\[ *\d+\.\d+\] ?)?(.*)$/s
/** RFC 3164's: `Nov 29 23:00:00 host kernel: [12.345] words`, without a year */
const BSD = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) \S+ kernel: (?:\[ *\d+\.\d+\] ?)?(.*)$/s
/** `dmesg`: seconds since the start */
const DMESG = /^(?:<\d+>)?\[ *(\d+\.\d+)\] (.*)$/s
/** `/dev/kmsg`: priority and facility, number, microseconds since the start, flags */
const KMSG = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/

function bsdTime(match: RegExpExecArray, { now, timezone }: LineFacts): number | undefined {
  const month = MONTHS.indexOf(match[1] ?? '')
  if (month < 0) return undefined
  const [day, hour, minute, second] = match.slice(2, 6).map(Number)
  const year = new Date(now).getUTCFullYear()
  // a clock that is a little ahead is no reason to think of last year
  for (const each of [year + 1, year, year - 1]) {
    const at = instantOf(timezone, Date.UTC(each, month, day, hour, minute, second))
    if (at <= now + DAY_MS) return at
  }
  return undefined
}

/** One line of a file; undefined: not the kernel's, or without a time. */
export function parseSyslogLine(line: string, facts: LineFacts): KernelMessage | undefined {
  const iso = ISO.exec(line)
  if (iso !== null) {
    const time = Date.parse(iso[1] ?? '')
    return Number.isNaN(time) ? undefined : { time, message: iso[2] ?? '' }
  }
  const bsd = BSD.exec(line)
  if (bsd !== null) {
    const time = bsdTime(bsd, facts)
    return time === undefined ? undefined : { time, message: bsd[6] ?? '' }
  }
  const dmesg = DMESG.exec(line)
  return dmesg === null ? undefined : { time: facts.started + Math.round(Number(dmesg[1]) * 1000), message: dmesg[2] ?? '' }
}

/** One record of `/dev/kmsg`; what programs write there bears another facility than the kernel's. */
export function parseKmsg(record: string, { started }: LineFacts): KernelMessage | undefined {
  const match = KMSG.exec(record)
  if (match === null || Number(match[1]) >> 3 !== 0) return undefined
  return { time: started + Math.floor(Number(match[2]) / 1000), message: match[3] ?? '' }
}

/** One line of `journalctl -o json _TRANSPORT=kernel`. */
export function parseJournalLine(line: string): KernelMessage | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('MESSAGE' in parsed) || !('__REALTIME_TIMESTAMP' in parsed)) return undefined
  const micros = Number(parsed.__REALTIME_TIMESTAMP)
  return typeof parsed.MESSAGE === 'string' && Number.isFinite(micros) ? { time: Math.floor(micros / 1000), message: parsed.MESSAGE } : undefined
}
