// How fast one forwarded request goes, both bodies: its turns at the buckets for as long as it lasts, changed where the policy or the hour changes.
// Danger prevented: a limit that a connection keeps for its next request, or loses at a reload.
import type { Endpoint, RuleLimit } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { InboundConnection } from './inbound.ts'
import type { Notes } from './notes.ts'
import { endPace, limitOf, type Pace, sameLimit, type Turn } from './pace.ts'
import type { Upstream } from './upstream.ts'

export class BodyPace {
  readonly #inbound: InboundConnection
  readonly #notes: Notes
  readonly #goOn: () => void
  #limit: RuleLimit | undefined
  #pace: Pace | undefined

  /** `goOn`: more of the request's body may come. */
  constructor(inbound: InboundConnection, notes: Notes, snapshot: Snapshot, endpoint: Endpoint, goOn: () => void) {
    this.#inbound = inbound
    this.#notes = notes
    this.#goOn = goOn
    this.#take(snapshot, endpoint)
  }

  #take(snapshot: Snapshot, endpoint: Endpoint): void {
    const { gate, peer, reads } = this.#inbound
    const pace = gate.limits.paces.of(snapshot, endpoint, peer.address)
    this.#limit = limitOf(snapshot, endpoint)
    this.#pace = pace
    this.#notes.limit = pace?.text
    reads.bound(pace?.up.readOctets)
    if (pace !== undefined) pace.up.goOn = this.#goOn
  }

  /** the answer's turn */
  get down(): Turn | undefined {
    return this.#pace?.down
  }

  /** the request's body waits for its turn */
  get waiting(): boolean {
    return this.#pace?.up.waiting === true
  }

  /** Nothing of the body has come: others may be first. */
  begin(): void {
    this.#pace?.up.holds()
  }

  moved(octets: number): void {
    this.#pace?.up.moved(octets)
  }

  /** On the terms of another policy, or of another hour. */
  change(snapshot: Snapshot, endpoint: Endpoint, upstream: Upstream): void {
    if (sameLimit(limitOf(snapshot, endpoint), this.#limit)) return
    this.#pace?.up.end()
    this.#take(snapshot, endpoint)
    upstream.pace(this.#pace?.down)
    this.#goOn()
  }

  end(): void {
    endPace(this.#pace)
    this.#inbound.reads.bound()
  }
}
