// What the ruleset depends on beside the policy: the time, the machine, the files. Given by the caller, because this folder reads nothing.
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import type { BlockEntry } from '../lists/blocks.ts'

export interface Server {
  readonly address: Ip
  readonly port: number
}

export interface RulesetFacts {
  /** epoch milliseconds: what holds then is printed */
  readonly now: number
  /** 1..254; absent: from the ruleset's own meaning, so that a changed policy revokes and the same one does not */
  readonly generation?: number
  /** the port in use */
  readonly proxyPort: number
  /** of `gateway.proxy.user`: its number; `unknown` where this machine has no such user; absent where none is named */
  readonly proxyUid?: number | 'unknown'
  /** of the policy, else the system's */
  readonly resolvers: readonly Server[]
  /** this machine's, loopback included: only the client mode asks */
  readonly ownAddresses: readonly Ip[]
  readonly ownMacs: readonly Mac[]
  /** by the block's name */
  readonly blocks: ReadonlyMap<string, readonly BlockEntry[]>
  /** the ledger's ipsets are there (or will be, before the text is loaded); nft needs none */
  readonly ipset?: true
  /** client mode */
  readonly client?: {
    readonly proxy: Server
    /** who runs the proxy where it is this machine's, else who may connect to it */
    readonly uid?: number
  }
}
