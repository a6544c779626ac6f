// From the resolved policy and what goes with it (lists, blocks, the machine) to what judges. Everything that does not depend on the
// request is worked out here. Danger prevented: half a policy in force; what cannot be compiled whole is not compiled.
import { NOTHING, networkSet, subtract } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import type { Ip } from '../net/ip.ts'
import { ipFromValue } from '../net/ip.ts'
import type { BlockEntry } from '../lists/blocks.ts'
import type { OpenList } from '../lists/list.ts'
import type { Policy } from '../policy/policy.ts'
import { Calendar } from './activity.ts'
import { compileBlocks } from './blocks.ts'
import type { Blocks } from './blocks.ts'
import { namesMacs } from './client-set.ts'
import { compileGroups } from './group.ts'
import type { Client } from './facts.ts'
import type { Group } from './group.ts'
import { knownAddresses } from './known.ts'
import type { KnownAddresses } from './known.ts'
import type { Machine } from './machine.ts'
import { readyPacketRule } from './packet-rule.ts'
import type { ReadyPacketRule } from './packet-rule.ts'
import { hasPort, tcpPorts } from './port-set.ts'
import { atOnce, eachOf } from './steps.ts'
import type { Steps } from './steps.ts'
import { ViewCache } from './view-cache.ts'
import { webIndex } from './web-index.ts'
import type { WebIndex } from './web-index.ts'

export interface Materials {
  readonly lists: ReadonlyMap<string, OpenList>
  readonly blocks: ReadonlyMap<string, readonly BlockEntry[]>
  readonly machine: Machine
}

export interface CompiledPolicy {
  readonly policy: Policy
  readonly machine: Machine
  readonly known: KnownAddresses
  readonly packets: readonly ReadyPacketRule[]
  /** rules that speak of the proxy's path, and every address that one of them names: outside it none matches */
  readonly path: { readonly rules: readonly ReadyPacketRule[]; readonly touched: NetworkSet }
  readonly web: WebIndex
  readonly blocks: Blocks
  readonly groups: readonly Group[]
  /** what `groupOf` found; kept here, since a client outlives the policy */
  readonly answers: WeakMap<Client, string | undefined>
  /** `gateway.serve` holds the proxy's port */
  readonly served: boolean
  /** the gateway's own ports that no rule opens */
  readonly closedPorts: ReadonlySet<number>
  /** a public address that no denial names by its range: where one is refused, it is for another reason */
  readonly untouched: Ip | undefined
  readonly views: ViewCache
  readonly calendar: Calendar
  readonly nextEdge: (afterMs: number) => number | undefined
  readonly usesMacs: boolean
}

/** The console's and the secure shell's ports on the gateway, where the policy names no others. */
const ADMIN_PORTS: readonly number[] = [445, 222]

export function compilePolicy(policy: Policy, materials: Materials): CompiledPolicy {
  return atOnce(compileSteps(policy, materials))
}

export function* compileSteps(policy: Policy, materials: Materials): Steps<CompiledPolicy> {
  const { machine } = materials
  const calendar = new Calendar()
  const known = knownAddresses(policy, machine)
  const packets = yield* eachOf(policy.rules, (rule) => readyPacketRule(rule, known, calendar, machine.proxyPort))
  const onPath = packets.filter((ready) => ready.rule.via !== 'direct' && ready.rule.enabled && ready.tcp.length > 0)
  const web = yield* webIndex(policy, materials.lists, known, calendar)
  const admin = policy.gateway.admin
  const groups = compileGroups(policy, known)
  yield
  const untouched = untouchedAddress(known, onPath, web)
  yield
  return {
    policy,
    machine,
    known,
    packets,
    path: { rules: onPath, touched: networkSet(onPath.flatMap((ready) => ready.targets.ranges)) },
    web,
    blocks: compileBlocks(policy, materials.blocks, machine.proxyPort),
    groups,
    answers: new WeakMap(),
    served: hasPort(tcpPorts(policy.gateway.serve, machine.proxyPort), machine.proxyPort),
    closedPorts: new Set([machine.proxyPort, ...(admin?.ports ?? ADMIN_PORTS)]),
    untouched,
    views: new ViewCache(),
    calendar,
    nextEdge: (afterMs) => calendar.nextEdge(afterMs),
    usesMacs: admin !== undefined || packets.some((ready) => namesMacs(ready.clients)) ||
      web.rules.some((ready) => ready.clients !== undefined && namesMacs(ready.clients)) || groups.some((group) => namesMacs(group.clients)),
  }
}

function untouchedAddress(known: KnownAddresses, onPath: readonly ReadyPacketRule[], web: WebIndex): Ip | undefined {
  const denied = [
    ...onPath.filter((ready) => ready.denies && !ready.rule.to.any && !ready.rule.to.internet && !ready.rule.to.green).map((ready) => ready.targets),
    ...web.rules.filter((ready) => ready.denies && !ready.wide && ready.toAddresses !== undefined).map((ready) => ready.toAddresses ?? NOTHING),
  ]
  const free = subtract(known.public, networkSet(denied.flatMap((set) => set.ranges)))
  const range = free.ranges[0]
  return range === undefined ? undefined : ipFromValue(range.family, range.first)
}
