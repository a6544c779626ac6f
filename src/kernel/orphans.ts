// Which ends of connections on this machine no process holds any more: asked of the kernel's tables, where they stand without an inode while they
// wait for the other side. Danger prevented: a program that has ended, taken for one that has only ended its side and waits for an answer.
import { readFile } from 'node:fs/promises'
import { parseLocalAddress } from './sockets.ts'

const TABLES: readonly string[] = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
/** One reading serves everybody who asks within this time. */
const FRESH_MS = 250
const ESTABLISHED = '01'
/** what a listener has answered and not yet handed to its process */
const SYN_RECEIVED = '03'

/** As it stands in `orphanedEnds`: of one end, and of the end that it is connected to. */
export function endsKey(address: string, port: number, otherAddress: string, otherPort: number): string {
  return `${address} ${port} ${otherAddress} ${otherPort}`
}

/** Of /proc/net/tcp or tcp6: the ends that are closing and belong to nobody (inode 0). */
export function findOrphans(table: string, found: Set<string>): void {
  for (let at = table.indexOf('\n') + 1; at > 0; at = table.indexOf('\n', at) + 1) {
    const end = table.indexOf('\n', at)
    const fields = table.slice(at, end < 0 ? undefined : end).trim().split(/\s+/)
    if (fields[9] !== '0' || fields[3] === ESTABLISHED || fields[3] === SYN_RECEIVED) continue
    const own = parseLocalAddress(fields[1] ?? '')
    const other = parseLocalAddress(fields[2] ?? '')
    if (own !== undefined && other !== undefined) found.add(endsKey(own.address, own.port, other.address, other.port))
  }
}

let reading: Promise<ReadonlySet<string>> | undefined
let readAt = -Infinity

async function read(): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const table of TABLES) {
    try {
      findOrphans(await readFile(table, 'latin1'), found)
    } catch {
      // a machine without IPv6 has no second table; where the kernel shows none, nobody is told to have left
    }
  }
  return found
}

export function orphanedEnds(): Promise<ReadonlySet<string>> {
  const now = performance.now()
  if (reading === undefined || now - readAt >= FRESH_MS) {
    readAt = now
    reading = read()
  }
  return reading
}
