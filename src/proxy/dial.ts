// From judged addresses to a connected socket: both families in turn, a new attempt every 250 ms or at once after a failure, the first to
// connect wins (RFC 8305 5). Danger prevented: a second look-up. `net.connect` gets the text of an address that was judged, never a name.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Endpoint } from '../decision/facts.ts'
import { arm, type Deadline, deadline, disarm } from './deadlines.ts'
import { machineHasIpv6 } from './families.ts'

/** RFC 9209 types, and `descriptors`: the gateway's own want, 503. */
export type DialError = 'connection_refused' | 'connection_timeout' | 'connection_terminated' | 'destination_ip_unroutable' | 'connection_limit_reached' | 'aborted'

export type Dialled =
  | { readonly ok: true; readonly socket: Socket; readonly endpoint: Endpoint; readonly ms: number }
  | { readonly ok: false; readonly error: DialError; readonly detail: string; readonly ms: number }

export interface DialOptions {
  /** for all attempts together */
  readonly timeoutMs: number
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

/** where a socket keeps who dials it; nothing once that is settled */
const ATTEMPT = Symbol('greengate attempt')

interface Attempt {
  readonly dial: Dial
  readonly socket: Dialling
  readonly endpoint: Endpoint
}

type Dialling = Socket & { [ATTEMPT]?: Attempt | undefined }

// Listeners that all sockets share: they stay for the socket's life, which may be a tunnel's, and hold nothing. Without any listener a late error
// ends the process; 'close' follows, and that is what its owner listens to.
function onError(this: Dialling, error: NodeJS.ErrnoException): void {
  const attempt = this[ATTEMPT]
  attempt?.dial.failed(attempt, error)
}

function onConnect(this: Dialling): void {
  const attempt = this[ATTEMPT]
  attempt?.dial.connected(attempt)
}

interface Failure {
  readonly error: DialError
  readonly detail: string
}

/** `done` is told once, never before the constructor returned; after `abort` with `aborted`. */
export class Dial {
  readonly #began = performance.now()
  readonly #order: readonly Endpoint[]
  readonly #options: DialOptions
  readonly #done: (dialled: Dialled) => void
  readonly #limit: Deadline
  /** under way */
  #attempts: Attempt[] = []
  #next = 0
  #stagger: NodeJS.Timeout | undefined
  #worst: Failure | undefined
  #over = false

  constructor(endpoints: readonly Endpoint[], options: DialOptions, done: (dialled: Dialled) => void) {
    this.#order = endpoints.length > 1 ? interleave(endpoints, machineHasIpv6()) : endpoints
    this.#options = options
    this.#done = done
    this.#limit = deadline(() => this.#fail('connection_timeout', `no connection within ${options.timeoutMs} ms`))
    if (endpoints.length === 0) {
      process.nextTick(() => this.#fail('destination_ip_unroutable', 'no address to dial'))
      return
    }
    arm(this.#limit, options.timeoutMs)
    this.#attempt()
  }

  /** The client left. */
  abort(): void {
    this.#fail('aborted', 'the client left')
  }

  #attempt(): void {
    const endpoint = this.#order[this.#next++]
    if (endpoint === undefined) return
    const { address, port } = endpoint
    const socket: Dialling = connect({ host: address.text, port, family: address.family, noDelay: true, autoSelectFamily: false, allowHalfOpen: this.#options.allowHalfOpen ?? false })
    const attempt: Attempt = { dial: this, socket, endpoint }
    socket[ATTEMPT] = attempt
    this.#attempts.push(attempt)
    socket.on('error', onError)
    socket.on('connect', onConnect)
    if (this.#next < this.#order.length) this.#stagger = setTimeout(() => this.#attempt(), STAGGER_MS)
  }

  connected(attempt: Attempt): void {
    if (!this.#attempts.includes(attempt)) return
    this.#settle({ ok: true, socket: attempt.socket, endpoint: attempt.endpoint, ms: performance.now() - this.#began })
  }

  failed(attempt: Attempt, error: NodeJS.ErrnoException): void {
    const at = this.#attempts.indexOf(attempt)
    if (at < 0) return
    this.#attempts.splice(at, 1)
    const type = errorType(error.code)
    if (this.#worst === undefined || TELLING.indexOf(type) < TELLING.indexOf(this.#worst.error)) this.#worst = { error: type, detail: error.code ?? error.message }
    if (this.#next < this.#order.length) {
      clearTimeout(this.#stagger)
      this.#attempt()
    } else if (this.#attempts.length === 0) this.#fail(this.#worst.error, this.#worst.detail)
  }

  #fail(error: DialError, detail: string): void {
    this.#settle({ ok: false, error, detail, ms: performance.now() - this.#began })
  }

  #settle(result: Dialled): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#stagger)
    disarm(this.#limit)
    const attempts = this.#attempts
    this.#attempts = []
    for (const { socket } of attempts) {
      socket[ATTEMPT] = undefined
      if (!result.ok || socket !== result.socket) socket.destroy()
    }
    this.#done(result)
  }
}
