// The lines of the rules of a file: which lines one rule is, with the comments that stand right above it. Danger prevented: an edit that lays the whole file out anew, so
// that nobody sees in its difference what was changed.
import { type Document, type YAMLMap, type YAMLSeq, isMap, isSeq } from 'yaml'

export type Section = 'rules' | 'web'

export interface RuleLines {
  /** first of its comments, and its last; counted from 0 */
  readonly first: number
  readonly last: number
  /** where its dash stands */
  readonly dash: number
}

export function sectionPath(section: Section): readonly string[] {
  return section === 'rules' ? ['rules'] : ['web', 'rules']
}

export function seqOf(doc: Document.Parsed, section: Section): YAMLSeq | undefined {
  const found: unknown = doc.getIn(sectionPath(section), true)
  return isSeq(found) ? found : undefined
}

export function mapAt(seq: YAMLSeq, index: number): YAMLMap | undefined {
  const item: unknown = seq.items[index]
  return isMap(item) ? item : undefined
}

function lineAt(text: string, offset: number): number {
  let line = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** undefined: they are not a dash and some lines each (a flow sequence, two on a line, an alias). */
export function linesOfRules(text: string, seq: YAMLSeq): readonly RuleLines[] | undefined {
  if (seq.flow === true) return undefined
  const lines = text.split('\n')
  const found: RuleLines[] = []
  for (const item of seq.items) {
    const range = isMap(item) ? item.range : undefined
    if (range == null) return undefined
    let at = lineAt(text, range[0])
    // the dash may stand alone on a line above
    while (at > 0 && !/^ *-(?: |$)/.test(lines[at] ?? '')) at--
    const dash = (lines[at] ?? '').indexOf('-')
    let last = lineAt(text, range[0] + text.slice(range[0], range[1]).trimEnd().length - 1)
    while (/^ *#/.test(lines[last + 1] ?? '') && (lines[last + 1] ?? '').search(/\S/) > dash) last++
    let first = at
    const before = found.at(-1)?.last ?? -1
    while (first - 1 > before && isComment(lines[first - 1] ?? '', dash)) first--
    if (found.length > 0 && at <= before) return undefined
    found.push({ first, last, dash })
  }
  return found
}

/** What stands further in speaks of the rule above. */
function isComment(line: string, dash: number): boolean {
  const at = line.search(/\S/)
  return at >= 0 && at <= dash && line[at] === '#'
}
