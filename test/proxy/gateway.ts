// A gateway's worker in this process, before a real policy and on real sockets, with a raw client and a raw origin to speak to it.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compilePolicy } from '../../src/decision/compile.ts'
import type { RequestRecord } from '../../src/log/record.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { Counters, layoutOf, limitBuffer } from '../../src/proxy/counters.ts'
import type { Gate, Inbound, LiveExchange } from '../../src/proxy/gate.ts'
import { serveConnection } from '../../src/proxy/serve-connection.ts'
import { LimitCounters } from '../../src/proxy/limits.ts'
import { listen } from '../../src/proxy/listener.ts'
import { poolOf } from '../../src/proxy/pool.ts'
import { Resolver } from '../../src/proxy/resolve.ts'
import { Roster } from '../../src/proxy/roster.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { ip } from './sockets.ts'

export interface Test {
  teardown(action: () => unknown): void
}

export interface Gateway {
  readonly port: number
  readonly records: RequestRecord[]
  readonly live: Roster<LiveExchange>
  readonly connections: Set<Inbound>
  /** puts another policy in force, as a reload does */
  load(policy: string): void
  drain(): void
  idle(): number
  /** what the limits count: connections and tunnels in all, and those of 127.0.0.1 */
  counted(): readonly number[]
}

/** Lets everybody on loopback reach everything on loopback; `web` keys are appended under `web:`, or stand in place of these; an empty list of rules stays empty. */
export function openPolicy(web = '', more = ''): string {
  const open = ['ports: [1-65535]', 'connect-ports: [1-65535]', 'tunnels: { require-tls: false, server-name: any }']
  return `version: 1
name: test
rules:
  - { name: clients, action: allow, from: any, to: gateway, services: proxy }
web:
  default: deny
${open.filter((line) => !new RegExp(`^  ${line.slice(0, line.indexOf(':'))}:`, 'm').test(web)).map((line) => `  ${line}`).join('\n')}
${web}
${web.includes('rules: []') ? '' : `${web.includes('rules:') ? '' : '  rules:\n'}    - { name: loopback, action: allow, resolves-to: [127.0.0.0/8, "::1/128"] }`}
${more}`
}

/** `hosts`: the names that resolve, in the layout of a hosts file; `dns`: the port of a name server on 127.0.0.1 that is asked for the others. */
export async function startGateway(t: Test, policy = openPolicy(), hosts = '127.0.0.1 origin.test other.test under_score.test\n', dns?: number): Promise<Gateway> {
  let generation = 0
  let snapshot: Snapshot
  const load = (text: string): void => {
    const parsed = parsePolicy(text, 'test.yaml')
    if (parsed.policy === undefined) throw new Error(parsed.diagnostics.map((each) => `${each.place.line}: ${each.message}`).join('\n'))
    const machine = { addresses: [ip('127.0.0.1'), ip('::1')], proxyPort: 800 }
    generation++
    snapshot = { compiled: compilePolicy(parsed.policy, { lists: new Map(), blocks: new Map(), machine }), generation, hash: `hash${generation}` }
    for (const each of live.all()) each.rejudge(snapshot, Date.now())
  }
  const folder = mkdtempSync(join(tmpdir(), 'gg-'))
  writeFileSync(join(folder, 'hosts'), hosts)
  const records: RequestRecord[] = []
  const live = new Roster<LiveExchange>()
  const connections = new Set<Inbound>()
  let draining = false
  load(policy)
  const resolver = new Resolver({ servers: [{ address: '127.0.0.1', port: dns ?? 9 }], timeoutMs: dns === undefined ? 300 : 5000, hostsFile: join(folder, 'hosts') })
  const counts = limitBuffer(1)
  const gate: Gate = {
    snapshot: () => snapshot,
    resolver,
    limits: new LimitCounters(counts, 0),
    worker: 0,
    mac: () => undefined,
    record: (record) => records.push(record),
    live,
    get draining() {
      return draining
    },
    port: 800,
  }
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate, (socket, each, limited) => {
    const inbound = serveConnection(socket, each, limited)
    connections.add(inbound)
    socket.once('close', () => connections.delete(inbound))
  })
  t.teardown(() => {
    listener.close()
    for (const inbound of connections) inbound.destroy()
    poolOf(gate).clear()
    resolver.close()
    rmSync(folder, { recursive: true })
  })
  const drain = (): void => {
    draining = true
    for (const inbound of connections) inbound.drain()
  }
  const counted = (): readonly number[] => {
    const all = new Counters(layoutOf(counts), 0)
    const client = all.client(ip('127.0.0.1'), 0)
    return [all.total('connections'), all.total('tunnels'), client?.total('connections') ?? NaN, client?.total('tunnels') ?? NaN]
  }
  return { port: listener.port, records, live, connections, load, drain, idle: () => poolOf(gate).idle, counted }
}

