// Rates as an author writes them: `50kB/s`, `2MB/s`, `10Mbit/s`; and what a rule says that slows down instead of refusing. Danger prevented:
// a `b` that one reader takes for bits and the next for octets, which are eight times as many.
import type { Report } from './report.ts'
import type { RuleDraft, WebRuleDraft } from './schema.ts'
import type { Path } from './source.ts'

const OCTETS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, kiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }
const BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, Kbit: 1e3, Mbit: 1e6, mbit: 1e6, Gbit: 1e9, gbit: 1e9 }

/** Of a rule: what less could the buckets of the proxy and the kernel's classes keep, or would anybody mean? */
const LEAST = 1000
const MOST = 1e9
/** Of a line: a hundred gigabits. */
const MOST_OF_A_LINE = 12.5e9

export const RATE_FORM = 'write octets or bits a second: `50kB/s`, `2MB/s`, `10Mbit/s`'

export type ParsedRate = { readonly ok: true; readonly octets: number } | { readonly ok: false; readonly problem: string; readonly hint: string }

/** Octets a second. */
export function parseRate(text: string): ParsedRate {
  const wrong = (problem: string, hint = RATE_FORM): ParsedRate => ({ ok: false, problem, hint })
  const match = /^(\d{1,12}(?:\.\d{1,3})?)\s*([A-Za-z]*)\s*(.*)$/.exec(text.trim())
  if (match === null) return wrong(`\`${text}\` is no rate`)
  const [, number = '', unit = '', per = ''] = match
  const perSecond = /^\/\s*(?:s|sec|second)$/.test(per)
  // `kbps`, `kbs`: bits to some and octets to others
  const unclear = /^([kmg]?)i?b(?:ps|s)?$/i.exec(unit)
  const octets = OCTETS[unit] ?? (BITS[unit] === undefined ? undefined : BITS[unit] / 8)
  if (octets === undefined) {
    if (unit === '') return wrong(`\`${text}\` has no unit`)
    if (unclear === null) return wrong(`\`${text}\` is no rate`)
    const scale = (unclear[1] ?? '').toLowerCase()
    const big = scale === 'k' || scale === '' ? scale : scale.toUpperCase()
    return wrong(`\`${text}\` may be bits or octets`, `write \`${number}${big}B/s\` for octets, \`${number}${big}bit/s\` for bits`)
  }
  if (!perSecond) return wrong(per === '' ? `\`${text}\` is an amount, not a rate` : `\`${text}\` is no rate`, `write \`${number}${unit}/s\``)
  return { ok: true, octets: Math.round(Number(number) * octets) }
}

/** As an author would write it. */
export function rateText(octets: number): string {
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]] as const) if (octets >= size && octets % (size / 1000) === 0) return `${octets / size}${unit}/s`
  return `${octets}B/s`
}

function readRate(report: Report, at: Path, most: number): number | undefined {
  const text = report.source.text(at)
  const parsed = parseRate(text)
  if (!parsed.ok) return void report.error('rate', at, parsed.problem, parsed.hint) as undefined
  if (parsed.octets < LEAST || parsed.octets > most) return void report.error('rate', at, `\`${text}\` is out of range`, `a rate goes from ${rateText(LEAST)} to ${rateText(most)}`) as undefined
  return parsed.octets
}

/** `rate` of `green` or `red`: what leaves by that interface at most. */
export function readLineRate(report: Report, path: Path, draft: { readonly rate?: string | number | undefined }): number | undefined {
  return draft.rate === undefined ? undefined : readRate(report, [...path, 'rate'], MOST_OF_A_LINE)
}

/** Of a rule: its rate, or that it yields. `per` is told by the caller's kind of rule. */
export interface Slowing {
  /** octets a second, in each direction */
  readonly rate?: number
  /** the idle line: yields to all else */
  readonly low?: true
  /** as the author wrote it: `50kB/s`, `low` */
  readonly text: string
}

type Keys = Pick<RuleDraft | WebRuleDraft, 'action' | 'rate' | 'priority' | 'per'>

/** undefined: the rule does not slow, or what it says was told to be wrong. */
export function readSlowing(report: Report, path: Path, draft: Keys): Slowing | undefined {
  if (draft.action !== 'limit') {
    for (const key of ['rate', 'priority', 'per'] as const) {
      if (draft[key] !== undefined) report.keyError('limit', [...path, key], `\`${key}\` says how a rule slows down, and this one does not: its action is \`${draft.action}\``, draft.action === 'allow' ? 'write `action: limit`' : `remove \`${key}\``)
    }
    return undefined
  }
  if (draft.rate !== undefined && draft.priority !== undefined) {
    return void report.keyError('limit', [...path, 'priority'], 'a rule caps, or it yields: `rate` and `priority` stand together', 'keep one of them') as undefined
  }
  if (draft.priority !== undefined) return { low: true, text: 'low' }
  // what has the wrong shape was told, and is not there any more
  if (draft.rate === undefined && ['rate', 'priority'].some((key) => report.source.text([...path, key]) !== '')) return undefined
  if (draft.rate === undefined) return void report.error('limit', [...path, 'action'], '`limit` needs to know how much', 'add `rate: 50kB/s`, or for packets `priority: low`') as undefined
  const rate = readRate(report, [...path, 'rate'], MOST)
  return rate === undefined ? undefined : { rate, text: rateText(rate) }
}
