// Diagnostics as commands tell them: for a person on standard error, for a program as JSON whose keys stay as they are.
import type { Diagnostic } from '../policy/diagnostic.ts'
import { renderDiagnostic } from '../policy/diagnostic.ts'
import { sayError } from './say.ts'

export function diagnosticJson(diagnostic: Diagnostic): Readonly<Record<string, string | number>> {
  const { code, severity, message, place, hint } = diagnostic
  return { file: place.file, line: place.line, column: place.column, severity, code, message, ...(hint === undefined ? {} : { hint }) }
}

export function tellDiagnostics(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) sayError(`${renderDiagnostic(diagnostic)}\n`)
}

/** `2 errors, 1 warning`; empty where there is neither. */
export function countText(errors: number, warnings: number): string {
  const parts: string[] = []
  if (errors > 0) parts.push(errors === 1 ? '1 error' : `${errors} errors`)
  if (warnings > 0) parts.push(warnings === 1 ? '1 warning' : `${warnings} warnings`)
  return parts.join(', ')
}
