// What the main thread and a worker say to each other. A swap has two steps, so that every worker has compiled the new policy before the
// first one uses it: what one of them cannot compile, none of them gets.
import type { Machine } from '../decision/machine.ts'
import type { Privacy } from '../log/privacy.ts'
import type { LiveTunnel } from '../proxy/gate.ts'
import type { PackedSource } from './packed.ts'
import type { Standing, Tally } from './tally.ts'

/** One policy, as every worker compiles it. */
export interface Live {
  readonly source: PackedSource
  readonly machine: Machine
  readonly generation: number
}

/** Where to listen: an address, or a socket that systemd opened. */
export type Listen =
  | { readonly kind: 'address'; readonly host: string; readonly port: number }
  /** `transparent`: what the packet filter caught arrives there */
  | { readonly kind: 'inherited'; readonly fd: number; readonly transparent?: true }

export interface WorkerStart {
  readonly worker: number
  readonly live: Live
  readonly listens: readonly Listen[]
  readonly counters: SharedArrayBuffer
  /** how many lines each client may still have, and what is on its way to the log (outbox.ts) */
  readonly allowance: SharedArrayBuffer
  readonly underWay: SharedArrayBuffer
  /** which lines are wanted at all */
  readonly events: boolean
  readonly access: boolean
  readonly privacy: Privacy | undefined
}

export type ToWorker =
  | { readonly kind: 'prepare'; readonly live: Live }
  | { readonly kind: 'commit'; readonly generation: number }
  | { readonly kind: 'abandon'; readonly generation: number }
  /** much of what was shared is used no more */
  | { readonly kind: 'collect' }
  /** what is open, now */
  | { readonly kind: 'list-tunnels' }
  /** what was counted, now */
  | { readonly kind: 'count' }
  | { readonly kind: 'drain' }
  /** what is under way ends now; its records are still wanted */
  | { readonly kind: 'cut' }

export type FromWorker =
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'prepared'; readonly generation: number }
  | { readonly kind: 'refused'; readonly generation: number; readonly message: string }
  | { readonly kind: 'committed'; readonly generation: number }
  /** whole lines of the event log and of the access log; the number of records dropped since the last ones */
  | { readonly kind: 'lines'; readonly events: string; readonly access: string; readonly lost: number }
  | { readonly kind: 'counted'; readonly tally: Tally; readonly standing: Standing }
  | { readonly kind: 'tunnels'; readonly tunnels: readonly LiveTunnel[] }
  /** for a person, where the event log is not wanted */
  | { readonly kind: 'note'; readonly message: string }
  | { readonly kind: 'drained' }
