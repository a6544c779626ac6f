// A request as it is read back from a log, whoever wrote that: our event log, our store, Squid. What learns from the past reads this and nothing
// else. Danger prevented: a reader that takes a line which is no request, or half of one, for something that happened.

export interface SeenRequest {
  /** epoch milliseconds at which it began */
  readonly time: number
  readonly client: string
  readonly mac: string | undefined
  readonly group: string | undefined
  readonly method: string
  /** canonical URI, or `host:port` of a CONNECT; what is secret in it is hidden, and a long one is cut */
  readonly target: string
  readonly verdict: 'allow' | 'deny' | 'error'
  /** undefined: the log does not name rules */
  readonly rule: string | undefined
  /** rules that would have denied it, had they not only observed */
  readonly observed: readonly string[]
  readonly error: string | undefined
  /** what the name resolved to; empty: nobody asked, or the log does not tell */
  readonly addresses: readonly string[]
  readonly status: number
  readonly contentType: string | undefined
  readonly userAgent: string | undefined
  readonly serverName: string | undefined
  /** from the client, to the client */
  readonly bytesIn: number | undefined
  readonly bytesOut: number
  /** milliseconds */
  readonly duration: number
}

/** `skip`: a line of the log that tells no request; `unread`: one that nobody understands. */
export type SeenLine = SeenRequest | 'skip' | 'unread'

/** `host:port` as the target spells them, without looking closer; of `http://host/` the host alone. */
export function authorityOf(target: string): string {
  const slashes = target.indexOf('://')
  if (slashes < 0) return target
  for (let at = slashes + 3; at < target.length; at++) {
    const code = target.charCodeAt(at)
    if (code === 0x2f || code === 0x3f || code === 0x23) return target.slice(slashes + 3, at)
  }
  return target.slice(slashes + 3)
}
