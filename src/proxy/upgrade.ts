// A request that becomes a WebSocket, carried by http-proxy (the only file that knows it): it asks upstream over the connection that was dialled
// to the judged address and waits for 101; from there on the two sockets are relayed as a tunnel's are. Dangers prevented: a second look-up
// within an agent; octets sent upstream before it agreed (Pingora CVE-2026-2833); a tunnel after anything but 101; an upstream
// socket that outlives its client, which http-proxy leaves open.
import { Agent, IncomingMessage } from 'node:http'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createProxyServer } from 'http-proxy'
import type { Cause } from '../decision/facts.ts'
import { FIELD, fieldId } from '../http/fields.ts'
import { endsHere } from '../http/hop-by-hop.ts'
import { arm, deadline, disarm } from './deadlines.ts'
import { forwardLimits } from './forward-limits.ts'
import type { Fault, Relay, RelayEnd, UpgradeAsk } from './gate.ts'
import { endPace, type Pace } from './pace.ts'
import { SocketRelay } from './relay.ts'
import { closedProblem } from './reply-framing.ts'
import { resetNow } from './reset.ts'
import { AnswerHeads, switchesToWebSocket, switchingHead } from './upgrade-head.ts'
import { relayAnswer } from './upgrade-answer.ts'

/** What a client may send before the 101 and have held; WebSocket clients wait for it (RFC 6455 4.1). */
const EARLY_OCTETS = 64 * 1024

/** How Node calls an upstream that ended or reset the connection before its head was whole. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'])

/** The one connection that this request may use: connected to the address that was judged. */
class PinnedAgent extends Agent {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super({ keepAlive: false, maxSockets: 1 })
    this.#socket = socket
  }

  override createConnection(): Socket {
    return this.#socket
  }
}

/** What http-proxy takes for the client: it hears nothing, and what is written to it goes nowhere, since the real client is answered here. */
class Silence extends Duplex {
  override _read(): void { /* nothing to say */ }

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  destroySoon(): void {
    this.destroy()
  }
}

/** What http-proxy is to ask with: it would join the path with another, and make an object of the fields, which loses their order and spelling. */
function asSent(ask: UpgradeAsk): object {
  const headers = ['Host', ask.host]
  for (let i = 0; i + 1 < ask.fields.length; i += 2) {
    const name = ask.fields[i] ?? ''
    const id = fieldId(name, 0, name.length)
    // framing and expectation have no place in a request without a body; credentials for us are not upstream's
    if (!endsHere(id) && id !== FIELD.HOST && id !== FIELD.EXPECT && id !== FIELD.CONTENT_LENGTH && id !== FIELD.TRANSFER_ENCODING) headers.push(name, ask.fields[i + 1] ?? '')
  }
  headers.push('Connection', 'Upgrade', 'Upgrade', 'websocket')
  const fixed = (value: unknown): PropertyDescriptor => ({ enumerable: true, get: () => value, set: () => {} })
  return Object.defineProperties({}, { headers: fixed(headers), path: fixed(ask.path) })
}

