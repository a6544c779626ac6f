// Listeners on several loopback addresses, one port for all: each connection is counted under the address that was dialled.
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Test } from './dns.ts'

export interface Places {
  readonly port: number
  /** addresses, one a connection, in order */
  readonly dialled: string[]
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Answers each request with 200; `script` may do otherwise with a connection. */
export async function places(t: Test, addresses: readonly string[], script?: (socket: Socket, nth: number) => boolean, wanted = 0): Promise<Places> {
  const open = new Set<Socket>()
  const dialled: string[] = []
  const server = (): Server => createServer({ allowHalfOpen: false }, (socket) => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    const nth = dialled.push((socket.localAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')) - 1
    if (script?.(socket, nth) === true) return
    socket.on('data', (chunk: Buffer) => {
      for (let left = chunk.toString('latin1').split('\r\n\r\n').length; left > 1; left--) socket.write(OK)
    })
  })
  const servers: Server[] = []
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    for (const each of servers) each.close()
  })
  for (let tries = 0; ; tries++) {
    let port = wanted
    try {
      for (const address of addresses) {
        const each = server()
        servers.push(each)
        each.listen(port, address)
        await once(each, 'listening')
        port = (each.address() as AddressInfo).port
      }
      return { port, dialled }
    } catch (error) {
      // the port is another's on one of them
      if (tries === 10 || wanted !== 0) throw error
      for (const each of servers.splice(0)) each.close()
    }
  }
}
