// A CONNECT's tunnel: its first octets are held until they are judged, then both directions run. Dangers prevented: a client's octet that
// reaches an upstream before anybody looked (Envoy CVE-2025-64763), a hello drawn out to hold a connection for ever, a server's greeting
// that starts another protocol where TLS is required, a second hello for another name.
import type { Cause } from '../decision/facts.ts'
import type { Host } from '../net/target.ts'
import { bind, BINDING_ERRORS, BINDING_REASONS, mustBind } from '../tls/binding.ts'
import type { Binding, BindingOutcome, TunnelTerms } from '../tls/binding.ts'
import { HelloReader } from '../tls/client-hello.ts'
import type { HelloReading } from '../tls/client-hello.ts'
import { RetryWatch } from '../tls/second-hello.ts'
import { arm, deadline, type Deadline, disarm } from './deadlines.ts'
import type { Fault, Relay, RelayEnd, TunnelAsk } from './gate.ts'
import type { Pace } from './pace.ts'
import { type RelayClosed, type RelayOwner, SocketRelay } from './relay.ts'

export function openTunnel(ask: TunnelAsk): Relay {
  return new Tunnel(ask)
}

class Tunnel implements Relay, RelayOwner {
  // what is asked for lives as long as its policy, a tunnel may live much longer: no more is kept of it than this
  readonly #host: Host
  readonly #terms: TunnelTerms
  readonly #headMs: number
  readonly #onEnd: (end: RelayEnd) => void
  /** the policy lets nothing through before the first octets are judged */
  readonly #held: boolean
  readonly #relay: SocketRelay
  /** reads the first hello; undefined once it is judged */
  #hello: HelloReader | undefined = new HelloReader()
  /** from there until no second hello can come */
  #watch: RetryWatch | undefined
  #binding: Binding | undefined
  #late: Deadline | undefined

  constructor(ask: TunnelAsk) {
    const { client, upstream, endpoint, snapshot, early } = ask
    const { limits } = snapshot.compiled.policy
    this.#host = ask.target.host
    this.#terms = endpoint.tunnels
    this.#headMs = limits.headMs
    this.#onEnd = ask.onEnd
    this.#held = mustBind(endpoint.tunnels)
    const relay = new SocketRelay({ client, upstream, idleMs: limits.tunnelIdleMs, ageMs: limits.tunnelAgeMs, inspectUp: true, inspectDown: this.#held, pace: ask.pace }, this)
    this.#relay = relay
    if (this.#held) {
      client.on('end', () => this.#cut())
      // a server may speak first where the client need not speak TLS; its own octets are judged all the same
      if (!endpoint.tunnels.requireTls) relay.down.start()
      else this.#waitForHello()
    } else {
      relay.down.start()
    }
    if (early.length > 0 && this.inspectUp(early)) relay.up.write(early)
    relay.up.start()
    // it had ended its side before the connection stood, and says so no more
    if (client.readableEnded) this.#cut()
  }

  get octets(): { readonly in: number; readonly out: number } {
    return { in: this.#relay.up.octets, out: this.#relay.down.octets }
  }

  end(error: string, fault: Fault, cause?: Cause): void {
    this.#relay.end(error, fault, cause)
  }

  pace(pace: Pace | undefined): void {
    this.#relay.pace(pace)
  }

  relayClosed(closed: RelayClosed): void {
    this.#hurried()
    const binding = this.#binding
    const { bytesIn, bytesOut, error, fault, cause } = closed
    this.#onEnd({ bytesIn, bytesOut, error, fault, cause, serverName: binding?.serverName, ech: binding?.ech ?? false, observed: NO_NOTES, status: 200 })
  }

  #refuse(outcome: Exclude<BindingOutcome, 'match'>): void {
    this.#relay.end(BINDING_ERRORS[outcome], 'policy', { by: 'server-name', kind: 'server-name', reason: BINDING_REASONS[outcome] })
  }

  /** A reading that wants more must have it in time. */
  #waitForHello(): void {
    this.#late ??= deadline(() => this.#refuse('timeout'))
    if (!this.#late.armed) arm(this.#late, this.#headMs)
  }

  #hurried(): void {
    if (this.#late !== undefined) disarm(this.#late)
  }

  /** Held octets go upstream as they came, and from now on nobody looks. */
  #pass(bytes: Buffer): void {
    const { up, down } = this.#relay
    this.#hurried()
    this.#hello = undefined
    this.#watch = undefined
    up.inspected()
    down.inspected()
    up.write(bytes)
    down.start()
  }

  /** True where it is what the tunnel was asked for. */
  #judge(reading: HelloReading): boolean {
    if (reading.state === 'more') {
      this.#waitForHello()
      return false
    }
    const binding = bind(reading, this.#host, this.#terms)
    this.#binding = binding
    if (!binding.pass && binding.outcome !== 'match') this.#refuse(binding.outcome)
    return binding.pass
  }

  /** The first octets, held in copy. */
  #first(reader: HelloReader, chunk: Buffer): void {
    const reading = reader.push(chunk)
    if (!this.#judge(reading)) return
    const { bytes, end } = reader
    if (reading.state !== 'hello') return this.#pass(bytes)
    const { up, down } = this.#relay
    this.#hurried()
    this.#hello = undefined
    this.#watch = new RetryWatch()
    up.write(bytes.subarray(0, end))
    if (end < bytes.length && this.#again(this.#watch, bytes.subarray(end))) up.write(bytes.subarray(end))
    down.start()
  }

  /** Behind the first hello: true, relay it; else what of it may go on went on, and the rest is held. */
  #again(retry: RetryWatch, chunk: Buffer): boolean {
    const { passes, reading } = retry.client(chunk)
    if (reading === undefined) return true
    if (passes > 0) this.#relay.up.write(Buffer.from(chunk.subarray(0, passes)))
    // after TLS began, what is no hello is none of another protocol
    if (reading.state === 'not_tls') this.#refuse('malformed')
    else if (this.#judge(reading) && retry.held !== undefined) this.#pass(retry.held)
    return false
  }

  /** True: relay it. What is held is copied by the reader. */
  inspectUp(chunk: Buffer): boolean {
    if (this.#watch !== undefined) return this.#again(this.#watch, chunk)
    const hello = this.#hello
    if (hello === undefined) return true
    if (this.#held) {
      this.#first(hello, chunk)
      return false
    }
    // nothing depends on it: told in the log where the first octets show it, and never waited for
    const reading = hello.push(chunk)
    if (reading.state === 'hello') this.#binding = bind(reading, this.#host, this.#terms)
    this.#hello = undefined
    this.#relay.up.inspected()
    return true
  }

  /** The upstream's octets, which only tell whether a second hello is to be expected. */
  inspectDown(chunk: Buffer): boolean {
    const watch = this.#watch
    if (watch !== undefined && !watch.server(chunk)) this.#pass(watch.held ?? NOTHING)
    return true
  }

  /** The client ended its side before its hello was whole: there is nothing to relay. */
  #cut(): void {
    const hello = this.#hello
    if (!this.#held || (hello === undefined && this.#watch?.held === undefined)) return
    if (hello === undefined || hello.bytes.length > 0) return this.#refuse('malformed')
    if (this.#terms.requireTls) this.#relay.end(undefined, undefined)
    else this.#pass(NOTHING)
  }
}

const NOTHING = Buffer.alloc(0)
const NO_NOTES: readonly never[] = []
