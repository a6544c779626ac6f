// Who is at the other end of a client's connection, and at which of our addresses it asked: read once, while the socket is open.
import type { Socket } from 'node:net'
import { type Ip, ipFromSocket, sameIp } from '../net/ip.ts'

/** What a client asked that knows of no proxy. */
export interface Original {
  readonly address: Ip
  readonly port: number
}

export const TLS_PORT = 443

export interface Peer {
  readonly address: Ip
  readonly port: number
  /** the gateway's own address that it asked */
  readonly via: Ip
  /** of a connection that the packet filter caught */
  readonly original?: Original
}

/** undefined: it closed before it could be served */
export function peerOf(socket: Socket): Peer | undefined {
  const address = ipFromSocket(socket.remoteAddress)
  const via = ipFromSocket(socket.localAddress)
  return address === undefined || via === undefined ? undefined : { address, via, port: socket.remotePort ?? 0 }
}

/** Of a name's addresses: what was caught goes where it was going if the name has that one, and else to the name's own; a name is the client's word alone. */
export function askedAmong({ original }: Peer, addresses: readonly Ip[]): readonly Ip[] {
  return original !== undefined && addresses.some((each) => sameIp(each, original.address)) ? [original.address] : addresses
}
