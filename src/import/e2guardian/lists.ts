// A list's file with what it includes and the hours it is for, read as e2guardian reads it: a line at a time, ` #` begins a comment, `.Include<...>` another file, `#time:` holds for the whole file.
// Danger prevented: a line that e2guardian understood and our own lists would not, left out without a word.
import { domainEntry } from '../../lists/entry.ts'
import { checkExpression } from '../../lists/expressions.ts'
import { linesOf } from '../source.ts'
import type { Findings, SourceLine } from '../finding.ts'
import { networkWord } from '../squid/values.ts'
import type { ListDefinition, ListType } from './options.ts'
import type { Shelf } from './shelf.ts'
import { bandOf, bothBands, isNever } from './times.ts'
import type { Band } from './times.ts'

export interface ListPart {
  /** the file, as it is told, and where it is */
  readonly name: string
  readonly path: string
  readonly band: Band | undefined
  readonly entries: readonly string[]
  /** its lines are lines of our lists too, and it is long: it is named where it stands */
  readonly stays: boolean
  /** its hours could not be read: what it allows is allowed never */
  readonly bad: boolean
  /** `**`, `*ip`, `**s`, `*ips` of the versions before 5 */
  readonly blankets: readonly string[]
}

const MOST_DEPTH = 8
const LONG = 1_000
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,126})$/
const BLANKETS: ReadonlySet<string> = new Set(['**', '*ip', '**s', '*ips'])

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** The host and what is below it, its path as a prefix that ends at `/`, `?`, `&` or `=`; of the path alone, which no tunnel shows. */
export function urlExpression(text: string): string | undefined {
  const [, host = '', path = ''] = /^([^/?]+)(.*)$/.exec(text.replace(/^https?:\/\//, '')) ?? []
  const name = domainEntry(host.replace(/:\d+$/, ''))
  if (name === undefined || !/^[\x21-\x7e]*$/.test(path)) return undefined
  return `^http://(?:[^/?]+\\.)?${literal(name)}(?::\\d+)?${path === '' ? '' : literal(path)}(?:[/?&=]|$)`
}

/** An entry as it stands in a list of ours, or undefined. */
function entryOf(type: ListType, text: string): string | undefined {
  const lower = text.toLowerCase().replace(/\/$/, '').replace(/^ftp:\/\//, '')
  switch (type) {
    // `.gov` is a whole top level, `.gov.example` is never found
    case 'site': return domainEntry(lower) === undefined || /^\..*\./.test(lower) ? undefined : lower
    case 'url': return urlExpression(lower)
    case 'regexp': return checkExpression(text) === undefined ? text : undefined
    case 'extension': return /^\.?[\x21-\x7e]+$/.test(lower) ? lower.replace(/^\./, '') : undefined
    case 'mime': return MEDIA_TYPE.test(lower) ? lower : undefined
    case 'ip': case 'ipsite': return networkWord(text)
    case 'time': return bandOf(text) === undefined ? undefined : text
    case 'other': return text
  }
}

function why(type: ListType, text: string): string {
  if (type === 'site' && /^\.[^.]+\./.test(text)) return `\`${text}\` is never found: a dot stands before a top level alone`
  if (type === 'regexp') return `\`${text}\`: ${checkExpression(text) ?? ''}`
  return `\`${text}\` is ${type === 'site' ? 'no name of a site' : type === 'url' ? 'no URL' : type === 'mime' ? 'no media type' : type === 'time' ? 'no time' : type === 'extension' ? 'no ending of a file' : 'no address'}`
}

/** The file and each that it includes, for itself. Empty: the file is not there, or says nothing. */
export function readList({ type, path, line }: ListDefinition, shelf: Shelf, findings: Findings, outer?: Band, depth = 0): readonly ListPart[] {
  const file = depth > MOST_DEPTH ? undefined : shelf.open(path)
  if (file === undefined) {
    findings.lost(line, `\`${path}\` was not found, or is no text`, 'name the folder in which it stands')
    return []
  }
  if (file.text === undefined) {
    if (type === 'site' || type === 'url' || type === 'regexp') return [{ name: file.name, path: file.path, band: outer, entries: [], stays: true, bad: false, blankets: [] }]
    findings.lost(line, `\`${path}\` is too large for a list of this kind`)
    return []
  }
  const lines = linesOf({ name: file.name, text: file.text })
  let band = outer
  let bad = false
  for (const each of lines) {
    const time = /^#time: (.*)$/.exec(each.text)?.[1]
    if (time === undefined) continue
    const own = bandOf(time)
    if (own === undefined) findings.lost(each, `\`${time}\` is no time: what this list bans is banned at all times, what it allows never`, 'write a schedule of the policy')
    else if (isNever(own)) findings.changed(each, `\`${time}\` ends before it begins: such a list never held, and does not here`, 'a schedule of the policy may cross midnight: `22:00-06:00`')
    if (own === undefined) bad = true
    else band = outer === undefined ? own : bothBands(outer, own)
  }
  const entries: string[] = []
  const blankets: string[] = []
  const included: SourceLine[] = []
  let plain = true
  for (const each of lines) {
    const text = each.text.replace(/ #.*$/, '').trim()
    if (text.length < 2 || each.text.startsWith('#')) continue
    if (/^\.include</i.test(text)) {
      included.push(each)
      continue
    }
    if (BLANKETS.has(text)) {
      blankets.push(text)
      continue
    }
    const entry = entryOf(type, text)
    if (entry === undefined) findings.lost(each, why(type, text))
    else entries.push(entry)
    if (entry === undefined || text !== each.text.trim() || (type === 'site' && entry !== text.toLowerCase())) plain = false
  }
  const stays = plain && included.length === 0 && blankets.length === 0 && entries.length > LONG && (type === 'site' || type === 'regexp' || type === 'url')
  const own: ListPart = { name: file.name, path: file.path, band, entries: stays ? [] : [...new Set(entries)], stays, bad, blankets }
  const others = included.flatMap((each) => readList({ type, name: '', path: /<(.*)>/.exec(each.text)?.[1] ?? '', line: each }, shelf, findings, band, depth + 1))
  return entries.length === 0 && blankets.length === 0 ? others : [own, ...others]
}
