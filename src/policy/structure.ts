// From plain data to the shape of a policy: what zod says of a file, told at its place and in words an author knows. Danger
// prevented: "invalid input" with a path of array indices, and an error about the shape that hides all the others.
import { type z } from 'zod'
import { nearest } from './nearest.ts'
import { meantReject } from './reject.ts'
import type { Report } from './report.ts'
import { type Draft, policySchema, policySchemaWithHoles } from './schema.ts'
import { WHY_NO_SOURCE_PORT } from './services.ts'
import type { Path } from './source.ts'

type Issue = z.core.$ZodIssue
type Tree = Record<string | number, unknown>

/** What people write for a key that is called otherwise here. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  src: 'from', source: 'from', client: 'from', clients: 'from', dst: 'to', dest: 'to', destination: 'to', target: 'to', comment: 'remark', description: 'remark',
  service: 'services', proto: 'services', protocol: 'services', port: 'ports', dport: 'services', 'destination-port': 'services', method: 'methods', verdict: 'action',
  url: 'uri', urls: 'uri', regex: 'uri', lists: 'list', mime: 'content-type', 'mime-type': 'content-type', agent: 'user-agent', expiry: 'expires', until: 'expires',
  when: 'schedule', schedules: 'schedule', time: 'schedule', disabled: 'enabled', domains: 'host', hosts: 'host', lan: 'green', wan: 'red', ip: 'address', addresses: 'address',
  policy: 'default', message: 'reason', timeout: 'first-byte', expected: 'expect', dns: 'resolvers', nameservers: 'resolvers', tz: 'timezone', log: 'log', resolve: 'resolves-to',
}
const SOURCE_PORT = /^(?:s(?:rc|ource)?[-_]?ports?|spt|from[-_]?ports?|client[-_]?ports?|source[-_]?services?)$/i

const KINDS: Readonly<Record<string, string>> = {
  string: 'text', number: 'a number', int: 'a whole number', boolean: '`true` or `false`', array: 'a list', object: 'a mapping', record: 'a mapping', null: 'nothing',
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  return Array.isArray(value) ? 'a list' : (KINDS[typeof value] ?? 'something else')
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const step of path) value = typeof value === 'object' && value !== null ? (value as Tree)[step] : undefined
  return value
}

/** Of a union, the branch that the author meant: the one whose kind fits the value. */
function flatten(issue: Issue, base: Path): { issue: Issue; path: Path; wanted?: string[] }[] {
  const path = [...base, ...issue.path.filter((step) => typeof step !== 'symbol')]
  if (issue.code !== 'invalid_union') return [{ issue, path }]
  const wrongKind = (branch: readonly Issue[]): boolean => branch.some((inner) => inner.path.length === 0 && inner.code === 'invalid_type')
  const meant = issue.errors.find((branch) => !wrongKind(branch) && !branch.some((inner) => inner.path.length === 0 && inner.code === 'invalid_union'))
  if (meant !== undefined) return meant.flatMap((inner) => flatten(inner, path))
  const wanted = (branches: readonly (readonly Issue[])[]): string[] => branches.flatMap((branch) => branch.flatMap((inner) =>
    inner.path.length > 0 ? [] : inner.code === 'invalid_type' ? [inner.expected] : inner.code === 'invalid_union' ? wanted(inner.errors) : []))
  return [{ issue, path, wanted: [...new Set(wanted(issue.errors))] }]
}

function tellKeys(report: Report, path: Path, unknown: readonly string[], known: readonly string[]): void {
  const where = path.length === 0 ? '' : ` in \`${path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('').replace(/^\./, '')}\``
  for (const key of unknown) {
    const other = OTHER_WORDS[key.toLowerCase()]
    const meant = nearest(key, known) ?? (other !== undefined && known.includes(other) ? other : undefined)
    const glued = /^([a-z-]+):(.+)$/.exec(key)
    const hint = SOURCE_PORT.test(key) ? `${WHY_NO_SOURCE_PORT}; remove it`
      : key === '<<' ? 'merge keys are not in the language; write the keys out, or alias whole values'
        : glued !== null && known.includes(glued[1] ?? '') ? `a space belongs behind the colon: write \`${glued[1] ?? ''}: ${glued[2] ?? ''}\``
        : meant !== undefined ? `did you mean \`${meant}\`?` : `known here: ${known.join(', ')}`
    report.keyError(SOURCE_PORT.test(key) ? 'source-port' : 'unknown-key', [...path, key], SOURCE_PORT.test(key) ? `\`${key}\`: source ports are not in the language` : `unknown key \`${key}\`${where}`, hint)
  }
}

