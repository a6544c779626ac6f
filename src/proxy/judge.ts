// The judge's answers as this gateway lives by them: each decision through the one function in which observe mode lives. Danger prevented: a
// stage that forgets it, and refuses (or passes) what the others do not.
import { decide } from '../decision/decide.ts'
import type { Client, Denial, Endpoint, Leave, Observed, Permit, RequestFacts } from '../decision/facts.ts'
import { guard } from '../decision/guard.ts'
import { outcome } from '../decision/outcome.ts'
import { reach } from '../decision/reach.ts'
import { decideResponse, observedByResponse, rejudge } from '../decision/response.ts'
import type { GoesOn } from '../decision/response.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Ip } from '../net/ip.ts'

export function judgeReach({ compiled }: Snapshot, client: Client, via: Ip): Denial | undefined {
  return outcome(compiled, reach(compiled, client, via, Date.now()))
}

export function judgeRequest({ compiled }: Snapshot, facts: RequestFacts): Denial | Leave {
  return outcome(compiled, decide(compiled, facts))
}

export function judgeAddresses({ compiled }: Snapshot, leave: Leave, addresses: readonly Ip[]): Denial | Permit {
  return outcome(compiled, guard(compiled, leave, addresses))
}

export function judgeResponse({ compiled }: Snapshot, permit: Permit, endpoint: Endpoint, type: string | undefined): Denial | undefined {
  return outcome(compiled, decideResponse(compiled, permit, endpoint, type))
}

/** What goes on the record, now that the response's type is known. */
export function judgeObserved({ compiled }: Snapshot, permit: Permit, endpoint: Endpoint, type: string | undefined): readonly Observed[] {
  return observedByResponse(compiled, permit, endpoint, type)
}

/** What is under way, under a new policy or at another hour; observe mode is in its answer. */
export function judgeAnew({ compiled }: Snapshot, facts: RequestFacts, endpoint: Endpoint, now: number, type?: string): Denial | GoesOn {
  return rejudge(compiled, { ...facts, now }, endpoint, type)
}
