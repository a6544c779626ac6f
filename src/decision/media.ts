// Media types as conditions, in their two moments. Danger prevented: an allow rule that a server's answer can match, and a deny rule
// that a parameter or a capital letter escapes (RFC 9110 8.3.1).
import type { RequestFacts } from './facts.ts'

/** `types`: lower case `type/subtype` or `type/*`. `value`: as sent; where a sender put several, any of them counts. */
export function hasType(types: readonly string[], value: string | undefined): boolean {
  if (value === undefined) return false
  for (const part of value.split(',')) {
    const end = part.indexOf(';')
    const type = (end < 0 ? part : part.slice(0, end)).trim().toLowerCase()
    if (type === '') continue
    const slash = type.indexOf('/')
    const family = slash < 0 ? '' : `${type.slice(0, slash)}/*`
    if (types.includes(type) || types.includes(family) || types.includes('*/*')) return true
  }
  return false
}

/** A deny holds for the request's type or the response's, an allow for the request's alone; of what runs in a tunnel nothing is seen. */
export function contentMoment(types: readonly string[], denies: boolean, facts: RequestFacts): 'yes' | 'no' | 'response' {
  if (facts.tunnel && !denies) return 'no'
  if (hasType(types, facts.contentType)) return 'yes'
  return denies && !facts.tunnel ? 'response' : 'no'
}
