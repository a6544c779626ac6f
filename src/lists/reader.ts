// Reads a blocklist chunk by chunk into a table: squidGuard's and UT1's `domains`, `urls` and `expressions`, and hosts files. Bad lines are
// counted and passed over: lists come from elsewhere, and one odd line must not leave the gateway without them.
import { randomBytes } from 'node:crypto'
import { domainEntry, hostsEntries, urlEntry, withoutComment } from './entry.ts'
import { checkExpression } from './expressions.ts'
import { LineSplitter } from './lines.ts'
import { takePlainNames } from './plain.ts'
import { TableBuilder } from './table.ts'
import type { TableBuffers } from './table.ts'

export type Layout = 'domains' | 'urls' | 'expressions' | 'hosts'

export interface UrlTables {
  readonly hosts: TableBuffers
  /** host and path in one */
  readonly prefixes: TableBuffers
}

/** What one file gave. */
export interface ListPart {
  readonly layout: Layout
  readonly entries: number
  readonly badLines: number
  readonly firstBad?: { readonly line: number; readonly text: string }
  readonly table?: TableBuffers
  readonly urls?: UrlTables
  readonly expressions?: readonly string[]
}

const SHOWN_CHARACTERS = 120
/** Names in other spellings are longer in the table than in the file. */
const SLACK = 4096

export class ListReader {
  readonly #layout: Layout
  /** a name a line */
  readonly #named: boolean
  readonly #lines: LineSplitter
  readonly #builder: TableBuilder
  readonly #urlHosts: TableBuilder
  readonly #expressions: string[] = []
  #line = 0
  #entries = 0
  #badLines = 0
  #firstBad: { readonly line: number; readonly text: string } | undefined

  /** `octets`: of the file, where they are known. */
  constructor(layout: Layout, octets = 0) {
    this.#layout = layout
    this.#named = layout === 'domains' || layout === 'hosts'
    this.#builder = new TableBuilder(layout === 'expressions' ? 0 : octets + SLACK)
    this.#urlHosts = new TableBuilder(layout === 'urls' ? octets + SLACK : 0)
    this.#lines = new LineSplitter((source, from, to, cut) => this.#take(source, from, to, cut))
  }

  push(chunk: Uint8Array): void {
    if (!this.#named) return this.#lines.push(chunk)
    let at = 0
    while (at < chunk.length) {
      if (this.#lines.between) at = this.#takePlain(chunk, at)
      if (at >= chunk.length) return
      const end = chunk.indexOf(0x0a, at) + 1 || chunk.length
      this.#lines.push(chunk.subarray(at, end))
      at = end
    }
  }

  #takePlain(chunk: Uint8Array, from: number): number {
    const before = this.#builder.entries
    const at = takePlainNames(chunk, from, this.#layout === 'hosts', this.#builder)
    const taken = this.#builder.entries - before
    this.#line += taken
    this.#entries += taken
    return at
  }

  end(): ListPart {
    this.#lines.end()
    const seed = randomBytes(4).readUInt32LE()
    const counts = { layout: this.#layout, entries: this.#entries, badLines: this.#badLines }
    const told = this.#firstBad === undefined ? counts : { ...counts, firstBad: this.#firstBad }
    if (this.#layout === 'expressions') return { ...told, expressions: this.#expressions }
    if (this.#layout === 'urls') return { ...told, urls: { hosts: this.#urlHosts.finish('backward', seed), prefixes: this.#builder.finish('forward', seed) } }
    return { ...told, table: this.#builder.finish('backward', seed) }
  }

  #take(source: Uint8Array, from: number, to: number, cut: boolean): void {
    this.#line++
    if (from === to || source[from] === 0x23) return
    if (cut) return this.#bad(source, from, to)
    if (!this.#takeText(text(source, from, to))) this.#bad(source, from, to)
  }

  #takeText(line: string): boolean {
    switch (this.#layout) {
      case 'domains': return this.#add(domainEntry(withoutComment(line)))
      case 'hosts': return this.#addAll(hostsEntries(line))
      case 'urls': return this.#addUrl(urlEntry(line))
      case 'expressions': return this.#addExpression(line)
    }
  }

  #add(key: string | undefined): boolean {
    if (key === undefined || !this.#builder.addText(key)) return false
    this.#entries++
    return true
  }

  #addAll(keys: readonly string[] | undefined): boolean {
    if (keys === undefined) return false
    for (const key of keys) this.#add(key)
    return true
  }

  #addUrl(entry: { readonly host: string; readonly path: string } | undefined): boolean {
    if (entry === undefined || !this.#add(entry.host + entry.path)) return false
    this.#urlHosts.addText(entry.host)
    return true
  }

  #addExpression(line: string): boolean {
    if (checkExpression(line) !== undefined) return false
    this.#expressions.push(line)
    this.#entries++
    return true
  }

  #bad(source: Uint8Array, from: number, to: number): void {
    this.#badLines++
    this.#firstBad ??= { line: this.#line, text: text(source, from, Math.min(to, from + SHOWN_CHARACTERS)) }
  }
}

function text(source: Uint8Array, from: number, to: number): string {
  return Buffer.from(source.buffer, source.byteOffset + from, to - from).toString('latin1')
}
