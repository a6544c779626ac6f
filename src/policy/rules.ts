// Packet rules. Danger prevented: a rule whose path nobody thought of: what it denies directly would still pass by the proxy.
import { ANY_ADDRESS, NO_ADDRESSES } from './address.ts'
import type { AddressSet, GreenNetwork, PacketRule } from './policy.ts'
import { readBase, readFrom, type Setting, tellEmpty } from './rule-base.ts'
import { readSlowing } from './rate.ts'
import { readReject } from './reject.ts'
import type { RuleDraft } from './schema.ts'
import { ANY_SERVICE, NO_SERVICE, withPortInUse } from './service-set.ts'

/** `to: any`, `internet` and `green` speak of direct packets only, unless the rule says otherwise (policy.md, packets). */
function usualPath(to: AddressSet): PacketRule['via'] {
  return to.any || to.internet || to.green ? 'direct' : 'both'
}

/** Nothing but the gateway itself. */
function isGateway(to: AddressSet, green: readonly GreenNetwork[]): boolean {
  if (to.any || to.internet || to.green || to.hosts.length > 0) return false
  const own = to.ranges.every((range) => range.first === range.last && green.some((one) => one.family === range.family && one.address === range.first))
  return own && (to.gateway || to.ranges.length > 0)
}

export function readRule(setting: Setting, draft: RuleDraft, index: number): PacketRule {
  const path = ['rules', index]
  const base = readBase(setting, 'rules', index, path, draft)
  // a key that is absent leaves the condition open; one that was told to be wrong holds nothing, so that nothing more is told of it
  const from = readFrom(setting, path, draft) ?? ANY_ADDRESS
  const to = draft.to === undefined ? ANY_ADDRESS : (setting.addresses.set(draft.to, [...path, 'to'], { hosts: false, macs: false }) ?? NO_ADDRESSES)
  const asked = draft.services === undefined ? ANY_SERVICE : (setting.services.set(draft.services, [...path, 'services']) ?? NO_SERVICE)
  const services = isGateway(to, setting.green) ? withPortInUse(asked, setting.proxyPort) : asked
  tellEmpty(setting, path, draft)
  const via = draft.via ?? usualPath(to)
  const limit = readSlowing(setting.report, path, draft)
  if (draft.per === 'client') {
    setting.report.keyError('limit', [...path, 'per'], 'a packet rule has one rate, which all of its clients share', 'write a rule for each client, or limit requests: a web rule knows `per: client`')
  }
  if (limit !== undefined && via === 'proxy') {
    setting.report.keyError('limit', [...path, 'action'], 'a packet rule slows packets, and `via: proxy` speaks of what the proxy fetches', 'write a web rule with `action: limit`')
  }
  const rejectWith = readReject(setting.report, path, draft, services, via, setting.fallback)
  const rule: PacketRule = {
    ...base, kind: 'packet', action: draft.action === 'limit' ? 'allow' : draft.action, from, to, services, via, direct: draft.direct ?? false,
    ...(rejectWith === undefined ? {} : { rejectWith }),
    ...(limit === undefined ? {} : { limit }),
  }
  setting.paths.set(rule, path)
  return rule
}
