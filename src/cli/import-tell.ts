// What an import tells: each line that did not come along, or came changed, with its place, the line and the mend; then the sum. Danger prevented:
// a list so long that nobody reads it, or one that leaves something out without saying so.
import type { Imported } from '../import/draft.ts'
import type { Finding } from '../import/finding.ts'
import type { ImportProblem } from '../import/source.ts'
import { escapeText } from '../log/escape.ts'
import { sayError } from './say.ts'

const LABELS: Readonly<Record<Finding['kind'], string>> = { lost: 'not carried over', changed: 'carried over, with a difference', assumed: 'assumed', implied: 'holds in any case' }
/** Of a kind, for a person; --json has all. */
const MOST_TOLD = 100
const MOST_LINES = 12
const LONGEST_LINE = 160
const MOST_NAMED = 60

/** What stands in backticks: of what it is said. */
function named({ message }: Finding): string {
  return (message.match(/`[^`]*`/g) ?? []).join(' ')
}

function otherLine(each: Finding, first: Finding): string {
  const words = named(each) === named(first) ? '' : ` ${escapeText(named(each), MOST_NAMED)}`
  return `${each.origin.file === first.origin.file ? '' : `${escapeText(each.origin.file)}:`}${each.origin.line}${words}`
}

/** The first of those that say the same, save what stands in backticks, with the lines of the others and what they have there. */
function findingText([first, ...others]: readonly [Finding, ...Finding[]]): string {
  const { kind, origin, text, message, hint } = first
  const lines = [`${escapeText(origin.file)}${kind === 'assumed' ? '' : `:${origin.line}`}: ${LABELS[kind]}: ${escapeText(message)}`]
  if (text.trim() !== '') lines.push(`    ${escapeText(text.trim().replace(/\s+/g, ' '), LONGEST_LINE)}`)
  if (hint !== undefined) lines.push(`  ${escapeText(hint)}`)
  if (others.length > 0) {
    const shown = others.slice(0, MOST_LINES).map((each) => otherLine(each, first))
    lines.push(`  likewise ${others.length === 1 ? 'line' : 'lines'} ${shown.join(', ')}${others.length > MOST_LINES ? ` and ${others.length - MOST_LINES} more` : ''}`)
  }
  return `${lines.join('\n')}\n`
}

function grouped(findings: readonly Finding[]): (readonly [Finding, ...Finding[]])[] {
  const groups = new Map<string, [Finding, ...Finding[]]>()
  for (const each of findings) {
    const key = `${each.message.replace(/`[^`]*`/g, '``')}\n${each.hint?.replace(/`[^`]*`/g, '``') ?? ''}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [each])
    else group.push(each)
  }
  return [...groups.values()]
}

export function tellProblem({ file, message, hint }: ImportProblem): void {
  sayError(`greengate: ${escapeText(file)}: ${escapeText(message)}\n${hint === undefined ? '' : `  ${escapeText(hint)}\n`}`)
}

export function tellFindings(kind: string, made: Imported, written: readonly string[]): void {
  const of = (which: Finding['kind']): readonly Finding[] => made.findings.filter((each) => each.kind === which)
  for (const which of ['lost', 'changed', 'assumed'] as const) {
    const all = grouped(of(which))
    for (const each of all.slice(0, MOST_TOLD)) sayError(findingText(each))
    if (all.length > MOST_TOLD) sayError(`... and ${all.length - MOST_TOLD} more (${LABELS[which]}): --json tells all\n`)
  }
  const lines = new Set(of('lost').map(({ origin }) => `${origin.file}:${origin.line}`)).size
  const parts = [`${made.carried} carried over`, lines === 0 ? 'nothing left behind' : `${lines} ${lines === 1 ? 'line' : 'lines'} not`]
  if (of('changed').length > 0) parts.push(`${of('changed').length} with a difference`)
  if (of('implied').length > 0) parts.push(`${of('implied').length} that ${of('implied').length === 1 ? 'holds' : 'hold'} in any case`)
  sayError(`import ${kind}: ${parts.join(', ')}\n`)
  for (const path of written) sayError(`written: ${escapeText(path)}\n`)
}

interface Told {
  readonly file: string
  readonly line: number
  readonly text: string
  readonly message: string
  readonly hint?: string
}

export function findingsJson(findings: readonly Finding[]): Readonly<Record<'notCarried' | 'changed' | 'assumed' | 'implied', readonly Told[]>> {
  const of = (which: Finding['kind']): Told[] => findings.filter(({ kind }) => kind === which).map(({ origin, text, message, hint }) => ({ file: origin.file, line: origin.line, text: text.trim(), message, ...(hint === undefined ? {} : { hint }) }))
  return { notCarried: of('lost'), changed: of('changed'), assumed: of('assumed'), implied: of('implied') }
}
