// The TCP connections of this machine, from the kernel's own tables. A connection is its two ends and its socket's inode: the same ends with
// another inode are another connection. Danger prevented: an old, still established session that confirms rules which let in nobody new.
import { readFileSync } from 'node:fs'
import { ipFromSocket } from '../net/ip.ts'
import { parseLocalAddress } from './sockets.ts'

export interface Connection {
  /** `ADDRESS PORT ADDRESS PORT`, our own end first */
  readonly ends: string
  /** `0`: not handed to a process yet */
  readonly inode: string
  readonly uid: number
  readonly established: boolean
}

const ESTABLISHED = '01'
const LISTEN = '0A'

export function parseConnections(table: string): Connection[] {
  const found: Connection[] = []
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const own = parseLocalAddress(fields[1] ?? '')
    const other = parseLocalAddress(fields[2] ?? '')
    if (own === undefined || other === undefined || fields[3] === LISTEN) continue
    found.push({ ends: `${own.address} ${own.port} ${other.address} ${other.port}`, inode: fields[9] ?? '0', uid: Number(fields[7] ?? 0), established: fields[3] === ESTABLISHED })
  }
  return found
}

function read(protocol: 'tcp' | 'udp'): Connection[] {
  return [`/proc/self/net/${protocol}`, `/proc/self/net/${protocol}6`].flatMap((file) => {
    try {
      return parseConnections(readFileSync(file, 'latin1'))
    } catch {
      // a machine without IPv6 has no second table
      return []
    }
  })
}

export function connections(): Connection[] {
  return read('tcp')
}

/** Who owns each socket, by its own end: `ADDRESS PORT`. One bound to every address stands under its port alone. */
export function socketOwners(protocol: 'tcp' | 'udp'): ReadonlyMap<string, number> {
  return new Map(read(protocol).map(({ ends, uid }) => {
    const [address = '', port = ''] = ends.split(' ')
    return [address === '0.0.0.0' || address === '::' ? port : `${address} ${port}`, uid]
  }))
}

export interface Session {
  readonly client: string
  readonly clientPort: number
  readonly server: string
  readonly serverPort: number
}

/** What sshd leaves in SSH_CONNECTION: `CLIENT PORT SERVER PORT`. */
export function parseSession(text: string): Session | undefined {
  const [client = '', clientPort = '', server = '', serverPort = '', ...more] = text.trim().split(/\s+/)
  const from = ipFromSocket(client)
  const to = ipFromSocket(server)
  const isPort = (word: string): boolean => /^\d{1,5}$/.test(word) && Number(word) >= 1 && Number(word) <= 65535
  if (from === undefined || to === undefined || !isPort(clientPort) || !isPort(serverPort) || more.length > 0) return undefined
  return { client: from.text, clientPort: Number(clientPort), server: to.text, serverPort: Number(serverPort) }
}

export function sessionEnds({ client, clientPort, server, serverPort }: Session): string {
  return `${server} ${serverPort} ${client} ${clientPort}`
}
