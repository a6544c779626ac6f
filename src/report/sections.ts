// The sections of a report, in the order in which they stand on every page: titles, columns, rows of texts. Danger prevented: a section that is on one
// page and missing on another.
import { daysOf, rowsOf } from './figures.ts'
import type { Dimension, Figures, Row, StepRow } from './figures.ts'
import { bytesText, countText, momentText, msText, shareText } from './words.ts'

export interface Section {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** columns of numbers, which stand to the right */
  readonly right: readonly number[]
  /** where the list goes on */
  readonly more?: string
}

const COLUMNS = ['requests', 'share', 'denied', 'failed', 'received', 'sent', 'mean time']
const RIGHT = [1, 2, 3, 4, 5, 6, 7]

function cells(row: Row, whole: number): readonly string[] {
  const { requests, denied, errors, bytesIn, bytesOut, ms } = row
  return [countText(requests), shareText(requests, whole), countText(denied), countText(errors), bytesText(bytesOut), bytesText(bytesIn), requests === 0 ? '-' : msText(ms / requests)]
}

const HEADS: Readonly<Record<Dimension, string>> = { client: 'client', group: 'group', site: 'site', rule: 'rule', hour: 'hour', type: 'content type', status: 'status' }
const TITLES: Readonly<Record<Dimension, string>> = {
  client: 'Requesters', group: 'Groups', site: 'Sites (registrable domains)', rule: 'Rules', hour: 'Hours', type: 'Content types', status: 'Status codes',
}

function list(title: string, head: string, rows: readonly Row[], figures: Figures, count = rows.length): Section {
  const more = count > rows.length ? { more: `${countText(count - rows.length)} more` } : {}
  return { title, head: [head, ...COLUMNS], rows: rows.map((row) => [row.key, ...cells(row, figures.total.requests)]), right: RIGHT, ...more }
}

function statusName(key: string): string {
  return key === '0' ? 'none: the client left' : key
}

export function sectionBy(figures: Figures, by: Dimension): Section {
  const { counts } = figures
  if (by === 'client') {
    const base = list(TITLES.client, HEADS.client, figures.clients, figures, counts.clients)
    return { ...base, head: ['client', 'group', ...COLUMNS], rows: figures.clients.map((row) => [row.key, row.groups.join(', ') || '-', ...cells(row, figures.total.requests)]), right: RIGHT.map((at) => at + 1) }
  }
  if (by === 'hour') return list(TITLES.hour, HEADS.hour, figures.hours.map((row) => ({ ...row, key: momentText(row.at) })), figures)
  if (by === 'status') return list(TITLES.status, HEADS.status, figures.statuses.map((row) => ({ ...row, key: statusName(row.key) })), figures)
  return list(TITLES[by], HEADS[by], rowsOf(figures, by), figures, by === 'site' ? counts.sites : undefined)
}

function stepName({ from, to }: StepRow, text: (value: number) => string): string {
  if (to === undefined) return `${text(from)} and more`
  return from === 0 && to === 1 ? 'nothing' : `${from === 0 ? '0' : text(from)} to ${text(to)}`
}

function decimalBytes(octets: number): string {
  if (octets < 1000) return `${octets} B`
  const units = ['B', 'kB', 'MB', 'GB']
  const power = Math.min(3, Math.floor(Math.log10(octets) / 3))
  return `${octets / 1000 ** power} ${units[power] ?? ''}`
}

function steps(title: string, rows: readonly StepRow[], text: (value: number) => string): Section {
  const whole = rows.reduce((sum, { requests }) => sum + requests, 0)
  return {
    title, head: [title === 'Sizes' ? 'size' : 'time', 'requests', 'share', 'received'], right: [1, 2, 3],
    rows: rows.map((row) => [stepName(row, text), countText(row.requests), shareText(row.requests, whole), bytesText(row.bytesOut)]),
  }
}

export function summary(figures: Figures): Section {
  const { total, counts, from, to, peaks } = figures
  const hours = from === undefined || to === undefined ? 0 : (to - from) / 3_600_000
  return {
    title: 'Summary', head: ['', ''], right: [1],
    rows: [
      ['time', from === undefined || to === undefined ? '-' : `${momentText(from)} to ${momentText(to)}`],
      ['requests', countText(total.requests)],
      ['of them denied', `${countText(total.denied)} (${shareText(total.denied, total.requests)})`],
      ['of them failed', `${countText(total.errors)} (${shareText(total.errors, total.requests)})`],
      ['clients', countText(counts.clients)],
      ['sites', countText(counts.sites)],
      ...(counts.hosts === 0 ? [] : [['hosts', countText(counts.hosts)]]),
      ['received by clients', bytesText(total.bytesOut)],
      ['sent by clients', bytesText(total.bytesIn)],
      ['mean size', total.requests === 0 ? '-' : bytesText(total.bytesOut / total.requests)],
      ['mean time', total.requests === 0 ? '-' : msText(total.ms / total.requests)],
      ['mean an hour', hours === 0 ? '-' : countText(total.requests / hours)],
      ...(peaks === undefined || total.requests === 0 ? [] : (['second', 'minute', 'hour'] as const).map((span) => [`peak of a ${span}`.replace('a hour', 'an hour'), `${countText(peaks[span].requests)} at ${momentText(peaks[span].at, span === 'second')}`])),
      ...(figures.lost === 0 ? [] : [['known by number alone', `${countText(figures.lost)} requests found no room in the queue`]]),
    ],
  }
}

/** All of a report, but for the clients' own pages. */
export function sections(figures: Figures): readonly Section[] {
  const { counts } = figures
  const own = (by: Dimension): Section => sectionBy(figures, by)
  return [
    summary(figures),
    list('Methods', 'method', figures.methods, figures),
    own('status'),
    list('Domains, top level', 'domain', figures.tops, figures),
    own('site'),
    ...(figures.hosts.length === 0 ? [] : [list('Hosts', 'host', figures.hosts, figures, counts.hosts)]),
    own('type'),
    ...(figures.sizes.length === 0 ? [] : [steps('Sizes', figures.sizes, decimalBytes), steps('Times', figures.times, msText)]),
    own('rule'),
    own('group'),
    own('client'),
    list('Days', 'day', daysOf(figures.hours), figures),
  ].filter(({ rows }) => rows.length > 0)
}

/** What was denied, by client: URL, rule and why. */
export function deniedSection(figures: Figures): Section {
  return {
    title: 'Denied, by client', head: ['client', 'requests', 'last', 'rule', 'target'], right: [1],
    rows: figures.pages.flatMap(({ denied }) => denied.map(({ client, requests, last, rule, target }) => [client, countText(requests), momentText(last), rule, target])),
  }
}
