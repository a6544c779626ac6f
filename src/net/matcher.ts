// Many host patterns asked at once: names and suffixes in one hash that is walked label by label from the right, globs compiled
// once. Danger prevented: a policy whose judgement slows with every pattern, and a suffix that matches in the middle of a label.
import micromatch from 'micromatch'
import type { HostName } from './hostname.ts'
import type { HostPattern } from './pattern.ts'

export interface HostMatcher {
  readonly empty: boolean
  has(name: HostName): boolean
}

const SELF = 1
const BELOW = 2

export function hostMatcher(patterns: readonly HostPattern[]): HostMatcher {
  const flags = new Map<string, number>()
  const globs: Glob[] = []
  for (const pattern of patterns) {
    if (pattern.kind === 'glob') for (const glob of pattern.glob.split(',')) globs.push(compileGlob(glob))
    else flags.set(pattern.name, (flags.get(pattern.name) ?? 0) | (pattern.kind === 'exact' ? SELF : pattern.kind === 'below' ? BELOW : SELF | BELOW))
  }
  return new Matcher(flags, globs)
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

class Matcher implements HostMatcher {
  readonly empty: boolean
  readonly #names: readonly string[]
  readonly #flags: Uint8Array
  /** open addressing; index + 1 of the name, 0 for a free slot; at most half full */
  readonly #slots: Int32Array
  readonly #globs: readonly Glob[]

  constructor(flags: ReadonlyMap<string, number>, globs: readonly Glob[]) {
    this.#names = [...flags.keys()]
    this.#flags = Uint8Array.from(flags.values())
    this.#globs = globs
    this.empty = flags.size === 0 && globs.length === 0
    let size = 8
    while (size < flags.size * 2) size *= 2
    this.#slots = new Int32Array(size)
    this.#names.forEach((name, index) => {
      let hash = 0
      for (let i = name.length - 1; i >= 0; i--) hash = step(hash, name.charCodeAt(i))
      let slot = hash & (size - 1)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (size - 1)
      this.#slots[slot] = index + 1
    })
  }

  has(name: HostName): boolean {
    if (this.#names.length > 0 && this.#hasName(name)) return true
    for (const glob of this.#globs) if (matchesGlob(glob, name)) return true
    return false
  }

  /** One pass from the last octet to the first; at each dot the suffix read so far is looked up. */
  #hasName(name: string): boolean {
    let hash = 0
    for (let i = name.length - 1; i >= 0; i--) {
      const code = name.charCodeAt(i)
      if (code === 0x2e && (this.#find(name, i + 1, hash) & BELOW) !== 0) return true
      hash = step(hash, code)
    }
    return (this.#find(name, 0, hash) & SELF) !== 0
  }

  #find(name: string, start: number, hash: number): number {
    const mask = this.#slots.length - 1
    const length = name.length - start
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] ?? 0
      if (entry === 0) return 0
      const candidate = this.#names[entry - 1] ?? ''
      if (candidate.length === length && name.endsWith(candidate)) return this.#flags[entry - 1] ?? 0
    }
  }
}

/** FNV-1a with a shift, so that the low bits which choose the slot see every octet. */
function step(hash: number, code: number): number {
  const mixed = Math.imul(hash ^ code, 0x01000193)
  return mixed ^ (mixed >>> 15)
}
