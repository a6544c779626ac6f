// What the tests of limits and deadlines share: a raw origin on loopback that a script plays (on port 80 where requests come inside a CONNECT), and a raw
// client that has the way to it open.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Speaker } from '../speaker.ts'

export interface Test {
  teardown(action: () => unknown): void
}

/** How a request gets to the gateway: as it is, or inside a CONNECT to port 80. */
export type Path = 'plain' | 'inside'
export const PATHS: readonly Path[] = ['plain', 'inside']

export interface Site {
  readonly host: string
  readonly port: number
  readonly authority: string
  /** what stands before the path in a request's first line */
  readonly uri: string
  readonly path: Path
  /** one for each connection that reached it, in their order */
  readonly connections: Speaker[]
  /** those that are open */
  readonly open: Set<Socket>
}

/** Ample for a busy machine; nothing waits for it to pass. */
export const LONG = 15_000

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export async function until(what: string, seen: () => boolean, ms = LONG): Promise<void> {
  const end = performance.now() + ms
  while (!seen()) {
    if (performance.now() > end) throw new Error(`never: ${what}`)
    await pause(5)
  }
}

let sites = process.pid % 200

/** `play` gets each connection; port 80 needs the right to it, and an address of 127/8 that nobody else took. */
export async function site(t: Test, path: Path, play: (speaker: Speaker, index: number) => unknown = () => {}): Promise<Site> {
  const connections: Speaker[] = []
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    const speaker = new Speaker(socket, 'whole')
    void play(speaker, connections.push(speaker) - 1)
  })
  let host = '127.0.0.1'
  for (let tries = 0; !server.listening; tries++) {
    sites = (sites + 1) % 60_000
    host = `127.79.${sites >> 8}.${sites & 255}`
    server.listen(path === 'inside' ? 80 : 0, host)
    try {
      await once(server, 'listening')
    } catch (error) {
      if (tries > 50 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  t.teardown(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  const authority = path === 'inside' ? host : `${host}:${port}`
  return { host, port, authority, uri: path === 'inside' ? '' : `http://${authority}`, path, connections, open }
}

/** Why port 80 cannot be had here; false: it can. */
export function unable(): string | false {
  const can = process.getuid?.() === 0
  if (!can && process.env['GREENGATE_REQUIRE_ALL'] === '1') throw new Error('required, but not root: port 80 cannot be bound')
  return can ? false : 'not root: port 80 cannot be bound'
}

export function speaker(t: Test, port: number, from?: string): Speaker {
  const client = new Speaker(connect({ host: '127.0.0.1', port, allowHalfOpen: true, ...(from === undefined ? {} : { localAddress: from }) }), 'whole')
  t.teardown(() => client.socket.destroy())
  return client
}

/** A client whose next octets are a request to the site. */
export async function reach(t: Test, port: number, to: Site, from?: string): Promise<Speaker> {
  const client = speaker(t, port, from)
  if (to.path === 'plain') return client
  client.socket.write(`CONNECT ${to.host}:80 HTTP/1.1\r\nHost: ${to.host}:80\r\n\r\n`)
  await said(client, '\r\n\r\n')
  if (!client.read.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(`no CONNECT to port 80: ${client.read.toString('latin1')}`)
  client.forget()
  return client
}

export async function said(speaker: Speaker, words: string, ms = LONG): Promise<string> {
  const found = await speaker.until(() => speaker.read.includes(words, 0, 'latin1'), performance.now() + ms)
  if (!found) throw new Error(`not said: ${JSON.stringify(words)}; ended: ${speaker.ended}; said: ${JSON.stringify(speaker.read.toString('latin1').slice(0, 600))}`)
  return speaker.read.toString('latin1')
}

/** All that it read, when the other side has ended; `fin`, `rst` and so on is in `ended`. */
export async function ended(speaker: Speaker, ms = LONG): Promise<string> {
  if (!(await speaker.until(() => speaker.ended !== undefined, performance.now() + ms))) throw new Error(`not ended; said: ${JSON.stringify(speaker.read.toString('latin1').slice(0, 600))}`)
  return speaker.read.toString('latin1')
}

export const get = (to: Site, path = '/', fields = ''): string => `GET ${to.uri}${path} HTTP/1.1\r\nHost: ${to.authority}\r\n${fields}\r\n`
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
