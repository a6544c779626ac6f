// What the gateway does with a decision: the one place where a policy's observe mode lives. Judgement itself is the same in both
// modes, so that tests and explanations can tell what enforcing would do. Danger prevented: a guard that observing switches off.
import type { Notes, Refused } from './cause.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Denial, Leave, Observed, Permit } from './facts.ts'

type Otherwise = NonNullable<Denial['otherwise']>

/**
 * A denial. Under a policy in observe mode it bears what goes on in its place: `otherwise` is asked for that, and says in turn what the
 * guard holds against it. What is firm has nothing in its place: the guard, the gateway's own addresses, the red side.
 */
export function refuse(compiled: CompiledPolicy, refused: Refused, notes: Notes, otherwise: () => Otherwise): Denial {
  const { cause, firm } = refused
  const denial: Denial = { verdict: 'deny', cause, observed: notes.observed }
  return firm || compiled.policy.mode !== 'observe' ? denial : { ...denial, otherwise: otherwise() }
}

/** Of `reach` and `decideResponse`: undefined where it passes. */
export function outcome(compiled: CompiledPolicy, decision: Denial | undefined): Denial | undefined
/** Of `decide`. */
export function outcome(compiled: CompiledPolicy, decision: Denial | Leave): Denial | Leave
/** Of `guard`. */
export function outcome(compiled: CompiledPolicy, decision: Denial | Permit): Denial | Permit
export function outcome(compiled: CompiledPolicy, decision: Denial | Leave | Permit | undefined): Denial | Leave | Permit | undefined {
  if (decision === undefined || decision.verdict !== 'deny') return decision
  const { otherwise } = decision
  if (otherwise === undefined || compiled.policy.mode !== 'observe') return decision
  if (otherwise === 'pass') return undefined
  const would: Observed = { verdict: 'deny', cause: decision.cause }
  return { ...otherwise, observed: once([...decision.observed, would, ...otherwise.observed]) }
}

function once(observed: readonly Observed[]): readonly Observed[] {
  const seen = new Set<string>()
  return observed.filter(({ cause }) => !seen.has(cause.by) && seen.add(cause.by))
}
