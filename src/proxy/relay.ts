// Two connected sockets made one: both directions, their limits of silence and age, and how one side's end becomes the other's. Dangers
// prevented: a side that stays open when the other is gone (descriptors), a half-close or a reset that does not arrive, an answer lost
// because its reader's last write failed.
import type { Socket } from 'node:net'
import type { Cause } from '../decision/facts.ts'
import { arm, coarseNow, deadline, disarm } from './deadlines.ts'
import { Direction } from './direction.ts'
import type { DirectionOwner } from './direction.ts'
import type { Fault } from './gate.ts'
import { watchHalfClosed } from './half-closed.ts'
import { keepReadable, readOn, writeFailed } from './keep-readable.ts'
import { endPace, type Pace } from './pace.ts'
import { resetNow } from './reset.ts'

export interface RelayOptions {
  readonly client: Socket
  readonly upstream: Socket
  readonly idleMs: number
  readonly ageMs: number
  readonly inspectUp: boolean
  readonly inspectDown: boolean
  readonly pace: Pace | undefined
}

export interface RelayOwner {
  /** the client's octets before they are relayed, with `inspectUp` until they are `inspected`; and the upstream's */
  inspectUp(chunk: Buffer): boolean
  inspectDown(chunk: Buffer): boolean
  /** once, when both sockets are closed */
  relayClosed(closed: RelayClosed): void
}

export interface RelayClosed {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly error: string | undefined
  readonly fault: Fault | undefined
  readonly cause: Cause | undefined
}

/** After this much silence large buffers are given back. */
const REST_MS = 30_000
/** How long a side may still take what is on its way to it when the other is gone. */
const LINGER_MS = 5_000

type Side = 'client' | 'upstream'

/** where a socket keeps its relay */
const RELAY = Symbol('greengate relay')
type Relayed = Socket & { [RELAY]?: SocketRelay }

// Listeners that all sockets share: a closure for each would be a tenth of what an idle tunnel costs.
function clientFailed(this: Relayed, error: NodeJS.ErrnoException): void {
  this[RELAY]?.failed('client', error)
}

function clientClosed(this: Relayed): void {
  this[RELAY]?.closed('client')
}

function upstreamFailed(this: Relayed, error: NodeJS.ErrnoException): void {
  this[RELAY]?.failed('upstream', error)
}

function upstreamClosed(this: Relayed): void {
  this[RELAY]?.closed('upstream')
}

export class SocketRelay implements DirectionOwner {
  /** client to upstream */
  readonly up: Direction
  /** upstream to client */
  readonly down: Direction
  readonly #options: RelayOptions
  readonly #owner: RelayOwner
  readonly #began: number
  readonly #limit = deadline(() => this.#look())
  #open = 2
  #error: string | undefined
  #fault: Fault | undefined
  #cause: Cause | undefined
  #ending = false
  /** octets that a side had sent when a write to it failed */
  readonly #failedAt: { client: number | undefined; upstream: number | undefined } = { client: undefined, upstream: undefined }

  constructor(options: RelayOptions, owner: RelayOwner) {
    this.#options = options
    this.#owner = owner
    const { client, upstream } = options
    this.#listen(client, 'client', clientFailed, clientClosed)
    this.#listen(upstream, 'upstream', upstreamFailed, upstreamClosed)
    this.up = new Direction(client, upstream, this, options.inspectUp)
    this.down = new Direction(upstream, client, this, options.inspectDown)
    this.pace(options.pace)
    arm(this.#limit, Math.min(options.idleMs, options.ageMs, REST_MS))
    this.#began = coarseNow()
    if (client.destroyed || upstream.destroyed) this.#destroy()
  }

  #listen(socket: Relayed, side: Side, failed: (error: NodeJS.ErrnoException) => void, closed: () => void): void {
    keepReadable(socket)
    socket[RELAY] = this
    socket.on('error', failed)
    if (socket.destroyed) process.nextTick(() => this.closed(side))
    else socket.on('close', closed)
  }

