// One request to a proxy over a connection of its own, and what came back: for tests that ask thousands. Octets go out as they stand.
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  /** X-Greengate-Rule */
  readonly rule: string | undefined
  /** of Proxy-Status (RFC 9209) */
  readonly error: string | undefined
  readonly body: string
}

export type Way = 'plain' | 'connect' | 'inside'

export function answerOf(text: string): Answer {
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end < 0 ? undefined : end)
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    rule: /^x-greengate-rule: (.*)$/im.exec(head)?.[1],
    error: /^proxy-status: [^\r\n]*error=([a-z_]+)/im.exec(head)?.[1],
    body: end < 0 ? '' : text.slice(end + 4),
  }
}

const TIMEOUT_MS = 20_000

/** Sends the text and waits for the connection's end; with `until`, for what it answers true to. `from`: the client's own address. */
export function say(port: number, text: string, until?: (read: string) => boolean, from?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...(from === undefined ? {} : { localAddress: from }) })
    let read = ''
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer to ${JSON.stringify(text.slice(0, 200))} but ${JSON.stringify(read.slice(0, 200))}`))
    }, TIMEOUT_MS)
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(read)
    }
    socket.on('connect', () => socket.write(text, 'latin1'))
    socket.on('data', (chunk: Buffer) => {
      read += chunk.toString('latin1')
      if (until?.(read) === true) done()
    })
    socket.on('error', done)
    socket.on('close', done)
  })
}

const END = '\r\nConnection: close\r\n\r\n'

/** GET of `authority` (as it stands in the target), CONNECT to it, or GET inside a CONNECT to it (its port is 80). */
export async function ask(port: number, way: Way, authority: string, host = authority, from?: string): Promise<Answer> {
  if (way === 'plain') return answerOf(await say(port, `GET http://${authority}/ HTTP/1.1\r\nHost: ${host}${END}`, undefined, from))
  const opened = (read: string): boolean => read.includes('\r\n\r\n') && read.startsWith('HTTP/1.1 200')
  const connecting = `CONNECT ${authority} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  if (way === 'connect') return answerOf(await say(port, connecting, opened, from))
  const first = answerOf(await say(port, `${connecting}GET / HTTP/1.1\r\nHost: ${host}${END}`, undefined, from))
  return first.status === 200 ? answerOf(first.body) : first
}

/** Some at a time, in order. */
export async function each<T, R>(items: readonly T[], lanes: number, run: (item: T, at: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at]
      if (item !== undefined) results[at] = await run(item, at)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}
