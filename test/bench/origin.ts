// The origin where no C compiler is there: see the head of origin.c, whose words and answers these are.
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

const BLOCK = Buffer.alloc(512 << 10, 'd')
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const MOST_HEAD = 8192
const answers = new Map<string, Buffer>()

/** Answers are made once for each size. */
function answer(size: string, closes: boolean): Buffer {
  const key = `${size} ${closes}`
  let made = answers.get(key)
  if (made === undefined) {
    const head = `HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\nCache-Control: no-store\r\nETag: "abc"\r\n` +
      `Content-Length: ${size}\r\n${closes ? 'Connection: close\r\n' : ''}\r\n`
    made = Buffer.concat([Buffer.from(head), Buffer.alloc(Number(size), LETTERS)])
    answers.set(key, made)
  }
  return made
}

function http(socket: Socket, seen: string): string {
  for (;;) {
    const end = seen.indexOf('\r\n\r\n')
    if (end < 0) break
    const head = seen.slice(0, end).toLowerCase()
    seen = seen.slice(end + 4)
    const size = /^get \/(\d{1,8}) http\/1\.([01])/.exec(head)
    if (size === null) break
    const closes = head.includes('\nconnection: close') || (size[2] === '0' && !head.includes('\nconnection: keep-alive'))
    socket.write(answer(size[1] ?? '0', closes))
    if (closes) socket.end()
  }
  if (seen.length > MOST_HEAD) socket.destroy()
  return seen
}

function download(socket: Socket, left: number): void {
  while (left > 0) {
    const size = Math.min(left, BLOCK.length)
    left -= size
    if (socket.write(BLOCK.subarray(0, size))) continue
    const rest = left
    socket.once('drain', () => download(socket, rest))
    return
  }
}

function serve(socket: Socket): void {
  let kind: 'new' | 'http' | 'ping' | 'up' = 'new'
  let seen = ''
  let left = 0
  const received = (octets: number): void => {
    left -= octets
    if (left > 0) return
    kind = 'new'
    socket.write('OK\n')
  }
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    if (kind === 'up') return received(chunk.length)
    if (kind === 'ping') return void socket.write(chunk)
    seen += chunk.toString('latin1')
    if (kind === 'new' && (seen.startsWith('D') || seen.startsWith('U'))) {
      const line = seen.indexOf('\n')
      if (line < 0) return
      const octets = Number(seen.slice(1, line))
      const surplus = seen.length - line - 1
      const up = seen.startsWith('U')
      seen = ''
      if (!up) return download(socket, octets)
      kind = 'up'
      left = octets
      return received(surplus)
    }
    if (kind === 'new') kind = seen.startsWith('P') ? 'ping' : 'http'
    if (kind === 'http') seen = http(socket, seen)
    else {
      socket.write(chunk)
      seen = ''
    }
  })
}

const ports: number[] = []
for (let i = 0; i < Number(process.argv[2] ?? 1); i++) {
  const server = createServer({ noDelay: true }, serve)
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  ports.push((server.address() as AddressInfo).port)
}
console.log(`ports ${ports.join(',')}`)
process.stdin.resume().on('end', () => process.exit(0))