/** A raw origin. `script` gets each connection; what it has read is kept in `seen`, latin1, one entry a connection. */
export async function startOrigin(t: Test, script: (socket: OriginSocket) => void): Promise<{ port: number; seen: string[]; open: Set<Socket> }> {
  const seen: string[] = []
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    const index = seen.push('') - 1
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
    const waiting: { readonly pattern: string | RegExp; readonly act: (socket: Socket) => void }[] = []
    const look = (): void => {
      while (waiting.length > 0) {
        const next = waiting[0]
        if (next === undefined || !(typeof next.pattern === 'string' ? (seen[index] ?? '').includes(next.pattern) : next.pattern.test(seen[index] ?? ''))) return
        waiting.shift()
        next.act(socket)
      }
    }
    socket.on('data', (chunk: Buffer) => {
      seen[index] += chunk.toString('latin1')
      look()
    })
    script({
      socket,
      when: (pattern, act) => {
        waiting.push({ pattern, act: typeof act === 'string' ? (each) => void each.write(act, 'latin1') : act })
        look()
      },
      read: () => seen[index] ?? '',
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen, open }
}

export interface OriginSocket {
  readonly socket: Socket
  /** when what was read holds the pattern (each in its turn): write the text, or do it */
  when(pattern: string | RegExp, act: string | ((socket: Socket) => void)): void
  read(): string
}

export class RawClient {
  readonly socket: Socket
  #said = ''
  /** 'end', 'reset' or another code; undefined while open */
  ended: string | undefined
  #changed: (() => void)[] = []

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const change = (): void => {
      const waiting = this.#changed
      this.#changed = []
      for (const each of waiting) each()
    }
    this.socket.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString('latin1')
      change()
    })
    this.socket.on('end', () => {
      this.ended ??= 'end'
      change()
    })
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ended ??= error.code === 'ECONNRESET' ? 'reset' : error.code
      change()
    })
    this.socket.on('close', change)
  }

  get said(): string {
    return this.#said
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
    return this
  }

  async until(done: (said: string, ended: string | undefined) => boolean, ms = 3000): Promise<string> {
    const limit = Date.now() + ms
    while (!done(this.#said, this.ended)) {
      const left = limit - Date.now()
      if (left <= 0) throw new Error(`not within ${ms} ms; ended: ${this.ended}; said: ${JSON.stringify(this.#said.slice(0, 600))}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#changed.push(resolve)
      const timer = setTimeout(resolve, left)
      await promise
      clearTimeout(timer)
    }
    return this.#said
  }

  untilSaid(text: string, ms?: number): Promise<string> {
    return this.until((said) => said.includes(text), ms)
  }

  untilEnded(ms?: number): Promise<string> {
    return this.until((_, ended) => ended !== undefined, ms)
  }
}

export function client(t: Test, port: number): RawClient {
  const raw = new RawClient(port)
  t.teardown(() => raw.socket.destroy())
  return raw
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
