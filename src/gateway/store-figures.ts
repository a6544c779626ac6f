// The store's sums → the figures of a report. Whole hours count. The small sums answer what is asked of everybody; of one client, or of what was refused,
// the full ones do, by their key or index. Danger prevented: a report for the morning's meeting that reads ten million requests.
import type { DatabaseSync } from 'node:sqlite'
import type { ClientPage, ClientRow, DeniedRow, Figures, HourRow, Peak, Row, StepRow } from '../report/figures.ts'
import { siteOf, topOf } from '../report/site.ts'
import { SIZE_STEPS, TIME_STEPS } from '../report/spread.ts'

export interface FigureQuery {
  /** epoch milliseconds */
  readonly since: number
  readonly until: number
  /** as it is written in the store */
  readonly client?: string
  readonly denied: boolean
  /** rows of a list; hours and groups have all */
  readonly most: number
  /** clients that have a page of their own */
  readonly pages: number
}

const HOUR_MS = 3_600_000
const SUM = 'sum(requests) AS requests, sum(bytes_in) AS bytesIn, sum(bytes_out) AS bytesOut, sum(ms) AS ms, sum(CASE verdict WHEN 1 THEN requests ELSE 0 END) AS denied, sum(CASE verdict WHEN 2 THEN requests ELSE 0 END) AS errors'
/** Denied URLs of one client's page. */
const MOST_DENIED = 20

type Cell = Readonly<Record<string, unknown>>

function amount(row: Cell, name: string): number {
  return Number(row[name] ?? 0)
}

function rowOf(row: Cell): Row {
  return {
    key: String(row['key'] ?? ''), requests: amount(row, 'requests'), bytesIn: amount(row, 'bytesIn'), bytesOut: amount(row, 'bytesOut'), ms: amount(row, 'ms'), denied: amount(row, 'denied'), errors: amount(row, 'errors'),
  }
}

class Reader {
  readonly #db: DatabaseSync
  readonly #query: FigureQuery
  readonly #from: number
  readonly #to: number
  readonly #client: number | undefined

  constructor(db: DatabaseSync, query: FigureQuery) {
    this.#db = db
    this.#query = query
    this.#from = Math.floor(query.since / HOUR_MS)
    this.#to = Math.ceil(Math.min(query.until, Number.MAX_SAFE_INTEGER - HOUR_MS) / HOUR_MS)
    this.#client = query.client === undefined ? undefined : amount(db.prepare('SELECT id FROM words WHERE text = ?').get(query.client) ?? { id: -1 }, 'id')
  }

  get part(): boolean {
    return this.#client !== undefined || this.#query.denied
  }

  /** The table that answers, and which of its rows. */
  #where(table: string): string {
    const tests = [`hour >= ${this.#from}`, `hour < ${this.#to}`]
    if (this.#client !== undefined) tests.push(`client = ${this.#client}`)
    if (this.#query.denied) tests.push('verdict = 1', ...(table === 'sums' ? ['verdict <> 0'] : []))
    return `FROM ${table} WHERE ${tests.join(' AND ')}`
  }

  /** Numbers of words as `key`, in the order of their requests. */
  #rows(table: string, column: string, names: string, most: number): readonly Row[] {
    const sql = `SELECT ${names} AS key, t.* FROM (SELECT ${column} AS k, ${SUM} ${this.#where(table)} GROUP BY ${column} ORDER BY requests DESC, k LIMIT ${most}) t`
    return this.#db.prepare(sql).all().map(rowOf)
  }

  words(column: string, general: string, most = this.#query.most): readonly Row[] {
    return this.#rows(this.part ? 'sums' : general, column, '(SELECT text FROM words WHERE id = t.k)', most)
  }

  statuses(): readonly Row[] {
    return this.#rows(this.part ? 'sums' : 'by_kind', 'status', 't.k', this.#query.most)
  }

  hours(): readonly HourRow[] {
    return this.#rows('by_client', 'hour', 't.k', 1 << 30)
      .map((row) => ({ ...row, at: Number(row.key) * HOUR_MS, key: new Date(Number(row.key) * HOUR_MS).toISOString() }))
      .sort((a, b) => a.at - b.at)
  }

  /** All of them, and the sites that they belong to, in one pass: it is the longest of a report. Of a part only the sites are known. */
  hosts(): { readonly hosts: readonly Row[]; readonly sites: readonly Row[] } {
    if (this.part) return { hosts: [], sites: this.words('site', 'sums', 1 << 30) }
    const hosts = this.#rows('by_host', 'host', '(SELECT host FROM hosts WHERE id = t.k)', 1 << 30)
    return { hosts, sites: together(hosts, siteOf) }
  }

