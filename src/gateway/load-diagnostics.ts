// What an author is told of the files that a policy names: at the place of the policy that names them, since that is what can be mended there.
import { escapeText } from '../log/escape.ts'
import { excerptAt } from '../policy/diagnostic.ts'
import type { Diagnostic, Place } from '../policy/diagnostic.ts'
import { readMend, whyUnread } from './file-fault.ts'

export function excerpt(line: string, column: number): { readonly excerpt?: { readonly text: string; readonly length: number } } {
  if (line === '') return {}
  return { excerpt: excerptAt(line, column) }
}

/** The policy itself cannot be read. */
export function unreadablePolicy(file: string, error: unknown): Diagnostic {
  return { code: 'unreadable', severity: 'error', message: `the policy cannot be read: ${whyUnread(error)}`, place: { file, line: 1, column: 1 }, hint: readMend(error, '--policy FILE') }
}

export function missingFile(place: Place, line: string, what: string, file: string, error: unknown, hint = 'a path is relative to the policy file, or absolute'): Diagnostic {
  return {
    code: 'missing-file', severity: 'error', message: `${what}: \`${escapeText(file)}\` cannot be read: ${whyUnread(error)}`, place,
    hint, ...excerpt(line, place.column),
  }
}

export function otherDigest(place: Place, line: string, what: string, file: string, digest: string, fetched: boolean): Diagnostic {
  return {
    code: 'sha256', severity: 'error', message: `${what}: \`${escapeText(file)}\` is not what \`sha256\` says: it is ${digest}`, place,
    hint: fetched ? '`greengate lists update` fetches it' : 'put the file that is meant there, or write its digest', ...excerpt(line, place.column),
  }
}

export function skippedLines(place: Place, line: string, file: string, count: number, at: number, text: string): Diagnostic {
  const more = count === 1 ? '1 line is' : `${count} lines are`
  return {
    code: 'bad-lines', severity: 'warning', message: `${more} left out of \`${escapeText(file)}\`; the first is line ${at}: \`${escapeText(text, 80)}\``, place,
    hint: 'mend or remove them there', ...excerpt(line, place.column),
  }
}
