// The soak's name server, in a process of its own: quick, slow, silent, failing (RFC 1035 4.1).
import { createSocket } from 'node:dgram'
import { zones } from './stage.ts'
import type { Stage, Zone } from './stage.ts'

const A = 1
const NXDOMAIN = 3

const stage = JSON.parse(process.argv[2] ?? '') as Stage
const table = zones(stage.site)
const socket = createSocket('udp4')

/** The question's name, and where the question ends. */
function asked(query: Buffer): { readonly name: string; readonly end: number; readonly type: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5, type: query.readUInt16BE(at + 1) }
}

function answer(query: Buffer, end: number, type: number, zone: Zone | undefined): Buffer {
  const addresses = type === A ? (zone?.addresses ?? []) : []
  const records = addresses.map((address) => {
    const record = Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)])
    record.writeUInt32BE(zone?.ttl ?? 60, 6)
    return record
  })
  const rcode = zone === undefined ? NXDOMAIN : (zone.rcode ?? 0)
  const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80 | rcode, 0, 1, 0, records.length, 0, 0, 0, 0])
  return Buffer.concat([header, query.subarray(12, end), ...records])
}

socket.on('error', () => {})
socket.on('message', (query, from) => {
  const { name, end, type } = asked(query)
  const zone = table[name]
  if (zone?.silent === true) return
  const send = (): void => socket.send(answer(query, end, type, zone), from.port, from.address, () => {})
  if (zone?.delayMs === undefined) send()
  else setTimeout(send, zone.delayMs)
})
socket.bind(stage.namesPort, '127.0.0.1', () => process.send?.({ kind: 'ready' }))
process.on('disconnect', () => process.exit(0))