  /** From now on so fast; undefined: as it comes. */
  pace(pace: Pace | undefined): void {
    if (this.#open === 0) return endPace(pace)
    this.up.pace(pace?.up)
    this.down.pace(pace?.down)
  }

  inspect(direction: Direction, chunk: Buffer): boolean {
    return direction === this.up ? this.#owner.inspectUp(chunk) : this.#owner.inspectDown(chunk)
  }

  /** Both sides at once; what was said first counts. */
  end(error: string | undefined, fault: Fault | undefined, cause?: Cause): void {
    this.#note(error, fault, cause)
    this.#destroy()
  }

  #note(error: string | undefined, fault: Fault | undefined, cause?: Cause): void {
    if (this.#error !== undefined || this.#ending) return
    this.#error = error
    this.#fault = fault
    this.#cause = cause
  }

  #socket(side: Side): Socket {
    return side === 'client' ? this.#options.client : this.#options.upstream
  }

  #destroy(): void {
    this.#ending = true
    this.#options.client.destroy()
    this.#options.upstream.destroy()
  }

  #look(): void {
    // the other side had its time to take what was on its way
    if (this.#ending) return this.#destroy()
    const { idleMs, ageMs } = this.#options
    const now = coarseNow()
    // who waits for its turn is not silent
    const silent = this.up.waiting || this.down.waiting ? 0 : now - Math.max(this.up.movedAt, this.down.movedAt)
    const age = now - this.#began
    if (age >= ageMs) return this.end('tunnel_age', 'policy')
    if (silent >= idleMs) return this.end('tunnel_idle', 'policy')
    if (silent >= REST_MS) {
      this.up.rest()
      this.down.rest()
    }
    const rest = silent >= REST_MS ? Infinity : REST_MS - silent
    arm(this.#limit, Math.max(1, Math.min(idleMs - silent, ageMs - age, rest)))
  }

  failed(side: Side, error: NodeJS.ErrnoException): void {
    if (this.#ending) return
    const sends = side === 'client' ? this.up : this.down
    const takes = side === 'client' ? this.down : this.up
    if (writeFailed(error)) {
      // it takes nothing more, but what it said before is still to be read, and then comes its end or its reset
      readOn(this.#socket(side))
      takes.discarding = true
      this.#failedAt[side] ??= sends.octets
      if (!sends.ended) return takes.discard()
    }
    if (!sends.ended) this.#note('connection_terminated', side)
    this.#gone(side)
  }

  /** A side is gone for good. Reset the other, unless something is still on its way to it. */
  #gone(side: Side): void {
    const other = this.#socket(side === 'client' ? 'upstream' : 'client')
    const sends = side === 'client' ? this.up : this.down
    const takes = side === 'client' ? this.down : this.up
    this.#socket(side).destroy()
    if (!sends.ended) {
      this.#ending = true
      resetNow(other)
      return
    }
    takes.discard()
    arm(this.#limit, LINGER_MS)
    this.#ending = true
  }

  sideEnded(direction: Direction): void {
    const side = direction === this.up ? 'client' : 'upstream'
    const sends = side === 'client' ? this.up : this.down
    const failedAt = this.#failedAt[side]
    if (failedAt !== undefined) {
      // the write that failed took the reset's news; nothing came after it: pass the reset on
      const other = this.#socket(side === 'client' ? 'upstream' : 'client')
      this.#note('connection_terminated', side)
      if (failedAt === sends.octets && other.writableLength === 0) {
        this.#ending = true
        this.#socket(side).destroy()
        resetNow(other)
      } else {
        this.#end(other)
        this.#gone(side)
      }
      return
    }
    if (!this.up.ended || !this.down.ended) {
      this.#end(this.#socket(side === 'client' ? 'upstream' : 'client'))
      return watchHalfClosed(this.#socket(side))
    }
    this.#finish(this.#options.client)
    this.#finish(this.#options.upstream)
  }

  #end(socket: Socket): void {
    if (!socket.destroyed && !socket.writableEnded) socket.end()
  }

  /** Both sides have ended: once all is sent the close says the same as an end before it, since nothing is left unread. */
  #finish(socket: Socket): void {
    if (socket.destroyed) return
    if (socket.writableFinished || (socket.writableLength === 0 && !socket.writableEnded)) return void socket.destroy()
    socket.on('finish', () => socket.destroy())
    this.#end(socket)
  }

  closed(side: Side): void {
    this.#open--
    if (this.#open === 1) {
      // closed without an end or an error that was told (a failed write took it): nobody is left to relay to
      if (!this.#ending && !(this.up.ended && this.down.ended)) this.#gone(side)
      return
    }
    disarm(this.#limit)
    this.up.release()
    this.down.release()
    this.#owner.relayClosed({ bytesIn: this.up.octets, bytesOut: this.down.octets, error: this.#error, fault: this.#fault, cause: this.#cause })
  }
}
