// One direction of a relay: what one socket reads, the other writes, with back-pressure and the half-close kept. Dangers prevented: memory that
// grows with a slow reader (nothing is read as long as something is not written); a tail lost at the end; a buffer read into while it
// is still being written.
import type { Socket } from 'node:net'
import { coarseNow } from './deadlines.ts'
import { type OwnReads, type Reader, readInto } from './own-reads.ts'
import type { Turn } from './pace.ts'
import { ReadSize, START_OCTETS } from './read-size.ts'

export interface DirectionOwner {
  /** Sees what is read before it is relayed: true passes it on, false keeps it (it was copied), and reading goes on in both cases. */
  inspect(direction: Direction, chunk: Buffer): boolean
  /** The sender ended its side. The owner tells the other side. */
  sideEnded(direction: Direction): void
}

/** where a socket keeps the direction that reads it */
const DIRECTION = Symbol('greengate direction')
type Read = Socket & { [DIRECTION]?: Direction }

function senderEnded(this: Read): void {
  this[DIRECTION]?.senderEnded()
}

export class Direction implements Reader {
  readonly #from: Socket
  readonly #to: Socket
  readonly #size = new ReadSize()
  readonly #reads: OwnReads | undefined
  readonly #owner: DirectionOwner
  #inspecting: boolean
  #ahead: Buffer | null
  #stopped = false
  #started = false
  /** its place at a bucket, where it is limited */
  #turn: Turn | undefined
  /** octets handed to the other side; exact to 2^53, which is a gigabyte a second for three months */
  octets = 0
  /** when something last moved, on the wheel's clock */
  movedAt = coarseNow()
  /** the sender ended its side, and the other was told behind the last octet */
  ended = false
  /** nobody wants it any more: read and dropped, so that the sender is not reset while its own answer is still on its way to it */
  discarding = false

  constructor(from: Read, to: Socket, owner: DirectionOwner, inspecting: boolean) {
    this.#from = from
    this.#to = to
    this.#owner = owner
    this.#inspecting = inspecting
    // what Node read ahead before the relay had the socket
    this.#ahead = from.destroyed || from.readableLength === 0 ? null : (from.read() as Buffer | null)
    this.#reads = readInto(from, START_OCTETS, this)
    if (this.#reads === undefined) {
      from.on('data', (chunk: Buffer) => {
        if (!this.take(chunk)) from.pause()
      })
      // a 'data' listener alone would start the flow
      from.pause()
    }
    from[DIRECTION] = this
    from.on('end', senderEnded)
  }

  start(): void {
    this.#started = true
    const ahead = this.#ahead
    this.#ahead = null
    if (ahead !== null) this.take(ahead)
    // who comes with a new connection waits behind those who wait already
    this.#turn?.holds()
    if (this.#from.readableEnded) this.senderEnded()
    else if (!this.#stopped && !this.waiting && !this.#from.destroyed) this.#from.resume()
  }

  /** From now on by this turn; undefined: as it comes. */
  pace(turn: Turn | undefined): void {
    const waited = this.waiting
    this.#turn?.end()
    this.#turn = turn
    if (turn !== undefined) turn.goOn = () => this.#goOn()
    if (waited) this.#goOn()
  }

  /** It has had its share, and others come first. */
  get waiting(): boolean {
    return this.#turn?.waiting === true
  }

  #goOn(): void {
    this.movedAt = coarseNow()
    // grown before it was limited
    if (this.#turn !== undefined && this.#reads !== undefined && this.#reads.size > this.#turn.readOctets) this.rest()
    if (this.#started && !this.#stopped && !this.waiting && !this.#from.destroyed) this.#from.resume()
  }

  /** What came before the relay began, or was held. */
  write(bytes: Buffer): void {
    if (bytes.length === 0 || this.discarding || this.#to.destroyed) return
    this.#moved(bytes.length)
    this.#to.write(bytes, this.#written)
    if (this.#to.writableLength !== 0) this.#stop()
    if (this.#turn?.moved(bytes.length) === true && this.#started) this.#from.pause()
  }

  inspected(): void {
    this.#inspecting = false
  }

  discard(): void {
    this.discarding = true
    this.#turn?.end()
    this.#stopped = false
    if (!this.#from.destroyed) this.#from.resume()
  }

  /** The direction is silent: what it does not need it gives back. */
  rest(): void {
    if (this.#reads === undefined || this.#reads.size === START_OCTETS || this.#to.writableLength !== 0) return
    this.#reads.shrink(START_OCTETS)
    this.#size.release()
  }

  release(): void {
    this.#size.release()
    this.#turn?.end()
  }

  take(chunk: Buffer): boolean {
    if (this.discarding) return true
    if (this.#inspecting && !this.#owner.inspect(this, chunk)) return true
    if (this.#to.destroyed || this.ended) return false
    this.#moved(chunk.length)
    this.#to.write(chunk, this.#written)
    if (this.#reads !== undefined && chunk.length === this.#reads.size) {
      if (this.#turn === undefined || chunk.length * 4 <= this.#turn.readOctets) {
        const size = this.#size.grown()
        if (size > chunk.length) this.#reads.grow(size)
      }
    }
    const waits = this.#turn !== undefined && this.#turn.moved(chunk.length)
    if (this.#to.writableLength === 0) return !waits
    // the kernel did not take it all: the buffer is the writer's until it did
    this.#stopped = true
    return false
  }

  #moved(octets: number): void {
    this.octets += octets
    this.movedAt = coarseNow()
  }

  #stop(): void {
    this.#stopped = true
    if (this.#started) this.#from.pause()
  }

  readonly #written = (): void => {
    if (!this.#stopped || this.#to.writableLength !== 0) return
    this.movedAt = coarseNow()
    this.#stopped = false
    if (this.#started && !this.waiting && !this.#from.destroyed) this.#from.resume()
  }

  senderEnded(): void {
    if (this.ended) return
    this.ended = true
    this.#owner.sideEnded(this)
  }
}