export function openUpgrade(ask: UpgradeAsk): Relay {
  const { client, upstream, snapshot } = ask
  const { limits } = snapshot.compiled.policy
  const silence = new Silence()
  const early: Buffer[] = ask.early.length > 0 ? [ask.early] : []
  let earlyOctets = ask.early.length
  const heads = new AnswerHeads({ ...forwardLimits(snapshot.compiled.policy), via: ask.via })
  let relay: SocketRelay | undefined
  let request: ClientRequest | undefined
  let over = false
  let { pace } = ask
  /** an answer other than 101 is on its way to the client */
  let answering = false
  const late = deadline(() => fail(504, 'http_response_timeout', 'the upstream did not answer in time'))

  const finish = (end: Partial<RelayEnd>): void => {
    if (over) return
    over = true
    disarm(late)
    silence.destroy()
    endPace(pace)
    ask.onEnd({ bytesIn: 0, bytesOut: 0, serverName: undefined, ech: false, error: undefined, fault: undefined, cause: undefined, observed: [], status: 0, ...end })
  }

  /** Answered by us: the client gets it whole, upstream is gone at once. */
  const answer = (bytes: Buffer, end: Partial<RelayEnd>): void => {
    if (over || relay !== undefined) return
    resetNow(upstream)
    detach()
    client.end(bytes)
    client.resume()
    client.once('finish', () => client.destroySoon())
    finish({ bytesOut: bytes.length, ...end })
  }

  const fail = (status: number, error: string, reason: string): void => {
    answer(ask.refuse(status, error, reason), { status, error, fault: 'upstream' })
  }

  // --- the client while upstream has not answered: what it sends is held, and its end is upstream's
  const onData = (chunk: Buffer): void => {
    early.push(chunk)
    earlyOctets += chunk.length
    if (earlyOctets > EARLY_OCTETS) client.pause()
  }
  const onGone = (): void => {
    resetNow(upstream)
    client.destroy()
    finish({ error: 'client_closed', fault: 'client' })
  }
  const detach = (): void => {
    client.removeListener('data', onData).removeListener('end', onGone).removeListener('close', onGone)
  }

  /** Ours reads first: what it refuses, Node's parser is no longer asked. */
  const onAnswer = (chunk: Buffer): void => {
    const fault = heads.push(chunk, (text) => void client.write(text, 'latin1'))
    if (fault !== undefined || heads.final !== undefined) upstream.removeListener('data', onAnswer)
    if (fault !== undefined) fail(502, fault.error, fault.problem)
  }

  const onSwitch = (): void => {
    if (over) return
    if (heads.final === undefined || !switchesToWebSocket(heads.final)) return fail(502, 'http_upgrade_failed', 'the upstream switched to another protocol than was asked for')
    disarm(late)
    client.write(switchingHead(heads.final, ask.via), 'latin1')
  }

  /** http-proxy has joined upstream with the silence: take it out again, and relay. */
  const onOpen = (): void => {
    if (over) return
    upstream.unpipe(silence)
    silence.unpipe(upstream)
    client.pause()
    detach()
    relay = new SocketRelay({
      client,
      upstream,
      idleMs: limits.tunnelIdleMs,
      ageMs: limits.tunnelAgeMs,
      inspectUp: false,
      inspectDown: false,
      pace
    }, { inspectUp: () => true, inspectDown: () => true, relayClosed: (closed) => finish({ ...closed, status: 101 }) })
    for (const chunk of early) relay.up.write(chunk)
    relay.up.start()
    relay.down.start()
  }

  const onResponse = (response: IncomingMessage): void => {
    if (over) return
    const head = heads.final
    if (head === undefined || head.status < 200) return fail(502, 'http_protocol_error', 'the upstream switched protocols without saying to which')
    disarm(late)
    const refused = ask.judge(head.contentType)
    if (refused !== undefined) return answer(refused.bytes, { status: 403, error: 'http_request_denied', fault: 'policy', cause: refused.cause })
    detach()
    answering = true
    relayAnswer({ client, upstream, head, response, via: ask.via, idleMs: limits.idleBodyMs, turn: pace?.down, onEnd: (bytesOut, error, fault) => finish({ status: head.status, bytesOut, error, fault }) })
  }

  client.on('data', onData).on('end', onGone).on('close', onGone)
  if (client.destroyed || upstream.destroyed) {
    process.nextTick(onGone)
    return { end: () => {}, pace: endPace }
  }

  const proxy = createProxyServer({})
  proxy.on('error', (error: NodeJS.ErrnoException) => {
    // within an answer its own end tells: nothing of ours may stand in its body
    if (answering) return
    if (!CLOSED.has(error.code ?? '')) return fail(502, 'http_protocol_error', 'the upstream answered with what is not HTTP')
    const closed = closedProblem(upstream.bytesRead > 0)
    fail(502, closed.error, closed.problem)
  })
  proxy.on('open', onOpen)
  proxy.on('proxyReqWs', (made: ClientRequest) => {
    request = made
    made.once('upgrade', onSwitch)
    made.once('response', onResponse)
    made.once('socket', (socket: Socket) => socket.resume())
  })
  const incoming = new IncomingMessage(client)
  incoming.method = 'GET'
  incoming.url = '/'
  incoming.httpVersion = '1.1'
  incoming.httpVersionMajor = 1
  incoming.httpVersionMinor = 1
  incoming.headers = { upgrade: 'websocket' }
  arm(late, limits.firstByteMs)
  client.resume()
  upstream.pause().on('data', onAnswer)
  upstream.pause()
  const agent = new PinnedAgent(upstream)
  const { address, port } = ask.endpoint
  proxy.ws(incoming, silence as unknown as Socket, Buffer.alloc(0), {
    target: { protocol: 'http:', hostname: address.text, host: address.text, port },
    agent,
    // options of http.request beneath http-proxy's own
    ssl: Object.assign(asSent(ask), { maxHeaderSize: limits.headerBytes, insecureHTTPParser: false, joinDuplicateHeaders: false })
  })

  return {
    get octets() {
      return { in: relay?.up.octets ?? 0, out: relay?.down.octets ?? 0 }
    },
    end: (error: string, fault: Fault, cause?: Cause) => {
      if (relay !== undefined) return relay.end(error, fault, cause)
      request?.destroy()
      detach()
      resetNow(upstream)
      client.destroy()
      finish({ error, fault, cause })
    },
    pace: (next: Pace | undefined) => {
      if (relay !== undefined) return relay.pace(next)
      // an answer under way keeps the pace that it began with
      if (over || answering) return endPace(next)
      endPace(pace)
      pace = next
    }
  }
}
