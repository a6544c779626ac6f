// A packet filter as what it does: chains of rules, each a few tests and actions. The ruleset, an iptables text and an nft text are read
// into it, each by its own reader. Danger prevented: a text that is believed because the program that wrote it says what it means.
import type { Family } from '../net/ip.ts'
import type { NetworkSet } from '../net/network.ts'
import type { Kind, State } from './packet.ts'
import type { Span } from './service.ts'

/** `not`: it holds for every value outside. */
export type Test =
  | { readonly on: 'family'; readonly family: Family }
  | { readonly on: 'in' | 'out'; readonly names: ReadonlySet<string>; readonly not: boolean }
  | { readonly on: 'source' | 'destination'; readonly set: NetworkSet; readonly not: boolean }
  | { readonly on: 'sourceKind' | 'destinationKind'; readonly kinds: ReadonlySet<Kind>; readonly not: boolean }
  | { readonly on: 'mac'; readonly macs: ReadonlySet<string>; readonly not: boolean }
  | { readonly on: 'service' | 'sourcePort' | 'hopLimit' | 'uid'; readonly spans: readonly Span[]; readonly not: boolean }
  | { readonly on: 'state'; readonly states: ReadonlySet<State>; readonly not: boolean }
  | { readonly on: 'reply'; readonly reply: boolean }
  | { readonly on: 'mark'; readonly value: number; readonly mask: number; readonly not: boolean }
  | { readonly on: 'syn'; readonly syn: boolean }
  /** taken out of its way, before routing */
  | { readonly on: 'caught' }
  /** seconds since 1970, both ends included */
  | { readonly on: 'time'; readonly first: number; readonly last: number }
  /** in a set that packets fill: a sender that was here before is in it */
  | { readonly on: 'counted' }
  /** so many packets a second, of each source or of all: held until the bucket is empty */
  | { readonly on: 'rate'; readonly perSecond: number; readonly burst: number; readonly bucket: string }

export type Action =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'masquerade' }
  /** what goes back on the wire: `tcp-reset`, or the ICMP type and code of each family */
  | { readonly kind: 'reject'; readonly 4: string; readonly 6: string }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'log' | 'nflog'; readonly prefix: string }
  /** in the drop ledger: nothing becomes of the packet by it */
  | { readonly kind: 'count' }
  /** of the flow: these bits become those */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  /** to a socket of the machine at this port, whatever the address; it goes on in the way in */
  | { readonly kind: 'catch'; readonly port: number }
  /** into this queue, `4747:101` */
  | { readonly kind: 'classify'; readonly queue: string }

export interface Rule {
  readonly tests: readonly Test[]
  readonly actions: readonly Action[]
  /** without `gg:` */
  readonly comment?: string
  /** place in its chain, from 1 */
  readonly number: number
}

export type ModelHook = 'input' | 'forward' | 'output' | 'prerouting' | 'postrouting'

export interface Chain {
  readonly name: string
  /** called by the kernel, in the order of `priority`; before conntrack where it is less than -200 */
  readonly base?: { readonly hook: ModelHook; readonly priority: number; readonly policy: 'accept' | 'drop' }
  readonly rules: readonly Rule[]
}

export interface Model {
  readonly chains: ReadonlyMap<string, Chain>
  readonly bases: readonly Chain[]
}

/** Conntrack's own place in prerouting and output: what is called before it knows no state. */
export const CONNTRACK = -200
/** no clock goes further */
export const LAST_TIME = 0xffffffff
export const PRIORITY = { raw: -300, mangle: -150, dstnat: -100, filter: 0, security: 50, srcnat: 100 } as const

/** The cheap first, and what seldom matters last: a packet is asked no more than it must be. */
const ORDER: readonly Test['on'][] = [
  'family', 'in', 'out', 'state', 'reply', 'mark', 'caught', 'syn', 'service', 'sourcePort', 'sourceKind', 'destinationKind', 'source', 'destination', 'mac', 'hopLimit', 'uid', 'time', 'counted', 'rate',
]

export function ruleOf(tests: readonly Test[], actions: readonly Action[], comment: string | undefined, number: number): Rule {
  const sorted = tests.toSorted((a, b) => ORDER.indexOf(a.on) - ORDER.indexOf(b.on))
  return { tests: sorted, actions, number, ...(comment === undefined ? {} : { comment: comment.replace(/^gg:/, '') }) }
}

export function modelFrom(chains: readonly Chain[]): Model {
  const bases = chains.filter((chain) => chain.base !== undefined).toSorted((a, b) => (a.base?.priority ?? 0) - (b.base?.priority ?? 0))
  return { chains: new Map(chains.map((chain) => [chain.name, chain])), bases }
}
