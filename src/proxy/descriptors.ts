// How many connections this process can carry by its file descriptors. Danger prevented: an accept or a dial that fails with EMFILE, after
// which nothing works, the log included. Each connection may need two (client and upstream); some stay in reserve for files and DNS.
import { readFileSync } from 'node:fs'

const RESERVE = 128

/** soft limit of open files; undefined where the system does not say, or knows none */
export function descriptorLimit(text = limitsText()): number | undefined {
  const found = /^Max open files\s+(\d+)/m.exec(text)
  return found?.[1] === undefined ? undefined : Number(found[1])
}

function limitsText(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}

/** Connections at once, client and upstream side together one. */
export function connectionCapacity(limit = descriptorLimit()): number {
  if (limit === undefined) return Infinity
  return Math.max(4, Math.floor((limit - Math.min(RESERVE, Math.floor(limit / 3))) / 2))
}
