// Lines `option = 'value'` of e2guardian.conf and of each group's file, with what they include and define; and the lists that they name, in the words of version 5 or of those before.
// Danger prevented: a list under its older name that is passed over, so that what it closed passes.
import { linesOf } from '../source.ts'
import type { Findings, SourceLine } from '../finding.ts'
import type { Shelf } from './shelf.ts'

export interface Option {
  readonly line: SourceLine
  readonly key: string
  readonly value: string
}

export type ListType = 'site' | 'ipsite' | 'url' | 'regexp' | 'extension' | 'mime' | 'ip' | 'time' | 'other'

export interface ListDefinition {
  readonly type: ListType
  readonly name: string
  readonly path: string
  readonly line: SourceLine
}

const MOST_DEPTH = 8
const TYPES: Readonly<Record<string, ListType>> = {
  sitelist: 'site', ipsitelist: 'ipsite', urllist: 'url', regexpboollist: 'regexp', fileextlist: 'extension', mimelist: 'mime', iplist: 'ip', timelist: 'time',
  searchlist: 'other', regexpreplacelist: 'other', maplist: 'other', ipmaplist: 'other',
}

/** As versions 3 and 4 name them: of which type, and what version 5 calls them. */
const OLDER: ReadonlyMap<string, readonly [type: ListType, name: string]> = new Map<string, readonly [ListType, string]>([
  ...['banned', 'exception', 'grey', 'localbanned', 'localexception', 'localgrey', 'authexception', 'exceptionfile', 'refererexception'].flatMap((name): [string, [ListType, string]][] => [
    [`${name}sitelist`, ['site', name]], [`${name}siteiplist`, ['ipsite', name]], [`${name}urllist`, ['url', name]],
  ]),
  ...['banned', 'grey', 'localbanned', 'localgrey'].flatMap((name): [string, [ListType, string]][] => [[`${name}sslsitelist`, ['site', `${name}ssl`]], [`${name}sslsiteiplist`, ['ipsite', `${name}ssl`]]]),
  ['bannedregexpurllist', ['regexp', 'banned']], ['exceptionregexpurllist', ['regexp', 'exception']],
  ['bannedregexpuseragentlist', ['regexp', 'banneduseragent']], ['exceptionregexpuseragentlist', ['regexp', 'exceptionuseragent']],
  ['bannedregexpheaderlist', ['regexp', 'bannedheader']], ['exceptionregexpheaderlist', ['regexp', 'exceptionheader']],
  ['bannedextensionlist', ['extension', 'bannedextension']], ['exceptionextensionlist', ['extension', 'exceptionextension']],
  ['bannedmimetypelist', ['mime', 'bannedmime']], ['exceptionmimetypelist', ['mime', 'exceptionmime']],
  ['bannediplist', ['ip', 'bannedclient']], ['exceptioniplist', ['ip', 'exceptionclient']],
  ['bannedsearchlist', ['other', 'banned']], ['urlregexplist', ['other', 'change']], ['urlredirectregexplist', ['other', 'redirect']], ['headerregexplist', ['other', 'headermods']],
])

export function readOptions(file: { readonly name: string; readonly text: string }, shelf: Shelf, findings: Findings, words = new Map<string, string>(), depth = 0): readonly Option[] {
  return linesOf(file).flatMap((line): readonly Option[] => {
    const text = [...words].reduce((all, [word, value]) => all.replaceAll(`__${word}__`, value), line.text.trim())
    if (text === '' || text.startsWith('#')) return []
    const define = /^\.define\s+(\w+)\s+<(.*)>/i.exec(text)
    if (define !== null) {
      words.set(define[1] ?? '', define[2] ?? '')
      return []
    }
    const include = /^\.include<(.*)>/i.exec(text)?.[1]
    if (include !== undefined) {
      const other = depth < MOST_DEPTH ? shelf.open(include) : undefined
      if (other?.text !== undefined) return readOptions({ name: other.name, text: other.text }, shelf, findings, words, depth + 1)
      findings.lost(line, `\`${include}\` was not found`, 'name the folder in which it stands')
      return []
    }
    const pair = /^(\w+)\s*=\s*(?:'([^']*)'|"([^"]*)"|(.*?))\s*(?:#.*)?$/.exec(text)
    return pair === null ? [] : [{ line, key: (pair[1] ?? '').toLowerCase(), value: (pair[2] ?? pair[3] ?? pair[4] ?? '').trim() }]
  })
}

/** By type and name. Version 5 takes the last of a name, those before the first. */
export function definitionsOf(options: readonly Option[], last: boolean): readonly ListDefinition[] {
  const found = new Map<string, ListDefinition>()
  for (const { line, key, value } of options) {
    const newer = TYPES[key]
    const older = OLDER.get(key.replace(/withbypass$/, ''))
    const fields = new Map(value.split(',').map((field) => [field.slice(0, field.indexOf('=')).trim().toLowerCase(), field.slice(field.indexOf('=') + 1).trim()] as const))
    const [type, name, path] = newer !== undefined ? [newer, fields.get('name')?.toLowerCase() ?? '', fields.get('path') ?? ''] : older !== undefined ? [...older, value] : [undefined, '', '']
    if (type === undefined || path === '') continue
    const id = `${key} ${name}`
    if (last || !found.has(id)) found.set(id, { type, name, path, line })
  }
  return [...found.values()]
}

export function lastValue(options: readonly Option[], key: string): string | undefined {
  return options.findLast((each) => each.key === key)?.value
}
