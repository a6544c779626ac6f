// Before any DNS: is there an address to which this request could be allowed? If every way in which the addresses can fall denies, it
// is denied now. Danger prevented: a name that is looked up (and so told to the outside) for a request that could never pass.
import { ipFromValue } from '../net/ip.ts'
import { EVERYTHING, intersect, networkSet, subtract } from '../net/network.ts'
import type { NetworkSet } from '../net/network.ts'
import { idle } from './activity.ts'
import { blockedPort } from './blocks.ts'
import { Notes } from './cause.ts'
import type { Refused } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'
import { judgeAddress, webRefusal } from './judge.ts'
import type { RequestFacts } from './facts.ts'
import { hasPort } from './port-set.ts'
import { tell } from './trace.ts'
import type { Trace } from './trace.ts'
import type { ClientView } from './view.ts'
import { liveRules } from './walk.ts'
import type { Live, ReadyWebRule } from './web-rule.ts'

/** Why no address could be allowed; undefined: some could. */
export function refusedEverywhere(compiled: CompiledPolicy, view: ClientView, facts: RequestFacts, live: readonly Live[], notes: Notes, trace: Trace): Refused | undefined {
  const { now } = facts
  const { port } = facts.target
  let last: ReadyWebRule | undefined
  let openings = compiled.web.dormantAllows
  let wideDenials = false
  for (const each of live) {
    const { ready } = each
    if (ready.observed !== undefined) {
      if (!each.needsAddress && !each.needsResponse && !each.maybe && ready.resolvesTo === undefined) notes.add(ready.observed)
      continue
    }
    if (each.needsResponse) continue
    if (!each.maybe && !each.needsAddress && ready.resolvesTo === undefined) {
      last = ready
      break
    }
    if (!ready.denies) openings = true
    else if (ready.wide && !each.maybe) wideDenials = true
  }
  const refused = webRefusal(compiled, last)
  if (last === undefined && refused !== undefined && !openings) tell(trace, 'web.default', 'match', compiled.policy.web.default)
  const blocked = blockedPort(view.blocks, port)
  if (blocked !== undefined) return refused ?? blocked.refused
  if (refused !== undefined && !openings) return refused
  if (refused === undefined && !wideDenials && compiled.untouched !== undefined && !view.widePath) return undefined
  // one address that passes is proof enough; the sets are for where none is at hand
  for (const { ready } of live) {
    if (ready.denies || ready.example === undefined) continue
    if (judgeAddress(compiled, view, live, ready.example, port, now, new Notes(), undefined).refused === undefined) return undefined
  }
  const whole = liveRules(compiled, view, facts, undefined, true)
  const candidates = addressesLeft(compiled, view, whole, port, now)
  if (!candidates.empty) return undefined
  if (refused !== undefined) return refused
  // allowed by the last rule and closed everywhere all the same: say what closes a public address
  const range = compiled.known.public.ranges[0]
  const example = compiled.untouched ?? (range === undefined ? undefined : ipFromValue(range.family, range.first))
  return example === undefined ? undefined : judgeAddress(compiled, view, whole, example, port, now, new Notes(), undefined).refused
}

/** The addresses that would be allowed, but for those that carry another one inside. */
function addressesLeft(compiled: CompiledPolicy, view: ClientView, live: readonly Live[], port: number, now: number): NetworkSet {
  const shut = pathDenied(view, port, now)
  const ownShut = compiled.closedPorts.has(port) ? compiled.known.own : undefined
  const could = (set: NetworkSet, opened: boolean): NetworkSet => {
    const open = opened ? set : intersect(set, compiled.known.public)
    return subtract(ownShut === undefined ? open : subtract(open, ownShut), shut)
  }
  let rest = EVERYTHING
  for (const each of live) {
    const { ready } = each
    if (ready.observed !== undefined || each.needsResponse || (each.maybe && ready.denies)) continue
    let held = rest
    if (each.needsAddress && ready.toAddresses !== undefined) held = intersect(held, ready.toAddresses)
    if (ready.resolvesTo !== undefined) held = intersect(held, ready.resolvesTo)
    if (held.empty) continue
    if (!ready.denies) {
      const open = could(held, ready.resolvesTo !== undefined)
      if (!open.empty) return open
    }
    if (!each.maybe) rest = subtract(rest, held)
    if (rest.empty) return rest
  }
  return compiled.policy.web.default === 'allow' ? could(rest, false) : networkSet([])
}

/** What the packet rules close on the proxy's path: an earlier allow keeps its addresses out of a later denial. */
function pathDenied(view: ClientView, port: number, now: number): NetworkSet {
  let open = EVERYTHING
  let denied = networkSet([])
  for (const ready of view.path) {
    if (!hasPort(ready.tcp, port) || ready.observed !== undefined || idle(ready.timing, now) !== undefined) continue
    if (ready.denies) denied = networkSet([...denied.ranges, ...intersect(open, ready.targets).ranges])
    open = subtract(open, ready.targets)
  }
  return denied
}
