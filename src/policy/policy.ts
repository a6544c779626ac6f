// The resolved policy: every name replaced by what it means, every time and size a number with its unit. Made by `parsePolicy`
// alone; what compiles it (decision, firewall) meets no text of the author any more, save ids, remarks and reasons.
import type { Family } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import type { Range } from '../net/network.ts'
import type { HostPattern } from '../net/pattern.ts'
import type { Place } from './diagnostic.ts'
import type { Slowing } from './rate.ts'
import type { Schedule } from './schedule.ts'

/** A union of entries. The known names stay symbols: what they hold depends on the machine (policy.md, names and forms). */
export interface AddressSet {
  readonly any: boolean
  readonly green: boolean
  readonly internet: boolean
  readonly gateway: boolean
  readonly ranges: readonly Range[]
  readonly macs: readonly Mac[]
  /** an address AND a MAC must fit (`pin: true` on the rule); these are in neither `ranges` nor `macs` */
  readonly pins: readonly { readonly ranges: readonly Range[]; readonly macs: readonly Mac[] }[]
  readonly hosts: readonly HostPattern[]
  /** as the author wrote it: names before resolution */
  readonly text: readonly string[]
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

export type ServicePart =
  | { readonly protocol: 'tcp' | 'udp'; readonly first: number; readonly last: number; readonly sourcePort?: number }
  /** the proxy's port in use, TCP */
  | { readonly protocol: 'proxy' }
  /** type numbers in ICMP and ICMPv6; a family without the type is absent; `all` when no type was named */
  | { readonly protocol: 'icmp'; readonly name: string; readonly v4?: number; readonly v6?: number; readonly all?: boolean }
  /** another IP protocol by number (gre 47, esp 50, ...) */
  | { readonly protocol: 'ip'; readonly number: number }

export interface ServiceSet {
  readonly any: boolean
  readonly parts: readonly ServicePart[]
  readonly text: readonly string[]
}

export interface RuleBase {
  /** the author's name, else `rules[2]` or `web.rules[2]` */
  readonly id: string
  readonly named: boolean
  readonly index: number
  readonly place: Place
  readonly enabled: boolean
  readonly remark?: string
  readonly reason?: string
  /** active while any of these is; absent: always */
  readonly schedules?: readonly Schedule[]
  /** epoch milliseconds from which on the rule is no more */
  readonly expires?: number
  readonly log?: boolean
  readonly mode: 'enforce' | 'observe'
}

/** How a refused packet is answered, in IPv4's words; ICMPv6 has a twin of each (`reject.ts`). */
export type RejectWith =
  'icmp-port-unreachable' | 'icmp-net-unreachable' | 'icmp-host-unreachable' | 'icmp-proto-unreachable' | 'icmp-net-prohibited' | 'icmp-host-prohibited' | 'icmp-admin-prohibited' | 'tcp-reset'

export interface PacketRule extends RuleBase {
  readonly kind: 'packet'
  readonly action: 'allow' | 'deny' | 'drop' | 'reject'
  readonly from: AddressSet
  readonly to: AddressSet
  readonly services: ServiceSet
  /** the path it speaks of; where the author says nothing: `direct` when `to` holds any, internet or green, else `both` */
  readonly via: 'direct' | 'proxy' | 'both'
  readonly direct: boolean
  /** of a rule that rejects; absent: a reset for TCP, else that the port is not there */
  readonly rejectWith?: RejectWith
  /** allowed, and slowed down */
  readonly limit?: Slowing
}

export interface Tunnels {
  readonly requireTls: boolean
  readonly serverName: 'match' | 'any'
  readonly ech: 'allow' | 'deny'
}

export interface WebLimit extends Slowing {
  readonly rate: number
  /** a bucket a client, or one for all whom the rule meets */
  readonly per: 'client' | 'group'
}

export interface WebRule extends RuleBase {
  readonly kind: 'web'
  readonly action: 'allow' | 'deny'
  readonly from?: AddressSet
  readonly to?: AddressSet
  readonly host?: { readonly numeric: boolean; readonly patterns: readonly HostPattern[] }
  /** sources of linear-time expressions */
  readonly uri?: readonly string[]
  /** lower case `type/subtype` or `type/*` */
  readonly contentTypes?: readonly string[]
  readonly methods?: readonly string[]
  readonly ports?: readonly PortRange[]
  readonly lists?: readonly string[]
  readonly userAgents?: readonly string[]
  readonly resolvesTo?: readonly Range[]
  readonly tunnels?: Partial<Tunnels>
  /** allowed, and slowed down */
  readonly limit?: WebLimit
  /** of single entries, for what is found wrong with them after parsing: `uri[0]`, `user-agent[0]` */
  readonly places?: ReadonlyMap<string, Place>
}

export type Rule = PacketRule | WebRule

export interface GreenNetwork {
  readonly interface: string
  readonly family: Family
  /** the gateway's own address in it */
  readonly address: bigint
  readonly prefix: number
  readonly network: Range
  /** octets a second that leave by the interface at most */
  readonly rate?: number
}

export interface Gateway {
  /** one entry an address; empty where no `green` is given */
  readonly green: readonly GreenNetwork[]
  readonly red: readonly { readonly interface: string; readonly masquerade: boolean; readonly private: boolean; readonly rate?: number }[]
  readonly proxy: { readonly port: number; readonly user?: string; readonly transparent?: true }
  readonly admin: { readonly macs: readonly Mac[]; readonly ports: readonly number[] } | undefined
  readonly serve: ServiceSet
  readonly output: 'allow' | 'drop'
  readonly default: { readonly action: 'drop' | 'reject'; readonly rejectWith?: RejectWith; readonly log: boolean }
  /** empty: the system's */
  readonly resolvers: readonly { readonly address: string; readonly port: number }[]
  readonly names: readonly string[]
  /** IANA zone; of schedules and times without offset */
  readonly timezone: string
}

/** Milliseconds and octets. */
export interface Limits {
  readonly headMs: number
  readonly dnsMs: number
  readonly dialMs: number
  readonly firstByteMs: number
  readonly idleBodyMs: number
  readonly tunnelIdleMs: number
  readonly tunnelAgeMs: number
  readonly drainMs: number
  readonly headerBytes: number
  readonly headerCount: number
  readonly uriBytes: number
  readonly connections: number
  readonly tunnels: number
  readonly newPerSecond: number
  readonly connectionsPerClient: number
  readonly tunnelsPerClient: number
  readonly newPerSecondPerClient: number
  readonly refusalsLoggedPerSecondPerClient: number
  readonly requestsLoggedPerSecondPerClient: number
}

export interface ListSource {
  readonly name: string
  readonly place: Place
  /** absolute paths */
  readonly domains?: string
  readonly urls?: string
  readonly expressions?: string
  readonly hosts?: string
  /** what its one file must be, hexadecimal */
  readonly sha256?: string
  /** where its one file is fetched from, and how often */
  readonly fetch?: { readonly url: string; readonly everyMs: number }
  /** where each path stands: `domains`, `urls`, ...; and `url` */
  readonly places?: ReadonlyMap<string, Place>
}

export interface BlockSource {
  readonly name: string
  /** of its path */
  readonly place: Place
  readonly file: string
  /** absent: the line says the port, or every port */
  readonly services?: ServiceSet
}

export interface PolicyTest {
  readonly index: number
  readonly place: Place
  readonly from: string
  readonly mac?: Mac
  readonly ask:
    | { readonly kind: 'request'; readonly method: string; readonly url: string }
    | { readonly kind: 'packet'; readonly protocol: string; readonly to: string }
  /** `limit`: allowed, and slowed down */
  readonly expect: 'allow' | 'deny' | 'limit'
  readonly by?: string
  readonly address?: readonly string[]
  /** epoch milliseconds */
  readonly at?: number
  readonly contentType?: string
  readonly responseType?: string
  readonly serverName?: string
}

export interface Policy {
  readonly version: 1
  readonly file: string
  readonly name: string
  readonly mode: 'enforce' | 'observe'
  readonly gateway: Gateway
  /** named groups, for records and reports */
  readonly addresses: ReadonlyMap<string, AddressSet>
  readonly services: ReadonlyMap<string, ServiceSet>
  readonly lists: readonly ListSource[]
  readonly blocks: readonly BlockSource[]
  readonly rules: readonly PacketRule[]
  readonly web: {
    readonly default: 'allow' | 'deny'
    readonly ports: readonly PortRange[]
    readonly connectPorts: readonly PortRange[]
    readonly tunnels: Tunnels
    readonly contact?: string
    readonly via: boolean
    readonly forwardedFor: 'delete' | 'set' | 'keep'
    readonly rules: readonly WebRule[]
  }
  readonly limits: Limits
  readonly tests: readonly PolicyTest[]
}
