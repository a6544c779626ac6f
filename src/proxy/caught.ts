// Connections that the packet filter caught (TPROXY): the client knows of no proxy, and its socket's own end bears the address that it asked. Web
// requests are read as such, TLS by the name in its hello, as the CONNECT that a client who knows would have asked. Dangers prevented: an
// open relay for whoever asks the catching port directly; a client that waits for ever because nobody reads what it says first.
import type { Socket } from 'node:net'
import { nearestVia } from '../decision/nearest-via.ts'
import { parseHostName } from '../net/hostname.ts'
import { type Ip, ipFromSocket } from '../net/ip.ts'
import { parseNumericHost } from '../net/numeric.ts'
import { authorityText } from '../net/target.ts'
import { CAUGHT_PORTS } from '../policy/transparent.ts'
import { HelloReader, type HelloReading } from '../tls/client-hello.ts'
import { arm, deadline, disarm } from './deadlines.ts'
import type { Gate, Inbound } from './gate.ts'
import { InboundConnection } from './inbound.ts'
import type { LimitRefusal } from './limits.ts'
import { type Original, type Peer, TLS_PORT } from './peer.ts'
import { resetNow } from './reset.ts'

const NOBODY: Inbound = { place: -1, drain: () => {}, destroy: () => {} }

/** What the client asked; undefined: it asked us, or what is not caught, or nothing is to be caught any more. */
function originalOf(socket: Socket, gate: Gate): Original | undefined {
  const { compiled } = gate.snapshot()
  const address = ipFromSocket(socket.localAddress)
  const port = socket.localPort ?? 0
  if (compiled.policy.gateway.proxy.transparent !== true || address === undefined || !CAUGHT_PORTS.includes(port)) return undefined
  return compiled.known.own.has(address) ? undefined : { address, port }
}

export function serveCaught(socket: Socket, gate: Gate, limited?: LimitRefusal): Inbound {
  const address = ipFromSocket(socket.remoteAddress)
  const original = originalOf(socket, gate)
  if (address === undefined || original === undefined) {
    resetNow(socket)
    return NOBODY
  }
  const peer: Peer = { address, port: socket.remotePort ?? 0, via: nearestVia(gate.snapshot().compiled, address), original }
  return original.port === TLS_PORT ? new CaughtTls(socket, peer, original, gate, limited) : new InboundConnection(socket, peer, gate, limited)
}

/** The one host that the hello names, canonical; undefined: by its address alone. */
function namedBy(reading: HelloReading | undefined): string | undefined {
  const [name, ...more] = reading?.state === 'hello' ? reading.hello.names : []
  return name === undefined || more.length > 0 || parseNumericHost(name) !== undefined ? undefined : parseHostName(name)
}

function addressText(address: Ip): string {
  return authorityText({ host: { kind: 'address', address }, port: TLS_PORT })
}

/** Reads the hello, then is served as the tunnel to its name: judged by the rules, bound to that name, to the address that was asked if it is the name's. */
class CaughtTls implements Inbound {
  place = -1
  readonly #socket: Socket
  readonly #peer: Peer
  readonly #original: Original
  readonly #gate: Gate
  readonly #limited: LimitRefusal | undefined
  readonly #hello = new HelloReader()
  readonly #late = deadline(() => this.#read(undefined))
  #inner: InboundConnection | undefined
  readonly #onData = (chunk: Buffer): void => {
    const reading = this.#hello.push(chunk)
    if (reading.state !== 'more') this.#read(reading)
  }
  readonly #onEnd = (): void => {
    this.#socket.destroy()
  }
  readonly #onClose = (): void => disarm(this.#late)

  constructor(socket: Socket, peer: Peer, original: Original, gate: Gate, limited: LimitRefusal | undefined) {
    this.#socket = socket
    this.#peer = peer
    this.#original = original
    this.#gate = gate
    this.#limited = limited
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
    arm(this.#late, gate.snapshot().compiled.policy.limits.headMs)
  }

  /** A hello, or what is none: the tunnel says what becomes of that. undefined: no more came in time. */
  #read(reading: HelloReading | undefined): void {
    const socket = this.#socket
    disarm(this.#late)
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    socket.pause()
    if (socket.destroyed || socket.readableEnded) return void socket.destroy()
    const target = namedBy(reading)
    const authority = target === undefined ? addressText(this.#original.address) : `${target}:${TLS_PORT}`
    const inner = new InboundConnection(socket, this.#peer, this.#gate, this.#limited)
    this.#inner = inner
    inner.take(Buffer.concat([Buffer.from(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`, 'latin1'), this.#hello.bytes]))
  }

  drain(): void {
    if (this.#inner === undefined) this.#socket.destroy()
    else this.#inner.drain()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
