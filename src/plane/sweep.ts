// After a change of rules: every flow that the kernel still has from before, judged once by the new policy, and those that it denies taken out. The
// mark in the rules stops whoever sends; this stops what is only sent to. What cannot be judged with certainty is left to the mark.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { PacketFacts } from '../decision/facts.ts'
import { decidePacket } from '../decision/packet.ts'
import { socketOwners } from '../kernel/connections.ts'
import { listFlows, removeFlows } from '../kernel/conntrack.ts'
import type { Flow } from '../kernel/conntrack.ts'
import { Neighbours } from '../kernel/neighbours.ts'
import type { Mac } from '../net/mac.ts'
import { scopeOf } from '../net/scope.ts'
import { generationOfMark } from './generations.ts'

export interface SweepFacts {
  readonly compiled: CompiledPolicy
  readonly generation: number
  readonly now: number
  /** of `gateway.proxy.user` */
  readonly proxyUid: number | undefined
}

export interface Surroundings {
  /** who sends from this end of this machine; undefined: not known */
  readonly owner: (flow: Flow) => number | undefined
  readonly mac: (flow: Flow) => Mac | undefined
}

/** Whether the rules of this generation would stop the flow, were its client to send. */
export function isDenied(flow: Flow, { compiled, generation, now, proxyUid }: SweepFacts, around: Surroundings): boolean {
  if (generationOfMark(flow.mark) === generation || !flow.direct) return false
  if (scopeOf(flow.from) === 'loopback' || scopeOf(flow.to) === 'loopback') return false
  const protocol: PacketFacts['protocol'] = flow.protocol === 6 ? 'tcp' : flow.protocol === 17 ? 'udp' : flow.icmp === undefined ? flow.protocol : 'icmp'
  const port = flow.icmp?.type ?? flow.port
  const facts = { to: flow.to, protocol, port, now, ...(flow.sourcePort === undefined ? {} : { sourcePort: flow.sourcePort }) }
  const own = compiled.known.own.has(flow.from)
  if (own) {
    // the lock on the web is about who sends, which no table of flows knows
    const uid = around.owner(flow)
    if (uid === undefined || (proxyUid !== undefined && uid === proxyUid)) return false
    return stops(compiled, { from: 'gateway', ...facts })
  }
  const mac = around.mac(flow)
  // a neighbour whose entry has gone may be any of those whom the policy knows by a MAC
  const macs = mac === undefined ? [undefined, ...namedMacs(compiled)] : [mac]
  return macs.every((each) => stops(compiled, { from: { address: flow.from, mac: each }, ...facts }))
}

function namedMacs({ policy }: CompiledPolicy): readonly Mac[] {
  const sets = policy.rules.filter((rule) => rule.enabled).flatMap(({ from }) => [...from.macs, ...from.pins.flatMap((pin) => pin.macs)])
  return [...new Set([...(policy.gateway.admin?.macs ?? []), ...sets])]
}

function stops(compiled: CompiledPolicy, facts: PacketFacts): boolean {
  const decision = decidePacket(compiled, facts)
  if (decision.verdict === 'allow') return false
  return compiled.policy.mode === 'enforce' || decision.firm === true
}

export type Swept = { readonly ok: true; readonly flows: number; readonly cut: number } | { readonly ok: false; readonly problem: string }

export async function sweep(facts: SweepFacts, mode: 'gateway' | 'client'): Promise<Swept> {
  // whoever judges packets judges a gateway's
  if (mode === 'client') return { ok: false, problem: 'a single machine\'s own flows are left to the mark' }
  const listed = await listFlows()
  if (!listed.ok) return listed
  const owners = { tcp: socketOwners('tcp'), udp: socketOwners('udp') }
  const neighbours = new Neighbours()
  const macs = new Map<string, Mac | undefined>()
  const stale = listed.flows.filter(({ mark }) => generationOfMark(mark) !== facts.generation)
  if (facts.compiled.usesMacs) for (const { from } of stale) if (!macs.has(from.text)) macs.set(from.text, await neighbours.mac(from))
  const denied = stale.filter((flow) => isDenied(flow, facts, {
    owner: ({ protocol, from, sourcePort }) => (protocol === 6 ? owners.tcp : owners.udp).get(`${from.text} ${sourcePort ?? ''}`) ?? (protocol === 17 ? owners.udp.get(String(sourcePort ?? '')) : undefined),
    mac: ({ from }) => macs.get(from.text),
  }))
  const problem = await removeFlows(denied)
  return problem === undefined ? { ok: true, flows: stale.length, cut: denied.length } : { ok: false, problem }
}
