// The listening socket of a worker. At the limit of connections, or of descriptors, a new connection waits unserved, as it would in the
// kernel's queue: Node has no way to leave it there and keep listening. Dangers prevented: EMFILE that ends the process; connections
// refused for a burst that is over in a moment; more waiting than can be held.
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { ipFromSocket } from '../net/ip.ts'
import { arm, deadline, disarm } from './deadlines.ts'
import type { Gate } from './gate.ts'
import type { LimitRefusal } from './limits.ts'
import { resetNow } from './reset.ts'

export type ListenerOptions = {
  /** others of this gateway listen on the same port (SO_REUSEPORT) */
  readonly reusePort?: boolean
  readonly backlog?: number
  /** a connection that could not be accepted (EMFILE, ...); the listener goes on */
  readonly onAcceptError?: (error: Error) => void
} & ({ readonly host: string; readonly port: number } | { readonly fd: number })

/** `limited` is set where the client is over a limit of its own or of new connections: its first request is answered with 429. */
export type Serve = (socket: Socket, gate: Gate, limited: LimitRefusal | undefined) => void

export interface Listener {
  readonly address: string
  readonly port: number
  /** accepted and not served yet */
  readonly waiting: number
  /** ends listening; what is open, or waits, goes on */
  close(): void
}

const BACKLOG = 4096
const LOOK_MS = 50
/** a client machine that vanished is found out after about two minutes */
const KEEP_ALIVE_MS = 60_000

function heard(): void { /* 'close' follows */ }

export function listen(options: ListenerOptions, gate: Gate, serve: Serve): Promise<Listener> {
  const waiting = new Set<Socket>()

  const begin = (socket: Socket): void => {
    const client = ipFromSocket(socket.remoteAddress)
    if (client === undefined) {
      socket.destroy()
      return
    }
    const admission = gate.limits.connection(client, gate.snapshot().compiled.policy.limits)
    socket.on('close', () => {
      admission.release()
      if (waiting.size > 0) admit()
    })
    serve(socket, gate, admission.refused)
  }

  // the place that becomes free may be another worker's: look again as long as someone waits
  const look = deadline(() => admit())
  const admit = (): void => {
    for (const socket of waiting) {
      if (!gate.limits.hasRoom(gate.snapshot().compiled.policy.limits)) break
      waiting.delete(socket)
      begin(socket)
    }
    if (waiting.size > 0) arm(look, LOOK_MS)
    else disarm(look)
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) => {
    socket.on('error', heard)
    if (waiting.size === 0 && gate.limits.hasRoom(gate.snapshot().compiled.policy.limits)) return begin(socket)
    if (waiting.size >= gate.limits.waitingRoom) {
      resetNow(socket)
      return
    }
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
    arm(look, LOOK_MS)
  })

  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...where(options), backlog: options.backlog ?? BACKLOG, exclusive: true }, () => {
      server.removeListener('error', reject)
      server.on('error', (error) => options.onAcceptError?.(error))
      const bound = server.address() as AddressInfo
      resolve({
        address: bound.address,
        port: bound.port,
        get waiting() {
          return waiting.size
        },
        close: () => {
          server.close()
        }
      })
    })
  })
}

function where(options: ListenerOptions): { fd: number } | { host: string; port: number; reusePort: boolean; ipv6Only: boolean } {
  if ('fd' in options) return { fd: options.fd }
  // `::` means IPv6 alone: IPv4 has its own listener, and no client appears under a mapped address
  return { host: options.host, port: options.port, reusePort: options.reusePort ?? false, ipv6Only: options.host.includes(':') }
}
