// Usage of each rule over reloads and restarts: the kernel's counters, which begin anew when the machine starts or iptables is loaded, summed up
// reading by reading; and between which readings a rule was hit last. Danger prevented: "never used" said of a rule that was used before a reload.
import type { Count, Counts } from './counts.ts'

export interface RuleUsage extends Count {
  /** the kernel's own numbers at the last reading */
  readonly raw: Count
  /** epoch milliseconds between which the last hit lies; absent: never hit */
  readonly last?: { readonly from: number; readonly to: number }
  /** epoch milliseconds since when it is watched */
  readonly since: number
}

export interface Usage {
  /** another one after each start of the machine */
  readonly boot: string
  /** epoch milliseconds of the last reading */
  readonly read: number
  readonly rules: ReadonlyMap<string, RuleUsage>
}

const ZERO: Count = { packets: 0, bytes: 0 }

/** A counter that went back has begun anew: all that it shows is new. */
function grown(raw: Count, before: Count): Count {
  const anew = raw.packets < before.packets || raw.bytes < before.bytes
  return anew ? raw : { packets: raw.packets - before.packets, bytes: raw.bytes - before.bytes }
}

/** One more reading. A rule that the kernel does not count now keeps what it had. */
export function withReading(usage: Usage | undefined, counts: Counts, now: number, boot: string): Usage {
  const rules = new Map<string, RuleUsage>()
  const same = usage?.boot === boot
  for (const [comment, before] of usage?.rules ?? []) rules.set(comment, same ? before : { ...before, raw: ZERO })
  for (const [comment, raw] of counts) {
    const before = rules.get(comment)
    const more = grown(raw, before?.raw ?? ZERO)
    const last = more.packets > 0 ? { from: before === undefined ? now : (usage?.read ?? now), to: now } : before?.last
    rules.set(comment, {
      packets: (before?.packets ?? 0) + more.packets, bytes: (before?.bytes ?? 0) + more.bytes, raw, since: before?.since ?? now, ...(last === undefined ? {} : { last }),
    })
  }
  return { boot, read: now, rules }
}

/** After a load: what is in `kept` goes on where it was, all else begins at zero, however high it is at the next reading. */
export function withCountersAnew(usage: Usage, kept: Counts): Usage {
  const goesOn = (comment: string, { raw }: RuleUsage): boolean => (kept.get(comment)?.packets ?? -1) >= raw.packets
  return { ...usage, rules: new Map([...usage.rules].map(([comment, rule]) => [comment, goesOn(comment, rule) ? rule : { ...rule, raw: ZERO }])) }
}

function isCount(value: unknown): value is Count {
  return typeof value === 'object' && value !== null && 'packets' in value && Number.isSafeInteger(value.packets) && 'bytes' in value && Number.isSafeInteger(value.bytes)
}

function ruleFrom(value: unknown): RuleUsage | undefined {
  if (!isCount(value) || !('raw' in value) || !isCount(value.raw) || !('since' in value) || typeof value.since !== 'number') return undefined
  const last: unknown = 'last' in value ? value.last : undefined
  const told = typeof last === 'object' && last !== null && 'from' in last && typeof last.from === 'number' && 'to' in last && typeof last.to === 'number' ? { from: last.from, to: last.to } : undefined
  return { packets: value.packets, bytes: value.bytes, raw: value.raw, since: value.since, ...(told === undefined ? {} : { last: told }) }
}

/** From a file that an older version, or nobody, may have written; undefined: begin anew. */
export function usageFrom(value: unknown): Usage | undefined {
  if (typeof value !== 'object' || value === null || !('boot' in value) || typeof value.boot !== 'string' || !('read' in value) || typeof value.read !== 'number' || !('rules' in value) || !Array.isArray(value.rules)) return undefined
  const rules = new Map<string, RuleUsage>()
  for (const entry of value.rules as readonly unknown[]) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') continue
    const rule = ruleFrom(entry[1])
    if (rule !== undefined) rules.set(entry[0], rule)
  }
  return { boot: value.boot, read: value.read, rules }
}

export function usageJson({ boot, read, rules }: Usage): unknown {
  return { boot, read, rules: [...rules] }
}
