// An origin that misbehaves as its path says: resets, lies about lengths, says too much, nothing, or at the wrong time. What each may lead to for the
// client stands beside it; anything else is a finding.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Random } from './content.ts'

/** `whole`: the content is right; `cut`: visibly incomplete; a number: that status of the gateway's own */
export type OddOutcome = 'whole' | 'cut' | 502 | 504

export const ODD: Readonly<Record<string, readonly OddOutcome[]>> = {
  'reset-at-once': [502],
  'reset-head': [502],
  'reset-body': ['cut', 502],
  'end-body': ['cut', 502],
  'end-chunk': ['cut', 502],
  'bad-chunk': ['cut', 502],
  'bad-length': [502],
  'two-lengths': [502],
  'both-framings': [502],
  'long-head': [502],
  'endless-head': [502],
  'not-http': [502],
  'old-http': [502],
  'switch': [502],
  'no-head': [504],
  // 502 where an earlier request's oddity closes the connection that this one came over
  'half-head': [504, 502],
  'stall-body': ['cut'],
  'extra': ['whole'],
  'extra-later': ['whole'],
  'close-idle': ['whole'],
  'reset-idle': ['whole'],
  // so long under way that an earlier request's oddity may end its connection
  'drip': ['whole', 'cut', 502],
  'by-close': ['whole'],
}

/** What each of the whole ones sends. */
export const ODD_CONTENT = 'the content of an odd origin'

const OK = `HTTP/1.1 200 OK\r\nContent-Length: ${ODD_CONTENT.length}\r\n\r\n`

const later = (ms: number, act: () => void): void => void setTimeout(act, ms)

function act(kind: string, socket: Socket, random: Random): void {
  const say = (text: string): void => void (socket.writable && socket.write(text, 'latin1'))
  switch (kind) {
    case 'reset-at-once': return void socket.resetAndDestroy()
    case 'reset-head': return say('HTTP/1.1 200 OK\r\nContent-Le'), later(20, () => socket.resetAndDestroy())
    case 'reset-body': return say(`${OK}the con`), later(20, () => socket.resetAndDestroy())
    case 'end-body': return void socket.end(`${OK}the con`)
    case 'end-chunk': return void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe')
    case 'bad-chunk': return void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n')
    case 'bad-length': return say('HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello')
    case 'two-lengths': return say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello')
    case 'both-framings': return say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
    case 'long-head': return say(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(90_000)}\r\n\r\n`)
    case 'endless-head': {
      const more = (): void => {
        if (socket.writable && socket.write(`X: ${'y'.repeat(1_000)}\r\n`)) setTimeout(more, 5)
      }
      say('HTTP/1.1 200 OK\r\n')
      return more()
    }
    case 'not-http': return say('220 smtp.example ready\r\n\r\n')
    case 'old-http': return say('<html>HTTP/0.9</html>\r\n\r\n')
    case 'switch': return say('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
    case 'no-head': return
    case 'half-head': return say('HTTP/1.1 200 OK\r\nContent-')
    case 'stall-body': return say(`${OK}the con`)
    case 'extra': return say(`${OK}${ODD_CONTENT}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG`)
    case 'extra-later': return say(`${OK}${ODD_CONTENT}`), later(random.between(1, 200), () => say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG'))
    case 'close-idle': return say(`${OK}${ODD_CONTENT}`), later(random.between(0, 100), () => socket.end())
    case 'reset-idle': return say(`${OK}${ODD_CONTENT}`), later(random.between(5, 100), () => socket.resetAndDestroy())
    case 'drip': {
      const text = `${OK}${ODD_CONTENT}`
      const next = (at: number): void => {
        if (at >= text.length || !socket.writable) return
        socket.write(text.slice(at, at + 3), 'latin1')
        setTimeout(() => next(at + 3), 20)
      }
      return next(0)
    }
    case 'by-close': return void socket.end(`HTTP/1.0 200 OK\r\n\r\n${ODD_CONTENT}`)
    default: return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  }
}

export function oddOrigin(seed: number, finding: (text: string) => void): Server {
  const random = new Random(seed)
  return createServer({ allowHalfOpen: true }, (socket) => {
    let text = ''
    socket.on('error', () => {})
    // the gateway ended it: nothing is owed to it any more
    socket.on('end', () => socket.end())
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      if (text.length > end + 4) finding(`an odd origin was sent more than a head: ${JSON.stringify(text.slice(0, 200))}`)
      const kind = /^GET \/i-[0-9a-z]+\/([a-z-]+)/.exec(text)?.[1] ?? ''
      text = ''
      act(kind, socket, random)
    })
  })
}
