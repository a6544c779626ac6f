// Whether the rules that are in force now would stop the next packet of a flow from who began it: of a gateway by the policy's judgement, of a single
// machine by its rules themselves, walked as a packet would go. Danger prevented: a flow cut that the rules let by, or kept that they do not.
import type { CompiledPolicy } from '../decision/compile.ts'
import type { PacketFacts } from '../decision/facts.ts'
import { decidePacket } from '../decision/packet.ts'
import type { Ruleset } from '../firewall/ruleset.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { networkSet, single } from '../net/network.ts'
import type { Policy } from '../policy/policy.ts'
import { modelOfRuleset } from '../proof/from-ruleset.ts'
import { packetOf } from '../proof/question.ts'
import { walk } from '../proof/walk.ts'
import { worldOf } from '../proof/world.ts'

export interface FlowQuestion {
  readonly from: Ip
  /** as the filter sees it: where somebody redirected the flow, where it then went */
  readonly ask: Pick<PacketFacts, 'to' | 'protocol' | 'port' | 'sourcePort'>
  /** of somebody on the link */
  readonly mac: Mac | undefined
  /** who sends from this machine */
  readonly uid: number | undefined
}

export interface FlowJudge {
  /** an address of this machine's */
  readonly isOwn: (ip: Ip) => boolean
  /** by which the rules know somebody */
  readonly macs: readonly Mac[]
  readonly stops: (question: FlowQuestion) => boolean
}

function namedMacs({ rules, gateway }: Policy): readonly Mac[] {
  const sets = rules.filter((rule) => rule.enabled).flatMap(({ from }) => [...from.macs, ...from.pins.flatMap((pin) => pin.macs)])
  return [...new Set([...(gateway.admin?.macs ?? []), ...sets])]
}

/** `proxyUid`: of `gateway.proxy.user`. */
export function gatewayJudge(compiled: CompiledPolicy, now: number, proxyUid: number | undefined): FlowJudge {
  const isOwn = (ip: Ip): boolean => compiled.known.own.has(ip)
  return {
    isOwn,
    macs: namedMacs(compiled.policy),
    stops({ from, ask, mac, uid }) {
      const own = isOwn(from)
      // the lock on the web is about who sends, which no table of flows knows
      if (own && (uid === undefined || uid === proxyUid)) return false
      const decision = decidePacket(compiled, { from: own ? 'gateway' : { address: from, mac }, ...ask, now })
      return decision.verdict === 'deny' && (compiled.policy.mode === 'enforce' || decision.firm === true)
    },
  }
}

/** `own`: the machine's addresses. The policy's green may be another machine's. */
export function clientJudge(ruleset: Ruleset, policy: Policy, own: readonly Ip[], now: number): FlowJudge {
  const model = modelOfRuleset(ruleset)
  const world = worldOf({ ...policy, gateway: { ...policy.gateway, green: [] } }, own)
  const addresses = networkSet(own.map(single))
  return {
    isOwn: (ip) => addresses.has(ip),
    macs: namedMacs(policy),
    stops({ from, ask, mac, uid }) {
      if (addresses.has(from) && uid === undefined) return false
      const packet = packetOf(world, { from, ask, state: 'established', time: Math.floor(now / 1000), ...(mac === undefined ? {} : { mac }), ...(uid === undefined ? {} : { uid }) })
      return walk(model, packet).verdict !== 'accept'
    },
  }
}