  clients(): { readonly rows: readonly ClientRow[]; readonly count: number } {
    const count = amount(this.#db.prepare(`SELECT count(DISTINCT client) AS n ${this.#where('by_client')}`).get() ?? {}, 'n')
    const groups = this.#db.prepare(`SELECT DISTINCT w.text AS name ${this.#where('by_client').replace('FROM by_client', 'FROM by_client JOIN words w ON w.id = grp')} AND client = (SELECT id FROM words WHERE text = ?)`)
    const rows = this.#rows('by_client', 'client', '(SELECT text FROM words WHERE id = t.k)', this.#query.most)
    return { count, rows: rows.map((row) => ({ ...row, groups: groups.all(row.key).map((each) => String(each['name'])).filter((name) => name !== '-') })) }
  }

  steps(what: 'size' | 'time'): readonly StepRow[] {
    if (this.part) return []
    const steps = what === 'size' ? SIZE_STEPS : TIME_STEPS
    const rows = this.#db.prepare('SELECT step, sum(requests) AS requests, sum(bytes_out) AS bytesOut FROM spread WHERE what = ? AND hour >= ? AND hour < ? GROUP BY step').all(what, this.#from, this.#to)
    const known = new Map(rows.map((row) => [Number(row['step']), row]))
    return steps.map((from, step) => ({ from, to: steps[step + 1], requests: amount(known.get(step) ?? {}, 'requests'), bytesOut: amount(known.get(step) ?? {}, 'bytesOut') }))
  }

  peaks(hours: readonly HourRow[]): Figures['peaks'] {
    if (this.part) return undefined
    const one = (column: string, at: string, scale: number): Peak => {
      const row = this.#db.prepare(`SELECT ${column} AS n, ${at} AS at FROM minutes WHERE minute >= ? AND minute < ? ORDER BY ${column} DESC LIMIT 1`).get(this.#from * 60, this.#to * 60)
      return { requests: amount(row ?? {}, 'n'), at: amount(row ?? {}, 'at') * scale }
    }
    const busiest = hours.reduce<HourRow | undefined>((most, row) => (most === undefined || row.requests > most.requests ? row : most), undefined)
    return { second: one('most', 'second', 1000), minute: one('requests', 'minute', 60_000), hour: { requests: busiest?.requests ?? 0, at: busiest?.at ?? 0 } }
  }

  page(client: string): ClientPage {
    const own = new Reader(this.#db, { ...this.#query, client })
    const hours = Array.from({ length: 24 }, () => 0)
    for (const { at, requests } of own.hours()) {
      const hour = new Date(at).getHours()
      hours[hour] = (hours[hour] ?? 0) + requests
    }
    return { client, sites: own.words('site', 'sums', 10), hours, denied: own.denied(client) }
  }

  /** From the records, for as long as they are kept. */
  denied(client: string): readonly DeniedRow[] {
    const sql = `SELECT json_extract(line, '$.target') AS target, json_extract(line, '$.rule') AS rule, max(json_extract(line, '$.reason')) AS reason, count(*) AS requests, max(time) AS last
      FROM records WHERE client = ? AND time >= ? AND time < ? AND verdict = 1 GROUP BY target, rule ORDER BY requests DESC, last DESC LIMIT ${MOST_DENIED}`
    return this.#db.prepare(sql).all(this.#client ?? -1, this.#from * HOUR_MS, this.#to * HOUR_MS).map((row) => ({
      client, target: String(row['target']), rule: String(row['rule']), reason: String(row['reason'] ?? ''), requests: amount(row, 'requests'), last: amount(row, 'last'),
    }))
  }

  lost(): number {
    return amount(this.#db.prepare('SELECT sum(count) AS n FROM lost WHERE hour >= ? AND hour < ?').get(this.#from, this.#to) ?? {}, 'n')
  }
}

function added(rows: readonly Row[], key: string): Row {
  const total = { requests: 0, bytesIn: 0, bytesOut: 0, ms: 0, denied: 0, errors: 0 }
  for (const row of rows) for (const name of ['requests', 'bytesIn', 'bytesOut', 'ms', 'denied', 'errors'] as const) total[name] += row[name]
  return { key, ...total }
}

/** Added up under what a key belongs to, the most asked first. */
function together(rows: readonly Row[], keyOf: (key: string) => string): readonly Row[] {
  const found = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keyOf(row.key)
    const same = found.get(key)
    if (same === undefined) found.set(key, [row])
    else same.push(row)
  }
  return [...found].map(([key, same]) => added(same, key)).sort((a, b) => b.requests - a.requests || (a.key < b.key ? -1 : 1))
}

export function storeFigures(db: DatabaseSync, query: FigureQuery, step: (done: number) => void = () => {}): Figures {
  const reader = new Reader(db, query)
  const { most } = query
  const hours = reader.hours()
  step(0.1)
  const { hosts, sites } = reader.hosts()
  step(0.4)
  const clients = reader.clients()
  step(0.6)
  const kinds = { rules: reader.words('rule', 'by_kind'), methods: reader.words('method', 'by_kind'), types: reader.words('type', 'by_kind'), statuses: reader.statuses() }
  step(0.8)
  const pages = clients.rows.slice(0, query.client === undefined ? query.pages : 1).map(({ key }) => reader.page(key))
  step(1)
  return {
    from: hours[0]?.at, to: hours.length === 0 ? undefined : (hours.at(-1)?.at ?? 0) + HOUR_MS, client: query.client, denied: query.denied, total: added(hours, 'total'),
    counts: { clients: clients.count, sites: sites.length, hosts: hosts.length }, clients: clients.rows, groups: reader.words('grp', 'by_client', 1 << 30), tops: together(sites, topOf).slice(0, most), sites: sites.slice(0, most),
    hosts: hosts.slice(0, most), ...kinds, hours, sizes: reader.steps('size'), times: reader.steps('time'), peaks: reader.peaks(hours), pages, lost: reader.lost(),
  }
}
