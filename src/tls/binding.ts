// Is a tunnel what it was asked for? The first bytes held against the target and the policy's `tunnels` (policy.md, "a tunnel is bound to its
// name"). Danger prevented: a CONNECT to an allowed name that carries SSH, or TLS for another name (RFC 9110 9.3.6 warns of both).
import { parseHostName } from '../net/hostname.ts'
import { parseNumericHost } from '../net/numeric.ts'
import type { Host } from '../net/target.ts'
import type { ClientHello, HelloReading } from './client-hello.ts'

/** The policy's words; its own type has the same shape and stands further right. */
export interface TunnelTerms {
  readonly requireTls: boolean
  readonly serverName: 'match' | 'any'
  readonly ech: 'allow' | 'deny'
}

export type BindingOutcome =
  'match' | 'mismatch' | 'not_tls' | 'no_extension' | 'numeric' | 'doubled' | 'malformed' | 'too_large' | 'timeout' | 'ech_denied'

export interface Binding {
  readonly outcome: BindingOutcome
  readonly pass: boolean
  /** as the log tells it: canonical where it is a name, else as sent (cut) */
  readonly serverName: string | undefined
  readonly ech: boolean
}

/** The log's token for each way in which a tunnel is not what it was asked for. */
export const BINDING_ERRORS: Readonly<Record<Exclude<BindingOutcome, 'match'>, string>> = {
  mismatch: 'server_name_mismatch',
  not_tls: 'not_tls',
  no_extension: 'server_name_missing',
  numeric: 'server_name_numeric',
  doubled: 'server_name_doubled',
  malformed: 'client_hello_malformed',
  too_large: 'client_hello_too_large',
  timeout: 'client_hello_timeout',
  ech_denied: 'ech_denied'
}

export const BINDING_REASONS: Readonly<Record<Exclude<BindingOutcome, 'match'>, string>> = {
  mismatch: 'the TLS server name is not the name that the tunnel was asked for',
  not_tls: 'what runs inside the tunnel is not TLS',
  no_extension: 'the TLS hello names no server',
  numeric: 'the TLS hello names its server by number',
  doubled: 'the TLS hello names several servers',
  malformed: 'the TLS hello is malformed',
  too_large: 'the TLS hello is larger than 16 KiB',
  timeout: 'no complete TLS hello came in time',
  ech_denied: 'the TLS hello is encrypted (ECH), which this policy denies'
}

/** Need the first bytes be held until they are judged? Without need a tunnel passes at once. */
export function mustBind(terms: TunnelTerms): boolean {
  return terms.requireTls || terms.serverName === 'match' || terms.ech === 'deny'
}

/** A reading that wants more bytes has no binding yet; when no more will come in time, it is a `timeout`. */
export function bind(reading: Exclude<HelloReading, { state: 'more' }>, host: Host, terms: TunnelTerms): Binding {
  if (reading.state === 'not_tls') return { outcome: 'not_tls', pass: !terms.requireTls && !reading.records, serverName: undefined, ech: false }
  // it began as TLS: held to its word even where other protocols may pass
  if (reading.state !== 'hello') return { outcome: reading.state, pass: false, serverName: undefined, ech: false }
  const { outcome, serverName } = named(reading.hello, host)
  const { ech } = reading.hello
  if (ech && terms.ech === 'deny') return { outcome: 'ech_denied', pass: false, serverName, ech }
  return { outcome, pass: outcome === 'match' || terms.serverName === 'any', serverName, ech }
}

function named({ names }: ClientHello, host: Host): { outcome: BindingOutcome; serverName: string | undefined } {
  const [name] = names
  // RFC 6066 3: a numeric host is never named, so the hello of a tunnel to one names nobody
  if (name === undefined) return { outcome: host.kind === 'address' ? 'match' : 'no_extension', serverName: undefined }
  const raw = name.slice(0, 255)
  if (names.length > 1) return { outcome: 'doubled', serverName: raw }
  if (!/^[A-Za-z0-9._:[\]-]+$/.test(name)) return { outcome: 'malformed', serverName: raw }
  if (parseNumericHost(name) !== undefined) return { outcome: 'numeric', serverName: raw }
  const canonical = parseHostName(name)
  if (canonical === undefined) return { outcome: 'malformed', serverName: raw }
  return { outcome: host.kind === 'name' && host.name === canonical ? 'match' : 'mismatch', serverName: canonical }
}
