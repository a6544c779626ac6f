// Idle connections to upstreams, by the address, port and name that were judged, newest first (the oldest are the likeliest to be closing).
// Danger prevented: an exchange that is sent to another address, or under another name, than its own policy decision allowed.
import type { Socket } from 'node:net'
import type { Endpoint } from '../decision/facts.ts'
import type { Ip } from '../net/ip.ts'
import { type Host, hostText, type Target } from '../net/target.ts'
import type { Gate } from './gate.ts'
import { Upstream } from './upstream.ts'

/** Shorter than the usual keep-alive of servers (Node 5 s, Apache 5 s, nginx 75 s): a request is rarely lost to a closing one. */
export const IDLE_MS = 4_000
const IDLE_PER_KEY = 64
const IDLE_IN_ALL = 1024

export class Pool {
  readonly #idle = new Map<string, Upstream[]>()
  #count = 0

  get idle(): number {
    return this.#count
  }

  /** The newest living idle connection to one of these, in their order. */
  take(target: Target, endpoints: readonly Endpoint[]): Upstream | undefined {
    if (this.#count === 0) return undefined
    for (let index = 0; index < endpoints.length; index++) {
      const endpoint = endpoints[index]
      if (endpoint === undefined) break
      const idle = this.#idle.get(poolKey(target, endpoint))
      while (idle !== undefined && idle.length > 0) {
        const upstream = idle.pop()
        if (upstream === undefined) break
        this.#count--
        if (upstream.alive) {
          upstream.endpoint = endpoint
          return upstream
        }
        upstream.destroy()
      }
    }
    return undefined
  }

  /** A connection that was just dialled. */
  adopt(socket: Socket, target: Target, endpoint: Endpoint): Upstream {
    return new Upstream(socket, endpoint, poolKey(target, endpoint), this.#forget)
  }

  /** After a complete exchange without surplus bytes. */
  give(upstream: Upstream): void {
    if (!upstream.alive || this.#count >= IDLE_IN_ALL) {
      upstream.destroy()
      return
    }
    let idle = this.#idle.get(upstream.key)
    if (idle === undefined) {
      idle = []
      this.#idle.set(upstream.key, idle)
    }
    if (idle.length >= IDLE_PER_KEY) {
      const oldest = idle.shift()
      this.#count--
      oldest?.destroy()
    }
    idle.push(upstream)
    this.#count++
    upstream.rest(IDLE_MS)
  }

  /** Closes what is idle: at the end of the gateway, and after a reload that may forbid what was open. */
  clear(): void {
    for (const idle of this.#idle.values()) for (const upstream of [...idle]) upstream.destroy()
  }

  readonly #forget = (upstream: Upstream): void => {
    const idle = this.#idle.get(upstream.key)
    if (idle === undefined) return
    const at = idle.indexOf(upstream)
    if (at >= 0) {
      idle.splice(at, 1)
      this.#count--
    }
    if (idle.length === 0) this.#idle.delete(upstream.key)
  }
}

let lastHost: Host | undefined
let lastAddress: Ip | undefined
let lastPort = 0
let lastKey = ''

/** The same values ask again and again: the text of the last ones is kept. */
export function poolKey(target: Target, endpoint: Endpoint): string {
  if (target.host !== lastHost || endpoint.address !== lastAddress || endpoint.port !== lastPort) {
    lastHost = target.host
    lastAddress = endpoint.address
    lastPort = endpoint.port
    lastKey = `${endpoint.address.text} ${endpoint.port} ${hostText(target.host)}`
  }
  return lastKey
}

const pools = new WeakMap<Gate, Pool>()

/** The one pool of a gateway's worker. */
export function poolOf(gate: Gate): Pool {
  let pool = pools.get(gate)
  if (pool === undefined) {
    pool = new Pool()
    pools.set(gate, pool)
  }
  return pool
}
