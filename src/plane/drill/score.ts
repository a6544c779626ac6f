// What came of each attempt beside what the policy says: closed, open by a rule, a hole, or closed though a rule opens it. Danger prevented: a single
// "passed" that hides which way was open.
import type { CompiledPolicy } from '../../decision/compile.ts'
import type { Attempt } from './attempts.ts'
import type { ProbeResult } from './send.ts'

export type Outcome = 'closed' | 'open' | 'observed' | 'hole' | 'broken' | 'not tried'

export interface Scored {
  readonly client: string
  readonly title: string
  readonly what: string
  readonly outcome: Outcome
  /** the rule, or why it was not tried */
  readonly because: string
  /** of the rule, `file:line` */
  readonly place?: string
}

export interface Answer {
  readonly allowed: boolean
  readonly because: string
  readonly place?: string
}

/** `out`: it was seen where it should not be; `passes`: the policy lets it, be it because it only observes. */
export function outcomeOf(out: boolean, allowed: boolean, passes: boolean): Outcome {
  if (out) return allowed ? 'open' : passes ? 'observed' : 'hole'
  return allowed ? 'broken' : 'closed'
}

export function scoreAttempt(compiled: CompiledPolicy, attempt: Attempt, result: ProbeResult, seen: ReadonlySet<string>): Scored {
  const { client, title, what, decision, never } = attempt
  const { cause } = decision
  const scored = { client: client.name, title, what, ...(cause.place === undefined ? {} : { place: `${cause.place.file}:${cause.place.line}` }) }
  const allowed = decision.verdict === 'allow' && never === undefined
  // where a rule opens a port of the gateway and nothing listens, its refusal is the way in
  const out = attempt.seenAs !== undefined ? seen.has(attempt.seenAs) : result === 'connected' || (allowed && result === 'refused')
  // nothing left the client: that says nothing of the gateway
  if (!out && result.startsWith('failed')) return { ...scored, outcome: 'not tried', because: result }
  if (!out && allowed && attempt.crude) return { ...scored, outcome: 'not tried', because: `${cause.by} opens it, and the drill has no true packet of it` }
  const passes = allowed || (compiled.policy.mode === 'observe' && decision.firm !== true && never === undefined)
  return { ...scored, outcome: outcomeOf(out, allowed, passes), because: never ?? cause.by }
}

export interface Summary {
  readonly tried: number
  readonly closed: number
  readonly open: number
  readonly observed: number
  readonly holes: number
  readonly broken: number
  readonly notTried: number
}

export function summaryOf(scored: readonly Scored[]): Summary {
  const count = (outcome: Outcome): number => scored.filter((each) => each.outcome === outcome).length
  const notTried = count('not tried')
  return { tried: scored.length - notTried, closed: count('closed'), open: count('open'), observed: count('observed'), holes: count('hole'), broken: count('broken'), notTried }
}
