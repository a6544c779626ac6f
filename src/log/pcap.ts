// A stream of pcap records as tcpdump writes it. Danger prevented: a reader that loses its place in the stream at the first record that is cut in two.

const GLOBAL = 24
const RECORD = 16
/** tcpdump cuts at this; what says more is no record of its */
const MOST = 1 << 20

export interface PcapRecord {
  /** epoch milliseconds */
  readonly time: number
  readonly bytes: Buffer
}

/** Takes chunks as they come; throws where the stream is no pcap. */
export class PcapReader {
  /** known once the first 24 octets have come */
  linktype: number | undefined
  #held: Buffer = Buffer.alloc(0)
  #nanoseconds = false

  push(chunk: Buffer): readonly PcapRecord[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    if (this.linktype === undefined && !this.#begin()) return []
    const found: PcapRecord[] = []
    let at = 0
    while (at + RECORD <= this.#held.length) {
      const length = this.#held.readUInt32LE(at + 8)
      if (length > MOST) throw new Error(`a record of ${length} octets: tcpdump's stream is out of step`)
      if (at + RECORD + length > this.#held.length) break
      const fraction = this.#held.readUInt32LE(at + 4) / (this.#nanoseconds ? 1e6 : 1e3)
      found.push({ time: this.#held.readUInt32LE(at) * 1000 + Math.floor(fraction), bytes: this.#held.subarray(at + RECORD, at + RECORD + length) })
      at += RECORD + length
    }
    // a copy: a view would keep every chunk that it once was part of
    if (at > 0) this.#held = Buffer.from(this.#held.subarray(at))
    return found
  }

  #begin(): boolean {
    if (this.#held.length < GLOBAL) return false
    const magic = this.#held.readUInt32LE(0)
    if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) throw new Error('tcpdump gives something else than pcap')
    this.#nanoseconds = magic === 0xa1b23c4d
    this.linktype = this.#held.readUInt32LE(20)
    this.#held = Buffer.from(this.#held.subarray(GLOBAL))
    return true
  }
}

const ETHERTYPES: ReadonlySet<number> = new Set([0x0800, 0x86dd])

/** Where the IP packet begins in a record of Ethernet, of Linux's cooked captures, or of a link without a head; undefined: it holds none. */
export function ipPacket(linktype: number | undefined, bytes: Buffer): Buffer | undefined {
  switch (linktype) {
    // DLT_RAW by its two numbers
    case 12: case 101: return bytes
    case 1: return bytes.length > 14 && ETHERTYPES.has(bytes.readUInt16BE(12)) ? bytes.subarray(14) : undefined
    case 113: return bytes.length > 16 && ETHERTYPES.has(bytes.readUInt16BE(14)) ? bytes.subarray(16) : undefined
    case 276: return bytes.length > 20 && ETHERTYPES.has(bytes.readUInt16BE(0)) ? bytes.subarray(20) : undefined
    default: return undefined
  }
}
