// Many host patterns asked at once: names and suffixes in one hash that is walked label by label from the right, globs compiled
// once. Danger prevented: a policy whose judgement slows with every pattern, and a suffix that matches in the middle of a label.
import micromatch from 'micromatch'
import type { HostName } from './hostname.ts'
import { NameTable, nameStep } from './name-table.ts'
import type { HostPattern } from './pattern.ts'

export interface HostMatcher {
  readonly empty: boolean
  has(name: HostName): boolean
}

const SELF = 1
const BELOW = 2
const NO_FLAGS = new Uint8Array(0)

export function hostMatcher(patterns: readonly HostPattern[]): HostMatcher {
  return new Matcher(patterns)
}

/** Label by label from the left; a string stands for itself, and `undefined` for any label. */
type Glob = readonly (string | RegExp | undefined)[]

/**
 * Each label is a pattern of its own to micromatch, so that a star stays in its label, and a hostile name costs the sum of what its
 * labels cost, not the product.
 */
function compileGlob(glob: string): Glob {
  return glob.split('.').map((label) => {
    if (label === '*') return undefined
    return /[*?[]/.test(label) ? micromatch.makeRe(label, { dot: true, nobrace: true, noextglob: true, noglobstar: true, nonegate: true }) : label
  })
}

/** From the right, where globs are mostly plain text. */
function matchesGlob(glob: Glob, name: string): boolean {
  let end = name.length
  for (let i = glob.length - 1; i >= 0; i--) {
    if (end < 0) return false
    const start = name.lastIndexOf('.', end - 1) + 1
    if (!matchesLabel(glob[i], name, start, end)) return false
    end = start - 1
  }
  return end < 0
}

function matchesLabel(label: string | RegExp | undefined, name: string, start: number, end: number): boolean {
  if (label === undefined) return true
  if (typeof label === 'string') return label.length === end - start && name.startsWith(label, start)
  return label.test(name.slice(start, end))
}

/** Made ready when it is first asked: most rules of a long policy never are. */
class Matcher implements HostMatcher {
  readonly empty: boolean
  #patterns: readonly HostPattern[]
  #names: NameTable | undefined
  #flags: Uint8Array = NO_FLAGS
  #globs: readonly Glob[] = []

  constructor(patterns: readonly HostPattern[]) {
    this.#patterns = patterns
    this.empty = patterns.length === 0
  }

  has(name: HostName): boolean {
    const names = this.#names ?? this.#ready()
    if (names.size > 0 && this.#hasName(names, name)) return true
    for (const glob of this.#globs) if (matchesGlob(glob, name)) return true
    return false
  }

  #ready(): NameTable {
    const flags = new Map<string, number>()
    const globs: Glob[] = []
    for (const pattern of this.#patterns) {
      if (pattern.kind === 'glob') for (const glob of pattern.glob.split(',')) globs.push(compileGlob(glob))
      else flags.set(pattern.name, (flags.get(pattern.name) ?? 0) | (pattern.kind === 'exact' ? SELF : pattern.kind === 'below' ? BELOW : SELF | BELOW))
    }
    this.#patterns = []
    this.#flags = Uint8Array.from(flags.values())
    this.#globs = globs
    this.#names = new NameTable([...flags.keys()])
    return this.#names
  }

  /** One pass from the last octet to the first; at each dot the suffix read so far is looked up. */
  #hasName(names: NameTable, name: string): boolean {
    let hash = 0
    for (let i = name.length - 1; i >= 0; i--) {
      const code = name.charCodeAt(i)
      if (code === 0x2e && (this.#flagsOf(names, name, i + 1, hash) & BELOW) !== 0) return true
      hash = nameStep(hash, code)
    }
    return (this.#flagsOf(names, name, 0, hash) & SELF) !== 0
  }

  #flagsOf(names: NameTable, name: string, start: number, hash: number): number {
    const index = names.find(name, start, hash)
    return index < 0 ? 0 : (this.#flags[index] ?? 0)
  }
}
