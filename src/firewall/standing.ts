// Which rules hold at a given time, and when that changes. The kernel's own clock matches are not used: nft freezes local hours into
// UTC at load, iptables knows UTC alone, and neither ends a running flow. So a text holds for the time that it names.
import type { PacketRule, Policy, RuleBase } from '../policy/policy.ts'
import { nextEdge, scheduleActive } from '../policy/schedule.ts'
import type { Note } from './ruleset.ts'

/** Of a signed number of 32 bits, which the time match of iptables counts in: 2038-01-19T03:14:07Z. */
export const LAST_SECOND = 0x7fffffff

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

/**
 * How a rule stands in a text that may be in force longer than it should, because whoever loads the next one is dead: what allows ends by itself at the end
 * of its window, what denies begins by itself at the beginning of its own. So such a text is closed where it is late, never open. undefined: not at all.
 */
export function placement(rule: PacketRule, now: number): { readonly until?: number; readonly since?: number } | undefined {
  const standing = standingOf(rule, now)
  if (rule.mode === 'observe') return standing === 'active' ? {} : undefined
  const change = changeOf(rule, now)
  const second = change === undefined || change / 1000 > LAST_SECOND ? undefined : change / 1000
  if (standing === 'active') return rule.action === 'allow' && second !== undefined ? { until: Math.floor(second) } : {}
  return rule.action === 'allow' || second === undefined ? undefined : { since: Math.ceil(second) }
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

/** What becomes of a rule at its next change when nobody loads anything anew. */
function byItself(rule: PacketRule, now: number): readonly [string, string] {
  const placed = placement(rule, now)
  const anew = 'print and load the rules anew then; `greengate firewall keep` does it'
  if (placed?.until !== undefined) return ['nothing new begins by it from then on, what runs goes on', anew]
  if (placed?.since !== undefined) return ['it then begins by itself', anew]
  return ['packets cannot express that', anew]
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
    const [then, hint] = byItself(rule, now)
    return { code: 'firewall-time', place: rule.place, message: `rule \`${rule.id}\` ${holds ? `holds until ${when}` : `is left out until ${when}`}; ${then}`, hint }
  })
}
