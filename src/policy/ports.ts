// Port lists: `[80, 443, 1025-65535]`. Danger prevented: a range back to front, which would be open nowhere or everywhere.
import { severalHint } from './address.ts'
import type { PortRange } from './policy.ts'
import type { Report } from './report.ts'
import { service } from './services.ts'
import type { Path } from './source.ts'

export type PortWords = number | string | readonly (number | string | null)[]

function readPort(report: Report, text: string, at: Path): PortRange | undefined {
  const [from = '', to = from, ...more] = text.split('-').map((end) => end.trim())
  const first = Number(from)
  const last = Number(to)
  if (!/^\d{1,5}$/.test(from) || !/^\d{1,5}$/.test(to) || more.length > 0) {
    const part = service(text)?.find((known) => known.protocol === 'tcp')
    report.error('port', at, `\`${text}\` is no port`, part !== undefined && 'first' in part ? `write \`${part.first}\`` : (severalHint(text) ?? 'write 443, or 1025-65535'))
    return undefined
  }
  if (first < 1 || last < 1 || first > 65535 || last > 65535) {
    report.error('port', at, `\`${text}\` is out of range`, 'ports go from 1 to 65535')
    return undefined
  }
  if (first > last) {
    report.error('port', at, `the range \`${text}\` runs backwards`, `write \`${last}-${first}\``)
    return undefined
  }
  return { first, last }
}

/** Merged and sorted. */
export function readPorts(report: Report, words: PortWords, path: Path): PortRange[] {
  const items = (Array.isArray(words) ? words : [words]) as readonly (number | string | null)[]
  const ranges = items.flatMap((item, index) => {
    const at = Array.isArray(words) ? [...path, index] : path
    return item === null ? [] : (readPort(report, report.source.text(at).trim(), at) ?? [])
  })
  const merged: PortRange[] = []
  for (const range of ranges.sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1)
    if (before !== undefined && range.first <= before.last + 1) merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, range.last) }
    else merged.push(range)
  }
  return merged
}

