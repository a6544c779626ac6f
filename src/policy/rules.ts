// Packet rules. Danger prevented: a rule whose path nobody thought of: what it denies directly would still pass by the proxy.
import { ANY_ADDRESS } from './address.ts'
import type { AddressSet, PacketRule } from './policy.ts'
import { readBase, readFrom, type Setting, tellEmpty } from './rule-base.ts'
import type { RuleDraft } from './schema.ts'
import { ANY_SERVICE } from './service-set.ts'

/** `to: any`, `internet` and `green` speak of direct packets only, unless the rule says otherwise (policy.md, packets). */
function usualPath(to: AddressSet): PacketRule['via'] {
  return to.any || to.internet || to.green ? 'direct' : 'both'
}

export function readRule(setting: Setting, draft: RuleDraft, index: number): PacketRule {
  const path = ['rules', index]
  const base = readBase(setting, 'rules', index, path, draft)
  const from = readFrom(setting, path, draft) ?? ANY_ADDRESS
  const to = (draft.to === undefined ? undefined : setting.addresses.set(draft.to, [...path, 'to'], { hosts: false, macs: false })) ?? ANY_ADDRESS
  const services = (draft.services === undefined ? undefined : setting.services.set(draft.services, [...path, 'services'])) ?? ANY_SERVICE
  tellEmpty(setting, path, draft)
  const rule: PacketRule = { ...base, kind: 'packet', action: draft.action, from, to, services, via: draft.via ?? usualPath(to), direct: draft.direct ?? false }
  setting.paths.set(rule, path)
  return rule
}
