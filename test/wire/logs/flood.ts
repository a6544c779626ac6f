// A client that asks faster than anybody reads logs: pipelined requests over several connections, and what a log says of them.
import { connect } from 'node:net'

export interface Line {
  readonly event: string
  readonly verdict?: string
  readonly [field: string]: unknown
}

/** Sends `count` requests and waits for as many answers, told by a text that each of them holds once. */
export async function flood(port: number, request: string, count: number, connections = 4, mark = 'HTTP/1.1 '): Promise<void> {
  const each = Math.ceil(count / connections)
  const sizes = Array.from({ length: connections }, (_, at) => Math.min(each, count - at * each)).filter((size) => size > 0)
  await Promise.all(sizes.map((size) => one(port, request, size, mark)))
}

function one(port: number, request: string, count: number, mark: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answered = 0
    let tail = ''
    let sent = 0
    const send = (): void => {
      while (sent < count && sent - answered < 64) {
        sent++
        socket.write(request, 'latin1')
      }
    }
    socket.setEncoding('latin1')
    socket.on('connect', send)
    socket.on('data', (chunk: string) => {
      const text = tail + chunk
      const parts = text.split(mark)
      answered += parts.length - 1
      tail = (parts.at(-1) ?? '').slice(-(mark.length - 1))
      if (answered >= count) {
        socket.end()
        resolve()
      } else send()
    })
    socket.on('error', reject)
    socket.on('close', () => (answered < count ? reject(new Error(`closed after ${answered} of ${count} answers`)) : undefined))
  })
}

/** Every line is JSON, or this throws. */
export function linesOf(text: string): Line[] {
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line)
}

export function sumOf(lines: readonly Line[], event: string, field: string): number {
  return lines.filter((line) => line.event === event).reduce((sum, line) => sum + Number(line[field] ?? 0), 0)
}
