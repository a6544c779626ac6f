// The part of a policy that can speak of one client at one of the gateway's addresses: worked out once, then asked by each of its
// requests. Danger prevented: a client from the red side that counts as one of ours.
import type { Ip } from '../net/ip.ts'
import { blockedPort, blocksOf } from './blocks.ts'
import type { Block } from './blocks.ts'
import { reserved } from './cause.ts'
import type { Refused } from './cause.ts'
import { holdsClient } from './client-set.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Client } from './facts.ts'
import type { RuleBits } from './host-index.ts'
import type { ReadyPacketRule } from './packet-rule.ts'
import { hasPort } from './port-set.ts'
import type { Standing } from './standing.ts'

export interface ClientView {
  readonly client: Client
  readonly via: Ip
  /** it comes neither through green nor from the machine itself: closed, in observe mode too */
  readonly outside: Refused | undefined
  /** the admin's MAC, and the proxy's port is one of the admin's */
  readonly admin: boolean
  /** the block that closes the proxy's port to it */
  readonly blocked: Block | undefined
  readonly blocks: readonly Block[]
  /** packet rules that can decide whether it reaches the proxy, the last one perhaps unconditional */
  readonly reach: readonly ReadyPacketRule[]
  /** packet rules that can deny what the proxy would fetch for it */
  readonly path: readonly ReadyPacketRule[]
  /** one of them names any, internet or green: it may cover every public address */
  readonly widePath: boolean
  /** web rules whose `from` holds it and that are enabled */
  readonly web: RuleBits
  readonly standing: Standing
  /** what is said where no rule decides */
  readonly unreached: Refused
}

export function clientView(compiled: CompiledPolicy, client: Client, via: Ip): ClientView {
  return compiled.views.get(client, via, () => makeView(compiled, client, via))
}

function makeView(compiled: CompiledPolicy, client: Client, via: Ip): ClientView {
  const { policy, machine, known } = compiled
  const blocks = blocksOf(compiled.blocks, client.address)
  const { admin } = policy.gateway
  const path = compiled.path.rules.filter((ready) => holdsClient(ready.clients, client))
  const audience = compiled.web.froms.rulesOf(client)
  return {
    client,
    via,
    outside: outside(compiled, client, via),
    admin: admin !== undefined && client.mac !== undefined && admin.macs.includes(client.mac) && admin.ports.includes(machine.proxyPort),
    blocked: blockedPort(blocks, machine.proxyPort),
    blocks,
    reach: reachRules(compiled, client, via),
    path,
    widePath: path.some(({ rule: { to } }) => to.any || to.internet || to.green),
    web: audience.bits,
    standing: audience.standing,
    unreached: {
      cause: reserved('default', `${client.address.text} may not use the proxy: no rule allows tcp/${machine.proxyPort} to ${known.own.has(via) ? 'the gateway' : via.text}`),
      firm: false,
    },
  }
}

function outside(compiled: CompiledPolicy, client: Client, via: Ip): Refused | undefined {
  const { policy, known } = compiled
  if (policy.gateway.green.length === 0 || known.own.has(client.address)) return undefined
  if (known.green.has(client.address) && known.green.has(via)) return undefined
  return { cause: reserved('default', `${client.address.text} may not use the proxy: it does not come in through green`), firm: true }
}

function reachRules(compiled: CompiledPolicy, client: Client, via: Ip): readonly ReadyPacketRule[] {
  const rules: ReadyPacketRule[] = []
  for (const ready of compiled.packets) {
    if (reachMismatch(compiled, ready, client, via) !== undefined) continue
    rules.push(ready)
    if (ready.timing.always && ready.observed === undefined) break
  }
  return rules
}

/** Which condition keeps the rule from speaking of this client's way to the proxy. */
export function reachMismatch(compiled: CompiledPolicy, ready: ReadyPacketRule, client: Client, via: Ip): string | undefined {
  const { rule } = ready
  if (!rule.enabled) return 'enabled: false'
  if (rule.via === 'proxy') return 'via: it speaks of what the proxy fetches'
  if (!holdsClient(ready.clients, client)) return `from: ${rule.from.text.join(', ')}`
  if (!ready.targets.has(via)) return `to: ${rule.to.text.join(', ')}`
  return hasPort(ready.tcp, compiled.machine.proxyPort) ? undefined : `services: ${rule.services.text.join(', ')}`
}
