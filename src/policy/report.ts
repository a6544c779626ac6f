// Collects what there is to say of one policy: every problem once, sorted by place. Danger prevented: an author who mends one
// error only to be shown the next, and one fault that is told five times.
import type { Diagnostic } from './diagnostic.ts'
import type { Path, Source, Spot } from './source.ts'

export interface Report {
  readonly source: Source
  error(code: string, path: Path, message: string, hint?: string): void
  warning(code: string, path: Path, message: string, hint?: string): void
  /** told of the key that `path` ends in, not of its value */
  keyError(code: string, path: Path, message: string, hint?: string): void
  keyWarning(code: string, path: Path, message: string, hint?: string): void
  readonly failed: boolean
  sorted(): Diagnostic[]
}

export function newReport(source: Source): Report {
  const told = new Map<string, Diagnostic>()
  let failed = false
  const tell = (severity: Diagnostic['severity'], code: string, spot: Spot, message: string, hint: string | undefined): void => {
    if (severity === 'error') failed = true
    const { line, column } = spot.place
    const key = `${line}:${column}:${message}`
    if (!told.has(key)) told.set(key, { code, severity, message, ...spot, ...(hint === undefined ? {} : { hint }) })
  }
  for (const diagnostic of source.diagnostics) {
    if (diagnostic.severity === 'error') failed = true
    told.set(`${diagnostic.place.line}:${diagnostic.place.column}:${diagnostic.message}`, diagnostic)
  }
  return {
    source,
    error: (code, path, message, hint) => tell('error', code, source.value(path), message, hint),
    warning: (code, path, message, hint) => tell('warning', code, source.value(path), message, hint),
    keyError: (code, path, message, hint) => tell('error', code, source.key(path), message, hint),
    keyWarning: (code, path, message, hint) => tell('warning', code, source.key(path), message, hint),
    get failed() {
      return failed
    },
    sorted: () => [...told.values()].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column || (a.severity < b.severity ? -1 : 1)),
  }
}
