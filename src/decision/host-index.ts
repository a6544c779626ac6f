// The host patterns of all rules in one index: a name gives the rules that speak of it, by one look-up a label. Danger prevented: a
// judgement that asks every rule of a long policy about every request.
import { NameTable, nameStep } from '../net/name-table.ts'
import { hostMatcher } from '../net/pattern.ts'
import type { HostMatcher, HostPattern } from '../net/pattern.ts'
import type { HostName } from '../net/hostname.ts'
import type { Steps } from './steps.ts'

/** Bits of rules: rule `n` is bit `n % 32` of word `n >> 5`. */
export type RuleBits = Uint32Array

export function ruleBits(rules: number): RuleBits {
  return new Uint32Array((rules + 31) >> 5)
}

export function setBit(bits: RuleBits, rule: number): void {
  const word = rule >> 5
  bits[word] = (bits[word] ?? 0) | (1 << (rule & 31))
}

export function holds(bits: RuleBits, rule: number): boolean {
  return ((bits[rule >> 5] ?? 0) & (1 << (rule & 31))) !== 0
}

export function* rulesIn(bits: RuleBits): Generator<number> {
  for (let word = 0; word < bits.length; word++) {
    for (let rest = bits[word] ?? 0; rest !== 0; rest &= rest - 1) yield (word << 5) + (31 - Math.clz32(rest & -rest))
  }
}

/** Rules found for one name, each once; room for all is made beforehand. */
export class Hits {
  readonly #rules: Int32Array
  /** `#seen[rule] === #stamp`: found for this name already */
  readonly #seen: Uint32Array
  #stamp = 0
  #count = 0

  constructor(rules: number) {
    this.#rules = new Int32Array(rules)
    this.#seen = new Uint32Array(rules)
  }

  get count(): number {
    return this.#count
  }

  clear(): void {
    this.#count = 0
    if (this.#stamp === 0xffffffff) {
      this.#seen.fill(0)
      this.#stamp = 0
    }
    this.#stamp++
  }

  add(rule: number): void {
    if (this.#seen[rule] === this.#stamp) return
    this.#seen[rule] = this.#stamp
    this.#rules[this.#count++] = rule
  }

  addAll(rules: readonly number[]): void {
    for (const rule of rules) this.add(rule)
  }

  /** In the policy's order. */
  sorted(): Int32Array {
    if (this.#count > 1) this.#rules.subarray(0, this.#count).sort()
    return this.#rules
  }
}

interface Globs {
  readonly rule: number
  readonly matcher: HostMatcher
}

/** What the rules say of one name. */
interface Entry {
  readonly self: number[]
  readonly below: number[]
  /** globs that end in this name: asked of what is below it alone */
  readonly globs: Globs[]
}

export class HostIndex {
  readonly #entries: readonly Entry[]
  readonly #names: NameTable
  /** globs whose last label is one */
  readonly #openGlobs: readonly Globs[]

  constructor(entries: ReadonlyMap<string, Entry>, openGlobs: readonly Globs[]) {
    this.#names = new NameTable([...entries.keys()])
    this.#entries = [...entries.values()]
    this.#openGlobs = openGlobs
  }

  /** Finds every rule one of whose patterns holds the name. */
  find(name: HostName, hits: Hits): void {
    const names = this.#names
    if (names.size > 0) {
      let hash = 0
      for (let i = name.length - 1; i >= 0; i--) {
        const code = name.charCodeAt(i)
        if (code === 0x2e) {
          const below = this.#entries[names.find(name, i + 1, hash)]
          if (below !== undefined) {
            hits.addAll(below.below)
            askGlobs(below.globs, name, hits)
          }
        }
        hash = nameStep(hash, code)
      }
      const self = this.#entries[names.find(name, 0, hash)]
      if (self !== undefined) {
        hits.addAll(self.self)
        askGlobs(self.globs, name, hits)
      }
    }
    askGlobs(this.#openGlobs, name, hits)
  }
}

export function* hostIndex(rules: readonly { readonly patterns: readonly HostPattern[]; readonly rule: number }[]): Steps<HostIndex> {
  const entries = new Map<string, Entry>()
  const openGlobs: Globs[] = []
  for (const { patterns, rule } of rules) {
    for (const pattern of patterns) {
      if (pattern.kind !== 'glob') {
        const { self, below } = entryOf(entries, pattern.name)
        if (pattern.kind !== 'below') push(self, rule)
        if (pattern.kind !== 'exact') push(below, rule)
      } else for (const glob of pattern.glob.split(',')) {
        const end = plainEnd(glob)
        const into = end === '' ? openGlobs : entryOf(entries, end).globs
        into.push({ rule, matcher: hostMatcher([{ kind: 'glob', glob, text: pattern.text }]) })
      }
    }
    yield
  }
  return new HostIndex(entries, openGlobs)
}

function entryOf(entries: Map<string, Entry>, name: string): Entry {
  let entry = entries.get(name)
  if (entry === undefined) {
    entry = { self: [], below: [], globs: [] }
    entries.set(name, entry)
  }
  return entry
}

/** The labels behind the last one that is a pattern. */
function plainEnd(glob: string): string {
  const open = Math.max(glob.lastIndexOf('*'), glob.lastIndexOf('?'), glob.lastIndexOf('['), glob.lastIndexOf(']'))
  if (open < 0) return glob
  const dot = glob.indexOf('.', open)
  return dot < 0 ? '' : glob.slice(dot + 1)
}

function push(rules: number[], rule: number): void {
  if (rules.at(-1) !== rule) rules.push(rule)
}

function askGlobs(globs: readonly Globs[], name: HostName, hits: Hits): void {
  for (const { matcher, rule } of globs) if (matcher.has(name)) hits.add(rule)
}
