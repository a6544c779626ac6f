// What is judged after a permit was given: the head of the response, and everything that is still open when the policy or the hour
// changes. Danger prevented: a download or a tunnel that outlives the rule that let it begin.
import { Notes } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'
import { decide } from './decide.ts'
import type { Denial, Endpoint, Observed, Permit, RequestFacts, TraceStep } from './facts.ts'
import { guard } from './guard.ts'
import { decider, webRefusal } from './judge.ts'
import { outcome, refuse } from './outcome.ts'

/** The rules anew from the top, now that the response says its type. As enforced: `outcome` says what comes of it. */
export function decideResponse(compiled: CompiledPolicy, permit: Permit, endpoint: Endpoint, responseType: string | undefined, trace?: TraceStep[]): Denial | undefined {
  if (responseType === undefined || !permit.live.some((each) => each.needsResponse)) return undefined
  const notes = new Notes()
  const spoken = compiled.web.types.spokenOf(responseType)
  const refused = webRefusal(compiled, permit.live[decider(permit.live, endpoint.address, spoken, notes, trace)]?.ready)
  return refused === undefined ? undefined : refuse(compiled, refused, notes, () => 'pass')
}

/** All that was only observed by the time the response said its type: observed rules, and a denial that a policy in observe mode lets pass. */
export function observedByResponse(compiled: CompiledPolicy, permit: Permit, endpoint: Endpoint, responseType: string | undefined): readonly Observed[] {
  if (responseType === undefined || !permit.live.some((each) => each.needsResponse)) return permit.observed
  const notes = new Notes()
  const ready = permit.live[decider(permit.live, endpoint.address, compiled.web.types.spokenOf(responseType), notes, undefined)]?.ready
  const lifted: readonly Observed[] = ready?.denies === true && compiled.policy.mode === 'observe' ? [{ verdict: 'deny', cause: ready.refused.cause }] : []
  const known = new Set(permit.observed.map(({ cause }) => cause.by))
  return [...permit.observed, ...[...notes.observed, ...lifted].filter(({ cause }) => !known.has(cause.by))]
}

/** What is under way may go on, on the terms of now. */
export interface GoesOn {
  readonly verdict: 'allow'
  readonly endpoint: Endpoint
}

/** Would it be allowed to go on, now and by this policy? Observe mode is applied: what is answered stands. */
export function rejudge(compiled: CompiledPolicy, facts: RequestFacts, endpoint: Endpoint, responseType?: string): Denial | GoesOn {
  const leave = outcome(compiled, decide(compiled, facts))
  if (leave.verdict === 'deny') return leave
  const permit = outcome(compiled, guard(compiled, leave, [endpoint.address]))
  if (permit.verdict === 'deny') return permit
  return outcome(compiled, decideResponse(compiled, permit, endpoint, responseType)) ?? { verdict: 'allow', endpoint: permit.endpoints[0] ?? endpoint }
}
