// What a report tells: figures, as data. Every page (text, HTML, JSON, CSV) is made of these, so that two of them cannot disagree.

export interface Amount {
  readonly requests: number
  /** from the clients, and to them */
  readonly bytesIn: number
  readonly bytesOut: number
  /** milliseconds, all added up */
  readonly ms: number
}

export interface Row extends Amount {
  readonly key: string
  readonly denied: number
  readonly errors: number
}

export interface ClientRow extends Row {
  readonly groups: readonly string[]
}

export interface DeniedRow {
  readonly client: string
  readonly target: string
  readonly rule: string
  readonly reason: string
  readonly requests: number
  /** epoch milliseconds */
  readonly last: number
}

/** One client's own page. */
export interface ClientPage {
  readonly client: string
  readonly sites: readonly Row[]
  /** requests by the hour of the day, 24 of them */
  readonly hours: readonly number[]
  readonly denied: readonly DeniedRow[]
}

export interface StepRow {
  /** of its step, and of the next; undefined: no end */
  readonly from: number
  readonly to: number | undefined
  readonly requests: number
  readonly bytesOut: number
}

export interface Peak {
  readonly requests: number
  /** epoch milliseconds of its begin */
  readonly at: number
}

/** An hour that had requests. */
export interface HourRow extends Row {
  /** epoch milliseconds */
  readonly at: number
}

export interface Figures {
  /** epoch milliseconds of the first and the last hour's bounds; undefined: there was nothing */
  readonly from: number | undefined
  readonly to: number | undefined
  readonly client: string | undefined
  readonly denied: boolean
  readonly total: Row
  /** how many there were, whatever number is shown */
  readonly counts: { readonly clients: number; readonly sites: number; readonly hosts: number }
  readonly clients: readonly ClientRow[]
  readonly groups: readonly Row[]
  readonly tops: readonly Row[]
  readonly sites: readonly Row[]
  readonly hosts: readonly Row[]
  readonly rules: readonly Row[]
  readonly methods: readonly Row[]
  readonly types: readonly Row[]
  readonly statuses: readonly Row[]
  readonly hours: readonly HourRow[]
  /** of all requests; empty where only a part is told */
  readonly sizes: readonly StepRow[]
  readonly times: readonly StepRow[]
  readonly peaks: { readonly second: Peak; readonly minute: Peak; readonly hour: Peak } | undefined
  readonly pages: readonly ClientPage[]
  /** requests of which only the number is known: they found no room in a queue */
  readonly lost: number
}

export const DIMENSIONS = ['client', 'group', 'site', 'rule', 'hour', 'type', 'status'] as const
export type Dimension = (typeof DIMENSIONS)[number]

export function rowsOf(figures: Figures, by: Dimension): readonly Row[] {
  switch (by) {
    case 'client': return figures.clients
    case 'group': return figures.groups
    case 'site': return figures.sites
    case 'rule': return figures.rules
    case 'hour': return figures.hours
    case 'type': return figures.types
    case 'status': return figures.statuses
  }
}

/** Requests by the hour of the day and the day of the week (Monday first), in this machine's time. */
export function weekOf(hours: readonly HourRow[]): readonly (readonly number[])[] {
  const week = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0))
  for (const { at, requests } of hours) {
    const day = week[(new Date(at).getDay() + 6) % 7]
    const hour = new Date(at).getHours()
    if (day !== undefined) day[hour] = (day[hour] ?? 0) + requests
  }
  return week
}

/** `2026-11-30`, in this machine's time. */
export function dayKey(time: number): string {
  const at = new Date(time)
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`
}

/** Added up by what `keyOf` says of their time. */
export function rowsBy(hours: readonly HourRow[], keyOf: (at: number) => string): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const row of hours) {
    const key = keyOf(row.at)
    const sum = rows.get(key) ?? { key, requests: 0, bytesIn: 0, bytesOut: 0, ms: 0, denied: 0, errors: 0 }
    rows.set(key, {
      key, requests: sum.requests + row.requests, bytesIn: sum.bytesIn + row.bytesIn, bytesOut: sum.bytesOut + row.bytesOut, ms: sum.ms + row.ms, denied: sum.denied + row.denied, errors: sum.errors + row.errors,
    })
  }
  return [...rows.values()]
}

export function daysOf(hours: readonly HourRow[]): readonly Row[] {
  return rowsBy(hours, dayKey)
}
