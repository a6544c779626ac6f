// The host patterns of all rules in one index: a name gives the rules that speak of it, by one look-up a label. Danger prevented: a
// judgement that asks every rule of a long policy about every request.
import { hostMatcher } from '../net/pattern.ts'
import type { HostMatcher, HostPattern } from '../net/pattern.ts'
import type { HostName } from '../net/hostname.ts'

/** Bits of rules: rule `n` is bit `n % 32` of word `n >> 5`. */
export type RuleBits = Uint32Array

export function ruleBits(rules: number): RuleBits {
  return new Uint32Array((rules + 31) >> 5)
}

export function setBit(bits: RuleBits, rule: number): void {
  const word = rule >> 5
  bits[word] = (bits[word] ?? 0) | (1 << (rule & 31))
}

export class HostIndex {
  readonly #self = new Map<string, number[]>()
  readonly #below = new Map<string, number[]>()
  readonly #globs: { readonly matcher: HostMatcher; readonly rule: number }[] = []

  add(patterns: readonly HostPattern[], rule: number): void {
    const globs = patterns.filter((pattern) => pattern.kind === 'glob')
    if (globs.length > 0) this.#globs.push({ matcher: hostMatcher(globs), rule })
    for (const pattern of patterns) {
      if (pattern.kind === 'glob') continue
      if (pattern.kind !== 'below') push(this.#self, pattern.name, rule)
      if (pattern.kind !== 'exact') push(this.#below, pattern.name, rule)
    }
  }

  /** Sets the bit of every rule one of whose patterns holds the name. */
  mark(name: HostName, bits: RuleBits): void {
    if (this.#self.size > 0) markAll(this.#self.get(name), bits)
    if (this.#below.size > 0) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) markAll(this.#below.get(name.slice(dot + 1)), bits)
    }
    for (const { matcher, rule } of this.#globs) if (matcher.has(name)) setBit(bits, rule)
  }
}

function push(map: Map<string, number[]>, name: string, rule: number): void {
  const rules = map.get(name)
  if (rules === undefined) map.set(name, [rule])
  else if (rules.at(-1) !== rule) rules.push(rule)
}

function markAll(rules: readonly number[] | undefined, bits: RuleBits): void {
  if (rules !== undefined) for (const rule of rules) setBit(bits, rule)
}
