// Reads of a socket into a buffer of its own, without an allocation a read: what `net.Socket` offers as `onread` to those who make the socket,
// done to one that exists (accepted, or taken over from HTTP). It uses Node's own fields, found by name and tried on a probe at the start;
// where they are not as expected, reads come as 'data'. Danger prevented: one read buffer for several sockets, which passes every
// load test and mixes the streams. One buffer a direction, never shared.
import { Socket } from 'node:net'

/** `chunk` is the reader's until it returns, and after that as long as it returned false (which pauses the socket). */
export interface Reader {
  take(chunk: Buffer): boolean
}

interface Fields {
  readonly buffer: symbol
  readonly callback: symbol
  readonly generator: symbol
}

interface Handle {
  useUserBuffer?: (buffer: Uint8Array) => void
}

type Opened = Socket & { [field: symbol]: unknown; readonly _handle?: Handle | null }

function findFields(): Fields | undefined {
  const buffer = Buffer.allocUnsafeSlow(1)
  const callback = (): boolean => true
  const probe = new Socket({ onread: { buffer, callback } }) as Opened
  const named = (name: string): symbol | undefined => Object.getOwnPropertySymbols(probe).find(({ description }) => description === name)
  const fields = { buffer: named('kBuffer'), callback: named('kBufferCb'), generator: named('kBufferGen') }
  probe.destroy()
  if (fields.buffer === undefined || fields.callback === undefined || fields.generator === undefined) return undefined
  if (probe[fields.buffer] !== buffer || probe[fields.callback] !== callback || probe[fields.generator] !== null) return undefined
  return { buffer: fields.buffer, callback: fields.callback, generator: fields.generator }
}

const FIELDS = findFields()
/** constants, so that each place below has one key: a store by a key that changes is looked up anew each time */
const BUFFER: symbol = FIELDS?.buffer ?? Symbol('unused')
const CALLBACK: symbol = FIELDS?.callback ?? Symbol('unused')
const GENERATOR: symbol = FIELDS?.generator ?? Symbol('unused')

/** Does this Node let an existing socket read into our buffer? For the test that watches over it. */
export const OWN_READS = FIELDS !== undefined

/** where a socket keeps its reads */
const READS = Symbol('greengate reads')

/** what the next read takes, between a read and Node's question for it, which follows at once */
let wanted: Buffer | undefined

// One function for all sockets, asked with the socket as `this`: a closure a socket costs memory, and an object that holds a closure over itself
// outlives a young collection.
function octetsRead(this: Opened, octets: number): boolean {
  return (this[READS] as OwnReads).read(octets)
}

function nextBuffer(): Buffer | undefined {
  const buffer = wanted
  wanted = undefined
  return buffer
}

/**
 * undefined: not on this Node, or the socket is gone; read by 'data'. The socket must be paused and its stream's buffer empty. Where another read it
 * before, its buffer is taken over: nothing of it may still be being written.
 */
export function readInto(socket: Socket, size: number, reader: Reader): OwnReads | undefined {
  const opened = socket as Opened
  const handle = opened._handle
  if (FIELDS === undefined || handle === null || handle === undefined || typeof handle.useUserBuffer !== 'function') return undefined
  if (socket.destroyed || socket.readableLength > 0) return undefined
  const before = opened[READS] as OwnReads | undefined
  before?.passTo(reader, size)
  const reads = before ?? new OwnReads(opened, handle, size, reader)
  // Node may read ahead of whoever listens; with the buffer in place, pausing stops that too
  socket.pause()
  return reads
}

export class OwnReads {
  readonly #socket: Opened
  readonly #handle: Handle
  #reader: Reader
  #current: Buffer
  #next: Buffer | undefined

  constructor(socket: Opened, handle: Handle, size: number, reader: Reader) {
    this.#socket = socket
    this.#handle = handle
    this.#reader = reader
    this.#current = Buffer.allocUnsafeSlow(size)
    socket[READS] = this
    socket[CALLBACK] = octetsRead
    // asked after each read; another buffer than before only when the flow filled the last one
    socket[GENERATOR] = nextBuffer
    this.#use()
  }

  passTo(reader: Reader, size: number): void {
    this.#reader = reader
    this.#next = undefined
    this.shrink(size)
  }

  #use(): void {
    this.#socket[BUFFER] = this.#current
    this.#handle.useUserBuffer?.(this.#current)
  }

  /** Node's word that so many octets are in the buffer. */
  read(octets: number): boolean {
    const current = this.#current
    const more = this.#reader.take(octets === current.length ? current : current.subarray(0, octets))
    const next = this.#next
    if (next !== undefined) {
      this.#current = next
      this.#next = undefined
      wanted = next
    }
    return more
  }

  /** octets that the next read may take; grows and shrinks by the caller's word, at the next read or at once */
  get size(): number {
    return this.#next?.length ?? this.#current.length
  }

  grow(size: number): void {
    if (size > this.#current.length) this.#next = Buffer.allocUnsafeSlow(size)
  }

  /** Within a read: what was read is still being written, the next read takes another buffer. */
  renew(): void {
    this.#next ??= Buffer.allocUnsafeSlow(this.#current.length)
  }

  /** Only while nothing of the buffer is still being written. */
  shrink(size: number): void {
    if (size >= this.#current.length || this.#socket.destroyed || this.#socket._handle !== this.#handle) return
    this.#next = undefined
    this.#current = Buffer.allocUnsafeSlow(size)
    this.#use()
  }
}
