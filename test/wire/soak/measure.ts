// What a process holds, as the kernel tells it (proc(5)): memory, threads, processor time, descriptors by kind, sockets by state. Nothing is asked of the
// process itself, so that a process that hangs is measured like any other.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Figures {
  /** octets resident */
  readonly rss: number
  readonly threads: number
  /** seconds of processor since it began */
  readonly cpu: number
  readonly fds: number
  /** file, socket, pipe, eventpoll, ... */
  readonly kinds: Readonly<Record<string, number>>
  /** its TCP sockets by state */
  readonly sockets: Readonly<Record<string, number>>
}

const STATES: Readonly<Record<string, string>> = {
  '01': 'established', '02': 'syn-sent', '03': 'syn-received', '04': 'fin-wait-1', '05': 'fin-wait-2', '06': 'time-wait', '07': 'close', '08': 'close-wait', '09': 'last-ack', '0A': 'listen', '0B': 'closing',
}
const TICKS = 100
const PAGE = 4_096

function states(pid: number): ReadonlyMap<string, string> {
  const byInode = new Map<string, string>()
  for (const family of ['tcp', 'tcp6']) {
    let text: string
    try {
      text = readFileSync(`/proc/${pid}/net/${family}`, 'latin1')
    } catch {
      continue
    }
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const [state, inode] = [fields[3], fields[9]]
      if (state !== undefined && inode !== undefined) byInode.set(inode, STATES[state] ?? state)
    }
  }
  return byInode
}

function kindOf(link: string): string {
  const [kind = ''] = /^[a-z]+(?=:)|^anon_inode:\[?[\w-]+/.exec(link) ?? []
  return kind === '' ? 'file' : kind.replace(/^anon_inode:\[?/, '')
}

export function measure(pid: number): Figures {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const kinds: Record<string, number> = {}
  const sockets: Record<string, number> = {}
  const byInode = states(pid)
  let fds = 0
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let link: string
    try {
      link = readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      continue
    }
    fds++
    const kind = kindOf(link)
    kinds[kind] = (kinds[kind] ?? 0) + 1
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
    const state = inode === undefined ? undefined : byInode.get(inode)
    if (state !== undefined) sockets[state] = (sockets[state] ?? 0) + 1
  }
  return {
    rss: Number(fields[21]) * PAGE,
    threads: Number(fields[17]),
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
    fds,
    kinds,
    sockets,
  }
}

/** Least squares: by how much `y` grows for each unit of `x`. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const n = points.length
  if (n < 2) return 0
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  let over = 0
  let under = 0
  for (const [x, y] of points) {
    over += (x - meanX) * (y - meanY)
    under += (x - meanX) ** 2
  }
  return under === 0 ? 0 : over / under
}
