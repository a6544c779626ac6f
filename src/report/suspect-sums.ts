// What each destination was seen to do, in bounded memory: sums and samples of its requests, never the requests. Danger prevented: a hunt that takes the
// machine down because somebody asked for a million names.
import type { SeenRequest } from '../log/seen.ts'
import { askOf } from './facts-of-seen.ts'
import { hostText } from '../net/target.ts'

export interface Destination {
  readonly host: string
  readonly numeric: boolean
  readonly ports: Set<number>
  readonly clients: Set<string>
  readonly agents: Set<string>
  readonly days: Set<number>
  requests: number
  /** by reading */
  first: number
  last: number
  plain: number
  posts: number
  postsIn: number
  /** octets of plain requests */
  plainIn: number
  plainOut: number
  longestPlainMs: number
  tunnels: number
  /** which carried something both ways for long */
  busy: number
  busyIn: number
  busyOut: number
  longestTunnelMs: number
  /** carried something, and said no name of a server */
  nameless: number
  /** said another name than was asked for */
  misnamed: number
  /** closed by the gateway for what their first bytes were */
  closed: number
  agentless: number
  foreignAgents: number
  /** starts, the latest so many */
  readonly starts: number[]
  /** of plain requests: path without its query → how often */
  readonly paths: Map<string, number>
  /** full URIs, for a probe; of tunnels there are none */
  readonly uris: string[]
}

const MOST_DESTINATIONS = 200_000
const MOST_SET = 256
const MOST_STARTS = 512
const MOST_PATHS = 64
const MOST_URIS = 4
const DAY_MS = 86_400_000
/** More than a tunnel's opening has, either way. */
const SPOKE_IN = 1024
const SPOKE_OUT = 512
/** A tunnel that lives so long and carries so much each way is a line, not a page. */
const LONG_MS = 20_000
const BUSY_OCTETS = 8192

/** What browsers call themselves. */
const BROWSER = /^Mozilla\/\d/

function put<T>(set: Set<T>, value: T): void {
  if (set.size < MOST_SET) set.add(value)
}

export class Destinations {
  readonly all = new Map<string, Destination>()
  readonly clients = new Set<string>()
  requests = 0
  lost = 0
  first = Number.POSITIVE_INFINITY
  last = 0

  add(seen: SeenRequest): void {
    const web = askOf(seen)
    if (typeof web === 'string') return
    const shut = seen.verdict === 'deny' && seen.rule === 'server-name'
    // what was refused before it was dialled carried nothing
    if (seen.verdict !== 'allow' && !shut) return
    this.requests += 1
    this.first = Math.min(this.first, seen.time)
    this.last = Math.max(this.last, seen.time)
    if (this.clients.size < MOST_DESTINATIONS) this.clients.add(seen.client)
    const to = this.#destination(hostText(web.target.host), web.target.host.kind === 'address', seen.time)
    if (to === undefined) return
    to.requests += 1
    to.first = Math.min(to.first, seen.time)
    to.last = Math.max(to.last, seen.time)
    put(to.ports, web.target.port)
    put(to.clients, seen.client)
    put(to.days, Math.floor(seen.time / DAY_MS))
    if (seen.userAgent === undefined) to.agentless += 1
    else {
      put(to.agents, seen.userAgent.slice(0, 200))
      if (!BROWSER.test(seen.userAgent)) to.foreignAgents += 1
    }
    if (to.starts.length >= MOST_STARTS) to.starts.shift()
    to.starts.push(seen.time)
    if (seen.method === 'CONNECT') this.#tunnel(to, seen, shut, web.target.host.kind === 'name' ? web.target.host.name : undefined)
    else this.#plain(to, seen, web.uri)
  }

  #destination(host: string, numeric: boolean, time: number): Destination | undefined {
    const known = this.all.get(host)
    if (known !== undefined) return known
    if (this.all.size >= MOST_DESTINATIONS) {
      this.lost += 1
      return undefined
    }
    const made: Destination = {
      host, numeric, ports: new Set(), clients: new Set(), agents: new Set(), days: new Set(), requests: 0, first: time, last: time, plain: 0, posts: 0, postsIn: 0, plainIn: 0, plainOut: 0,
      longestPlainMs: 0, tunnels: 0, busy: 0, busyIn: 0, busyOut: 0, longestTunnelMs: 0, nameless: 0, misnamed: 0, closed: 0, agentless: 0, foreignAgents: 0, starts: [], paths: new Map(), uris: [],
    }
    this.all.set(host, made)
    return made
  }

  #tunnel(to: Destination, seen: SeenRequest, shut: boolean, name: string | undefined): void {
    const { serverName, bytesOut, duration } = seen
    const bytesIn = seen.bytesIn ?? 0
    to.tunnels += 1
    if (shut) to.closed += 1
    // Squid tells no server names: nothing follows from none there
    else if (serverName === undefined && seen.bytesIn !== undefined && (bytesIn > SPOKE_IN || bytesOut > SPOKE_OUT)) to.nameless += 1
    else if (serverName !== undefined && name !== undefined && serverName !== name) to.misnamed += 1
    to.longestTunnelMs = Math.max(to.longestTunnelMs, duration)
    if (duration < LONG_MS || bytesIn < BUSY_OCTETS || bytesOut < BUSY_OCTETS) return
    to.busy += 1
    to.busyIn += bytesIn
    to.busyOut += bytesOut
  }

  #plain(to: Destination, seen: SeenRequest, uri: string): void {
    to.plain += 1
    if (seen.method === 'POST' || seen.method === 'PUT') {
      to.posts += 1
      to.postsIn += seen.bytesIn ?? 0
    }
    to.plainIn += seen.bytesIn ?? 0
    to.plainOut += seen.bytesOut
    to.longestPlainMs = Math.max(to.longestPlainMs, seen.duration)
    const path = uri.split('?', 1)[0] ?? uri
    if (to.paths.has(path) || to.paths.size < MOST_PATHS) to.paths.set(path, (to.paths.get(path) ?? 0) + 1)
    if (to.uris.length < MOST_URIS && !to.uris.includes(uri) && !uri.includes('***')) to.uris.push(uri)
  }
}
