// The head of a packet as NFLOG hands it over: IPv4 (RFC 791) or IPv6 (RFC 8200), and of TCP, UDP and ICMP what names them. Danger
// prevented: a fragment whose body is read as ports, or a length field of a stranger that leads out of the buffer.
import { ipFromValue } from '../net/ip.ts'
import type { FirewallRecord } from './firewall-record.ts'

export type PacketHead = Pick<FirewallRecord, 'source' | 'target' | 'protocol' | 'sourcePort' | 'port' | 'length'>

const TCP = 6
const UDP = 17
/** hop-by-hop, routing, fragment, destination options (RFC 8200 4.1); their second octet is their length in eights, the first left out */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60])
const FRAGMENT = 44

function integer(bytes: Buffer): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function transport(number: number, icmp: number, body: Buffer): Pick<PacketHead, 'protocol' | 'sourcePort' | 'port'> {
  if (number === TCP || number === UDP) {
    const protocol = number === TCP ? 'tcp' : 'udp'
    return body.length < 4 ? { protocol } : { protocol, sourcePort: body.readUInt16BE(0), port: body.readUInt16BE(2) }
  }
  if (number === icmp) return body.length < 1 ? { protocol: 'icmp' } : { protocol: 'icmp', port: body.readUInt8(0) }
  return { protocol: number }
}

const NOTHING = Buffer.alloc(0)

function four(packet: Buffer): PacketHead | undefined {
  const head = (packet.readUInt8(0) & 15) * 4
  if (packet.length < 20 || head < 20) return undefined
  const later = (packet.readUInt16BE(6) & 0x1fff) !== 0
  return {
    source: ipFromValue(4, integer(packet.subarray(12, 16))), target: ipFromValue(4, integer(packet.subarray(16, 20))), length: packet.readUInt16BE(2),
    ...transport(packet.readUInt8(9), 1, later ? NOTHING : packet.subarray(head)),
  }
}

function six(packet: Buffer): PacketHead | undefined {
  if (packet.length < 40) return undefined
  let next = packet.readUInt8(6)
  let at = 40
  let later = false
  // a chain of extensions ends with the buffer at the latest: each takes eight octets or more
  for (; at + 8 <= packet.length && (EXTENSIONS.has(next) || next === FRAGMENT);) {
    if (next === FRAGMENT && (packet.readUInt16BE(at + 2) & 0xfff8) !== 0) later = true
    const size = next === FRAGMENT ? 8 : (packet.readUInt8(at + 1) + 1) * 8
    next = packet.readUInt8(at)
    at += size
  }
  return {
    source: ipFromValue(6, integer(packet.subarray(8, 24))), target: ipFromValue(6, integer(packet.subarray(24, 40))), length: packet.readUInt16BE(4) + 40,
    ...transport(next, 58, later ? NOTHING : packet.subarray(at)),
  }
}

/** undefined: no packet of either family. */
export function packetHead(packet: Buffer): PacketHead | undefined {
  if (packet.length < 1) return undefined
  const version = packet.readUInt8(0) >> 4
  return version === 4 ? four(packet) : version === 6 ? six(packet) : undefined
}
