// What the author of a policy is told: code, severity, message, place and mend. Text without colour: `renderDiagnostic`. Danger prevented: a
// file by another's hand, checked at a terminal, that rules it.
import { masked, visible } from './visible.ts'

/** 1-based line and column of `file`. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface Diagnostic {
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** lower case, no final stop, what the author wrote in backticks */
  readonly message: string
  readonly place: Place
  /** what to write instead */
  readonly hint?: string
  /** the source line and how many characters from `place.column` on are meant */
  readonly excerpt?: { readonly text: string; readonly length: number }
}

/** The excerpt for what is found after parsing, when the place is all that is left: the line, and the YAML token that begins there. */
export function excerptAt(line: string, column: number): { readonly text: string; readonly length: number } {
  const rest = line.slice(column - 1)
  const token = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'|^[^,\]}#]*?(?=\s*(?:[,\]}]|\s#|:\s|$))/.exec(rest)
  const length = /^[[{]/.test(rest) || token === null ? rest.trimEnd().length : token[0].length
  return { text: line, length: Math.max(1, length) }
}

/** Of a line that fills more than a screen, what stands round the caret. */
const WIDEST = 160
const BEFORE = 60

/** `file:line:column: severity: message`, the line, a caret line, and the mend. */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const { place, severity, message, excerpt, hint } = diagnostic
  const lines = [`${masked(place.file).replaceAll('\t', '?')}:${place.line}:${place.column}: ${severity}: ${visible(message)}`]
  if (excerpt !== undefined) {
    const cut = excerpt.text.length > WIDEST ? Math.max(0, place.column - 1 - BEFORE) : 0
    const shown = masked(excerpt.text.slice(cut, cut + WIDEST))
    const pad = shown.slice(0, place.column - 1 - cut).replace(/[^\t]/g, ' ')
    lines.push(`  ${shown}`, `  ${pad}${'^'.repeat(Math.max(1, Math.min(excerpt.length, shown.length - pad.length)))}`)
  }
  if (hint !== undefined) lines.push(`  ${visible(hint)}`)
  return lines.join('\n')
}
