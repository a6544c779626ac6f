// What was tried, in order, for whoever asks why. Only explanations carry a trace; live traffic passes none and pays nothing. Danger
// prevented: an explanation that is worked out apart from the judgement, and one day tells another story.
import type { Rule } from '../policy/policy.ts'
import type { Idle } from './activity.ts'
import type { TraceStep } from './facts.ts'

export type Trace = TraceStep[] | undefined

const LISTS = { packet: 'rules', web: 'web.rules' } as const

export function tell(trace: Trace, what: string, result: TraceStep['result'], detail?: string): void {
  trace?.push({ what, result, ...(detail === undefined ? {} : { detail }) })
}

export function tellRule(trace: Trace, rule: Rule, result: TraceStep['result'], detail?: string): void {
  if (trace === undefined) return
  const action = rule.limit === undefined ? rule.action : `limit ${rule.limit.text}`
  const what = rule.named ? `${LISTS[rule.kind]} ${rule.id} (${action})` : `${rule.id} (${action})`
  trace.push({ what, place: rule.place, result, ...(detail === undefined ? {} : { detail }) })
}

export function idleDetail(rule: Rule, why: Idle): string {
  if (why === 'enabled') return 'enabled: false'
  if (why === 'schedule') return `schedule: ${(rule.schedules ?? []).map((schedule) => schedule.name).join(', ')} is not on`
  return `expires: ${rule.expires === undefined ? '' : new Date(rule.expires).toISOString()}`
}
