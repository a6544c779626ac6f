// The instants at which a policy may judge differently: one in every state that its schedules and expiries can be in. Danger prevented: a
// test that passes in the morning and fails at night.
import type { Policy } from '../policy/policy.ts'
import { nextEdge } from '../policy/schedule.ts'
import { hoursOf } from './activity.ts'

/** A monday in a week without a change of clocks; which one does not matter, since tests use no clock. */
const SOME_MONDAY_MS = Date.UTC(2026, 5, 1)
const WEEK_MS = 7 * 86_400_000
/** Beyond it edges are left out: a policy with so many is asked at the first ones of each week. */
const MOST = 2000

export function instants(policy: Policy): readonly number[] {
  const rules = [...policy.rules, ...policy.web.rules].filter((rule) => rule.enabled)
  const schedules = new Map(rules.flatMap((rule) => rule.schedules ?? []).map((schedule) => [hoursOf(schedule), schedule]))
  const expiries = [...new Set(rules.flatMap((rule) => (rule.expires === undefined ? [] : [rule.expires])))].sort((a, b) => a - b)
  const first = expiries[0]
  const weeks = first === undefined ? [SOME_MONDAY_MS] : [first - WEEK_MS, ...expiries]
  const found = new Set<number>()
  for (const [index, begin] of weeks.entries()) {
    const end = Math.min(begin + WEEK_MS, weeks[index + 1] ?? Number.POSITIVE_INFINITY)
    found.add(begin)
    for (const schedule of schedules.values()) {
      for (let edge = nextEdge(schedule, begin); edge !== undefined && edge < end && found.size < MOST; edge = nextEdge(schedule, edge)) found.add(edge)
    }
  }
  return [...found].sort((a, b) => a - b)
}
