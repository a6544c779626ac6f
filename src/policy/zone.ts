// Wall clocks: what an instant is called in an IANA time zone, and which instant a local time means. Danger prevented: a
// schedule that is an hour off after the clocks change, because somebody added a fixed offset (DST moves on other days in
// other countries; Intl knows the table).

/** Midnight of a local day and the minute in it. */
export interface WallTime {
  /** 0 = monday */
  readonly weekday: number
  /** minutes since local midnight, 0-1439 */
  readonly minute: number
}

/** Every change of offset since 1972 falls on a quarter of an hour of UTC. */
const STEP_MS = 15 * 60_000
const CACHED_STEPS = 4096

interface Zone {
  readonly format: Intl.DateTimeFormat
  readonly offsets: Map<number, number>
}

const zones = new Map<string, Zone>()

function zoneOf(timezone: string): Zone {
  const known = zones.get(timezone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone: timezone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  })
  const zone = { format, offsets: new Map<number, number>() }
  zones.set(timezone, zone)
  return zone
}

function measuredOffset(format: Intl.DateTimeFormat, atMs: number): number {
  const part: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(atMs)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000
}

/** Local time minus UTC, in milliseconds. */
export function offsetMs(timezone: string, atMs: number): number {
  const zone = zoneOf(timezone)
  const step = Math.floor(atMs / STEP_MS)
  const cached = zone.offsets.get(step)
  if (cached !== undefined) return cached
  const offset = measuredOffset(zone.format, step * STEP_MS)
  if (zone.offsets.size >= CACHED_STEPS) zone.offsets.clear()
  zone.offsets.set(step, offset)
  return offset
}

export function wallTime(timezone: string, atMs: number): WallTime {
  const minutes = Math.floor((atMs + offsetMs(timezone, atMs)) / 60_000)
  const days = Math.floor(minutes / 1440)
  // 1 January 1970 was a thursday, the fourth day of a week that begins on monday
  return { weekday: (((days + 3) % 7) + 7) % 7, minute: minutes - days * 1440 }
}

/**
 * The instant that a local time means (`localMs`: the same figures read as if they were UTC). Where clocks are set back, the
 * first of the two; where they skip it, the instant that a clock not yet set forward would have shown it.
 */
export function instantOf(timezone: string, localMs: number): number {
  const before = offsetMs(timezone, localMs - 86_400_000)
  const after = offsetMs(timezone, localMs + 86_400_000)
  for (const offset of [before, after]) {
    const instant = localMs - offset
    if (offsetMs(timezone, instant) === offset) return instant
  }
  return localMs - before
}

export function isTimezone(name: string): boolean {
  try {
    zoneOf(name)
    return true
  } catch {
    return false
  }
}

export function machineTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
