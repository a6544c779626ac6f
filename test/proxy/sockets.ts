// Real sockets on loopback for the tests of this folder: pairs, servers, and a gate with a policy of a few keys.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Endpoint } from '../../src/decision/facts.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import type { Limits, Tunnels } from '../../src/policy/policy.ts'
import { limitBuffer } from '../../src/proxy/counters.ts'
import type { Gate } from '../../src/proxy/gate.ts'
import { LimitCounters } from '../../src/proxy/limits.ts'
import { Resolver } from '../../src/proxy/resolve.ts'
import { Roster } from '../../src/proxy/roster.ts'

export interface Test {
  teardown(action: () => unknown): void
}

export const LIMITS: Limits = {
  headMs: 10_000, dnsMs: 5_000, dialMs: 10_000, firstByteMs: 300_000, idleBodyMs: 300_000, tunnelIdleMs: 900_000, tunnelAgeMs: 86_400_000,
  drainMs: 30_000, headerBytes: 65_536, headerCount: 200, uriBytes: 32_768, connections: 10_000, tunnels: 10_000, newPerSecond: 2_000,
  connectionsPerClient: 1_000, tunnelsPerClient: 500, newPerSecondPerClient: 200,
  refusalsLoggedPerSecondPerClient: 300, requestsLoggedPerSecondPerClient: 50_000
}

export const TUNNELS: Tunnels = { requireTls: true, serverName: 'match', ech: 'allow' }

export function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(`no address: ${text}`)
  return parsed
}

export function endpoint(address: string, port: number, tunnels: Tunnels = TUNNELS): Endpoint {
  return { address: ip(address), port, cause: { by: 'web.default', kind: 'web.default', reason: '' }, tunnels, log: true, limit: undefined }
}

/** A snapshot with what this folder asks of one. */
export function snapshotWith(limits: Partial<Limits> = {}, more: { readonly names?: readonly string[]; readonly contact?: string } = {}): Snapshot {
  const policy = { limits: { ...LIMITS, ...limits }, gateway: { names: more.names ?? [] }, web: { contact: more.contact } }
  return { compiled: { policy, machine: { addresses: [ip('127.0.0.1'), ip('::1')], proxyPort: 800 } }, generation: 1, hash: 'test' } as unknown as Snapshot
}

export function gateWith(snapshot: Snapshot, buffer = limitBuffer(1), worker = 0): Gate {
  return {
    snapshot: () => snapshot,
    resolver: new Resolver({ servers: [], timeoutMs: 1000 }),
    limits: new LimitCounters(buffer, worker),
    worker,
    mac: () => undefined,
    record: () => {},
    live: new Roster(),
    draining: false,
    port: 800
  }
}

export async function serve(t: Test, onConnection: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
  const open = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    onConnection(socket)
  })
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Two ends of one connection: `near` is what the code under test gets, `far` is the other machine. */
export async function pair(t: Test): Promise<{ near: Socket; far: Socket }> {
  const accepted = Promise.withResolvers<Socket>()
  const port = await serve(t, accepted.resolve)
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  far.on('error', () => {})
  t.teardown(() => far.destroy())
  await once(far, 'connect')
  return { near: await accepted.promise, far }
}

export function until(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve) => socket.once(event, resolve))
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Everything the socket says from now on, and how it ended: 'end', or the error's code. */
export function hear(socket: Socket): { bytes: () => Buffer; ended: Promise<string> } {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<string>((resolve) => {
    socket.once('end', () => resolve('end'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    socket.once('close', () => resolve('close'))
  })
  return { bytes: () => Buffer.concat(chunks), ended }
}
