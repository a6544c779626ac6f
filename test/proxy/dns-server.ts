// A name server on loopback for tests: answers from a table, or not at all, and counts what it was asked (RFC 1035 4.1).
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from './sockets.ts'

export interface Zone {
  /** addresses of one family; absent: no such record */
  readonly a?: readonly string[]
  readonly aaaa?: readonly string[]
  readonly ttl?: number
  /** NXDOMAIN 3, SERVFAIL 2, REFUSED 5; for both kinds, or one */
  readonly rcode?: number
  readonly rcodeOf?: { readonly a?: number; readonly aaaa?: number }
  readonly silent?: 'a' | 'aaaa' | 'both'
  readonly delayMs?: number
  /** an alias in front of the addresses */
  readonly cname?: string
}

export interface NameServer {
  readonly port: number
  readonly asked: string[]
}

const label = (name: string): Buffer => Buffer.concat([...name.split('.').map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])), Buffer.from([0])])

function octets(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const words = (text: string): number[] => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)))
  const front = words(head)
  const back = words(tail ?? '')
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]))
}

function answerTo(query: Buffer, zone: Zone | undefined, type: number): Buffer {
  let end = 12
  while (query[end] !== 0 && end < query.length) end += (query[end] ?? 0) + 1
  const question = query.subarray(12, end + 5)
  const kind = type === 1 ? 'a' : 'aaaa'
  const rcode = zone === undefined ? 3 : zone.rcodeOf?.[kind] ?? zone.rcode ?? 0
  const addresses = rcode === 0 ? zone?.[kind] ?? [] : []
  const ttl = Buffer.alloc(4)
  ttl.writeUInt32BE(zone?.ttl ?? 60)
  const records: Buffer[] = []
  let owner = Buffer.from([0xc0, 12])
  if (zone?.cname !== undefined && rcode === 0) {
    const target = label(zone.cname)
    records.push(Buffer.concat([owner, Buffer.from([0, 5, 0, 1]), ttl, Buffer.from([0, target.length]), target]))
    owner = Buffer.from(target)
  }
  for (const address of addresses) {
    const data = octets(address)
    records.push(Buffer.concat([owner, Buffer.from([0, type, 0, 1]), ttl, Buffer.from([0, data.length]), data]))
  }
  const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80 | rcode, 0, 1, 0, records.length, 0, 0, 0, 0])
  return Buffer.concat([header, question, ...records])
}

export async function nameServer(t: Test, zones: Readonly<Record<string, Zone>>): Promise<NameServer> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  let open = true
  socket.on('message', (query, from) => {
    const parts: string[] = []
    let at = 12
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      parts.push(query.subarray(at + 1, at + 1 + length).toString())
      at += length + 1
    }
    const type = query.readUInt16BE(at + 1)
    const name = parts.join('.')
    const kind = type === 1 ? 'a' : 'aaaa'
    asked.push(`${name} ${kind}`)
    const zone = zones[name.toLowerCase()]
    if (zone?.silent === 'both' || zone?.silent === kind) return
    setTimeout(() => open && socket.send(answerTo(query, zone, type), from.port, from.address, () => {}), zone?.delayMs ?? 0)
  })
  socket.on('error', () => {})
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.once('close', () => (open = false))
  t.teardown(() => open && socket.close())
  return { port: (socket.address() as AddressInfo).port, asked }
}
