// Where a file's cases come from, in one cell of the table: RFC sections, then CVEs and advisories, then whoever else it hurt.
import type { WireCase } from './case.ts'

const RFC = /RFC (\d+)((?:,? ?[A-Z]?\.?\d[\d.]*\b(?!\d*:))*)/g
const ADVISORY = /CVE-\d+-\d+|GHSA(?:-[\w]{4}){3}/g

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

export function sourcesOf(cases: readonly WireCase[]): string {
  const rfcs = new Map<string, Set<string>>()
  const advisories = new Set<string>()
  const others = new Set<string>()
  for (const { ref } of cases) {
    for (const [, number = '', sections = ''] of ref.matchAll(RFC)) {
      const known = rfcs.get(number) ?? new Set()
      for (const section of sections.split(',')) if (section.trim() !== '') known.add(section.trim())
      rfcs.set(number, known)
    }
    for (const [advisory] of ref.matchAll(ADVISORY)) advisories.add(advisory)
    for (const [other] of ref.matchAll(/\b(?:llhttp|smuggler|http-garden|WPT|WHATWG URL|Host of Troubles|Slowloris)\b|[\w.-]+(?:\/[\w.-]+)?#\d+/g)) others.add(other)
  }
  const told = [...rfcs].sort(([a], [b]) => compare(b, a)).map(([number, sections]) => `RFC ${number} ${[...sections].sort(compare).join(', ')}`.trim())
  return [...told, ...[...advisories].sort(compare), ...[...others].sort(compare)].join('; ')
}
