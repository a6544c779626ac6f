// What conntrack makes of the first packet of its kind (nf_conntrack_proto_icmp, _icmpv6). Danger prevented: a rule for new flows asked about
// a packet that begins none.
import type { State } from './packet.ts'
import { serviceAt } from './service.ts'

/** ICMP queries; everything else of ICMP is an answer or an error, and belongs to a flow or to nobody. */
const BEGINS: Readonly<Record<4 | 6, ReadonlySet<number>>> = { 4: new Set([8, 13, 15, 17]), 6: new Set([128, 139]) }
/** never tracked: memberships and neighbour discovery, save a redirect, which conntrack takes for an error of a flow */
const UNTRACKED: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143])
/** Neighbour discovery, which stays on the link (RFC 4861). */
export const DISCOVERY: ReadonlySet<number> = new Set([133, 134, 135, 136, 137])

export function firstState(at: number): State {
  const service = serviceAt(at)
  if (service.protocol !== 'icmp') return 'new'
  if (service.family === 6 && UNTRACKED.has(service.type)) return 'untracked'
  return BEGINS[service.family].has(service.type) ? 'new' : 'invalid'
}
