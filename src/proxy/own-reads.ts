// Reads of a socket into a buffer of its own, without an allocation a read: what `net.Socket` offers as `onread` to those who make the socket,
// done to one that exists (accepted, or taken over from HTTP). It uses Node's own fields, found by name and tried on a probe at the start;
// where they are not as expected, reads come as 'data'. Danger prevented: one read buffer for several sockets, which passes every
// load test and mixes the streams. One buffer a direction, never shared.
import { Socket } from 'node:net'

/** `chunk` is the reader's until it returns, and after that as long as it returned false (which pauses the socket). */
export type Reader = (chunk: Buffer) => boolean

export interface OwnReads {
  /** octets that the next read may take; grows and shrinks by the caller's word, at the next read or at once */
  readonly size: number
  grow(size: number): void
  /** within a read: what was read is still being written, the next read takes another buffer */
  renew(): void
  /** only while nothing of the buffer is still being written */
  shrink(size: number): void
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

/** Does this Node let an existing socket read into our buffer? For the test that watches over it. */
export const OWN_READS = FIELDS !== undefined

/** undefined: not on this Node, or the socket is gone; read by 'data'. The socket must be paused and its stream's buffer empty. */
export function readInto(socket: Socket, size: number, reader: Reader): OwnReads | undefined {
  const opened = socket as Opened
  const handle = opened._handle
  if (FIELDS === undefined || handle === null || handle === undefined || typeof handle.useUserBuffer !== 'function') return undefined
  if (socket.destroyed || socket.readableLength > 0) return undefined
  const fields = FIELDS
  let current: Buffer = Buffer.allocUnsafeSlow(size)
  let next: Buffer | undefined
  opened[fields.buffer] = current
  opened[fields.callback] = (octets: number) => reader(octets === current.length ? current : current.subarray(0, octets))
  // asked after each read; another buffer than before only when the flow filled the last one
  opened[fields.generator] = () => {
    if (next === undefined) return undefined
    current = next
    next = undefined
    return current
  }
  handle.useUserBuffer(current)
  // Node may read ahead of whoever listens; with the buffer in place, pausing stops that too
  socket.pause()
  return {
    get size() {
      return next?.length ?? current.length
    },
    grow: (wanted) => {
      if (wanted > current.length) next = Buffer.allocUnsafeSlow(wanted)
    },
    renew: () => {
      next ??= Buffer.allocUnsafeSlow(current.length)
    },
    shrink: (wanted) => {
      if (wanted >= current.length || socket.destroyed || opened._handle !== handle) return
      next = undefined
      current = Buffer.allocUnsafeSlow(wanted)
      opened[fields.buffer] = current
      handle.useUserBuffer?.(current)
    }
  }
}
