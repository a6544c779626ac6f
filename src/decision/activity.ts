// When a rule is in force: `enabled`, `expires`, `schedule`. A schedule's state is kept until its next edge, so that a request pays a
// comparison and not a look at the calendar. Danger prevented: a rule that goes on, or is forgotten, past the hour it names.
import type { RuleBase } from '../policy/policy.ts'
import { nextEdge, scheduleActive } from '../policy/schedule.ts'
import type { Schedule } from '../policy/schedule.ts'

/** `nextEdge` looks sixteen days ahead; a schedule without an edge there is looked at again after fourteen. */
const NO_EDGE_MS = 14 * 86_400_000

/** One schedule with what is known of it: `active` holds from `since` until before `until`. */
export interface Watch {
  readonly schedule: Schedule
  since: number
  until: number
  active: boolean
}

export interface Timing {
  readonly enabled: boolean
  /** Infinity: never */
  readonly expires: number
  /** active while any is; undefined: always */
  readonly watches: readonly Watch[] | undefined
  /** in force whatever the hour */
  readonly always: boolean
}

/** The same text for the same hours, whatever they are called. */
export function hoursOf(schedule: Schedule): string {
  return `${schedule.timezone} ${schedule.windows.map(({ days, startMinute, endMinute }) => `${days}:${startMinute}-${endMinute}`).join(' ')}`
}

/** Schedules by what they say: rules of the same hours share one watch. */
export class Calendar {
  readonly #watches = new Map<string, Watch>()
  readonly #expiries = new Set<number>()

  timing(rule: RuleBase): Timing {
    const watches = rule.schedules?.map((schedule) => this.#watch(schedule))
    const expires = rule.expires ?? Number.POSITIVE_INFINITY
    if (rule.enabled && rule.expires !== undefined) this.#expiries.add(rule.expires)
    return { enabled: rule.enabled, expires, watches, always: rule.enabled && watches === undefined && rule.expires === undefined }
  }

  #watch(schedule: Schedule): Watch {
    const key = hoursOf(schedule)
    const known = this.#watches.get(key)
    if (known !== undefined) return known
    const watch = { schedule, since: 0, until: 0, active: false }
    this.#watches.set(key, watch)
    return watch
  }

  /** The next instant at which any rule may begin or end. */
  nextEdge(afterMs: number): number | undefined {
    let next = Number.POSITIVE_INFINITY
    for (const watch of this.#watches.values()) {
      scheduleOn(watch, afterMs)
      next = Math.min(next, watch.until)
    }
    for (const expires of this.#expiries) if (expires > afterMs) next = Math.min(next, expires)
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }
}

function scheduleOn(watch: Watch, now: number): boolean {
  if (now >= watch.since && now < watch.until) return watch.active
  watch.active = scheduleActive(watch.schedule, now)
  watch.since = now
  watch.until = nextEdge(watch.schedule, now) ?? now + NO_EDGE_MS
  return watch.active
}

export type Idle = 'enabled' | 'expires' | 'schedule'

/** Why the rule is not in force at `now`; undefined: it is. */
export function idle(timing: Timing, now: number): Idle | undefined {
  if (timing.always) return undefined
  if (!timing.enabled) return 'enabled'
  if (now >= timing.expires) return 'expires'
  if (timing.watches === undefined) return undefined
  for (const watch of timing.watches) if (scheduleOn(watch, now)) return undefined
  return 'schedule'
}
