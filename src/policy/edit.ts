// Edits of a policy's rules as text → text: lines are moved, all others stay as they are, to the octet. What comes out is read again and must say exactly what was meant; where
// lines cannot do it the document is edited and written anew, comments kept. Danger prevented: an edit that loses a comment, or changes a rule that nobody spoke of.
import { isDeepStrictEqual } from 'node:util'
import { type Document, type Pair, isMap, isNode, isScalar, parseDocument } from 'yaml'
import { linesOfRules, mapAt, sectionPath, seqOf } from './rule-lines.ts'
import type { RuleLines, Section } from './rule-lines.ts'

export interface RuleAt {
  readonly section: Section
  readonly index: number
}

export type Edit =
  | { readonly kind: 'set-enabled'; readonly rule: RuleAt; readonly enabled: boolean }
  | { readonly kind: 'remove'; readonly rule: RuleAt }
  /** `to`: the index that it has afterwards */
  | { readonly kind: 'move'; readonly rule: RuleAt; readonly to: number }
  | { readonly kind: 'copy'; readonly rule: RuleAt; readonly to: number; readonly name: string }
  /** `text`: one line, a flow mapping */
  | { readonly kind: 'add'; readonly section: Section; readonly to: number; readonly text: string }

export type Edited = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string }

const OPTIONS = { version: '1.2', schema: 'core', stringKeys: true, logLevel: 'error', keepSourceTokens: false } as const

type Rules = readonly unknown[]

