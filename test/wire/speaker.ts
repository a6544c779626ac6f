// One end of a raw connection that follows a script: the hostile client and the hostile origin alike. It keeps every octet that it read.
import type { Socket } from 'node:net'
import type { Step } from './case.ts'

/** How what is sent is cut into writes. */
export type Cut = 'whole' | 'octets' | number

/** Longest text that is sent an octet a write; a longer one is cut in this many pieces. */
const MOST_WRITES = 1024

export class Speaker {
  readonly socket: Socket
  readonly cut: Cut
  #chunks: Buffer[] = []
  #read = Buffer.alloc(0)
  /** how the other side ended: `fin`, `rst`, or an error's code */
  ended: string | undefined
  /** counts what happened on it */
  changes = 0
  #waiting: (() => void)[] = []
  #from = 0

  constructor(socket: Socket, cut: Cut) {
    this.socket = socket
    this.cut = cut
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#wake()
    })
    socket.on('end', () => {
      this.ended ??= 'fin'
      this.#wake()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ended ??= error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'rst' : (error.code ?? 'error')
      this.#wake()
    })
    socket.on('close', () => {
      this.ended ??= 'gone'
      this.#wake()
    })
  }

  get read(): Buffer {
    if (this.#chunks.length > 0) {
      this.#read = Buffer.concat([this.#read, ...this.#chunks])
      this.#chunks = []
    }
    return this.#read
  }

  /** What was read so far was another's. */
  forget(): void {
    this.#read = Buffer.alloc(0)
    this.#chunks = []
  }

  #wake(): void {
    this.changes++
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) each()
  }

  /** Resolves true as soon as `done` holds, looked at after each read; false when the time is over. */
  async until(done: () => boolean, deadline: number): Promise<boolean> {
    while (!done()) {
      const left = deadline - performance.now()
      if (left <= 0) return false
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      const timer = setTimeout(resolve, left)
      await promise
      clearTimeout(timer)
    }
    return true
  }

  async follow(steps: readonly Step[], fill: (text: string) => string, deadline: number): Promise<void> {
    for (const step of steps) {
      if (this.socket.destroyed) return
      if (typeof step === 'string') await this.#send(Buffer.from(fill(step), 'latin1'))
      else if ('repeat' in step) await this.#sendMany(Buffer.from(fill(step.repeat), 'latin1'), step.times)
      else if ('pause' in step) await new Promise((resolve) => setTimeout(resolve, step.pause))
      else if ('deaf' in step) {
        this.socket.pause()
        await new Promise((resolve) => setTimeout(resolve, step.deaf))
        this.socket.resume()
      } else if ('until' in step) {
        const wanted = fill(step.until)
        const seen = (): number => this.read.indexOf(wanted, this.#from, 'latin1')
        if (!(await this.until(() => seen() >= 0 || this.ended !== undefined, deadline))) return
        this.#from = Math.max(this.#from, seen() + wanted.length)
      } else if (step.end === 'fin') this.socket.end()
      else {
        // what was written is on its way before the reset
        await new Promise<void>((resolve) => this.socket.write('', () => resolve()))
        this.socket.resetAndDestroy()
      }
    }
  }

  async #send(bytes: Buffer): Promise<void> {
    const { cut } = this
    if (cut === 'whole' || bytes.length < 2) return this.#write(bytes)
    const size = cut === 'octets' ? Math.ceil(bytes.length / MOST_WRITES) : Math.max(1, Math.min(cut, bytes.length - 1))
    if (cut !== 'octets') {
      await this.#write(bytes.subarray(0, size))
      await turn()
      return this.#write(bytes.subarray(size))
    }
    for (let at = 0; at < bytes.length && !this.socket.destroyed; at += size) {
      await this.#write(bytes.subarray(at, at + size))
      await turn()
    }
  }

  async #sendMany(unit: Buffer, times: number): Promise<void> {
    const block = Buffer.concat(Array.from({ length: Math.max(1, Math.min(times, Math.floor(16_384 / unit.length))) }, () => unit))
    for (let left = unit.length * times; left > 0 && !this.socket.destroyed && this.socket.writable; left -= block.length) {
      await this.#write(block.subarray(0, Math.min(left, block.length)))
    }
  }

  /** Waits for room, or for the connection's end. */
  async #write(bytes: Buffer): Promise<void> {
    const { socket } = this
    if (socket.destroyed || !socket.writable || socket.write(bytes)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.removeListener('drain', done)
        socket.removeListener('close', done)
        resolve()
      }
      socket.on('drain', done)
      socket.on('close', done)
    })
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
