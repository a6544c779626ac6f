// One packet as the packet filter sees it, at one of its hooks: what a simulator, a proof and a comparison ask. Danger prevented: two
// of them that mean another packet by the same words.
import type { Family, Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'

export type PacketHook = 'input' | 'forward' | 'output'
export type State = 'new' | 'established' | 'related' | 'invalid' | 'untracked'
/** Where the kernel's routing says that an address is; `anycast`: the routers' common address of a network (RFC 4291 2.6.1), which comes in like its own. */
export type Kind = 'unicast' | 'local' | 'anycast' | 'broadcast' | 'multicast'

export interface Packet {
  readonly family: Family
  readonly hook: PacketHook
  /** empty for what the machine sends itself */
  readonly in: string
  /** empty for what is for the machine itself */
  readonly out: string
  readonly source: Ip
  readonly destination: Ip
  readonly sourceKind: Kind
  readonly destinationKind: Kind
  /** of the sender on the link; undefined where there is none */
  readonly mac: Mac | undefined
  /** protocol with port or type, on the line of services */
  readonly service: number
  /** of tcp and udp */
  readonly sourcePort: number
  readonly hopLimit: number
  readonly state: State
  /** the flow was begun by the other side */
  readonly reply: boolean
  /** of the flow */
  readonly mark: number
  /** a TCP packet that opens: SYN without ACK, RST, FIN */
  readonly syn: boolean
  /** of the socket that sends, in OUTPUT */
  readonly uid: number | undefined
  /** seconds since 1970; 0: before every end and every beginning, as at the load of the rules */
  readonly time: number
  /** of a sender that is over every limit */
  readonly noisy: boolean
}

export const HOP_LIMIT = 64
/** no policy's and no DHCP's */
export const SOURCE_PORT = 40_000
