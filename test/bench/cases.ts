// What is measured: each case as the words that the load generator takes, and how its figure is read.

export interface Case {
  readonly name: string
  readonly what: string
  /** `cpu`: processor time an operation; `bulk`: processor time a GiB; `latency`: median time to the answer; `memory`: of an idle tunnel */
  readonly figure: 'cpu' | 'bulk' | 'latency' | 'memory'
  readonly mode: 'get' | 'connect' | 'ping' | 'down' | 'up' | 'idle'
  readonly connections: number
  /** of a round; what moves octets ends when they are moved */
  readonly seconds?: number
  /** a tunnel's, of a round */
  readonly bytes?: number
  readonly size?: number
  readonly rate?: number
  readonly fresh?: true
  readonly rounds: number
}

const GIB = 2 ** 30

export const CASES: readonly Case[] = [
  { name: 'get1k', what: 'GET of 1 KiB, kept alive', figure: 'cpu', mode: 'get', connections: 32, size: 1024, seconds: 0.8, rounds: 5 },
  { name: 'get100k', what: 'GET of 100 KiB, kept alive', figure: 'cpu', mode: 'get', connections: 16, size: 102_400, seconds: 0.7, rounds: 5 },
  { name: 'newconn', what: 'GET of 1 KiB, a connection each', figure: 'cpu', mode: 'get', connections: 16, size: 1024, seconds: 0.7, fresh: true, rounds: 5 },
  { name: 'conn', what: 'CONNECT, one round trip, close', figure: 'cpu', mode: 'connect', connections: 16, seconds: 0.7, rounds: 5 },
  { name: 'ping', what: 'a round trip of 64 octets in a tunnel', figure: 'cpu', mode: 'ping', connections: 32, seconds: 0.6, rounds: 5 },
  { name: 'down', what: 'a GiB down one tunnel', figure: 'bulk', mode: 'down', connections: 1, bytes: GIB, rounds: 3 },
  { name: 'up', what: 'a GiB up one tunnel', figure: 'bulk', mode: 'up', connections: 1, bytes: GIB, rounds: 3 },
  { name: 'down8', what: 'a GiB down eight tunnels', figure: 'bulk', mode: 'down', connections: 8, bytes: GIB / 8, rounds: 3 },
  { name: 'latency', what: 'GET of 1 KiB, 200 a second', figure: 'latency', mode: 'get', connections: 8, size: 1024, rate: 200, seconds: 2.2, rounds: 3 },
  { name: 'idle', what: 'memory of an idle tunnel', figure: 'memory', mode: 'idle', connections: 9500, rounds: 1 },
]

/** Of a GiB, to warm a relay. */
const WARM_BULK = 0.25

export function loadWords(each: Case, scale: number): readonly string[] {
  const words = [each.mode, `connections=${each.connections}`]
  if (each.seconds !== undefined) words.push(`seconds=${each.seconds * scale}`)
  if (each.bytes !== undefined) words.push(`bytes=${Math.max(1, Math.round(each.bytes * scale))}`)
  if (each.size !== undefined) words.push(`size=${each.size}`)
  if (each.rate !== undefined) words.push(`rate=${each.rate}`)
  if (each.fresh === true) words.push('fresh=1')
  return words
}

/** Unpaced: what is warmed by 200 requests a second is warm in an hour. */
export function warmWords(each: Case, scale: number): readonly string[] {
  const { rate: _paced, ...unpaced } = each
  return loadWords(unpaced, each.bytes === undefined ? scale : scale * WARM_BULK)
}

export function unitOf({ figure }: Case): string {
  return { cpu: 'µs', bulk: 's a GiB', latency: 'µs to the median answer', memory: 'KiB' }[figure]
}
