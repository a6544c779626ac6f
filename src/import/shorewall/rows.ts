// A file of Shorewall as rows of columns: comments, sections, variables and lines that go on read as Shorewall reads them; what would run a
// program is never run. Danger prevented: a line under a condition, or in another section, taken for one that always holds.
import type { Findings, SourceLine } from '../finding.ts'
import { joined, linesOf } from '../source.ts'
import type { ImportFile } from '../source.ts'

export interface Row {
  readonly line: SourceLine
  /** variables put in; `-` stands for nothing */
  readonly columns: readonly string[]
  /** the comment behind it, else the `?COMMENT` above */
  readonly remark?: string
  /** upper case: `NEW` where none is named */
  readonly section: string
  /** why it may or may not hold: it stands under `?IF` */
  readonly conditional: boolean
}

/** Columns by the name that the alternative form gives them. */
const NAMED: Readonly<Record<string, number>> = {
  source: 1, dest: 2, proto: 3, dport: 4, port: 4, ports: 4, sport: 5, cport: 5, origdest: 6, rate: 7, user: 8, mark: 9, connlimit: 10, time: 11, headers: 12, switch: 13, helper: 14,
}

export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, bare: string | undefined) => variables.get(braced ?? bare ?? '') ?? whole)
}

export function rowsOf(file: ImportFile, variables: Map<string, string>, findings: Findings): Row[] {
  const rows: Row[] = []
  let section = 'NEW'
  let remark: string | undefined
  let depth = 0
  let program = false
  for (const line of joined(linesOf(file))) {
    const { content, comment } = split(line.text)
    if (program) {
      program = !/^\??END\b/i.test(content)
      continue
    }
    if (content === '') continue
    const directive = /^\?\s*(\w+)\s*(.*)$/.exec(content) ?? /^(SECTION|COMMENT|FORMAT|INCLUDE|PERL|SHELL|BEGIN|END)\b\s*(.*)$/.exec(content)
    if (directive === null) {
      rows.push({ line, columns: columnsOf(expand(content, variables)), section, conditional: depth > 0, ...((comment ?? remark) === undefined ? {} : { remark: comment ?? remark ?? '' }) })
      continue
    }
    const [, word = '', rest = ''] = directive
    switch (word.toUpperCase()) {
      case 'SECTION': section = rest.trim().toUpperCase(); break
      case 'COMMENT': remark = rest.trim() === '' ? undefined : expand(rest.trim(), variables); break
      case 'FORMAT': case 'REQUIRE': case 'INFO': case 'WARNING': break
      case 'IF':
        depth++
        findings.lost(line, 'a condition that only Shorewall can judge: the lines under it are not carried over', 'write out the lines that hold')
        break
      case 'ELSE': case 'ELSIF': break
      case 'ENDIF': depth = Math.max(0, depth - 1); break
      case 'SET': {
        const [name = '', ...value] = rest.split(/\s+/)
        variables.set(name.replace(/^[$@]/, ''), value.join(' ').replace(/^(['"])(.*)\1$/, '$2'))
        break
      }
      case 'BEGIN':
        program = true
        findings.lost(line, 'a program inside the file, which is not run', 'write out the lines that it makes')
        break
      case 'INCLUDE': findings.lost(line, 'another file is read in here', `name it too: \`${rest.trim()}\``); break
      default: findings.lost(line, `\`${word}\` is not carried over`)
    }
  }
  return rows
}

/** A # ends the line wherever it stands: Shorewall knows no other meaning of it. */
function split(text: string): { readonly content: string; readonly comment: string | undefined } {
  const hash = text.indexOf('#')
  const comment = hash < 0 ? '' : text.slice(hash).replace(/^[#\s]+/, '').trim()
  return { content: (hash < 0 ? text : text.slice(0, hash)).trim(), comment: comment === '' || hash === 0 ? undefined : comment }
}

/** `ACCEPT loc net tcp 25`, and `ACCEPT loc net { proto=tcp dport=25 }` or `ACCEPT loc net ; proto=tcp` for the same. */
function columnsOf(text: string): string[] {
  const tail = /^(.*?)\s*(?:\{(.*)\}|;(?!;)(.*))\s*$/.exec(text)
  if (tail === null) return text.split(/\s+/)
  const columns = (tail[1] ?? '').split(/\s+/).filter((word) => word !== '')
  for (const [, name = '', quoted, bare] of (tail[2] ?? tail[3] ?? '').matchAll(/(\w+)\s*=>?\s*(?:"([^"]*)"|'?([^\s'"]+?)'?(?=,?\s|,?$))/g)) {
    const at = NAMED[name.toLowerCase()]
    if (at === undefined) return [...columns, `;${name}`]
    while (columns.length <= at) columns.push('-')
    columns[at] = quoted ?? bare ?? '-'
  }
  return columns
}

/** Of a column that is not there, and of `-`: nothing. */
export function column(row: Row, at: number): string {
  const text = row.columns[at] ?? '-'
  return text === '-' ? '' : text
}
