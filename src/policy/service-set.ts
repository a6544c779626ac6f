// What is asked for: the entries of `services`, from names, names of the table and literals to one set. Danger prevented: a
// service that is narrower or broader than its name, and a port without a protocol, of which half is forgotten.
import { entries, severalHint } from './address.ts'
import { defineNames, NAME, type Names } from './names.ts'
import { nearest } from './nearest.ts'
import type { ServicePart, ServiceSet } from './policy.ts'
import type { Report } from './report.ts'
import type { Words } from './schema.ts'
import { parseServiceLiteral, service, serviceNames } from './services.ts'
import type { Path } from './source.ts'

export interface Services {
  readonly names: Names<ServiceSet>
  set(words: Words, path: Path): ServiceSet | undefined
}

export const NO_SERVICE: ServiceSet = { any: false, parts: [], text: [] }
export const ANY_SERVICE: ServiceSet = { any: true, parts: [], text: ['any'] }
const RESERVED: ReadonlySet<string> = new Set(['any', 'proxy', 'green', 'internet', 'gateway'])

function unite(sets: readonly ServiceSet[], text: readonly string[]): ServiceSet {
  const parts = new Map<string, ServicePart>()
  for (const set of sets) for (const part of set.parts) parts.set(JSON.stringify(part), part)
  return { any: sets.some((set) => set.any), parts: [...parts.values()], text }
}

/** The proxy's port by number on the gateway means the port in use, `--port` or not (policy.md, loading). */
export function withPortInUse(services: ServiceSet, port: number): ServiceSet {
  const named = (part: ServiceSet['parts'][number]): boolean => part.protocol === 'tcp' && part.first === port && part.last === port
  if (!services.parts.some(named)) return services
  const others = services.parts.filter((part) => !named(part) && part.protocol !== 'proxy')
  return { ...services, parts: [...others, { protocol: 'proxy' }] }
}

export function newServices(report: Report, sections: Readonly<Record<string, Words>>): Services {
  const one = (text: string, at: Path, names: Names<ServiceSet>): ServiceSet | undefined => {
    const wrong = (code: string, problem: string, hint?: string): undefined => report.error(code, at, problem, hint) as undefined
    if (text === '') return wrong('service', 'an empty text is no service', 'remove it')
    if (text === 'any') return ANY_SERVICE
    if (names.has(text)) return names.use(text, at)
    const known = service(text)
    if (known !== undefined) return { any: false, parts: known, text: [text] }
    const literal = parseServiceLiteral(text)
    if (literal.ok) return { any: false, parts: literal.parts, text: [text] }
    if (literal.problem !== undefined) return wrong(literal.problem.endsWith('source port') ? 'source-port' : 'service', literal.problem, literal.hint)
    const several = severalHint(text)
    if (several !== undefined) return wrong('service', `\`${text}\` is more than one entry`, several)
    const meant = names.near(text) ?? nearest(text, serviceNames())
    return wrong('undefined-name', `nothing defines the service \`${text}\``, meant === undefined ? 'define it under `services`, or write `tcp/25`' : `did you mean \`${meant}\`?`)
  }

  const set = (words: Words, path: Path, names: Names<ServiceSet>): { all: ServiceSet; whole: boolean } => {
    const found = entries(report, words, path)
    const sets = found.map(({ text, at }) => one(text, at, names))
    return { all: unite(sets.filter((item) => item !== undefined), found.map(({ text }) => text)), whole: !sets.includes(undefined) }
  }

  for (const name of Object.keys(sections)) {
    if (!RESERVED.has(name) && NAME.test(name) && service(name) !== undefined) {
      report.keyWarning('redefined', ['services', name], `\`${name}\` is a service known by name, and means something else here`, 'choose another name')
    }
  }
  const names = defineNames<ServiceSet>(report, {
    section: 'services', kind: 'service', entries: Object.keys(sections), reserved: RESERVED,
    resolve: (name, known) => set(sections[name] ?? [], ['services', name], known).all,
  })
  return {
    names,
    set: (words, path) => {
      const { all, whole } = set(words, path, names)
      return whole ? all : undefined
    },
  }
}
