// A packet rule made ready to be asked. Danger prevented: the packet filter and the proxy reading one rule in two ways.
import { EVERYTHING } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import type { PacketRule, PortRange } from '../policy/policy.ts'
import type { Calendar, Timing } from './activity.ts'
import { ruleCause, ruleObserved } from './cause.ts'
import type { Refused } from './cause.ts'
import { clientSet } from './client-set.ts'
import type { ClientSet } from './client-set.ts'
import type { Observed } from './facts.ts'
import { targetSet } from './known.ts'
import type { KnownAddresses } from './known.ts'
import { tcpPorts } from './port-set.ts'

export interface ReadyPacketRule {
  readonly rule: PacketRule
  readonly timing: Timing
  readonly clients: ClientSet
  readonly targets: NetworkSet
  readonly tcp: readonly PortRange[]
  readonly denies: boolean
  readonly observed: Observed | undefined
  readonly refused: Refused
}

export function readyPacketRule(rule: PacketRule, known: KnownAddresses, calendar: Calendar, proxyPort: number): ReadyPacketRule {
  const cause = ruleCause(rule)
  return {
    rule,
    timing: calendar.timing(rule),
    clients: clientSet(rule.from, known),
    targets: rule.to.any ? EVERYTHING : targetSet(rule.to, known),
    tcp: tcpPorts(rule.services, proxyPort),
    denies: rule.action !== 'allow',
    observed: rule.mode === 'observe' ? ruleObserved(rule, cause) : undefined,
    refused: { cause, firm: false },
  }
}
