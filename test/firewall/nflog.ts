// What the kernel sends to an NFLOG group, as tcpdump wrote it (pcap, link type 239): prefix and packet of each record.

export interface Logged {
  readonly prefix: string
  readonly source: string
  readonly target: string
  readonly protocol: number
  readonly port: number
}

const LINKTYPE_NFLOG = 239
const NFULA_PAYLOAD = 9
const NFULA_PREFIX = 10

/** IPv4 only: what the tests look for. */
function packet(prefix: string, payload: Buffer): Logged | undefined {
  if (payload.length < 20 || payload.readUInt8(0) >> 4 !== 4) return undefined
  const head = (payload.readUInt8(0) & 15) * 4
  const address = (at: number): string => [...payload.subarray(at, at + 4)].join('.')
  return { prefix, source: address(12), target: address(16), protocol: payload.readUInt8(9), port: payload.length >= head + 4 ? payload.readUInt16BE(head + 2) : 0 }
}

export function readNflog(pcap: Buffer): readonly Logged[] {
  if (pcap.length < 24) return []
  if (pcap.readUInt32LE(20) !== LINKTYPE_NFLOG) throw new Error('not a capture of nflog')
  const found: Logged[] = []
  for (let at = 24; at + 16 <= pcap.length;) {
    const length = pcap.readUInt32LE(at + 8)
    const record = pcap.subarray(at + 16, at + 16 + length)
    at += 16 + length
    let prefix = ''
    let payload = Buffer.alloc(0)
    // family, version, resource id; then type-length-value in the host's order, each filled up to four octets
    for (let tlv = 4; tlv + 4 <= record.length;) {
      const size = record.readUInt16LE(tlv)
      const type = record.readUInt16LE(tlv + 2)
      if (size < 4) break
      const value = record.subarray(tlv + 4, tlv + size)
      if (type === NFULA_PREFIX) prefix = value.toString('latin1').replace(/\0.*$/, '')
      if (type === NFULA_PAYLOAD) payload = Buffer.from(value)
      tlv += (size + 3) & ~3
    }
    const logged = packet(prefix, payload)
    if (logged !== undefined) found.push(logged)
  }
  return found
}
