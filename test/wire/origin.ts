// The hostile origin of one case: it answers each request that reaches it by the case's script, on whichever connection, and keeps every octet.
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Step, WireCase } from './case.ts'
import { Speaker, type Cut } from './speaker.ts'
import { parseRequests, type StrictRequest } from './strict.ts'

const DEFAULT: readonly Step[] = ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']

export interface Origin {
  readonly port: number
  /** one for each connection, in their order */
  readonly connections: readonly Speaker[]
  /** all requests, in the order of their connections; with the problem where the strict parser stopped, and what it did not read */
  seen(): { readonly requests: readonly StrictRequest[]; readonly problems: readonly string[]; readonly rest: string }
  /** it has said all that its scripts have it say so far */
  readonly quiet: boolean
  close(): void
}

export async function openOrigin(where: { readonly host: string; readonly port: number }, wire: WireCase, cut: Cut, fill: (text: string) => string, deadline: number): Promise<Origin> {
  const connections: Speaker[] = []
  const sockets = new Set<Socket>()
  let answered = 0
  let speaking = 0
  const follow = async (speaker: Speaker, steps: string | readonly Step[]): Promise<void> => {
    speaking++
    await speaker.follow(stepsOf(steps), fill, deadline)
    speaking--
  }
  const serve = async (speaker: Speaker): Promise<void> => {
    if (wire.raw === true) return follow(speaker, wire.answers?.[0] ?? [])
    for (let index = 0; ; index++) {
      const ready = (): boolean => {
        const each = parseRequests(speaker.read).messages[index]
        return each !== undefined && (each.complete || wire.answerAt === 'head')
      }
      if (!(await speaker.until(() => ready() || speaker.socket.destroyed, deadline)) || !ready()) return
      await follow(speaker, parseRequests(speaker.read).messages[index]?.target === '/probe' ? DEFAULT : (wire.answers?.[answered++] ?? DEFAULT))
    }
  }
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    const speaker = new Speaker(socket, cut)
    connections.push(speaker)
    // who speaks no HTTP ends by its script alone
    if (wire.raw !== true) socket.on('end', () => socket.end())
    void serve(speaker)
  })
  server.listen(where.port, where.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    seen: () => {
      const requests: StrictRequest[] = []
      const problems: string[] = []
      let rest = ''
      for (const { read } of connections) {
        const reading = parseRequests(read)
        requests.push(...reading.messages)
        if (reading.problem !== undefined) problems.push(reading.problem)
        rest += read.toString('latin1', reading.rest)
      }
      return { requests, problems, rest }
    },
    get quiet() {
      return speaking === 0
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

export function stepsOf(steps: string | readonly Step[]): readonly Step[] {
  return typeof steps === 'string' ? [steps] : steps
}