function read(text: string): Document.Parsed {
  return parseDocument(text, OPTIONS)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sectionOf(edit: Edit): Section {
  return edit.kind === 'add' ? edit.section : edit.rule.section
}

/** What the list of rules says afterwards: what both ways of editing are held against. */
function meant(rules: Rules, edit: Edit): Rules {
  const next = [...rules]
  if (edit.kind === 'add') next.splice(edit.to, 0, read(edit.text).toJS() as unknown)
  else {
    const { index } = edit.rule
    const rule = rules[index]
    if (edit.kind === 'remove') next.splice(index, 1)
    else if (edit.kind === 'move') next.splice(edit.to, 0, ...next.splice(index, 1))
    else if (!isRecord(rule)) return rules
    else if (edit.kind === 'copy') next.splice(edit.to, 0, { ...rule, name: edit.name })
    else next[index] = { ...rule, enabled: edit.enabled }
  }
  return next
}

function rulesIn(data: unknown, section: Section): Rules {
  const holder: unknown = section === 'rules' ? data : isRecord(data) ? data['web'] : undefined
  const rules = isRecord(holder) ? holder['rules'] : undefined
  return Array.isArray(rules) ? rules : []
}

/** Everything but the rules, and the rules as they are meant. */
function says(text: string, before: unknown, section: Section, rules: Rules): boolean {
  const doc = read(text)
  if (doc.errors.length > 0) return false
  const data: unknown = doc.toJS()
  const rest = (value: unknown): unknown => {
    if (!isRecord(value)) return value
    const web = value['web']
    if (section === 'rules') return { ...value, rules: undefined }
    return { ...value, web: isRecord(web) ? { ...web, rules: undefined } : undefined }
  }
  const same = isDeepStrictEqual(clean(rest(data)), clean(rest(before)))
  return same && isDeepStrictEqual(rulesIn(data, section), rules)
}

/** What is not there and what is undefined are the same; and so is a `web` that holds nothing else. */
function clean(value: unknown): unknown {
  const plain: unknown = JSON.parse(JSON.stringify(value))
  if (isRecord(plain) && isRecord(plain['web']) && Object.keys(plain['web']).length === 0) return { ...plain, web: undefined }
  return isRecord(plain) ? { ...plain, web: plain['web'] } : plain
}

export function editRules(text: string, edit: Edit): Edited {
  const doc = read(text)
  if (doc.errors.length > 0) return { ok: false, problem: 'the file is no YAML' }
  const data: unknown = doc.toJS()
  const section = sectionOf(edit)
  const rules = meant(rulesIn(data, section), edit)
  for (const way of [byLines, byDocument]) {
    let made: string | undefined
    try {
      made = way(text, edit)
    } catch {
      made = undefined
    }
    if (made !== undefined && says(made, data, section, rules)) return { ok: true, text: made }
  }
  return { ok: false, problem: 'the rules of this file are written in a way that cannot be edited without touching the rest (aliases, or tags): edit it by hand' }
}

function byLines(text: string, edit: Edit): string | undefined {
  const doc = read(text)
  const seq = seqOf(doc, sectionOf(edit))
  if (seq === undefined) return edit.kind === 'add' ? withSection(text, doc, edit) : undefined
  if (edit.kind === 'set-enabled') return withEnabled(text, doc, edit)
  const places = linesOfRules(text, seq)
  if (places === undefined || places.length === 0) return undefined
  const lines = text.split('\n')
  const own = edit.kind === 'add' ? [`${' '.repeat(places[0]?.dash ?? 2)}- ${edit.text}`] : ownLines(lines, places, edit.rule.index)
  if (own === undefined) return undefined
  if (edit.kind === 'add' || edit.kind === 'copy') return inserted(lines, places, edit.to, edit.kind === 'copy' ? renamed(own, edit.name) : own)?.join('\n')
  const place = places[edit.rule.index]
  if (place === undefined) return undefined
  const without = [...lines.slice(0, place.first), ...lines.slice(place.last + 1)]
  if (edit.kind === 'remove') return places.length === 1 ? undefined : without.join('\n')
  const shift = place.last - place.first + 1
  const rest = places.filter((_, index) => index !== edit.rule.index).map((each) => (each.first > place.last ? { ...each, first: each.first - shift, last: each.last - shift } : each))
  return inserted(without, rest, edit.to, own)?.join('\n')
}

function ownLines(lines: readonly string[], places: readonly RuleLines[], index: number): readonly string[] | undefined {
  const place = places[index]
  return place === undefined ? undefined : lines.slice(place.first, place.last + 1)
}

function inserted(lines: readonly string[], places: readonly RuleLines[], to: number, own: readonly string[]): readonly string[] | undefined {
  const next = places[to]
  const last = places.at(-1)
  const at = next?.first ?? (last === undefined ? undefined : last.last + 1)
  return at === undefined ? undefined : [...lines.slice(0, at), ...own, ...lines.slice(at)]
}

/** The copy's comments go with the original; its name is its own. What has no name is left to the document. */
function renamed(own: readonly string[], name: string): readonly string[] {
  const rule = own.filter((line) => !/^\s*#/.test(line))
  const at = rule.findIndex((line) => /(?:^\s*(?:- )?\s*|[{,]\s*)name:\s/.test(line))
  return rule.map((line, index) => (index === at ? line.replace(/((?:^\s*(?:- )?\s*|[{,]\s*)name:\s+)(?:"[^"]*"|'[^']*'|[^\s,}#]+)/, `$1${name}`) : line))
}

function withEnabled(text: string, doc: Document.Parsed, { rule, enabled }: Extract<Edit, { kind: 'set-enabled' }>): string | undefined {
  const seq = seqOf(doc, rule.section)
  const map = seq === undefined ? undefined : mapAt(seq, rule.index)
  if (map === undefined) return undefined
  const put = (from: number, to: number, what: string): string => text.slice(0, from) + what + text.slice(to)
  const pairs: readonly Pair[] = map.items
  const there = pairs.find(({ key }) => isScalar(key) && key.value === 'enabled')
  if (there !== undefined) {
    const range = isNode(there.value) ? there.value.range : undefined
    return range == null ? undefined : put(range[0], range[1], String(enabled))
  }
  const [first] = pairs
  const key = isNode(first?.key) ? first.key.range : undefined
  const value = isNode(first?.value) ? first.value.range : undefined
  if (key == null || value == null) return undefined
  if (map.flow === true) return put(value[1], value[1], `, enabled: ${enabled}`)
  const column = key[0] - (text.lastIndexOf('\n', key[0] - 1) + 1)
  const end = text.indexOf('\n', value[1])
  return end < 0 ? `${text}\n${' '.repeat(column)}enabled: ${enabled}\n` : put(end, end, `\n${' '.repeat(column)}enabled: ${enabled}`)
}

/** The first rule of a file without any. */
function withSection(text: string, doc: Document.Parsed, { section, text: rule }: Extract<Edit, { kind: 'add' }>): string | undefined {
  if (!isMap(doc.contents) || doc.contents.flow === true || doc.has(section)) return undefined
  const whole = text.endsWith('\n') ? text : `${text}\n`
  return section === 'rules' ? `${whole}\nrules:\n  - ${rule}\n` : `${whole}\nweb:\n  rules:\n    - ${rule}\n`
}

function byDocument(text: string, edit: Edit): string | undefined {
  const doc = read(text)
  const section = sectionOf(edit)
  if (seqOf(doc, section) === undefined) doc.setIn(sectionPath(section), doc.createNode([]))
  const seq = seqOf(doc, section)
  if (seq === undefined) return undefined
  if (edit.kind === 'add') seq.items.splice(edit.to, 0, doc.createNode(read(edit.text).toJS() as unknown))
  else {
    const { index } = edit.rule
    const map = mapAt(seq, index)
    if (map === undefined) return undefined
    if (edit.kind === 'remove') seq.items.splice(index, 1)
    else if (edit.kind === 'move') seq.items.splice(edit.to, 0, ...seq.items.splice(index, 1))
    else if (edit.kind === 'set-enabled') map.set('enabled', edit.enabled)
    else {
      const copy = map.clone()
      if (isMap(copy)) copy.set('name', edit.name)
      seq.items.splice(edit.to, 0, copy)
    }
  }
  return doc.toString({ lineWidth: 0 })
}
