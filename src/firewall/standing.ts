// Which rules hold at a given time, and when that changes. The kernel's own clock matches are not used: nft freezes local hours into
// UTC at load, iptables knows UTC alone, and neither ends a running flow. So a text holds for the time that it names.
import type { Policy, RuleBase } from '../policy/policy.ts'
import { nextEdge, scheduleActive } from '../policy/schedule.ts'
import type { Note } from './ruleset.ts'

export type Standing = 'active' | 'disabled' | 'expired' | 'outside its schedule'

export function standingOf(rule: RuleBase, now: number): Standing {
  if (!rule.enabled) return 'disabled'
  if (rule.expires !== undefined && now >= rule.expires) return 'expired'
  if (rule.schedules !== undefined && !rule.schedules.some((schedule) => scheduleActive(schedule, now))) return 'outside its schedule'
  return 'active'
}

/** The first instant after `now` at which the rule begins or ceases to hold; undefined: never. */
export function changeOf(rule: RuleBase, now: number): number | undefined {
  const before = standingOf(rule, now)
  if (before === 'disabled' || before === 'expired') return undefined
  let at = now
  // A union of schedules changes at some schedule's edge, but not at each: walk edge by edge until it does.
  for (let steps = 0; steps < 64; steps++) {
    const edges = (rule.schedules ?? []).flatMap((schedule) => nextEdge(schedule, at) ?? [])
    if (rule.expires !== undefined && rule.expires > at) edges.push(rule.expires)
    if (edges.length === 0) return undefined
    at = Math.min(...edges)
    if ((standingOf(rule, at) === 'active') !== (before === 'active')) return at
  }
  return undefined
}

/** ISO 8601 in the policy's zone with its offset, so that the reader need not reckon. */
export function timeText(atMs: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    hourCycle: 'h23', timeZoneName: 'longOffset',
  }).formatToParts(atMs)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  const offset = part('timeZoneName').replace('GMT', '')
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}${offset === '' ? 'Z' : offset}`
}

/** One note a rule that depends on time, earliest change first. */
export function timeNotes(policy: Policy, now: number): readonly Note[] {
  const changes = policy.rules.flatMap((rule) => {
    const at = changeOf(rule, now)
    return at === undefined ? [] : [{ rule, at }]
  })
  return changes.toSorted((a, b) => a.at - b.at).map(({ rule, at }) => {
    const holds = standingOf(rule, now) === 'active'
    const when = timeText(at, policy.gateway.timezone)
    return {
      code: 'firewall-time',
      place: rule.place,
      message: `rule \`${rule.id}\` ${holds ? `holds until ${when}` : `is left out until ${when}`}; packets cannot express time`,
      hint: 'print and load the rules anew then',
    }
  })
}
