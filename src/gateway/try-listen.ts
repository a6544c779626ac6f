// Could somebody listen there? Asked without listening: a socket that listened for the question alone would take connections that nobody
// answers, from whoever waits for the port to open. The kernel's tables tell who listens; a UDP socket tells whether the address is ours and
// the port is allowed to us, which are the same questions for both protocols.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { isWildcard, listenersOn } from '../kernel/sockets.ts'
import type { SocketName } from '../kernel/sockets.ts'

export type Tried = { readonly ok: true; readonly port: number } | { readonly ok: false; readonly code: string | undefined }

export async function tryListen(host: string, port: number): Promise<Tried> {
  const others = port === 0 ? undefined : listenersOn(port)
  // port 0, where nobody waits; or no table to read
  if (others === undefined) return tryTcp(host, port)
  const tried = await tryUdp(host, port)
  if (!tried.ok) return tried
  const clash = others.filter((other) => clashes(host, other))
  if (clash.length === 0) return { ok: true, port }
  // one on `::` may or may not take IPv4 as well, and no table tells
  return clash.every((other) => other.address === '::' && !host.includes(':')) ? tryTcp(host, port) : { ok: false, code: 'EADDRINUSE' }
}

function clashes(host: string, other: SocketName): boolean {
  if (other.address === host || other.address === '::') return true
  const sameFamily = host.includes(':') === other.address.includes(':')
  return sameFamily && (isWildcard(host) || isWildcard(other.address))
}

function tryUdp(host: string, port: number): Promise<Tried> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      // a UDP service on the port is no matter
      resolve(error.code === 'EADDRINUSE' ? { ok: true, port } : { ok: false, code: error.code })
    })
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve({ ok: true, port })))
  })
}

function tryTcp(host: string, port: number): Promise<Tried> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.on('error', (error: NodeJS.ErrnoException) => resolve({ ok: false, code: error.code }))
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      const address = server.address()
      const used = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve({ ok: true, port: used }))
    })
  })
}
