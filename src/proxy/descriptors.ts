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

export interface Capacity {
  /** connections at once, client and upstream side together one */
  readonly connections: number
  /** accepted and not served yet: one descriptor each */
  readonly waiting: number
}

const MOST_WAITING = 512

export function descriptorCapacity(limit = descriptorLimit()): Capacity {
  if (limit === undefined) return { connections: Infinity, waiting: MOST_WAITING }
  const free = limit - Math.min(RESERVE, Math.floor(limit / 2))
  const waiting = Math.min(MOST_WAITING, Math.floor(free / 8))
  return { connections: Math.max(1, Math.floor((free - waiting) / 2)), waiting }
}