/** How a value of that kind is written, in place of that one. */
function formOf(wanted: readonly string[], value: unknown): string {
  if (typeof value === 'string' && /^[a-z-]+:\S/.test(value) && !wanted.includes('string')) return `a space belongs behind the colon: write \`${value.replace(':', ': ')}\``
  if (wanted.includes('object') || wanted.includes('record')) return 'write its keys below it and indented, or in `{ }`'
  if (wanted.includes('array')) return wanted.includes('string') ? 'write `one`, or `[one, two]`' : 'write an entry a line, each after `- `'
  if (wanted.includes('boolean')) return 'write `true` or `false`'
  if (wanted.includes('int') && wanted.includes('string')) return 'write a whole number, or a range: `1025-65535`'
  if (wanted.includes('string') && typeof value === 'boolean') return `write it in quotes: "${String(value)}"`
  return wanted.includes('string') ? 'write one text, without brackets' : 'write a whole number, without quotes'
}

/** What people leave out, as it is written. */
const MISSING: Readonly<Record<string, string>> = {
  file: 'file: lists/blocked', interface: 'interface: eth0', address: 'address: 192.168.51.254/24', mac: 'mac: "00:1a:2b:3c:4d:5e"', from: 'from: 192.168.51.35',
}

function tellKind(report: Report, path: Path, value: unknown, wanted: readonly string[]): void {
  const key = [...path].reverse().find((step) => typeof step === 'string') ?? 'the file'
  const kinds = [...new Set(wanted.filter((kind) => !(kind === 'number' && wanted.includes('string'))).map((kind) => KINDS[kind] ?? kind))]
  const spelling = typeof value === 'string' && wanted.includes('boolean') && /^(?:yes|no|on|off|y|n)$/i.test(value)
  const what = typeof path.at(-1) === 'number' ? `an entry of \`${key}\`` : `\`${key}\``
  const hint = spelling ? `write \`${/^(?:yes|on|y)$/i.test(value) ? 'true' : 'false'}\``
    : typeof value === 'string' && /^\d+$/.test(value) && (wanted.includes('number') || wanted.includes('int')) ? `write \`${value}\`, without quotes`
      : value === null ? 'give it a value, or remove it' : formOf(wanted, value)
  report.error('wrong-kind', path, `${what} needs ${kinds.join(' or ')}, not ${kindOf(value)}`, hint)
}

function tell(report: Report, data: unknown, found: { issue: Issue; path: Path; wanted?: string[] }): void {
  const { issue, path, wanted } = found
  const value = valueAt(data, path)
  const key = path.at(-1)
  const missing = value === undefined && path.length > 0
  if (issue.code === 'unrecognized_keys') return tellKeys(report, path, issue.keys, issue.message.split(' '))
  if (missing && key === 'version') return report.error('missing-key', [], '`version` is missing', 'begin the file with `version: 1`')
  if (missing) return report.error('missing-key', path.slice(0, -1), `\`${String(key)}\` is missing here`, issue.code === 'invalid_value' ? `one of: ${issue.values.map(String).join(', ')}` : `add \`${MISSING[String(key)] ?? String(key)}\``)
  if (issue.code === 'invalid_value' && key === 'version') return report.error('version', path, `version \`${String(value)}\` is not known`, 'this program reads `version: 1`')
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String)
    const meant = typeof value !== 'string' ? undefined : (key === 'reject-with' ? meantReject(value) : undefined) ?? nearest(value, known)
    if (key === 'action' && (value === 'drop' || value === 'reject')) return report.error('wrong-value', path, `\`${value}\` is for packets`, 'a request is allowed or denied: write `deny`')
    const boolean = typeof value === 'boolean' ? ' (a word is wanted, not true or false)' : ''
    return report.error('wrong-value', path, `\`${typeof value === 'object' ? String(key) : String(value)}\` is not one of ${known.map((one) => `\`${one}\``).join(', ')}${boolean}`, meant === undefined ? 'write one of them' : `did you mean \`${meant}\`?`)
  }
  if (issue.code === 'too_big' || issue.code === 'too_small') return report.error('out-of-range', path, `\`${String(value)}\` is out of range`, key === 'port' || path.includes('ports') ? 'ports go from 1 to 65535' : 'write a smaller number')
  if (issue.code === 'invalid_type') return tellKind(report, path, value, [issue.expected])
  return tellKind(report, path, value, wanted ?? [])
}

