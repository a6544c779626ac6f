// The ruleset as data: chains of lines, each line a few tests and one verdict. Compiled once from the policy, printed by the back
// ends, open to whatever reads it next (a simulator, a proof). Danger prevented: policy decided a second time inside a printer,
// where one family or one back end gets it wrong.
import type { Family } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import type { Range } from '../net/network.ts'
import type { Place } from '../policy/diagnostic.ts'
import type { PortRange } from '../policy/policy.ts'

export type Table = 'filter' | 'raw' | 'mangle' | 'nat'
export type Hook = 'input' | 'forward' | 'output' | 'prerouting' | 'postrouting'

export type L4 =
  /** no ports: every one */
  | { readonly protocol: 'tcp' | 'udp'; readonly ports: readonly PortRange[]; readonly sourcePort?: number }
  /** types of the line's own family; none: every one */
  | { readonly protocol: 'icmp'; readonly types: readonly number[] }
  | { readonly protocol: 'ip'; readonly number: number }

export type AddressKind = 'local' | 'broadcast' | 'multicast'

export interface Limit {
  readonly perSecond: number
  readonly burst: number
  /** a bucket a source address under this name, so that a noisy host cannot hide another; absent: one for all */
  readonly perSource?: string
}

/** All must hold; a list is any of its entries. Addresses are of the line's one family. */
export interface Tests {
  readonly in?: readonly string[]
  readonly out?: readonly string[]
  readonly notOut?: readonly string[]
  readonly sources?: readonly Range[]
  readonly destinations?: readonly Range[]
  /** outside the set `special` */
  readonly sourceNotSpecial?: true
  readonly destinationNotSpecial?: true
  /** one of the kernel's own addresses, whichever they are at that moment */
  readonly sourceLocal?: true
  /** taken out of its way by `catch`; another mark of the packet's is no matter */
  readonly caught?: true
  /** none of the kernel's own addresses */
  readonly sourceForeign?: true
  readonly destinationKinds?: readonly AddressKind[]
  /** seen on the link only: never in OUTPUT */
  readonly macs?: readonly Mac[]
  readonly l4?: L4
  readonly hopLimit?: number
  readonly state?: 'established' | 'related' | 'invalid' | 'new'
  readonly direction?: 'original' | 'reply'
  /** the flow was accepted by the policy of this generation */
  readonly vettedBy?: number
  /** the flow is slowed down in this class */
  readonly flowClass?: number
  /** a TCP packet that is no opening SYN */
  readonly notSyn?: true
  /** of the socket that sends: OUTPUT only */
  readonly user?: { readonly uid: number; readonly not: boolean }
  readonly limit?: Limit
  /** epoch seconds, absolute, so that no clock change shifts them: before this instant; from it on */
  readonly until?: number
  readonly since?: number
}

/** How a refused packet is answered, in the words of the line's own family: a reset, or an ICMP error. */
export type Answer = 'reset' | 'port' | 'net' | 'host' | 'protocol' | 'net-prohibited' | 'host-prohibited' | 'admin'

export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'masquerade' }
  | { readonly kind: 'reject'; readonly with: Answer }
  /** `jump` comes back when the chain ends, `goto` to where the chain was jumped from */
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'log' | 'nflog'; readonly prefix: string }
  /** count it in the drop ledger, and go on */
  | { readonly kind: 'ledger' }
  /** remember in the flow's mark, top byte, which policy accepted it; and in the byte below its class, 0 for none (absent: that byte stays) */
  | { readonly kind: 'vet'; readonly generation: number; readonly class?: number }
  /** to the transparent socket at this port of the machine, whatever the address; its mark says so. TCP alone, before routing */
  | { readonly kind: 'catch'; readonly port: number }
  /** into the queue of this class, at the interface by which it leaves; and go on */
  | { readonly kind: 'classify'; readonly class: number }

export interface Line {
  readonly families: readonly Family[]
  readonly tests: Tests
  readonly verdict: Verdict
  /** what `gg:` comment it bears: `quic`, `rule:mail` */
  readonly comment?: string
}

export interface Chain {
  /** upper case; back ends add their prefix or change its case */
  readonly name: string
  readonly table: Table
  /** called by the kernel; absent: by other chains only */
  readonly hook?: Hook
  readonly lines: readonly Line[]
}

/** What the text cannot say, told to the person who prints it. */
export interface Note {
  readonly code: string
  readonly place?: Place
  readonly message: string
  readonly hint?: string
}

/** What a rule that limits does with its flows, at every interface by which they leave. */
export interface ShapeClass {
  /** 1..255, in the flow's mark */
  readonly id: number
  /** safe in every text */
  readonly rule: string
  /** octets a second at most; absent: it yields to all else */
  readonly rate?: number
}

export interface Shaping {
  readonly classes: readonly ShapeClass[]
  /** the interfaces, with what the line behind them carries where the policy says so: octets a second */
  readonly lines: readonly { readonly interface: string; readonly rate?: number }[]
}

export interface Ruleset {
  readonly mode: 'gateway' | 'client'
  readonly observe: boolean
  /** 1..254, in the top byte of the flow's mark */
  readonly generation: number
  /** a digest of what the rules do, the generation apart */
  readonly meaning: string
  readonly chains: readonly Chain[]
  /** queues beside the packet filter (tc); absent: no rule limits */
  readonly shaping?: Shaping
  /** families in which packets are caught: each needs a routing rule (`route.ts`); absent: none */
  readonly catches?: readonly Family[]
  /** iptables keeps the ledger in ipsets, which must be there before the text is loaded; where not, its text has none */
  readonly ipset: boolean
  /** addresses that are not `internet`, merged and sorted, both families */
  readonly special: readonly Range[]
  /** rules that the file has and that do not hold now, with the reason */
  readonly inactive: readonly string[]
  readonly notes: readonly Note[]
}

export const BOTH: readonly Family[] = [4, 6]

export const ACCEPT: Verdict = { kind: 'accept' }
export const DROP: Verdict = { kind: 'drop' }
export const RETURN: Verdict = { kind: 'return' }
export const RESET: Verdict = { kind: 'reject', with: 'reset' }
export const REJECT_PORT: Verdict = { kind: 'reject', with: 'port' }
export const REJECT_ADMIN: Verdict = { kind: 'reject', with: 'admin' }

export function goTo(chain: string): Verdict {
  return { kind: 'goto', chain }
}

export function jump(chain: string): Verdict {
  return { kind: 'jump', chain }
}

/** One line for both families, or for those given. */
export function line(tests: Tests, verdict: Verdict, comment?: string, families: readonly Family[] = BOTH): Line {
  return { families, tests, verdict, ...(comment === undefined ? {} : { comment }) }
}
