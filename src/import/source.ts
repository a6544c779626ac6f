// A file that is imported: its lines, with their places. Danger prevented: a picture or a program that is read as rules, of which a few
// lines happen to look like some.
import type { SourceLine } from './finding.ts'

export interface ImportFile {
  /** as the person named it */
  readonly name: string
  readonly text: string
}

export interface ImportProblem {
  readonly file: string
  readonly message: string
  readonly hint?: string
}

/** Why the file is not read at all; undefined: it is text. */
export function notText(file: ImportFile): ImportProblem | undefined {
  const wrong = (message: string, hint: string): ImportProblem => ({ file: file.name, message, hint })
  if (file.text.includes('\0')) return wrong('it is no text: it holds zero bytes', 'name a text file; one in UTF-16 is turned by `iconv -f utf-16 -t utf-8`')
  if (/\ufffd/.test(file.text)) return wrong('it is not UTF-8', 'turn it first: `iconv -f latin1 -t utf-8`')
  if (file.text.trim() === '') return wrong('it is empty', 'name a file that holds something')
  return undefined
}

/** Without a byte order mark; whichever line end. */
export function linesOf(file: ImportFile): SourceLine[] {
  return file.text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/).map((text, index) => ({ origin: { file: file.name, line: index + 1 }, text }))
}

/** Lines that end with a backslash go on in the next; the place is the first one's. */
export function joined(lines: readonly SourceLine[]): SourceLine[] {
  const whole: SourceLine[] = []
  let open: SourceLine | undefined
  for (const line of lines) {
    const text = open === undefined ? line.text : `${open.text}${line.text.trimStart()}`
    const origin = open?.origin ?? line.origin
    if (/\\$/.test(text) && !/^\s*#/.test(text)) open = { origin, text: text.slice(0, -1) }
    else {
      whole.push({ origin, text })
      open = undefined
    }
  }
  return open === undefined ? whole : [...whole, open]
}
