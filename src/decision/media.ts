// Media types as conditions, in their two moments. Danger prevented: an allow rule that a server's answer can match, and a deny rule
// that a parameter or a capital letter escapes (RFC 9110 8.3.1).
import type { WebRule } from '../policy/policy.ts'
import type { RequestFacts } from './facts.ts'

/** What was sent last, read: one value is asked for by every rule that speaks of types. */
let lastValue = ''
let lastNames: readonly string[] = []

/** Every word of a rule that holds the value; where a sender put several types, any of them counts. */
function namesOf(value: string): readonly string[] {
  if (value === lastValue) return lastNames
  const names: string[] = []
  for (const part of value.split(',')) {
    const end = part.indexOf(';')
    const type = (end < 0 ? part : part.slice(0, end)).trim().toLowerCase()
    if (type === '') continue
    const slash = type.indexOf('/')
    names.push(type, slash < 0 ? '' : `${type.slice(0, slash)}/*`, '*/*')
  }
  lastValue = value
  lastNames = names
  return names
}

/** `types`: lower case `type/subtype` or `type/*`. `value`: as sent. */
export function hasType(types: readonly string[], value: string | undefined): boolean {
  if (value === undefined) return false
  for (const name of namesOf(value)) if (types.includes(name)) return true
  return false
}

/** Which media types any rule speaks of at all. */
export class TypeWords {
  readonly #words: ReadonlySet<string>

  constructor(rules: readonly WebRule[]) {
    this.#words = new Set(rules.flatMap(({ contentTypes }) => contentTypes ?? []))
  }

  /** The value, or undefined where no rule's `content-type` holds it: most answers are asked about by none. */
  spokenOf(value: string | undefined): string | undefined {
    if (value === undefined) return undefined
    for (const name of namesOf(value)) if (this.#words.has(name)) return value
    return undefined
  }
}

/** A deny holds for the request's type or the response's, an allow for the request's alone; of what runs in a tunnel nothing is seen. */
export function contentMoment(types: readonly string[], denies: boolean, facts: RequestFacts): 'yes' | 'no' | 'response' {
  if (facts.tunnel && !denies) return 'no'
  if (hasType(types, facts.contentType)) return 'yes'
  return denies && !facts.tunnel ? 'response' : 'no'
}
