// Frames that no socket of a well-behaved program sends: another's source, ICMP that begins nothing, a neighbour solicitation from afar. Made here octet by
// octet and put on the wire by perl through a packet socket.
import { parseIp } from '../../../src/net/ip.ts'
import type { Stage } from '../stage.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex')
export const EVERYBODY = 'ff:ff:ff:ff:ff:ff'

function octets(address: string): Buffer {
  const ip = parseIp(address)
  if (ip === undefined) throw new Error(address)
  const bits = ip.family === 4 ? 8 : 32
  return hex(ip.value.toString(16).padStart(bits, '0'))
}

/** RFC 1071. */
function checksum(data: Buffer): number {
  let sum = 0
  for (let at = 0; at < data.length; at += 2) sum += (data.readUInt8(at) << 8) + (at + 1 < data.length ? data.readUInt8(at + 1) : 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function summed(data: Buffer, at: number, pseudo: Buffer): Buffer {
  data.writeUInt16BE(checksum(Buffer.concat([pseudo, data])) || 0xffff, at)
  return data
}

function word(...numbers: readonly number[]): Buffer {
  const out = Buffer.alloc(numbers.length * 2)
  numbers.forEach((number, at) => out.writeUInt16BE(number, at * 2))
  return out
}

function ipv4(from: string, to: string, protocol: number, payload: Buffer): Buffer {
  const head = Buffer.concat([word(0x4500, 20 + payload.length, 1, 0, (64 << 8) | protocol, 0), octets(from), octets(to)])
  head.writeUInt16BE(checksum(head), 10)
  return Buffer.concat([head, payload])
}

function pseudo4(from: string, to: string, protocol: number, length: number): Buffer {
  return Buffer.concat([octets(from), octets(to), word(protocol, length)])
}

export function udp4(from: string, to: string, sourcePort: number, port: number): Buffer {
  const data = Buffer.concat([word(sourcePort, port, 11, 0), Buffer.from('ask')])
  return ipv4(from, to, 17, summed(data, 6, pseudo4(from, to, 17, data.length)))
}

export function syn4(from: string, to: string, port: number): Buffer {
  const data = word(40_000, port, 0, 1, 0, 0, 0x5002, 0xffff, 0, 0)
  return ipv4(from, to, 6, summed(data, 16, pseudo4(from, to, 6, data.length)))
}

export function icmp4(from: string, to: string, type: number): Buffer {
  // as long as a timestamp, of which a redirect's gateway is the first word
  return ipv4(from, to, 1, summed(Buffer.concat([word(type << 8, 0, 7, 1), Buffer.alloc(12)]), 2, Buffer.alloc(0)))
}

export function icmp6(from: string, to: string, hops: number, body: Buffer): Buffer {
  const data = summed(Buffer.from(body), 2, Buffer.concat([octets(from), octets(to), word(0, body.length, 0, 58)]))
  return Buffer.concat([word(0x6000, 0, data.length, (58 << 8) | hops), octets(from), octets(to), data])
}

/** Who has `target`? (RFC 4861 4.3), with the asker's MAC. */
export function solicitation(target: string, mac: string): Buffer {
  return Buffer.concat([word(135 << 8, 0, 0, 0), octets(target), hex('01:01'), hex(mac)])
}

/** I am a router for half an hour (RFC 4861 4.2), with a prefix to make addresses of. */
export function routerAdvertisement(prefix: string): Buffer {
  return Buffer.concat([word(134 << 8, 0, 0x4000, 1800, 0, 0, 0, 0), hex('03:04:40:c0'), word(0, 3600, 0, 3600, 0, 0), octets(prefix)])
}

/** All of them, from `card` of the space, as coming from and going to these MACs. */
export function send(stage: Stage, space: string, card: string, frames: readonly Buffer[], to = EVERYBODY, from = '02:51:00:00:00:66'): void {
  const program = `use Socket; my ($index, $to, @all) = @ARGV; socket(my $s, 17, SOCK_RAW, 0) or die $!;
    for (@all) { my $f = pack("H*", $_); send($s, $f, 0, pack("SnlSCCa8", 17, 0, $index, 0, 0, 6, pack("H*", $to))) or die $! }`
  const whole = frames.map((frame) => Buffer.concat([hex(to), hex(from), word(frame.readUInt8(0) >> 4 === 4 ? 0x0800 : 0x86dd), frame]).toString('hex'))
  for (let at = 0; at < whole.length; at += 200) {
    stage.must(space, `perl -e '${program.replaceAll('\n', ' ')}' "$(cat /sys/class/net/${card}/ifindex)" ${to.replaceAll(':', '')} ${whole.slice(at, at + 200).join(' ')}`)
  }
}
