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
  const globs: RegExp[] = []
  for (const pattern of patterns) {
    if (pattern.kind === 'glob') for (const glob of pattern.glob.split(',')) globs.push(compileGlob(glob))
    else flags.set(pattern.name, (flags.get(pattern.name) ?? 0) | (pattern.kind === 'exact' ? SELF : pattern.kind === 'below' ? BELOW : SELF | BELOW))
  }
  return new Matcher(flags, globs)
}

/** With dots as slashes a name is a path to micromatch, so that a star stays in its label. A negated class must not eat a dot. */
function compileGlob(glob: string): RegExp {
  const path = glob.replaceAll('.', '/').replaceAll('[^', '[^/')
  return micromatch.makeRe(path, { dot: true, nobrace: true, noextglob: true, noglobstar: true, nonegate: true, strictSlashes: true })
}

class Matcher implements HostMatcher {
  readonly empty: boolean
  readonly #names: readonly string[]
  readonly #flags: Uint8Array
  /** open addressing; index + 1 of the name, 0 for a free slot; at most half full */
  readonly #slots: Int32Array
  readonly #globs: readonly RegExp[]

  constructor(flags: ReadonlyMap<string, number>, globs: readonly RegExp[]) {
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
    if (this.#globs.length === 0) return false
    const path = name.replaceAll('.', '/')
    for (const glob of this.#globs) if (glob.test(path)) return true
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
