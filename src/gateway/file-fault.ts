// Why a file cannot be read or written, and what mends it, in plain words. Danger prevented: an `EACCES: permission denied, open '...'` that leaves whoever
// reads it with nothing to do.

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function isForbidden(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EACCES' || code === 'EPERM'
}

function otherwise(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function whyUnread(error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file'
  if (isForbidden(error)) return 'this user may not read it'
  if (code === 'EISDIR') return 'it is a folder'
  return otherwise(error)
}

/** `option`: what names another file. */
export function readMend(error: unknown, option?: string): string {
  const another = option === undefined ? 'name another file' : `name another: \`${option}\``
  return isForbidden(error) ? `run it as a user who may, let this one read it, or ${another}` : another
}

export function whyUnwritten(error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such folder'
  if (isForbidden(error)) return 'this user may not write there'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'EROFS') return 'nothing can be written there: it is mounted read-only'
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'no room is left there'
  return otherwise(error)
}

export function writeMend(error: unknown, option?: string): string {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'make room; nothing was changed'
  const another = option === undefined ? 'name another file' : `name another: \`${option}\``
  return isForbidden(error) ? `run it as a user who may, or ${another}` : another
}
