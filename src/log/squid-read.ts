// A line of Squid's native access log, read: ours, or one that Squid or another proxy wrote. Danger prevented: a line whose fields slipped, because
// somebody put a space where none may be, read as a request that nobody made.

export interface SquidFacts {
  /** epoch milliseconds; Squid tells the end, this is the begin */
  readonly time: number
  readonly client: string
  readonly host: string
  readonly verdict: 'allow' | 'deny' | 'error'
  readonly method: string
  readonly type: string
  readonly status: number
  readonly target: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly duration: number
}

/** What a syslog puts in front ends in a colon; tried only where the line is none without it. */
const LINE = /^(?:\S.{0,200}?: +)?? *(\d{1,12})\.(\d{3}) +(-?\d{1,15}) +(\S+) +([A-Z_]+)\/(\d{3}) +(\d{1,17}) +(\S+) +(\S+) +(\S+) +([A-Z_]+)\/(\S+)(?: +(\S+))?\s*$/

/** `http://user@www.example.com:8080/x`, `www.example.com:443`, `[2001:db8::1]:443` → the host, lower case. */
export function hostOfTarget(target: string): string {
  const scheme = target.indexOf('://')
  const authority = (scheme < 0 ? target : target.slice(scheme + 3)).replace(/[/?#].*$/, '')
  const at = authority.lastIndexOf('@')
  const host = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(authority.slice(at + 1))?.[1] ?? ''
  return host === '' || host === 'error' ? '-' : host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
}

function verdictOf(code: string, status: number, hierarchy: string): SquidFacts['verdict'] {
  if (code.includes('DENIED')) return 'deny'
  if (code.startsWith('NONE')) return 'error'
  // nobody was asked: it is this proxy that says so
  return status >= 500 && hierarchy.endsWith('NONE') ? 'error' : 'allow'
}

/** undefined: it is no such line. */
export function readSquidLine(line: string): SquidFacts | undefined {
  const found = LINE.exec(line)
  if (found === null) return undefined
  const [, seconds = '', thousandths = '', elapsed = '', client = '', code = '', status = '', size = '', method = '', target = '', , hierarchy = '', , type] = found
  const duration = Math.max(0, Number(elapsed))
  const slash = type === undefined ? -1 : type.search(/[;,]/)
  return {
    time: Number(seconds) * 1000 + Number(thousandths) - duration, client, host: target.startsWith('error:') ? '-' : hostOfTarget(target), verdict: verdictOf(code, Number(status), hierarchy),
    method, type: type === undefined || type === '-' ? '-' : (slash < 0 ? type : type.slice(0, slash)).toLowerCase(), status: Number(status), target, bytesIn: 0, bytesOut: Number(size), duration,
  }
}
