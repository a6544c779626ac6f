// Reads a blocklist chunk by chunk into a table: squidGuard's and UT1's `domains`, `urls` and `expressions`, and hosts files. Bad lines are
// counted and passed over: lists come from elsewhere, and one odd line must not leave the gateway without them.
import { randomBytes } from 'node:crypto'
import { domainEntry, hostsEntries, urlEntry, withoutComment } from './entry.ts'
import { checkExpression } from './expressions.ts'
import { LineSplitter } from './lines.ts'
import { isPlainName, plainNameAfterSink } from './plain.ts'
import { TableBuilder } from './table.ts'

export type Layout = 'domains' | 'urls' | 'expressions' | 'hosts'

export interface UrlTables {
  readonly hosts: SharedArrayBuffer
  /** host and path in one */
  readonly prefixes: SharedArrayBuffer
}

/** What one file gave. */
export interface ListPart {
  readonly layout: Layout
  readonly entries: number
  readonly badLines: number
  readonly firstBad?: { readonly line: number; readonly text: string }
  readonly table?: SharedArrayBuffer
  readonly urls?: UrlTables
  readonly expressions?: readonly string[]
}

const SHOWN_CHARACTERS = 120

export class ListReader {
  readonly #layout: Layout
  readonly #lines: LineSplitter
  readonly #builder = new TableBuilder()
  readonly #urlHosts = new TableBuilder()
  readonly #expressions: string[] = []
  #line = 0
  #entries = 0
  #badLines = 0
  #firstBad: { readonly line: number; readonly text: string } | undefined

  constructor(layout: Layout) {
    this.#layout = layout
    this.#lines = new LineSplitter((source, from, to, cut) => this.#take(source, from, to, cut))
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk)
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
    const plain = this.#layout === 'hosts' ? plainNameAfterSink(source, from, to) : this.#layout === 'domains' && isPlainName(source, from, to) ? from : -1
    if (plain >= 0) {
      this.#builder.add(source, plain, to)
      this.#entries++
      return
    }
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
