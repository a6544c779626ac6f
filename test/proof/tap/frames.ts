// A packet of the model as the octets that go on a wire: Ethernet, IPv4 or IPv6, TCP, UDP, ICMP or another protocol, with right checksums (a
// wrong one is INVALID to conntrack), and its number at its end.
import type { Packet } from '../../../src/proof/packet.ts'
import { ICMP_NUMBER, TCP_NUMBER, UDP_NUMBER, serviceAt } from '../../../src/proof/service.ts'

export const MAGIC = 0x67677072

export type Flags = 'syn' | 'ack' | 'rst' | 'synack'
const FLAGS: Readonly<Record<Flags, number>> = { syn: 0x02, ack: 0x10, rst: 0x04, synack: 0x12 }

function octets(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
}

function sum(parts: readonly Buffer[]): number {
  let total = 0
  for (const part of parts) for (let at = 0; at < part.length; at += 2) total += (part[at] ?? 0) * 256 + (part[at + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return ~total & 0xffff
}

/** Eight octets that say which packet it is: an even length, so that checksums need no padding. */
function numbered(number: number): Buffer {
  const tail = Buffer.alloc(8)
  tail.writeUInt32BE(MAGIC, 0)
  tail.writeUInt32BE(number, 4)
  return tail
}

function transport(packet: Packet, number: number, flags: Flags): { readonly protocol: number; readonly body: Buffer; readonly checksumAt: number | undefined } {
  const service = serviceAt(packet.service)
  const tail = numbered(number)
  switch (service.protocol) {
    case 'tcp': {
      const head = Buffer.alloc(20)
      head.writeUInt16BE(packet.sourcePort, 0)
      head.writeUInt16BE(service.port, 2)
      head.writeUInt32BE(number, 4)
      head.writeUInt8(0x50, 12)
      head.writeUInt8(FLAGS[flags], 13)
      head.writeUInt16BE(0xffff, 14)
      return { protocol: TCP_NUMBER, body: Buffer.concat([head, tail]), checksumAt: 16 }
    }
    case 'udp': {
      const head = Buffer.alloc(8)
      head.writeUInt16BE(packet.sourcePort, 0)
      head.writeUInt16BE(service.port, 2)
      head.writeUInt16BE(16, 4)
      return { protocol: UDP_NUMBER, body: Buffer.concat([head, tail]), checksumAt: 6 }
    }
    case 'icmp': {
      // of neighbour discovery the kernel's own checks come before the rules: a target address where one is due
      const head = Buffer.alloc(service.family === 6 && service.type >= 133 && service.type <= 137 ? 24 : 8)
      head.writeUInt8(service.type, 0)
      head.writeUInt16BE(number & 0xffff, 4)
      return { protocol: ICMP_NUMBER[service.family], body: Buffer.concat([head, tail]), checksumAt: 2 }
    }
    case 'ip': return { protocol: service.number, body: Buffer.concat([Buffer.alloc(8), tail]), checksumAt: undefined }
  }
}

export function ipPacket(packet: Packet, number: number, flags: Flags): Buffer {
  const { protocol, body, checksumAt } = transport(packet, number, flags)
  const width = packet.family === 4 ? 4 : 16
  const [source, destination] = [octets(packet.source.value, width), octets(packet.destination.value, width)]
  if (checksumAt !== undefined) {
    const pseudo = Buffer.alloc(4)
    pseudo.writeUInt16BE(body.length, 0)
    pseudo.writeUInt16BE(protocol, 2)
    // ICMP of IPv4 has no pseudo-header
    const bare = protocol === ICMP_NUMBER[4]
    body.writeUInt16BE(sum(bare ? [body] : [source, destination, pseudo, body]), checksumAt)
  }
  if (packet.family === 6) {
    const head = Buffer.alloc(8)
    head.writeUInt8(0x60, 0)
    head.writeUInt16BE(body.length, 4)
    head.writeUInt8(protocol, 6)
    head.writeUInt8(packet.hopLimit, 7)
    return Buffer.concat([head, source, destination, body])
  }
  const head = Buffer.alloc(12)
  head.writeUInt8(0x45, 0)
  head.writeUInt16BE(20 + body.length, 2)
  head.writeUInt16BE(number & 0xffff, 4)
  head.writeUInt8(packet.hopLimit, 8)
  head.writeUInt8(protocol, 9)
  head.writeUInt16BE(sum([head, source, destination]), 10)
  return Buffer.concat([head, source, destination, body])
}

/** `to`: the MAC of the interface that it comes in by. */
export function frame(packet: Packet, to: string, ip: Buffer): Buffer {
  const mac = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex')
  return Buffer.concat([mac(to), mac(packet.mac ?? '02:00:00:00:00:01'), Buffer.from(packet.family === 4 ? [0x08, 0x00] : [0x86, 0xdd]), ip])
}

/** Which packet it is; undefined: none of ours, or an error that quotes one. */
export function numberOf(ip: Buffer): number | undefined {
  if (ip.length < 28 || ip.readUInt32BE(ip.length - 8) !== MAGIC) return undefined
  const six = ip.readUInt8(0) >> 4 === 6
  const protocol = ip.readUInt8(six ? 6 : 9)
  const body = six ? 40 : 20
  // an error ends as what it quotes does, but is longer
  const errors: readonly number[] = six ? [1, 2, 3, 4] : [3, 11, 12]
  if (protocol === ICMP_NUMBER[six ? 6 : 4] && errors.includes(ip.readUInt8(body)) && ip.length > body + 40) return undefined
  return ip.readUInt32BE(ip.length - 4)
}
