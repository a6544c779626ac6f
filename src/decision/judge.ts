// One address judged whole: the web rules, then blocks and explicit packet denials, then the guard. Danger prevented: an address that
// two rules would each have stopped and that slips through between the moments.
import type { Ip } from '../net/ip.ts'
import { embeddedIps } from '../net/scope.ts'
import { idle } from './activity.ts'
import { blockedPort } from './blocks.ts'
import { reserved } from './cause.ts'
import type { Notes, Refused } from './cause.ts'
import { closed } from './closed.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Cause } from './facts.ts'
import { hasType } from './media.ts'
import { hasPort } from './port-set.ts'
import { idleDetail, tell, tellRule } from './trace.ts'
import type { Trace } from './trace.ts'
import type { ClientView } from './view.ts'
import type { Live, ReadyWebRule } from './web-rule.ts'

export const WEB_DEFAULT_ALLOW: Cause = reserved('web.default', 'no web rule speaks of it, and web.default is allow')
const WEB_DEFAULT_DENY: Refused = { cause: reserved('web.default', 'no web rule allows it, and what no rule allows is denied'), firm: false }

export interface Judged {
  /** the web rule that decides; undefined: web.default */
  readonly rule: ReadyWebRule | undefined
  /** what says no first */
  readonly refused: Refused | undefined
  /** what the guard says by itself: it stands in observe mode too */
  readonly firm: Refused | undefined
}

/** Does the rule hold for this address, as far as addresses go? A denial holds for the address inside as well. */
export function holdsAddress(live: Live, address: Ip, inner: readonly Ip[]): boolean {
  const { toAddresses, resolvesTo, denies } = live.ready
  if (live.needsAddress && toAddresses !== undefined && !toAddresses.has(address)) {
    if (!denies || !inner.some((each) => toAddresses.has(each))) return false
  }
  return resolvesTo === undefined || resolvesTo.has(address)
}

/** The rules that decide for the address, until one of them does: the response's type where it is known. */
export function decider(live: readonly Live[], address: Ip, responseType: string | undefined, notes: Notes, trace: Trace, from = 0): number {
  const inner = address.family === 6 ? embeddedIps(address) : NO_INNER
  for (let index = from; index < live.length; index++) {
    const each = live[index]
    if (each === undefined || (each.needsResponse && (responseType === undefined || !hasType(each.ready.rule.contentTypes ?? NO_TYPES, responseType)))) continue
    const { rule, observed } = each.ready
    if (!holdsAddress(each, address, inner)) {
      tellRule(trace, rule, 'no match', `${each.needsAddress ? 'to' : 'resolves-to'}: not ${address.text}`)
      continue
    }
    if (observed !== undefined) {
      if (!each.maybe) notes.add(observed)
      continue
    }
    if (!each.settled) tellRule(trace, rule, each.maybe ? 'open' : 'match', each.needsResponse ? 'the response\'s content-type' : `for ${address.text}`)
    return index
  }
  return live.length
}

const NO_INNER: readonly Ip[] = []
const NO_TYPES: readonly string[] = []

export function webRefusal(compiled: CompiledPolicy, rule: ReadyWebRule | undefined): Refused | undefined {
  if (rule !== undefined) return rule.denies ? rule.refused : undefined
  return compiled.policy.web.default === 'deny' ? WEB_DEFAULT_DENY : undefined
}

export function judgeAddress(compiled: CompiledPolicy, view: ClientView, live: readonly Live[], address: Ip, port: number, now: number, notes: Notes, trace: Trace): Judged {
  // one turn, save for a CONNECT whose inside is parsed: there a rule that may not match leaves the word to the next
  for (let from = 0; ; ) {
    const index = decider(live, address, undefined, notes, trace, from)
    const each = live[index]
    const judged = judgeBy(compiled, view, each?.ready, address, port, now, notes, trace)
    if (each === undefined || !each.maybe || judged.refused === undefined) return judged
    from = index + 1
  }
}

function judgeBy(compiled: CompiledPolicy, view: ClientView, rule: ReadyWebRule | undefined, address: Ip, port: number, now: number, notes: Notes, trace: Trace): Judged {
  const byWeb = webRefusal(compiled, rule)
  if (rule === undefined) tell(trace, 'web.default', 'match', compiled.policy.web.default)
  // a rule that denies opens nothing: in observe mode too, the guard is then judged without an opening
  const firm = closed(compiled, address, port, byWeb === undefined ? rule?.resolvesTo : undefined)
  const refused = byWeb ?? blockedPort(view.blocks, port)?.refused ?? pathRefusal(compiled, view, address, port, now, notes, trace) ?? firm
  if (refused?.cause.kind === 'blocks') tell(trace, 'blocks', 'match', refused.cause.reason)
  if (refused !== undefined && refused === firm) tell(trace, 'private destinations', 'match', `${address.text}: ${firm.cause.reason}`)
  return { rule, refused, firm }
}

/** An explicit denial of the packet rules, held on the proxy's path as well; the first rule that matches decides. */
export function pathRefusal(compiled: CompiledPolicy, view: ClientView, address: Ip, port: number, now: number, notes: Notes, trace: Trace): Refused | undefined {
  if (view.path.length === 0) return undefined
  const { touched } = compiled.path
  const outer = touched.has(address) ? firstOnPath(view, address, port, now, notes, trace) : undefined
  if (outer !== undefined || address.family === 4) return outer
  for (const inner of embeddedIps(address)) {
    const refused = touched.has(inner) ? firstOnPath(view, inner, port, now, notes, trace) : undefined
    if (refused !== undefined) return refused
  }
  return undefined
}

function firstOnPath(view: ClientView, address: Ip, port: number, now: number, notes: Notes, trace: Trace): Refused | undefined {
  for (const ready of view.path) {
    if (!ready.targets.has(address) || !hasPort(ready.tcp, port)) continue
    const why = idle(ready.timing, now)
    if (why !== undefined) {
      tellRule(trace, ready.rule, 'skipped', idleDetail(ready.rule, why))
      continue
    }
    if (ready.observed !== undefined) {
      tellRule(trace, ready.rule, 'observed', `tcp/${port} to ${address.text}`)
      notes.add(ready.observed)
      continue
    }
    tellRule(trace, ready.rule, 'match', `tcp/${port} to ${address.text}`)
    return ready.denies ? ready.refused : undefined
  }
  return undefined
}