/** Takes out what was reported, so that the rest can be resolved. */
function prune(data: Tree, path: Path, taken: (value: unknown) => void): void {
  const parent = valueAt(data, path.slice(0, -1)) as Tree | null | undefined
  const key = path.at(-1)
  // what holds it may have been taken out before
  if (typeof parent !== 'object' || parent === null || key === undefined) return
  taken(parent[key])
  if (Array.isArray(parent)) parent[key] = null
  else delete parent[key]
}

function words(value: unknown, into: Set<string>): void {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) words(inner, into)
  else if (value !== undefined && value !== null) into.add(String(value))
}

export interface Structure {
  readonly draft: Draft
  /** words in what was taken out: names that may be used there */
  readonly mentioned: ReadonlySet<string>
  /** rules and tests whose verdict had to be guessed; nothing but their errors is told */
  readonly guessed: readonly Path[]
}

/** Tells what is wrong with the shape, and gives back what is left of the file; undefined when nothing can be made of it. */
export function readStructure(report: Report): Structure | undefined {
  const { data } = report.source
  if (data === undefined) return undefined
  if (data === null) {
    report.error('missing-key', [], '`version` is missing: the file is empty', 'begin the file with `version: 1`')
    return undefined
  }
  if (typeof data !== 'object' || Array.isArray(data)) {
    report.error('wrong-kind', [], `a policy is a mapping of keys, not ${kindOf(data)}`, 'begin the file with `version: 1`')
    return undefined
  }
  const rest = structuredClone(data) as Tree
  // a section without a value is as good as absent; its key may stand for what will come
  for (const [key, value] of Object.entries(rest)) if (value === null && key !== 'version') delete rest[key]
  const web = rest['web'] as Tree | undefined
  if (typeof web === 'object' && web['rules'] === null) delete web['rules']
  if ('version' in rest && rest['version'] !== 1) {
    report.error('version', ['version'], `version \`${report.source.text(['version'])}\` is not known`, rest['version'] === '1' ? 'write `1`, without quotes' : 'this program reads `version: 1`')
    return undefined
  }
  for (const [section, value] of Object.entries(rest)) {
    // JavaScript would lose it without a word
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) report.keyError('name', [section, '__proto__'], '`__proto__` is no name', 'choose another name')
  }
  const mentioned = new Set<string>()
  const guessed: Path[] = []
  for (let round = 0; round < 4; round++) {
    const parsed = round === 0 ? policySchema.safeParse(rest) : policySchemaWithHoles.safeParse(rest)
    if (parsed.success) return { draft: parsed.data, mentioned, guessed }
    const found = parsed.error.issues.flatMap((issue) => flatten(issue, []))
    // what comes up in a later round follows from what was taken out in an earlier one
    if (round === 0) for (const one of found) tell(report, rest, one)
    for (const { issue, path } of found) {
      const missing = valueAt(rest, path) === undefined && issue.code !== 'unrecognized_keys'
      if (path.length > 1 && (path.at(-1) === 'action' || path.at(-1) === 'expect') && typeof path.at(-2) === 'number') {
        const rule = valueAt(rest, path.slice(0, -1)) as Tree | null
        if (rule === null) continue
        rule[path.at(-1) ?? ''] = 'resolves-to' in rule ? 'allow' : 'deny'
        guessed.push(path.slice(0, -1))
      } else if (missing && path.length === 1 && path[0] === 'version') rest['version'] = 1
      else if (issue.code === 'unrecognized_keys') for (const key of issue.keys) prune(rest, [...path, key], (value) => words(value, mentioned))
      else prune(rest, missing ? path.slice(0, -1) : path, (value) => words(value, mentioned))
    }
  }
  return undefined
}
