// What one exchange leaves behind: gathered as it happens, made into the one record at its end. Danger prevented: a request that is answered
// and never told of, or told of twice.
import { groupOf } from '../decision/group.ts'
import type { Cause, Endpoint, Observed } from '../decision/facts.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { RequestRecord } from '../log/record.ts'
import { redactTarget } from '../log/redact.ts'
import type { Ip } from '../net/ip.ts'
import { ownText } from '../net/own-text.ts'
import { hostText, type Target } from '../net/target.ts'
import { requestId } from './clock.ts'
import type { Fault, LiveTunnel, Relay } from './gate.ts'
import type { InboundConnection } from './inbound.ts'

const NONE: readonly Observed[] = []
const NO_ADDRESSES: readonly Ip[] = []
const NOWHERE: readonly string[] = []
/** Longest request target that a record keeps where it could not be parsed. */
export const RAW_TARGET = 2048

/** the answer to "by what" where nobody had decided yet: the client left first */
const UNDECIDED = '-'

export class Notes {
  readonly id = requestId()
  readonly #inbound: InboundConnection
  #snapshot: Snapshot | undefined
  #generation: number
  #hash: string
  #group: string | undefined
  readonly #time: number
  readonly #began = performance.now()
  method = ''
  /** canonical where it could be parsed */
  what = ''
  target: Target | undefined
  verdict: RequestRecord['verdict'] = 'error'
  cause: Cause | undefined
  observed: readonly Observed[] = NONE
  /** how fast it was let go */
  limit: string | undefined
  fault: Fault | undefined
  error: string | undefined
  addresses: readonly Ip[] = NO_ADDRESSES
  endpoint: Endpoint | undefined
  status = 0
  contentType: string | undefined
  userAgent: string | undefined
  serverName: string | undefined
  ech = false
  bytesIn = 0
  bytesOut = 0
  dns: number | undefined
  dial: number | undefined
  firstByte: number | undefined
  reused = false
  #told = false

  constructor(inbound: InboundConnection, snapshot: Snapshot, time: number) {
    this.#inbound = inbound
    this.#snapshot = snapshot
    this.#generation = snapshot.generation
    this.#hash = snapshot.hash
    this.#time = time
  }

  get elapsed(): number {
    return performance.now() - this.#began
  }

  /** It will outlive its policy: what the record needs of that is noted, and the policy, with its rules and lists, need not be kept. */
  outlive(): void {
    this.#group = this.#groupName()
    this.#snapshot = undefined
    // else the whole head would be kept with it
    if (this.userAgent !== undefined) this.userAgent = ownText(this.userAgent)
  }

  /** Another policy than the one that it began under ended it: the record names the one that decided. */
  decidedBy(snapshot: Snapshot): void {
    this.#generation = snapshot.generation
    this.#hash = snapshot.hash
  }

  #groupName(): string | undefined {
    const { client } = this.#inbound
    return client === undefined || this.#snapshot === undefined ? this.#group : groupOf(this.#snapshot.compiled, client)
  }

  permitted(endpoint: Endpoint): void {
    this.endpoint = endpoint
    this.verdict = 'allow'
    this.cause = endpoint.cause
  }

  fail(error: string, fault: Fault): void {
    this.error ??= error
    this.fault ??= fault
  }

  /** While it lasts. */
  tunnel(octets: Relay['octets'] = { in: 0, out: 0 }): LiveTunnel {
    const { id, cause } = this
    return {
      id, client: this.#inbound.peer.address.text, group: this.#groupName(), target: redactTarget(this.what), rule: cause?.by ?? UNDECIDED, since: this.#time,
      bytesIn: this.bytesIn + octets.in, bytesOut: this.bytesOut + octets.out,
    }
  }

  /** Hands the record in, once. */
  tell(): void {
    if (this.#told) return
    this.#told = true
    const inbound = this.#inbound
    const { client } = inbound
    const { target, cause } = this
    inbound.gate.record({
      id: this.id,
      time: this.#time,
      client: inbound.peer.address.text,
      clientPort: inbound.peer.port,
      mac: client?.mac,
      group: this.#groupName(),
      method: this.method,
      target: redactTarget(this.what),
      host: target === undefined ? '' : hostText(target.host),
      port: target === undefined ? 0 : target.port,
      verdict: this.verdict,
      rule: cause?.by ?? UNDECIDED,
      place: cause?.place,
      reason: cause?.reason ?? '',
      limit: this.limit,
      observed: this.observed === NONE ? EMPTY : this.observed.map((each) => ({ verdict: each.verdict, rule: each.cause.by, reason: each.cause.reason })),
      fault: this.fault,
      error: this.error,
      addresses: this.addresses === NO_ADDRESSES ? NOWHERE : this.addresses.map((each) => each.text),
      address: this.endpoint?.address.text,
      status: this.status,
      contentType: this.contentType,
      userAgent: this.userAgent,
      serverName: this.serverName,
      ech: this.ech,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      duration: this.elapsed,
      dns: this.dns,
      dial: this.dial,
      firstByte: this.firstByte,
      reused: this.reused,
      generation: this.#generation,
      hash: this.#hash,
      worker: inbound.gate.worker,
    })
  }
}

const EMPTY: RequestRecord['observed'] = []
