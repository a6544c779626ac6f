// What one exchange may use of the gateway around it, and the hand-over points between the files of this folder. An exchange holds no
// process, file or signal; whoever runs the gateway fills these in. Danger prevented: hidden reach from the data plane into the process.
import type { Socket } from 'node:net'
import type { Cause, Endpoint, Observed } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { RequestRecord } from '../log/record.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import type { Target } from '../net/target.ts'
import type { LimitCounters } from './limits.ts'
import type { Pace } from './pace.ts'
import type { Resolver } from './resolve.ts'
import type { Member, Roster } from './roster.ts'

/** An open tunnel, an upgraded connection or a running response: judged anew when the policy or the hour changes, ended when now denied. */
/** A tunnel, or an upgraded connection, that is open now. */
export interface LiveTunnel {
  readonly id: string
  readonly client: string
  readonly group: string | undefined
  readonly target: string
  readonly rule: string
  /** epoch milliseconds of its begin */
  readonly since: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface LiveExchange extends Member {
  /** of a tunnel alone */
  tunnel?(): LiveTunnel
  rejudge(snapshot: Snapshot, now: number): void
  /** by which generation it was judged, and at which time: who joins after a change but was judged after it too need not be judged again */
  readonly judged?: { readonly generation: number; readonly now: number }
}

export interface Gate {
  /** the current one; an exchange keeps the one that it began with */
  snapshot(): Snapshot
  readonly resolver: Resolver
  readonly limits: LimitCounters
  readonly worker: number
  /** what the kernel's neighbour table says; at once where it is cached */
  mac(address: Ip): Mac | undefined | Promise<Mac | undefined>
  record(record: RequestRecord): void
  /** what is under way; a reload or a schedule's edge calls `rejudge` on each */
  readonly live: Roster<LiveExchange>
  /** true once the gateway ends: no connection is kept for another request */
  readonly draining: boolean
  /** the proxy's own port in use */
  readonly port: number
}

/**
 * The listener (listener.ts) hands every accepted socket to `serveConnection(socket: Socket, gate: Gate): Inbound` (serve-connection.ts) and keeps the
 * Inbound until the socket's 'close'. Its server must be made with `allowHalfOpen: true` (a client may end its side and still wait for the
 * answer) and `noDelay: true`.
 */
export interface Inbound extends Member {
  /** end it now where it is idle, else after the answer under way, which announces it where it still can */
  drain(): void
  destroy(): void
}

/** Whose fault a failure is. */
export type Fault = 'client' | 'policy' | 'upstream' | 'gateway'

/** How a tunnel or an upgraded connection ended. `error` is an RFC 9209 type or our own token (server_name_mismatch, not_tls, ...). */
export interface RelayEnd {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly serverName: string | undefined
  readonly ech: boolean
  readonly error: string | undefined
  readonly fault: Fault | undefined
  /** set when a policy ended it: server-name, or the cause given to `end` */
  readonly cause: Cause | undefined
  readonly observed: readonly Observed[]
  /** status of an upgraded connection's answer; 200 for a tunnel */
  readonly status: number
}

/** A running relay. `end` closes both sides and leads to `onEnd`, once. */
export interface Relay {
  end(error: string, fault: Fault, cause?: Cause): void
  /** so far: from the client, and to it */
  readonly octets?: { readonly in: number; readonly out: number }
  /** from now on so fast, in each direction; undefined: as it comes */
  pace(pace: Pace | undefined): void
}

/**
 * Handed to `openTunnel(ask: TunnelAsk): Relay` (tunnel.ts) after the 200 was written. Both sockets come paused, without listeners of ours,
 * and belong to the tunnel from then on. `early` is what the client sent after its head: tunnel data, the ClientHello's first bytes included.
 */
export interface TunnelAsk {
  readonly client: Socket
  readonly early: Buffer
  readonly upstream: Socket
  readonly target: Target
  /** `endpoint.tunnels` says how it is bound */
  readonly endpoint: Endpoint
  readonly snapshot: Snapshot
  readonly gate: Gate
  /** how fast it may go; whoever takes the sockets ends it */
  readonly pace: Pace | undefined
  /** called once, when both sides are closed */
  readonly onEnd: (end: RelayEnd) => void
}

/**
 * Handed to `openUpgrade(ask: UpgradeAsk): Relay` (upgrade.ts) for a request that asks to become a WebSocket (`Upgrade: websocket`, GET, 1.1, no
 * body). Sockets as in TunnelAsk; `upstream` is connected to the judged endpoint and unused. `fields` are the end-to-end fields to send (name,
 * value, name, value, ...) without Host, Connection and Upgrade, which the upgrade sets anew; `host` is the value of the one Host field.
 */
export interface UpgradeAsk {
  readonly client: Socket
  readonly early: Buffer
  readonly upstream: Socket
  readonly head: RequestHead
  readonly fields: readonly string[]
  /** our name in Via, for what is answered; undefined: no Via */
  readonly via: string | undefined
  readonly host: string
  /** origin-form, bytes as sent (latin1) */
  readonly path: string
  readonly target: Target
  readonly endpoint: Endpoint
  readonly snapshot: Snapshot
  readonly gate: Gate
  readonly pace: Pace | undefined
  /** the complete framed answer (with `Connection: close`) where the upstream failed before its own: 502 or 504 */
  readonly refuse: (status: number, error: string, reason: string) => Buffer
  /** an answer other than 101 is a response like any: its media type (lower case, without parameters) judged; the refusal to send in its place */
  readonly judge: (responseType: string | undefined) => { readonly bytes: Buffer; readonly cause: Cause } | undefined
  readonly onEnd: (end: RelayEnd) => void
}

/**
 * Handed to `ownResponse(ask: OwnAsk): Buffer | undefined` (own.ts): origin-form asked of the proxy itself by a client that may reach it. The answer
 * is complete and framed (HEAD without body); undefined: not one of our hosts or paths. `close`: say `Connection: close`.
 */
export interface OwnAsk {
  /** of the request, for a refusal */
  readonly id: string
  readonly method: string
  readonly path: string
  /** the Host field as sent */
  readonly host: string
  readonly minor: 0 | 1
  readonly accept: string | undefined
  readonly close: boolean
  readonly client: Ip
  /** the gateway's own address that the client asked */
  readonly via: Ip
  readonly snapshot: Snapshot
  readonly gate: Gate
}
