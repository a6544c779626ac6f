// The load generator where no C compiler is there: see the head of load.c, whose words and checks these are. Requests are made once, answers are
// read into one buffer that all sockets share, since nothing of them is kept.
import { connect } from 'node:net'
import type { Socket } from 'node:net'

const MODES = ['get', 'connect', 'ping', 'down', 'up', 'idle'] as const
const PING = Buffer.from(Array.from({ length: 64 }, (_, i) => (i === 0 ? 'P' : String.fromCharCode(97 + (i % 26)))).join(''))
const UPLOAD = Buffer.alloc(512 << 10, 'u')
const SINK = Buffer.alloc(1 << 20)
const MOST_OPENING = 64
const MOST_HEAD = 8192

const options = new Map(process.argv.slice(3).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
const number = (name: string, otherwise: number): number => Number(options.get(name) ?? otherwise)
const mode = MODES.find((each) => each === process.argv[2])
const host = options.get('host') ?? '127.0.0.1'
const port = number('port', 0)
const target = options.get('target') ?? 'localhost'
const origins = (options.get('ports') ?? '').split(',').filter((each) => each !== '')
const count = number('connections', 1)
const size = number('size', 1024)
const bytes = number('bytes', 0)
const rate = number('rate', 0)
const fresh = number('fresh', 0) === 1
if (mode === undefined || origins.length === 0) throw new Error('load: see the head of load.c')

const REQUEST = Buffer.from(`GET http://${target}:${origins[0]}/${size} HTTP/1.1\r\nHost: ${target}:${origins[0]}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n` +
  `Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nCookie: sid=0123456789abcdef0123456789abcdef\r\n${fresh ? 'Connection: close\r\n' : ''}\r\n`)

const start = performance.now()
const end = start + number('seconds', 1) * 1000
const patience = mode === 'idle' || mode === 'down' || mode === 'up' ? 120_000 : 15_000
const times: number[] = []
let done = 0
let failed = 0
let moved = 0
let alive = 0
let opened = 0
let nth = 0
let turn = 0
let why = ''
/** idle: how many the second round waits for */
let expected = count
let told = false
let reported = false

type State = 'closed' | 'connecting' | 'asked' | 'ready' | 'head' | 'body' | 'echo' | 'download' | 'upload' | 'receipt'

class Connection {
  state: State = 'closed'
  #socket: Socket | undefined
  #head = ''
  #left = 0
  #began = 0
  #answered = false
  #closes = false

  next(): void {
    this.#began = performance.now()
    this.#dial()
  }

  #dial(): void {
    this.state = 'connecting'
    this.#head = ''
    this.#answered = this.#closes = false
    const mine: Socket = connect({ host, port, noDelay: true, onread: { buffer: SINK, callback: (octets) => {
      if (mine === this.#socket) this.#read(octets)
      return true
    } } })
    this.#socket = mine
    mine.on('connect', () => this.#connected())
    mine.on('error', (error) => mine === this.#socket && !this.#idleClose() && this.#fail(error.message))
    mine.on('end', () => mine === this.#socket && !this.#idleClose() && this.#fail('the connection was closed'))
  }

  /** Closed as idle while the request was on its way: what every client lives with. */
  #idleClose(): boolean {
    if (mode !== 'get' || !this.#answered || this.#head !== '' || (this.state !== 'ready' && this.state !== 'head')) return false
    const idle = this.state === 'ready'
    this.#leave()
    if (idle && rate === 0) alive--
    else this.#dial()
    return true
  }

  #leave(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.state = 'closed'
    socket?.destroy()
  }

  #over(): void {
    this.#leave()
    alive--
    look()
  }

  #fail(what: string): void {
    if (failed++ === 0) why = `${this.state}: ${what} ${this.#head.slice(0, 12)}`
    this.#over()
  }

  late(): void {
    if (this.state !== 'closed' && (rate === 0 || this.state !== 'ready')) this.#fail('no answer in time')
  }

  ask(due = false): void {
    if (due) this.#began = performance.now()
    this.state = 'head'
    this.#head = ''
    this.#socket?.write(REQUEST)
  }

  echo(): void {
    this.state = 'echo'
    this.#left = PING.length
    this.#socket?.write(PING)
  }

  #connected(): void {
    if (mode === 'get' && rate > 0) this.state = 'ready'
    else if (mode === 'get') this.ask()
    else {
      const authority = `${target}:${origins[nth++ % origins.length]}`
      this.state = 'asked'
      this.#socket?.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: bench\r\n\r\n`)
    }
  }

  #tunnel(): void {
    if (mode === 'ping') this.#began = performance.now()
    if (mode !== 'down' && mode !== 'up') return this.echo()
    this.#left = bytes
    this.state = mode === 'down' ? 'download' : 'upload'
    this.#socket?.write(`${mode === 'down' ? 'D' : 'U'}${bytes}\n`)
    if (mode === 'up') this.#upload()
  }

  #upload(): void {
    const socket = this.#socket
    if (socket === undefined) return
    while (this.#left > 0) {
      const octets = Math.min(this.#left, UPLOAD.length)
      this.#left -= octets
      moved += octets
      if (socket.write(UPLOAD.subarray(0, octets))) continue
      socket.once('drain', () => this.#upload())
      return
    }
    this.state = 'receipt'
    this.#left = 3
  }

  #read(octets: number): void {
    switch (this.state) {
      case 'asked':
      case 'head': return this.#readHead(octets)
      case 'body': return this.#took(octets)
      case 'echo': {
        const from = PING.length - this.#left
        if (octets > this.#left || SINK.compare(PING, from, from + octets, 0, octets) !== 0) return this.#fail('another echo')
        return this.#counted(octets)
      }
      case 'download': return octets > this.#left ? this.#fail('a download of another length') : this.#counted(octets)
      case 'receipt': return this.#counted(octets)
      default: return this.#fail('octets that nobody asked for')
    }
  }

  #counted(octets: number): void {
    if (this.state !== 'receipt') moved += octets
    this.#left -= octets
    if (this.#left === 0) this.#finish()
  }

  #readHead(octets: number): void {
    this.#head += SINK.toString('latin1', 0, Math.min(octets, MOST_HEAD))
    const close = this.#head.indexOf('\r\n\r\n')
    if (close < 0) return this.#head.length >= MOST_HEAD ? this.#fail('a head without end') : undefined
    if (!this.#head.startsWith('HTTP/1.') || !this.#head.startsWith('200', 9)) return this.#fail('answered')
    const surplus = octets + (this.#head.length - Math.min(octets, MOST_HEAD)) - close - 4
    if (this.state === 'asked') return surplus === 0 ? this.#tunnel() : this.#fail('octets before the first of the tunnel')
    const head = this.#head.slice(0, close).toLowerCase()
    this.#closes = head.includes('\nconnection: close') || (head[7] === '0' && !head.includes('\nconnection: keep-alive'))
    const length = head.indexOf('\ncontent-length:')
    if (length < 0 && !this.#closes) return this.#fail('an answer without length')
    if (length >= 0 && Number.parseInt(head.slice(length + 16), 10) !== size) return this.#fail('an answer of another length')
    this.#left = size
    this.#took(surplus)
  }

  #took(octets: number): void {
    moved += octets
    this.#left -= octets
    if (this.#left < 0) this.#fail('more than the answer\'s length')
    else if (this.#left === 0) this.#finish()
    else this.state = 'body'
  }

  #finish(): void {
    const at = performance.now()
    done++
    times.push(at - this.#began)
    if (mode === 'down' || mode === 'up') return this.#over()
    if (mode === 'idle') {
      this.state = 'ready'
      return look()
    }
    const last = mode === 'connect' || fresh || this.#closes
    this.#answered = true
    this.#head = ''
    if (rate > 0 && !last) {
      this.state = 'ready'
      return look()
    }
    if (at >= end) return this.#over()
    if (last) {
      this.#leave()
      return this.next()
    }
    this.#began = at
    if (mode === 'get') this.ask()
    else this.echo()
  }
}

const all = Array.from({ length: count }, () => new Connection())

/** Opens what is to be opened, and sees when all is over. */
function look(): void {
  // many at once would measure the listener's backlog
  while (opened < count && (mode !== 'idle' || opened - done - failed < MOST_OPENING)) {
    alive++
    all[opened++]?.next()
  }
  if (opened < count) return
  if (mode === 'idle') {
    if (done + failed < expected) return
    if (told) return report()
    told = true
    console.log(`ready ${done}`)
    process.stdin.once('data', () => {
      process.stdin.off('end', abandoned)
      done = 0
      expected = failed + alive
      for (const each of all) if (each.state === 'ready') each.echo()
      look()
    }).once('end', abandoned)
    return
  }
  if (alive === 0 || (rate > 0 && performance.now() >= end && all.every(({ state }) => state === 'ready' || state === 'closed'))) report()
}

function abandoned(): void {
  process.exit(1)
}

function percentile(share: number): number {
  return Math.round((times[Math.floor(share * (times.length - 1))] ?? 0) * 1e4) / 10
}

function report(): void {
  if (reported) return
  reported = true
  times.sort((a, b) => a - b)
  const seconds = (performance.now() - start) / 1000
  process.stdout.write(`${JSON.stringify({ done, failed, bytes: moved, seconds, p50: percentile(0.5), p99: percentile(0.99), why })}\n`, () => process.exit(0))
}

if (rate > 0) {
  // open loop: a request is due at its time, whether or not the one before was answered; connections open first
  let nextDue = start + 200
  setInterval(() => {
    for (const now = performance.now(); nextDue <= now && now < end; nextDue += 1000 / rate) {
      for (let k = 0; k < count; k++) {
        const each = all[turn++ % count]
        if (each?.state !== 'ready') continue
        each.ask(true)
        break
      }
    }
    look()
  }, 1)
}
if (mode !== 'idle') {
  setTimeout(() => {
    for (const each of all) each.late()
    report()
  }, end - start + patience).unref()
}
look()
