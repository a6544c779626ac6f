// A CONNECT's tunnel: its first octets are held until they are judged, then both directions run. Dangers prevented: a client's octet that
// reaches an upstream before anybody looked (Envoy CVE-2025-64763), a hello drawn out to hold a connection for ever, a server's greeting
// that starts another protocol where TLS is required, a second hello for another name.
import type { Cause } from '../decision/facts.ts'
import { bind, BINDING_ERRORS, BINDING_REASONS, mustBind } from '../tls/binding.ts'
import type { Binding, BindingOutcome } from '../tls/binding.ts'
import { HelloReader } from '../tls/client-hello.ts'
import type { HelloReading } from '../tls/client-hello.ts'
import { RetryWatch } from '../tls/second-hello.ts'
import { arm, deadline, disarm } from './deadlines.ts'
import type { Fault, Relay, TunnelAsk } from './gate.ts'
import { SocketRelay } from './relay.ts'

function bindingCause(outcome: Exclude<BindingOutcome, 'match'>): Cause {
  return { by: 'server-name', kind: 'server-name', reason: BINDING_REASONS[outcome] }
}

export function openTunnel(ask: TunnelAsk): Relay {
  const { client, upstream, target, endpoint, snapshot } = ask
  const { limits } = snapshot.compiled.policy
  const held = mustBind(endpoint.tunnels)
  /** reads the first hello; undefined once it is judged */
  let hello: HelloReader | undefined = new HelloReader()
  /** from there until no second hello can come */
  let watch: RetryWatch | undefined
  let binding: Binding | undefined
  const late = deadline(() => refuse('timeout'))

  const relay = new SocketRelay({
    client,
    upstream,
    idleMs: limits.tunnelIdleMs,
    ageMs: limits.tunnelAgeMs,
    inspect,
    ...(held ? { inspectDown } : {}),
    onClose: (closed) => {
      disarm(late)
      ask.onEnd({ ...closed, serverName: binding?.serverName, ech: binding?.ech ?? false, observed: [], status: 200 })
    }
  })

  function refuse(outcome: Exclude<BindingOutcome, 'match'>): void {
    relay.end(BINDING_ERRORS[outcome], 'policy', bindingCause(outcome))
  }

  /** Held octets go upstream as they came, and from now on nobody looks. */
  function pass(bytes: Buffer): void {
    disarm(late)
    hello = undefined
    watch = undefined
    relay.up.inspected()
    relay.down.inspected()
    relay.up.write(bytes)
    relay.down.start()
  }

  /** True where it is what the tunnel was asked for. A reading that wants more must have it in time. */
  function judge(reading: HelloReading): boolean {
    if (reading.state === 'more') {
      if (!late.armed) arm(late, limits.headMs)
      return false
    }
    binding = bind(reading, target.host, endpoint.tunnels)
    if (!binding.pass && binding.outcome !== 'match') refuse(binding.outcome)
    return binding.pass
  }

  /** The first octets, held in copy. */
  function first(reader: HelloReader, chunk: Buffer): void {
    const reading = reader.push(chunk)
    if (!judge(reading)) return
    const { bytes, end } = reader
    if (reading.state !== 'hello') return pass(bytes)
    disarm(late)
    hello = undefined
    watch = new RetryWatch()
    relay.up.write(bytes.subarray(0, end))
    if (end < bytes.length && again(watch, bytes.subarray(end))) relay.up.write(bytes.subarray(end))
    relay.down.start()
  }

  /** Behind the first hello: true, relay it; else what of it may go on went on, and the rest is held. */
  function again(retry: RetryWatch, chunk: Buffer): boolean {
    const { passes, reading } = retry.client(chunk)
    if (reading === undefined) return true
    if (passes > 0) relay.up.write(Buffer.from(chunk.subarray(0, passes)))
    // after TLS began, what is no hello is none of another protocol
    if (reading.state === 'not_tls') refuse('malformed')
    else if (judge(reading) && retry.held !== undefined) pass(retry.held)
    return false
  }

  /** True: relay it. What is held is copied by the reader. */
  function inspect(chunk: Buffer): boolean {
    if (watch !== undefined) return again(watch, chunk)
    if (hello === undefined) return true
    if (held) {
      first(hello, chunk)
      return false
    }
    // nothing depends on it: told in the log where the first octets show it, and never waited for
    const reading = hello.push(chunk)
    if (reading.state === 'hello') binding = bind(reading, target.host, endpoint.tunnels)
    hello = undefined
    relay.up.inspected()
    return true
  }

  /** The upstream's octets, which only tell whether a second hello is to be expected. */
  function inspectDown(chunk: Buffer): boolean {
    if (watch !== undefined && !watch.server(chunk)) pass(watch.held ?? NOTHING)
    return true
  }

  /** The client ended its side before its hello was whole: there is nothing to relay. */
  function cut(): void {
    if (!held || (hello === undefined && watch?.held === undefined)) return
    if (hello === undefined || hello.bytes.length > 0) return refuse('malformed')
    if (endpoint.tunnels.requireTls) relay.end(undefined, undefined)
    else pass(NOTHING)
  }

  if (held) {
    client.once('end', cut)
    // a server may speak first where the client need not speak TLS; its own octets are judged all the same
    if (!endpoint.tunnels.requireTls) relay.down.start()
    else arm(late, limits.headMs)
  } else {
    relay.down.start()
  }
  if (ask.early.length > 0 && inspect(ask.early)) relay.up.write(ask.early)
  relay.up.start()
  // it had ended its side before the connection stood, and says so no more
  if (client.readableEnded) cut()
  return { end: (error: string, fault: Fault, cause?: Cause) => relay.end(error, fault, cause) }
}

const NOTHING = Buffer.alloc(0)
