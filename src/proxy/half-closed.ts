// A peer that has ended its side: it may wait for what is still to come (`nc -N`), or have left altogether, which looks the same. Only what is sent
// to it tells, and often there is nothing to send. So the kernel is asked: an end on this machine that no process holds has left; one elsewhere
// answers a keep-alive probe by a reset once its own wait for us is over (a minute on Linux). Dangers prevented: an answer withheld
// from a client that waits for it; an upstream kept busy, and descriptors held, for a client that is gone.
import type { Socket } from 'node:net'
import { endsKey, orphanedEnds } from '../kernel/orphans.ts'
import { ipFromSocket } from '../net/ip.ts'
import { arm, deadline, disarm } from './deadlines.ts'

const LOOK_MS = 500
const PROBE_MS = 1_000

/** Destroys the socket when its peer is found to have left; looks until it is closed. Nothing is asked of the kernel before the first look: nearly all close sooner. */
export function watchHalfClosed(socket: Socket): void {
  if (!socket.destroyed) new Watch(socket)
}

class Watch {
  readonly #socket: Socket
  readonly #look = deadline(() => this.#due())
  #key: string | undefined
  #looked = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('close', () => disarm(this.#look))
    arm(this.#look, LOOK_MS)
  }

  #due(): void {
    const socket = this.#socket
    if (!this.#looked) {
      this.#looked = true
      this.#key = endsHere(socket)
      socket.setKeepAlive(true, PROBE_MS)
    }
    const key = this.#key
    // nothing is sent by it; it fails where a reset has come, of which nobody told: Node reads no more after an end
    if (!socket.writableEnded && socket.writableLength === 0) socket.write('')
    if (key !== undefined) void orphanedEnds().then((orphans) => orphans.has(key) && socket.destroy())
    arm(this.#look, LOOK_MS)
  }
}

/** undefined: the peer is on another machine, as far as its address tells. */
function endsHere(socket: Socket): string | undefined {
  const peer = ipFromSocket(socket.remoteAddress)
  const own = ipFromSocket(socket.localAddress)
  if (peer === undefined || own === undefined) return undefined
  const loopback = peer.family === 4 ? peer.value >> 24n === 127n : peer.value === 1n
  if (!loopback && peer.text !== own.text) return undefined
  return endsKey(peer.text, socket.remotePort ?? 0, own.text, socket.localPort ?? 0)
}
