// Rules that can never decide because earlier ones, together, take everything that they speak of. Danger prevented: a denial that its author
// relies on, below an allow that has already let everything through.
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { Rule } from '../policy/policy.ts'
import { hoursOf } from './activity.ts'
import { meets, remainder } from './box.ts'
import type { Box } from './box.ts'

/** A rule as the set of what it matches. */
export interface Area<R extends Rule> {
  readonly rule: R
  /** no smaller than what it matches */
  readonly most: readonly Box[]
  /** no larger */
  readonly least: readonly Box[]
}

/** `implies`: whatever else the later rule asks for, the earlier one is satisfied too. */
export function shadowed<R extends Rule>(areas: readonly Area<R>[], implies: (earlier: R, later: R) => boolean): Diagnostic[] {
  return areas.flatMap((area, at) => {
    const { rule, most } = area
    if (!rule.enabled || most.length === 0) return []
    const before = areas.slice(0, at).filter((earlier) =>
      inForceWhenever(earlier.rule, rule) && implies(earlier.rule, rule) && earlier.least.some((box) => most.some((mine) => meets(mine, box))))
    const boxes = before.flatMap((earlier) => earlier.least)
    if (before.length === 0 || remainder(most, boxes)?.length !== 0) return []
    return [warning(rule, fewest(most, before))]
  })
}

function inForceWhenever(earlier: Rule, later: Rule): boolean {
  if (!earlier.enabled || earlier.mode === 'observe') return false
  if (earlier.expires !== undefined && (later.expires === undefined || later.expires > earlier.expires)) return false
  const hours = earlier.schedules
  return hours === undefined || (later.schedules !== undefined && later.schedules.every((schedule) => hours.some((other) => hoursOf(schedule) === hoursOf(other))))
}

/** Those that are needed for the proof: the last ones are left out while it holds. */
function fewest<R extends Rule>(most: readonly Box[], before: readonly Area<R>[]): readonly R[] {
  let kept = before
  for (const each of before.toReversed()) {
    const rest = kept.filter((other) => other !== each)
    if (rest.length > 0 && remainder(most, rest.flatMap((other) => other.least))?.length === 0) kept = rest
  }
  return kept.map((area) => area.rule)
}

function warning(rule: Rule, before: readonly Rule[]): Diagnostic {
  const named = before.slice(0, 3).map((each) => `\`${each.id}\` (line ${each.place.line})`).join(', ')
  const more = before.length > 3 ? ` and ${before.length - 3} more` : ''
  const decides = before.length === 1 ? 'decides' : 'together decide'
  const contradicts = before.some((each) => (each.action === 'allow') !== (rule.action === 'allow') || each.limit?.text !== rule.limit?.text)
  return {
    code: 'shadowed',
    severity: 'warning',
    message: `\`${rule.id}\` never decides: ${named}${more} ${decides} everything that it speaks of`,
    place: rule.place,
    hint: contradicts ? 'move it up, above what shadows it' : 'remove it, or narrow what shadows it',
  }
}
