// The text of a policy as YAML 1.2 with positions: which line and column a value stands at. Danger prevented: an error without
// a place, a key given twice of which the last silently wins, and a document that expands to more than the machine holds.
import { dirname, resolve } from 'node:path'
import { type Document, type Node, type Pair, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { strangeCharacter } from './characters.ts'
import type { Diagnostic, Place } from './diagnostic.ts'
import { yamlDiagnostics } from './yaml-errors.ts'

export type Path = readonly (string | number)[]

/** Where something stands, and the line to show. */
export interface Spot {
  readonly place: Place
  readonly excerpt: { readonly text: string; readonly length: number }
}

export interface Source {
  readonly file: string
  /** plain data; undefined when the text is no YAML */
  readonly data: unknown
  readonly diagnostics: readonly Diagnostic[]
  /** of the value at `path`, or of the nearest thing above it that is there */
  value(path: Path): Spot
  /** of the key that `path` ends in */
  key(path: Path): Spot
  /** a scalar as its author wrote it, quotes resolved: `010` stays `010` */
  text(path: Path): string
  /** a file that the policy names: relative to the policy's own folder */
  path(relative: string): string
}

const MOST_CHARACTERS = 4 * 1024 * 1024
const MOST_ALIASES = 200
/** a policy needs half a dozen; more would exhaust the stack of whoever walks the data, and an alias inside its own anchor never ends */
const DEEPEST = 32
/** of a line behind what is meant; the rest is not shown */
const LONGEST_TAIL = 400

function spotOf(file: string, text: string, lines: LineCounter, start: number, end: number): Spot {
  const { line, col } = lines.linePos(Math.min(start, text.length))
  const from = start - (col - 1)
  const brk = text.indexOf('\n', from)
  const lineText = text.slice(from, Math.min(brk < 0 ? text.length : brk, start + LONGEST_TAIL)).replace(/\r$/, '')
  const length = Math.max(1, Math.min(end, from + lineText.length) - start)
  return { place: { file, line: Math.max(1, line), column: Math.max(1, col) }, excerpt: { text: lineText, length } }
}

/** Pairs by key, made once a mapping: a file may hold thousands of names. */
const pairs = new WeakMap<object, Map<string, Pair<unknown, unknown>>>()

function pairOf(node: unknown, key: string | number): Pair<unknown, unknown> | undefined {
  if (!isMap(node)) return undefined
  let byKey = pairs.get(node)
  if (byKey === undefined) {
    byKey = new Map()
    for (const pair of node.items) if (isScalar(pair.key)) byKey.set(String(pair.key.value), pair)
    pairs.set(node, byKey)
  }
  return byKey.get(String(key))
}

function follow(doc: Document.Parsed, path: Path): { readonly node: Node | undefined; readonly found: number; readonly key: Node | undefined } {
  let node: unknown = doc.contents
  let shown: Node | undefined = isNode(node) ? node : undefined
  let key: Node | undefined
  for (const [index, step] of path.entries()) {
    const open = isAlias(node) ? node.resolve(doc) : node
    const pair = pairOf(open, step)
    const next = pair === undefined ? (isSeq(open) && typeof step === 'number' ? open.items[step] : undefined) : pair.value
    key = pair !== undefined && isNode(pair.key) ? pair.key : undefined
    if (pair === undefined && next === undefined) return { node: shown, found: index, key: undefined }
    if (!isNode(next) || (isScalar(next) && next.value === null)) return { node: key ?? (isNode(next) ? next : shown), found: index + 1, key }
    node = next
    shown = next
  }
  return { node: shown, found: path.length, key }
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => deeperThan(inner, levels - 1))
}

/** Most of them were never meant as aliases: `*.example.com` without quotes. */
function danglingAliases(doc: Document.Parsed, at: (start: number, end: number) => Spot): Diagnostic[] {
  const found: Diagnostic[] = []
  visit(doc, {
    Alias(_, alias) {
      if (alias.resolve(doc) !== undefined || alias.range == null) return
      const hint = alias.source.startsWith('.') || alias.source.includes('.') ? `write it in quotes: "*${alias.source}"` : 'text that begins with a star goes in quotes'
      found.push({ code: 'yaml', severity: 'error', message: `\`*${alias.source}\` is an alias to YAML, and nothing before it is called \`&${alias.source}\``, hint, ...at(alias.range[0], alias.range[1]) })
    },
  })
  return found
}

/** Reads the text; never throws. Duplicate keys leave the data readable, any other fault of syntax leaves it undefined. */
export function readSource(text: string, file: string): Source {
  const lines = new LineCounter()
  const at = (start: number, end: number): Spot => spotOf(file, text, lines, start, end)
  const top: Spot = { place: { file, line: 1, column: 1 }, excerpt: { text: text.slice(0, 200).split('\n')[0] ?? '', length: 1 } }
  const told = (diagnostic: Diagnostic): Source => ({ file, data: undefined, diagnostics: [diagnostic], value: () => top, key: () => top, text: () => '', path: (relative) => relative })
  const failed = (message: string, hint: string): Source => told({ code: 'yaml', severity: 'error', message, hint, place: top.place })
  if (text.length > MOST_CHARACTERS) return failed(`the file has more than ${MOST_CHARACTERS / 1024 / 1024} MiB`, 'long lists of names and addresses go into files that `lists` and `blocks` name')
  const strange = strangeCharacter(text)
  if (strange !== undefined) {
    lines.addNewLine(0)
    for (let end = text.indexOf('\n'); end >= 0 && end < strange.start; end = text.indexOf('\n', end + 1)) lines.addNewLine(end + 1)
    return told({ code: 'character', severity: 'error', message: strange.message, hint: strange.hint, ...at(strange.start, strange.start + 1) })
  }
  let doc: Document.Parsed
  let dangling: readonly Diagnostic[]
  let data: unknown
  try {
    doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: true, version: '1.2', schema: 'core', logLevel: 'error' })
    const fatal = doc.errors.some((problem) => problem.code !== 'DUPLICATE_KEY')
    dangling = danglingAliases(doc, at)
    if (!fatal && dangling.length === 0) data = doc.toJS({ maxAliasCount: MOST_ALIASES })
  } catch (error) {
    return failed(error instanceof RangeError ? 'the file is nested too deeply' : 'the aliases of the file expand to too much', 'write it plainly')
  }
  if (deeperThan(data, DEEPEST)) return failed('the file is nested too deeply', 'write it plainly; an alias never stands inside what it names')
  return {
    file, data, diagnostics: [...yamlDiagnostics([...doc.errors, ...doc.warnings], at), ...dangling],
    value: (path) => {
      const { node } = follow(doc, path)
      return node?.range == null ? top : at(node.range[0], node.range[1])
    },
    key: (path) => {
      const { key, node } = follow(doc, path)
      const range = (key ?? node)?.range
      return range == null ? top : at(range[0], range[1])
    },
    text: (path) => {
      const { node: shown, found } = follow(doc, path)
      const node = isAlias(shown) ? shown.resolve(doc) : shown
      if (found < path.length || !isScalar(node)) return ''
      return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
    },
    path: (relative) => resolve(dirname(file), relative),
  }
}
