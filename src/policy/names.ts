// The names that an author defines: one value each, made once, nested names followed, circles told with their path. Danger
// prevented: a name that means itself, one fault told at each of its uses, and a definition that nobody knows to be dead.
import { nearest } from './nearest.ts'
import type { Report } from './report.ts'
import type { Path } from './source.ts'

export interface Names<T> {
  has(name: string): boolean
  /** the value of a name that is used at `path`; undefined when it was told to be wrong */
  use(name: string, path: Path): T | undefined
  /** every name in the order of the file, with its value */
  all(): ReadonlyMap<string, T>
  near(word: string): string | undefined
  tellUnused(mentioned: ReadonlySet<string>): void
}

export interface Definitions<T> {
  /** the section: `addresses`, `services`, ... */
  readonly section: string
  /** what one is called: `address`, `service`, ... */
  readonly kind: string
  readonly entries: readonly string[]
  /** known without being defined */
  readonly reserved: ReadonlySet<string>
  resolve(name: string, names: Names<T>): T | undefined
}

export const NAME = /^[A-Za-z0-9_-]{1,40}$/
export const NAME_FORM = 'names are made of letters, digits, `_` and `-`, 40 at most'

const DEEPEST = 50

export function defineNames<T>(report: Report, definitions: Definitions<T>): Names<T> {
  const { section, kind, reserved } = definitions
  const entries = new Set<string>()
  const values = new Map<string, T | undefined>()
  const used = new Set<string>()
  const wrong = new Set<string>()
  const open: string[] = []

  for (const name of definitions.entries) {
    if (reserved.has(name) || !NAME.test(name) || name === '__proto__') wrong.add(name)
    if (reserved.has(name)) report.keyError('reserved-name', [section, name], `\`${name}\` is known without being defined`, 'choose another name')
    else if (!NAME.test(name) || name === '__proto__') report.keyError('name', [section, name], `\`${name}\` is no name`, NAME_FORM)
    entries.add(name)
  }

  const names: Names<T> = {
    has: (name) => entries.has(name),
    use(name, path) {
      used.add(name)
      if (values.has(name)) return values.get(name)
      if (open.includes(name)) {
        const circle = [...open.slice(open.indexOf(name)), name].map((one) => `\`${one}\``).join(' → ')
        report.error('cycle', path, `the ${kind} \`${name}\` holds itself: ${circle}`, 'take it out of one of them')
        return undefined
      }
      if (open.length >= DEEPEST) {
        report.error('nesting', path, `names nest more than ${DEEPEST} deep here`, 'name the entries themselves')
        return undefined
      }
      open.push(name)
      const value = definitions.resolve(name, names)
      open.pop()
      values.set(name, value)
      return value
    },
    all() {
      const result = new Map<string, T>()
      for (const name of entries) {
        const value = values.get(name)
        if (value !== undefined) result.set(name, value)
      }
      return result
    },
    near: (word) => nearest(word, entries),
    tellUnused(mentioned) {
      for (const name of entries) {
        if (!used.has(name) && !wrong.has(name) && !mentioned.has(name)) report.keyWarning('unused', [section, name], `nothing uses the ${kind} \`${name}\``, 'remove it, or use it in a rule')
      }
    },
  }
  for (const name of entries) {
    const before = used.has(name)
    names.use(name, [section, name])
    if (!before) used.delete(name)
  }
  return names
}
