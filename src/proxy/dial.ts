// From judged addresses to a connected socket: both families in turn, a new attempt every 250 ms or at once after a failure, the first to
// connect wins (RFC 8305 5). Danger prevented: a second look-up. `net.connect` gets the text of an address that was judged, never a name.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Endpoint } from '../decision/facts.ts'
import { arm, disarm, deadline } from './deadlines.ts'
import { machineHasIpv6 } from './families.ts'

/** RFC 9209 types, and `descriptors`: the gateway's own want, 503. */
export type DialError = 'connection_refused' | 'connection_timeout' | 'connection_terminated' | 'destination_ip_unroutable' | 'connection_limit_reached' | 'aborted'

export type Dialled =
  | { readonly ok: true; readonly socket: Socket; readonly endpoint: Endpoint; readonly ms: number }
  | { readonly ok: false; readonly error: DialError; readonly detail: string; readonly ms: number }

export interface DialOptions {
  /** for all attempts together */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly allowHalfOpen?: boolean
}

const STAGGER_MS = 250

function errorType(code: string | undefined): DialError {
  switch (code) {
    case 'ECONNREFUSED': return 'connection_refused'
    case 'ETIMEDOUT': return 'connection_timeout'
    case 'ECONNRESET': case 'EPIPE': return 'connection_terminated'
    // no descriptor, or no local port left: ours to mend, not the other side's
    case 'EMFILE': case 'ENFILE': case 'ENOBUFS': case 'ENOMEM': return 'connection_limit_reached'
    default: return 'destination_ip_unroutable'
  }
}

/** What to tell when attempts failed differently: the answer of a living machine says more than silence or a missing route. */
const TELLING: readonly DialError[] = ['connection_limit_reached', 'connection_refused', 'connection_terminated', 'connection_timeout', 'destination_ip_unroutable', 'aborted']

/** RFC 8305 4: families take turns; the order within a family stays that of the answer. */
export function interleave(endpoints: readonly Endpoint[], ipv6First: boolean): Endpoint[] {
  const six = endpoints.filter(({ address }) => address.family === 6)
  const four = endpoints.filter(({ address }) => address.family === 4)
  const [first, second] = ipv6First ? [six, four] : [four, six]
  const order: Endpoint[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    const a = first[i]
    const b = second[i]
    if (a !== undefined) order.push(a)
    if (b !== undefined) order.push(b)
  }
  return order
}

/** A socket without any listener of ours crashes the process on a late error; whoever takes it adds his own. */
function heard(): void { /* 'close' follows, and that is what the owner listens to */ }

export function dial(endpoints: readonly Endpoint[], options: DialOptions): Promise<Dialled> {
  const began = performance.now()
  const order = endpoints.length > 1 ? interleave(endpoints, machineHasIpv6()) : endpoints
  return new Promise((resolve) => {
    const open = new Set<Socket>()
    let next = 0
    let stagger: NodeJS.Timeout | undefined
    let worst: { readonly error: DialError; readonly detail: string } | undefined

    const settle = (result: { ok: true; socket: Socket; endpoint: Endpoint } | { ok: false; error: DialError; detail: string }): void => {
      clearTimeout(stagger)
      disarm(limit)
      options.signal?.removeEventListener('abort', abort)
      for (const socket of open) if (!result.ok || socket !== result.socket) socket.destroy()
      open.clear()
      resolve({ ...result, ms: performance.now() - began })
    }
    const fail = (error: DialError, detail: string): void => settle({ ok: false, error, detail })
    const abort = (): void => fail('aborted', 'the client left')
    const limit = deadline(() => fail('connection_timeout', `no connection within ${options.timeoutMs} ms`))

    const attempt = (): void => {
      const endpoint = order[next++]
      if (endpoint === undefined) return
      const socket = connect({
        host: endpoint.address.text,
        port: endpoint.port,
        family: endpoint.address.family,
        noDelay: true,
        autoSelectFamily: false,
        allowHalfOpen: options.allowHalfOpen ?? false
      })
      open.add(socket)
      socket.on('error', heard)
      const failed = (error: NodeJS.ErrnoException): void => {
        if (!open.delete(socket)) return
        const type = errorType(error.code)
        if (worst === undefined || TELLING.indexOf(type) < TELLING.indexOf(worst.error)) worst = { error: type, detail: error.code ?? error.message }
        if (next < order.length) { clearTimeout(stagger); attempt() } else if (open.size === 0) fail(worst.error, worst.detail)
      }
      socket.once('error', failed)
      socket.once('connect', () => {
        if (!open.has(socket)) return
        socket.removeListener('error', failed)
        settle({ ok: true, socket, endpoint })
      })
      if (next < order.length) stagger = setTimeout(attempt, STAGGER_MS)
    }

    if (order.length === 0) return fail('destination_ip_unroutable', 'no address to dial')
    if (options.signal?.aborted === true) return abort()
    options.signal?.addEventListener('abort', abort, { once: true })
    arm(limit, options.timeoutMs)
    attempt()
  })
}
