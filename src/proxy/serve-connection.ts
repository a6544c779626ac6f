// An accepted connection becomes one that is served. Danger prevented: one that closed before it could be asked who it is, and is served as nobody's.
import type { Socket } from 'node:net'
import type { Gate, Inbound } from './gate.ts'
import { InboundConnection } from './inbound.ts'
import type { LimitRefusal } from './limits.ts'
import { peerOf } from './peer.ts'

export function serveConnection(socket: Socket, gate: Gate, limited?: LimitRefusal): Inbound {
  const peer = peerOf(socket)
  if (peer !== undefined) return new InboundConnection(socket, peer, gate, limited)
  socket.destroy()
  return { place: -1, drain: () => {}, destroy: () => {} }
}
