// Asks a proxy from a given source address and tells what came back. Imported by a test, or run in a client's namespace: a JSON line
// in for each question, a JSON line out for each answer, in order.
import net from 'node:net'
import { createInterface } from 'node:readline'

export interface Question {
  readonly client: string
  readonly proxy: string
  readonly port: number
  /** the request's head, complete */
  readonly head: string
}

export interface Answer {
  /** 0: none came */
  readonly status: number
  readonly rule: string
  /** the origin's own answer, not the gateway's */
  readonly origin: boolean
  /** the source port, by which the request is found in the log */
  readonly clientPort: number
}

const PATIENCE_MS = 15_000

export function ask(question: Question): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: question.proxy, port: question.port, localAddress: question.client })
    let text = ''
    let clientPort = 0
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      const head = text.slice(0, text.indexOf('\r\n\r\n') + 2)
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
        rule: /^x-greengate-rule: *(.*?)\r$/im.exec(head)?.[1] ?? '',
        origin: /^x-origin: yes\r$/im.test(head),
        clientPort,
      })
    }
    const timer = setTimeout(done, PATIENCE_MS)
    socket.on('connect', () => {
      clientPort = socket.localPort ?? 0
      socket.write(question.head, 'latin1')
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes('\r\n\r\n')) done()
    })
    socket.on('error', done)
    socket.on('end', done)
  })
}

if (import.meta.main) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await ask(JSON.parse(line) as Question))}\n`)
  }
}
