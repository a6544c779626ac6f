// The judgement once the addresses are known: each one by the web rules anew, by blocks and explicit packet denials, and by the guard.
// Only here is a Permit made, and it names the very addresses that may be dialled. Danger prevented: a connection to an address that
// nobody judged (DNS rebinding, a second look-up).
import { Notes, reserved } from './cause.ts'
import type { Refused } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Cause, Denial, Endpoint, Leave, Permit, TraceStep } from './facts.ts'
import type { Ip } from '../net/ip.ts'
import { judgeAddress, WEB_DEFAULT_ALLOW } from './judge.ts'
import { refuse } from './outcome.ts'
import { tell } from './trace.ts'
import { clientView } from './view.ts'
import { liveFor } from './walk.ts'
import type { ReadyWebRule } from './web-rule.ts'

const NO_ADDRESS: Refused = { cause: reserved('private', 'the target has no address to connect to'), firm: true }
const FIRM_STAGE = 1

/** `addresses`: what the name resolved to, in the order of the answer; for a numeric target that address alone. */
export function guard(compiled: CompiledPolicy, leave: Leave, addresses: readonly Ip[], trace?: TraceStep[]): Denial | Permit {
  const { facts } = leave
  const { port } = facts.target
  const view = clientView(compiled, facts.client, facts.via)
  const notes = new Notes()
  notes.addAll(leave.observed)
  const endpoints: Endpoint[] = []
  const lifted: Endpoint[] = []
  let refused: Refused | undefined
  let firm: Refused | undefined
  let { live } = leave
  for (const address of addresses) live = liveFor(compiled, view, facts, live, address)
  for (const address of addresses) {
    const judged = judgeAddress(compiled, view, live, address, port, facts.now, notes, trace)
    if (judged.refused === undefined) {
      endpoints.push(endpoint(compiled, address, port, judged.rule, judged.rule?.refused.cause ?? WEB_DEFAULT_ALLOW))
      continue
    }
    tell(trace, address.text, 'no match', judged.refused.cause.by)
    // what says no first names the denial: a rule comes before the guard
    if (refused === undefined || stage(judged.refused) < stage(refused)) refused = judged.refused
    if (judged.firm === undefined) lifted.push(endpoint(compiled, address, port, judged.rule, judged.refused.cause))
    else firm ??= judged.firm
  }
  const permit = (open: readonly Endpoint[]): Permit => makePermit({ ...leave, live }, open, notes)
  if (endpoints.length > 0) return permit(endpoints)
  return refuse(compiled, refused ?? NO_ADDRESS, notes, () => (lifted.length > 0 ? permit(lifted) : refuse(compiled, firm ?? NO_ADDRESS, notes, () => 'pass')))
}

function stage(refused: Refused): number {
  return refused.firm ? FIRM_STAGE : 0
}

function endpoint(compiled: CompiledPolicy, address: Ip, port: number, rule: ReadyWebRule | undefined, cause: Cause): Endpoint {
  return { address, port, cause, tunnels: rule?.tunnels ?? compiled.policy.web.tunnels, log: rule?.log ?? true, limit: rule?.limit }
}

function makePermit(leave: Leave, endpoints: readonly Endpoint[], notes: Notes): Permit {
  // the brand exists in the type alone: this is its one door
  return { verdict: 'allow', facts: leave.facts, live: leave.live, endpoints, observed: notes.observed } as unknown as Permit
}
