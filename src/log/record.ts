// The record of one request: what a log line, a report and a person learn of it. Pure data; Squid's line and the JSON line are
// rendered from it. Texts here are raw: whoever writes them escapes (log/escape.ts). Credentials never enter.
import type { Place } from '../policy/diagnostic.ts'

export interface RequestRecord {
  readonly id: string
  /** epoch milliseconds at the first byte of the request */
  readonly time: number
  readonly client: string
  readonly clientPort: number
  readonly mac: string | undefined
  readonly group: string | undefined
  readonly method: string
  /** canonical URI, or `host:port` of a CONNECT; the raw request target (cut to 2 KiB) where it could not be parsed */
  readonly target: string
  readonly host: string
  readonly port: number
  readonly verdict: 'allow' | 'deny' | 'error'
  /** the answer to "by what" */
  readonly rule: string
  readonly place: Place | undefined
  readonly reason: string
  /** how fast it was allowed to go, in each direction: `50kB/s`, `50kB/s per client` */
  readonly limit: string | undefined
  /** what observe mode let pass */
  readonly observed: readonly { readonly verdict: 'allow' | 'deny'; readonly rule: string; readonly reason: string }[]
  /** whose fault a failure is */
  readonly fault: 'client' | 'policy' | 'upstream' | 'gateway' | undefined
  /** RFC 9209 error type or our own token: `dns_timeout`, `connection_refused`, `server_name_mismatch`, ... */
  readonly error: string | undefined
  /** the addresses that were judged: the resolver's answer, or the literal one; empty where it was refused before */
  readonly addresses: readonly string[]
  /** the address that was dialled */
  readonly address: string | undefined
  /** status sent to the client; 0 when it left before one was sent */
  readonly status: number
  readonly contentType: string | undefined
  readonly userAgent: string | undefined
  readonly serverName: string | undefined
  readonly ech: boolean
  readonly bytesIn: number
  readonly bytesOut: number
  /** milliseconds: whole exchange, and its phases where they took place */
  readonly duration: number
  readonly dns: number | undefined
  readonly dial: number | undefined
  readonly firstByte: number | undefined
  readonly reused: boolean
  readonly generation: number
  readonly hash: string
  readonly worker: number
}
