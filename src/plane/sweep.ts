// After a change of rules: every flow that the kernel still has from before, judged once by the new ones, and those that they deny taken out. The
// mark in the rules stops whoever sends; this stops what is only sent to. What cannot be judged with certainty is left to the mark.
import type { PacketFacts } from '../decision/facts.ts'
import { socketOwners } from '../kernel/connections.ts'
import { listFlows, removeFlows } from '../kernel/conntrack.ts'
import type { Flow } from '../kernel/conntrack.ts'
import { Neighbours } from '../kernel/neighbours.ts'
import type { Mac } from '../net/mac.ts'
import { scopeOf } from '../net/scope.ts'
import type { FlowJudge } from './flow-judge.ts'
import { generationOfMark } from './generations.ts'

export interface SweepFacts {
  readonly generation: number
  readonly judge: FlowJudge
}

export interface Surroundings {
  /** who sends from this end of this machine; undefined: not known */
  readonly owner: (flow: Flow) => number | undefined
  readonly mac: (flow: Flow) => Mac | undefined
}

/** Whether the rules of this generation would stop the flow, were who began it to send. */
export function isDenied(flow: Flow, { generation, judge }: SweepFacts, around: Surroundings): boolean {
  const { from, to, reached } = flow
  if (generationOfMark(flow.mark) === generation) return false
  if ([from, to, reached].some((ip) => scopeOf(ip) === 'loopback')) return false
  const protocol: PacketFacts['protocol'] = flow.protocol === 6 ? 'tcp' : flow.protocol === 17 ? 'udp' : flow.icmp === undefined ? flow.protocol : 'icmp'
  const ask = { to: reached, protocol, port: flow.icmp?.type ?? flow.reachedPort, ...(flow.sourcePort === undefined ? {} : { sourcePort: flow.sourcePort }) }
  // what a machine sends to itself goes by loopback, whatever its addresses
  if (judge.isOwn(from)) return !judge.isOwn(reached) && judge.stops({ from, ask, mac: undefined, uid: around.owner(flow) })
  const mac = around.mac(flow)
  // a neighbour whose entry has gone may be any of those whom the policy knows by a MAC
  const macs = mac === undefined ? [undefined, ...judge.macs] : [mac]
  return macs.every((each) => judge.stops({ from, ask, mac: each, uid: undefined }))
}

export type Swept = { readonly ok: true; readonly flows: number; readonly cut: number } | { readonly ok: false; readonly problem: string }

export async function sweep(facts: SweepFacts): Promise<Swept> {
  const listed = await listFlows()
  if (!listed.ok) return listed
  const owners = { tcp: socketOwners('tcp'), udp: socketOwners('udp') }
  const neighbours = new Neighbours()
  const macs = new Map<string, Mac | undefined>()
  const stale = listed.flows.filter(({ mark }) => generationOfMark(mark) !== facts.generation)
  if (facts.judge.macs.length > 0) for (const { from } of stale) if (!macs.has(from.text)) macs.set(from.text, await neighbours.mac(from))
  const denied = stale.filter((flow) => isDenied(flow, facts, {
    owner: ({ protocol, from, sourcePort }) => (protocol === 6 ? owners.tcp : owners.udp).get(`${from.text} ${sourcePort ?? ''}`) ?? (protocol === 17 ? owners.udp.get(String(sourcePort ?? '')) : undefined),
    mac: ({ from }) => macs.get(from.text),
  }))
  const problem = await removeFlows(denied)
  return problem === undefined ? { ok: true, flows: stale.length, cut: denied.length } : { ok: false, problem }
}
