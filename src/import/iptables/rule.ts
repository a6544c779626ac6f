// A rule of iptables as data: what it asks of a packet, as far as that can be said of the first packet of a flow, and what it does with it.
import type { Family, Ip } from '../../net/ip.ts'
import type { Mac } from '../../net/mac.ts'
import type { Range } from '../../net/network.ts'
import type { PortRange } from '../../policy/policy.ts'
import type { SourceLine } from '../finding.ts'

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security'

/** The first packet of a flow, on its way in to the gateway, through it, or out of it. */
export interface Probe {
  readonly way: 'in' | 'forward' | 'out'
  readonly inCard?: string
  readonly outCard?: string
  readonly from: Ip
  readonly to: Ip
  readonly mac?: Mac
  readonly protocol: 'tcp' | 'udp' | 'icmp' | number
  /** of the target; of ICMP the type */
  readonly port?: number
  /** absent: one of those that the asking side invents */
  readonly sourcePort?: number
}

/** `maybe`: it asks for what a packet's head does not say, or what the packets before decide. */
export type Fit = 'yes' | 'no' | 'maybe'

export interface Test {
  readonly fits: (probe: Probe) => Fit
  /** in words, where it can only be `maybe` */
  readonly unsure?: string
}

export type Target =
  | { readonly kind: 'accept' | 'drop' | 'return' }
  | { readonly kind: 'reject'; readonly with: string | undefined }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** LOG, MARK, ...: the packet goes on */
  | { readonly kind: 'passes'; readonly name: string }
  | { readonly kind: 'translate'; readonly name: string; readonly to: string | undefined }
  /** a program decides, or nobody here knows */
  | { readonly kind: 'unknown'; readonly name: string }

export interface Fault {
  readonly message: string
  readonly hint: string
}

/** The values that it names, from which packets are made to try it. */
export interface Constants {
  readonly sources: readonly Range[]
  readonly destinations: readonly Range[]
  readonly ports: readonly (PortRange & { readonly protocol: 'tcp' | 'udp' | undefined })[]
  readonly types: readonly number[]
  readonly protocols: readonly Probe['protocol'][]
  readonly cards: readonly string[]
  readonly macs: readonly Mac[]
  /** broadcast and multicast as well */
  readonly everybody: boolean
}

export interface IptRule {
  readonly line: SourceLine
  readonly family: Family
  readonly table: TableName
  readonly chain: string
  readonly tests: readonly Test[]
  readonly constants: Constants
  readonly target: Target | undefined
  /** the built-in chains from which its chain is reached */
  readonly hooks: readonly string[]
  /** states that it asks for; absent: any */
  readonly states: readonly string[] | undefined
  /** TCP packets that begin no flow */
  readonly notFirst: boolean
  /** it asks for loopback's interface */
  readonly loopback: boolean
  /** why no kernel loads it */
  readonly faults: readonly Fault[]
}

export interface IptChain {
  readonly name: string
  readonly family: Family
  readonly table: TableName
  /** of a built-in chain, with the line that says it */
  readonly policy: { readonly verdict: 'accept' | 'drop'; readonly line: SourceLine } | undefined
  readonly rules: readonly IptRule[]
}

export interface IptText {
  /** `filter FORWARD` of a family */
  readonly chains: ReadonlyMap<string, IptChain>
  readonly rules: readonly IptRule[]
  /** lines that say what cannot be read */
  readonly unread: readonly { readonly line: SourceLine; readonly message: string; readonly hint?: string }[]
}

export function chainKey(family: Family, table: TableName, name: string): string {
  return `${family} ${table} ${name}`
}

export const BUILT_IN: Readonly<Record<TableName, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'], mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'], nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'], security: ['INPUT', 'FORWARD', 'OUTPUT'],
}
