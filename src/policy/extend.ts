// A policy's text with rules, tests and ports added at the ends of its lists, the rest as its author wrote it, comments too. Danger prevented: text from
// a log that becomes a key, an alias or a second line of a comment: every value goes in as data.
import { isMap, isSeq, parseDocument } from 'yaml'
import type { Document, Node, YAMLMap, YAMLSeq } from 'yaml'
import { visible } from './visible.ts'

export interface Added {
  /** lines above it */
  readonly comments: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Extension {
  /** what observes shall be enforced */
  readonly enforce: boolean
  readonly ports?: readonly (number | string)[]
  readonly connectPorts?: readonly (number | string)[]
  readonly rules: readonly Added[]
  readonly webRules: readonly Added[]
  readonly tests: readonly Added[]
  /** above the whole file */
  readonly head: readonly string[]
}

const WIDEST = 200
/** A rule with longer lists has a line for each of its keys. */
const MOST_ENTRIES = 4

function comment(lines: readonly string[]): string {
  return lines.map((line) => ` ${visible(line.length > WIDEST ? `${line.slice(0, WIDEST)}…` : line)}`).join('\n')
}

function nodeOf(document: Document, { comments, fields }: Added): Node {
  const node = document.createNode(fields)
  if (isMap(node)) {
    let long = false
    for (const { value } of node.items) {
      if (!isSeq(value) && !isMap(value)) continue
      value.flow = !isSeq(value) || value.items.length <= MOST_ENTRIES
      if (!value.flow) long = true
    }
    node.flow = !long
  }
  if (comments.length > 0) node.commentBefore = comment(comments)
  return node
}

/** The list under a key of the map, made where there is none; undefined: something else stands there. */
function listIn(document: Document, map: YAMLMap, key: string): YAMLSeq | undefined {
  const found: unknown = map.get(key, true)
  if (isSeq(found)) {
    found.flow = false
    return found
  }
  // `rules:` with nothing behind it
  if (found !== undefined && map.get(key) !== null && map.get(key) !== undefined) return undefined
  const made = document.createNode([])
  made.flow = false
  map.set(key, made)
  return made
}

function flowList(document: Document, entries: readonly (number | string)[]): Node {
  const node = document.createNode(entries)
  if (isSeq(node)) node.flow = true
  return node
}

/** undefined: the text is no map whose lists can be added to. */
export function extendPolicy(text: string, extension: Extension): string | undefined {
  const document: Document = parseDocument(text)
  const root = document.contents
  if (document.errors.length > 0 || !isMap(root)) return undefined
  if (extension.enforce && root.get('mode') === 'observe') root.set('mode', 'enforce')
  const add = (map: YAMLMap, key: string, all: readonly Added[]): boolean => {
    if (all.length === 0) return true
    const list = listIn(document, map, key)
    for (const each of all) list?.items.push(nodeOf(document, each))
    return list !== undefined
  }
  if (!add(root, 'rules', extension.rules)) return undefined
  const { ports, connectPorts, webRules } = extension
  if (ports !== undefined || connectPorts !== undefined || webRules.length > 0) {
    const found: unknown = root.get('web', true)
    const web = isMap(found) ? found : document.createNode({})
    if (!isMap(web)) return undefined
    if (web !== found) {
      if (root.get('web') !== undefined && root.get('web') !== null) return undefined
      root.set('web', web)
    }
    web.flow = false
    if (ports !== undefined) web.set('ports', flowList(document, ports))
    if (connectPorts !== undefined) web.set('connect-ports', flowList(document, connectPorts))
    if (!add(web, 'rules', webRules)) return undefined
  }
  if (!add(root, 'tests', extension.tests)) return undefined
  if (extension.head.length > 0) document.commentBefore = [comment(extension.head), ...(document.commentBefore ?? '').split('\n').filter((line) => line !== '')].join('\n')
  return document.toString({ lineWidth: 0 })
}
