// Who listens where, and which address and port a listening socket has that somebody else opened: asked of the kernel's tables, because Node can only tell after
// it has taken the descriptor over, and would close it with the answer.
import { readFileSync, readlinkSync } from 'node:fs'
import { ipFromSocket, ipFromValue } from '../net/ip.ts'

export interface SocketName {
  readonly address: string
  readonly port: number
}

/** `0100007F:0320` or 32 digits: the kernel prints words of 32 bits in the machine's own order, which is little-endian wherever we run. */
export function parseLocalAddress(text: string): SocketName | undefined {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(text)
  const digits = match?.[1]
  const port = match?.[2]
  if (digits === undefined || port === undefined) return undefined
  const words = digits.match(/.{8}/g) ?? []
  const bytes = words.map((word) => (word.match(/../g) ?? []).reverse().join('')).join('')
  const ip = ipFromValue(digits.length === 8 ? 4 : 6, BigInt(`0x${bytes}`))
  return { address: ipFromSocket(ip.text)?.text ?? ip.text, port: parseInt(port, 16) }
}

/** Of /proc/net/tcp: the line of a listening socket (state 0A) with this inode. */
export function findListening(table: string, inode: string): SocketName | undefined {
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    if (fields[9] === inode && fields[3] === '0A') return parseLocalAddress(fields[1] ?? '')
  }
  return undefined
}

const TABLES: readonly string[] = ['/proc/self/net/tcp', '/proc/self/net/tcp6']

/** Of /proc/net/tcp: every socket that listens (state 0A) on the port. */
export function findListeners(table: string, port: number): SocketName[] {
  const found: SocketName[] = []
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const name = fields[3] === '0A' ? parseLocalAddress(fields[1] ?? '') : undefined
    if (name?.port === port) found.push(name)
  }
  return found
}

/** undefined where the kernel shows no such table. */
export function listenersOn(port: number): readonly SocketName[] | undefined {
  const found: SocketName[] = []
  for (const file of TABLES) {
    try {
      found.push(...findListeners(readFileSync(file, 'latin1'), port))
    } catch (error) {
      // a machine without IPv6 has no second table
      if (file === TABLES[0] || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined
    }
  }
  return found
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

export function listeningSocket(fd: number): SocketName | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]
    if (inode === undefined) return undefined
    for (const file of TABLES) {
      const found = findListening(readFileSync(file, 'latin1'), inode)
      if (found !== undefined) return found
    }
  } catch {
    // no such descriptor, or a kernel without one of the tables
  }
  return undefined
}
