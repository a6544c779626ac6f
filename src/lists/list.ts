// A blocklist as the decision asks it: is this host, or this URI, on it? Danger prevented: a list that is asked about another spelling of
// the host than the one that is dialled; it is asked about the canonical one alone.
import type { Host } from '../net/target.ts'
import { hostText } from '../net/target.ts'
import { hostKey, lowerAscii } from './entry.ts'
import { compileExpressions } from './expressions.ts'
import type { ExpressionSet } from './expressions.ts'
import type { ListPart, UrlTables } from './reader.ts'
import { Table, hashStep } from './table.ts'
import type { TableBuffers } from './table.ts'

/** Read once, then handed to every worker: what is large in it is shared, not copied. */
export interface ListTables {
  readonly name: string
  readonly domains?: TableBuffers
  readonly hosts?: TableBuffers
  readonly urls?: UrlTables
  readonly expressions?: readonly string[]
  readonly entries: number
  readonly badLines: number
  readonly firstBad?: { readonly file: string; readonly line: number; readonly text: string }
}

export interface OpenList {
  readonly name: string
  readonly entries: number
  /** `uri` is canonical (`http://host/path?query`, or `host:port` of a CONNECT); `decodedUri` the same with unreserved escapes decoded */
  matches(host: Host, uri: string, decodedUri: string): boolean
}

export function listTables(name: string, parts: readonly { readonly file: string; readonly part: ListPart }[]): ListTables {
  let entries = 0
  let badLines = 0
  let firstBad: { readonly file: string; readonly line: number; readonly text: string } | undefined
  const tables: { -readonly [K in 'domains' | 'hosts' | 'urls' | 'expressions']?: ListTables[K] } = {}
  for (const { file, part } of parts) {
    entries += part.entries
    badLines += part.badLines
    if (part.firstBad !== undefined) firstBad ??= { file, ...part.firstBad }
    if (part.layout === 'domains' && part.table !== undefined) tables.domains = part.table
    if (part.layout === 'hosts' && part.table !== undefined) tables.hosts = part.table
    if (part.urls !== undefined) tables.urls = part.urls
    if (part.expressions !== undefined) tables.expressions = part.expressions
  }
  const list = { name, ...tables, entries, badLines }
  return firstBad === undefined ? list : { ...list, firstBad }
}

export function openList(tables: ListTables): OpenList {
  return new List(tables)
}

class List implements OpenList {
  readonly name: string
  readonly entries: number
  readonly #domains: Table | undefined
  readonly #hosts: Table | undefined
  readonly #urlHosts: Table | undefined
  readonly #urlPrefixes: Table | undefined
  readonly #expressions: ExpressionSet | undefined

  constructor(tables: ListTables) {
    this.name = tables.name
    this.entries = tables.entries
    this.#domains = open(tables.domains)
    this.#hosts = open(tables.hosts)
    this.#urlHosts = open(tables.urls?.hosts)
    this.#urlPrefixes = open(tables.urls?.prefixes)
    this.#expressions = tables.expressions === undefined || tables.expressions.length === 0 ? undefined : compileExpressions(tables.expressions)
  }

  matches(host: Host, uri: string, decodedUri: string): boolean {
    const key = hostKey(host)
    if (this.#domains !== undefined && hasSuffix(this.#domains, key, host.kind === 'name')) return true
    if (this.#hosts !== undefined && hasSuffix(this.#hosts, key, false)) return true
    if (this.#urlHosts !== undefined && this.#urlPrefixes !== undefined) {
      const authority = hostText(host)
      if (hasSuffix(this.#urlHosts, authority, false)) {
        if (hasPrefix(this.#urlPrefixes, authority + lowerAscii(pathOf(uri)))) return true
        if (decodedUri !== uri && hasPrefix(this.#urlPrefixes, authority + lowerAscii(pathOf(decodedUri)))) return true
      }
    }
    return this.#expressions !== undefined && this.#expressions.firstMatch(uri, decodedUri) >= 0
  }
}

function open(buffers: TableBuffers | undefined): Table | undefined {
  if (buffers === undefined) return undefined
  const table = new Table(buffers)
  return table.count === 0 ? undefined : table
}

/** The key itself or, where `below`, what follows one of its dots: one walk from the right. */
function hasSuffix(table: Table, key: string, below: boolean): boolean {
  let hash = table.seed
  for (let i = key.length - 1; i >= 0; i--) {
    const code = key.charCodeAt(i)
    if (below && code === 0x2e && table.has(key, i + 1, key.length, hash)) return true
    hash = hashStep(hash, code)
  }
  return table.has(key, 0, key.length, hash)
}

/** One walk from the left: every prefix has its hash when its last octet has been read. */
function hasPrefix(table: Table, text: string): boolean {
  const end = Math.min(text.length, table.longest)
  let hash = table.seed
  for (let i = 0; i < end; i++) {
    hash = hashStep(hash, text.charCodeAt(i))
    if (table.has(text, 0, i + 1, hash)) return true
  }
  return false
}

/** A CONNECT shows no path; an entry for the whole host holds for it, one for a path cannot. */
function pathOf(uri: string): string {
  if (!uri.startsWith('http://')) return '/'
  const slash = uri.indexOf('/', 7)
  return slash < 0 ? '/' : uri.slice(slash)
}
