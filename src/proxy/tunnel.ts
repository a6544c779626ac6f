// A CONNECT's tunnel: its first octets are held until they are judged, then both directions run. Dangers prevented: a client's octet that
// reaches an upstream before anybody looked (Envoy CVE-2025-64763), a hello drawn out to hold a connection for ever, a server's greeting
// that starts another protocol where TLS is required.
import type { Cause } from '../decision/facts.ts'
import { bind, BINDING_ERRORS, BINDING_REASONS, mustBind } from '../tls/binding.ts'
import type { Binding, BindingOutcome } from '../tls/binding.ts'
import { HelloReader } from '../tls/client-hello.ts'
import type { HelloReading } from '../tls/client-hello.ts'
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
  let hello: HelloReader | undefined = new HelloReader()
  let binding: Binding | undefined
  const late = deadline(() => refuse('timeout'))

  const relay = new SocketRelay({
    client,
    upstream,
    idleMs: limits.tunnelIdleMs,
    ageMs: limits.tunnelAgeMs,
    inspect,
    onClose: (closed) => {
      disarm(late)
      ask.onEnd({ ...closed, serverName: binding?.serverName, ech: binding?.ech ?? false, observed: [], status: 200 })
    }
  })

  function refuse(outcome: Exclude<BindingOutcome, 'match'>): void {
    relay.end(BINDING_ERRORS[outcome], 'policy', bindingCause(outcome))
  }

  /** Held octets go upstream as they came, and from now on nobody looks. */
  function pass(): void {
    disarm(late)
    const bytes = hello?.bytes
    hello = undefined
    relay.up.inspected()
    if (bytes !== undefined) relay.up.write(bytes)
    relay.down.start()
  }

  function judge(reading: HelloReading): void {
    if (reading.state === 'more') {
      // a hello that has begun must come whole in time
      if (!late.armed) arm(late, limits.headMs)
      return
    }
    binding = bind(reading, target.host, endpoint.tunnels)
    if (binding.pass) pass()
    else if (binding.outcome !== 'match') refuse(binding.outcome)
  }

  /** True: relay it. What is held is copied by the reader. */
  function inspect(chunk: Buffer): boolean {
    if (hello === undefined) return true
    const reading = hello.push(chunk)
    if (held) {
      judge(reading)
      return false
    }
    // nothing depends on it: told in the log where the first octets show it, and never waited for
    if (reading.state === 'hello') binding = bind(reading, target.host, endpoint.tunnels)
    hello = undefined
    relay.up.inspected()
    return true
  }

  /** The client ended its side before its hello was whole: there is nothing to relay. */
  function cut(): void {
    if (hello === undefined || !held) return
    if (hello.bytes.length > 0) return refuse('malformed')
    if (endpoint.tunnels.requireTls) relay.end(undefined, undefined)
    else pass()
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
  return { end: (error: string, fault: Fault, cause?: Cause) => relay.end(error, fault, cause) }
}
