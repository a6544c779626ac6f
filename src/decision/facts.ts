// What is known of a request or a packet when it is judged, and what judgement answers. Facts come in moments (policy.md): the
// request, its addresses, the first bytes of a tunnel, the head of the response. A `Permit` is made by `guard` alone and nothing
// is dialled without one: "allowed" is a value that only the judge can make.
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import type { Target } from '../net/target.ts'
import type { Place } from '../policy/diagnostic.ts'
import type { Tunnels, WebLimit } from '../policy/policy.ts'
import type { Slowing } from '../policy/rate.ts'
import type { Live } from './web-rule.ts'

export interface Client {
  readonly address: Ip
  /** what the kernel's neighbour table says; undefined off link and on loopback */
  readonly mac: Mac | undefined
}

export interface RequestFacts {
  readonly client: Client
  /** the gateway's own address that the client asked */
  readonly via: Ip
  /** epoch milliseconds */
  readonly now: number
  readonly method: string
  readonly target: Target
  /** canonical URI `http://host[:port]/path?query`, path bytes as sent (latin1); for a CONNECT `host:port` */
  readonly uri: string
  /** a CONNECT that will be a blind tunnel */
  readonly tunnel: boolean
  readonly userAgent: string | undefined
  /** media type of the request, lower case, without parameters */
  readonly contentType: string | undefined
}

export interface PacketFacts {
  /** `gateway`: what the gateway sends itself */
  readonly from: Client | 'gateway'
  readonly to: Ip
  readonly protocol: 'tcp' | 'udp' | 'icmp' | number
  /** target port for tcp and udp, type for icmp (of the address's family) */
  readonly port: number | undefined
  readonly sourcePort?: number
  readonly now: number
}

/** The answer to "by what": a rule's id, or one of the reserved words. */
export type Reserved =
  'default' | 'web.default' | 'ports' | 'connect-ports' | 'private' | 'server-name' | 'limits' | 'admin' | 'serve' | 'blocks'

export interface Cause {
  /** the rule's id, or a reserved word: what policy tests, headers and records call `by` and `rule` */
  readonly by: string
  readonly kind: 'rule' | Reserved | 'framing' | 'upstream' | 'gateway'
  /** of the rule, or of the block's line */
  readonly place?: Place
  /** one sentence for a person: the rule's own `reason` where it has one */
  readonly reason: string
}

/** A rule in `mode: observe`, or any denial under a policy in observe mode: what would have been. */
export interface Observed {
  readonly verdict: 'allow' | 'deny'
  readonly cause: Cause
}

export interface Denial {
  readonly verdict: 'deny'
  readonly cause: Cause
  readonly observed: readonly Observed[]
  /** under a policy in observe mode: what `outcome` goes on with in place of this denial; absent: the denial stands there too */
  readonly otherwise?: Denial | Leave | Permit | 'pass'
}

/** Not denied whatever the addresses are: leave to resolve the target's name (or to take its literal address), and no more. */
export interface Leave {
  readonly verdict: 'open'
  readonly facts: RequestFacts
  /** web rules that can still decide, in their order: their conditions on what is known by now hold */
  readonly live: readonly Live[]
  readonly observed: readonly Observed[]
}

/** A web rule's limit, with the rule that it is of: a bucket a rule. */
export interface RuleLimit extends WebLimit {
  readonly rule: string
}

/** One address that was judged; what is dialled is this and nothing else. */
export interface Endpoint {
  readonly address: Ip
  readonly port: number
  readonly cause: Cause
  readonly tunnels: Tunnels
  readonly log: boolean
  /** how fast its body or tunnel may go, in each direction; undefined: as it comes */
  readonly limit: RuleLimit | undefined
}

declare const permitBrand: unique symbol
export interface Permit {
  readonly [permitBrand]: true
  readonly verdict: 'allow'
  readonly facts: RequestFacts
  readonly live: readonly Live[]
  /** at least one, in the order of the answer */
  readonly endpoints: readonly Endpoint[]
  readonly observed: readonly Observed[]
}

/** One line of an explanation: a thing tried, in order. */
export interface TraceStep {
  readonly what: string
  readonly place?: Place
  readonly result: 'match' | 'no match' | 'open' | 'skipped' | 'observed'
  /** which condition failed, or why it was skipped */
  readonly detail?: string
}

export interface PacketDecision {
  readonly verdict: 'allow' | 'deny'
  readonly action: 'accept' | 'drop' | 'reject'
  /** of a rejected packet: what its sender gets, in the kernel's word of its family */
  readonly answer?: string
  /** accepted, and slowed down */
  readonly limit?: Slowing
  /** accepted as a request: the transparent proxy answers it */
  readonly caught?: true
  /** closed under a policy in observe mode too: forged packets, and what begins no flow */
  readonly firm?: true
  readonly cause: Cause
  readonly observed: readonly Observed[]
}
