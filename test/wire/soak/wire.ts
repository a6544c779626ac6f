// A raw client: what it sends are octets, what it reads is an HTTP/1.1 response by the letter (RFC 9112), or octets. It knows no leniency: a client
// library that mends what it reads would hide what is wrong.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { sleep } from './world.ts'

export interface Response {
  readonly status: number
  readonly fields: ReadonlyMap<string, string>
  readonly body: Buffer
}

const PATIENCE_MS = 40_000
const MOST_BODY = 16 << 20

export class Cut extends Error {}

export class Wire {
  readonly socket: Socket
  /** as the gateway's log names it */
  key = ''
  #buffer: Buffer = Buffer.alloc(0)
  #ended: string | undefined
  #wake: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
      if (this.#buffer.length > MOST_BODY) socket.pause()
      this.#wake?.()
    })
    socket.on('end', () => this.#end('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message))
    socket.on('close', () => this.#end('close'))
  }

  static open(port: number, from: string, host = '127.0.0.1'): Promise<Wire> {
    const socket = connect({ port, host, localAddress: from, allowHalfOpen: true, noDelay: true })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        const wire = new Wire(socket)
        wire.key = `${from}:${socket.localPort ?? 0}`
        resolve(wire)
      })
    })
  }

  /** A socket that is connected already (what TLS made of a tunnel). */
  static over(socket: Socket): Wire {
    return new Wire(socket)
  }

  #end(why: string): void {
    this.#ended ??= why
    this.#wake?.()
  }

  get ended(): string | undefined {
    return this.#ended
  }

  get waiting(): number {
    return this.#buffer.length
  }

  send(octets: string | Buffer): void {
    if (!this.socket.destroyed && !this.socket.writableEnded) this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets)
  }

  /** Sends with back-pressure. */
  async pour(octets: Buffer): Promise<void> {
    if (this.socket.destroyed || this.socket.write(octets)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.socket.off('drain', done).off('close', done).off('error', done)
        resolve()
      }
      this.socket.on('drain', done).on('close', done).on('error', done)
    })
  }

  finish(): void {
    this.socket.end()
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }

  destroy(): void {
    this.socket.destroy()
  }

  async #until(done: () => boolean, what: string, ms = PATIENCE_MS): Promise<void> {
    const limit = performance.now() + ms
    while (!done()) {
      if (this.#ended !== undefined) throw new Cut(`${what}: ended by ${this.#ended} after ${this.#buffer.length} octets`)
      const left = limit - performance.now()
      if (left <= 0) throw new Error(`${what}: nothing for ${ms} ms; there are ${JSON.stringify(this.#buffer.toString('latin1', 0, 200))}`)
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, left)
      })
      clearTimeout(timer)
      this.#wake = undefined
    }
  }

  async take(octets: number, what = 'octets'): Promise<Buffer> {
    await this.#until(() => this.#buffer.length >= octets, what)
    return this.#cut(octets)
  }

  /** What has come, at least one octet. */
  async some(what = 'octets'): Promise<Buffer> {
    await this.#until(() => this.#buffer.length > 0, what)
    return this.#cut(this.#buffer.length)
  }

  #cut(octets: number): Buffer {
    const taken = this.#buffer.subarray(0, octets)
    this.#buffer = this.#buffer.subarray(octets)
    return taken
  }

  async through(mark: string, most: number, what: string): Promise<string> {
    let at = -1
    await this.#until(() => {
      at = this.#buffer.indexOf(mark)
      return at >= 0 || this.#buffer.length > most
    }, what)
    if (at < 0) throw new Error(`${what}: more than ${most} octets without an end`)
    return this.#cut(at + mark.length).toString('latin1')
  }

  /** Until the other side is done with us; what came, and how it ended. */
  async rest(ms = PATIENCE_MS): Promise<{ readonly octets: Buffer; readonly ended: string }> {
    const limit = performance.now() + ms
    while (this.#ended === undefined && performance.now() < limit) await sleep(20)
    if (this.#ended === undefined) throw new Error(`still open after ${ms} ms`)
    return { octets: this.#cut(this.#buffer.length), ended: this.#ended }
  }

  /** One final response; 1xx before it are passed over. */
  async response(method = 'GET'): Promise<Response> {
    for (;;) {
      const head = await this.through('\r\n\r\n', 128 << 10, 'a response head')
      const [line = '', ...lines] = head.slice(0, -4).split('\r\n')
      const status = Number(/^HTTP\/1\.1 (\d{3}) [\t\x20-\x7e\x80-\xff]*$/.exec(line)?.[1] ?? 0)
      if (status === 0) throw new Error(`no status line: ${JSON.stringify(line.slice(0, 200))}`)
      const fields = new Map<string, string>()
      for (const each of lines) {
        const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/.exec(each) ?? []
        if (name === '') throw new Error(`no field: ${JSON.stringify(each.slice(0, 200))}`)
        fields.set(name.toLowerCase(), value)
      }
      if (status < 200 && status !== 101) continue
      return { status, fields, body: await this.#body(method, status, fields) }
    }
  }

  async #body(method: string, status: number, fields: ReadonlyMap<string, string>): Promise<Buffer> {
    const nothing = Buffer.alloc(0)
    if (method === 'HEAD' || status === 101 || status === 204 || status === 304 || (method === 'CONNECT' && status < 300)) return nothing
    const coding = fields.get('transfer-encoding')
    const length = fields.get('content-length')
    if (coding !== undefined && length !== undefined) throw new Error('both framings')
    if (coding === undefined) return length === undefined ? (await this.rest()).octets : this.take(Number(length), 'a body')
    if (coding !== 'chunked') throw new Error(`coding ${coding}`)
    const parts: Buffer[] = []
    for (;;) {
      const line = await this.through('\r\n', 1_000, 'a chunk size')
      if (!/^[0-9a-f]+\r\n$/i.test(line)) throw new Error(`a chunk size: ${JSON.stringify(line)}`)
      const size = Number.parseInt(line, 16)
      if (size > 0) parts.push(await this.take(size, 'a chunk'))
      const end = (await this.take(2, 'the end of a chunk')).toString('latin1')
      if (end !== '\r\n') throw new Error('a chunk without its end')
      if (size === 0) return Buffer.concat(parts)
    }
  }
}
