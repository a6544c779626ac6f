// NFLOG as tcpdump hands it on: pcap records (link type 239), each a list of type-length-values with the prefix, the interfaces, the sender's
// MAC and the packet. Danger prevented: another program's log group, or another kind of capture, read as our log.
import { parseMac } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import { chainOf } from './firewall-record.ts'
import type { FirewallRecord } from './firewall-record.ts'
import { packetHead } from './packet-head.ts'
import { PcapReader } from './pcap.ts'

const LINKTYPE_NFLOG = 239

/** enum nfulnl_attr_type of linux/netfilter/nfnetlink_log.h */
const NFULA = { timestamp: 3, in: 4, out: 5, hardware: 8, payload: 9, prefix: 10 } as const

/** An interface is told by its number. */
export interface NflogRecord extends Omit<FirewallRecord, 'in' | 'out'> {
  readonly in?: number
  readonly out?: number
}

function attributes(record: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>()
  // family, version and resource id; then each in the host's byte order, filled up to four octets
  for (let at = 4; at + 4 <= record.length;) {
    const size = record.readUInt16LE(at)
    if (size < 4) break
    found.set(record.readUInt16LE(at + 2) & 0x3fff, record.subarray(at + 4, at + size))
    at += (size + 3) & ~3
  }
  return found
}

function hardware(value: Buffer | undefined): Mac | undefined {
  if (value === undefined || value.length < 10 || value.readUInt16BE(0) !== 6) return undefined
  return parseMac([...value.subarray(4, 10)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'))
}

function interfaceNumber(value: Buffer | undefined): number | undefined {
  return value === undefined || value.length < 4 ? undefined : value.readUInt32BE(0)
}

function readRecord(time: number, record: Buffer): NflogRecord | undefined {
  const found = attributes(record)
  const chain = chainOf((found.get(NFULA.prefix) ?? Buffer.alloc(0)).toString('latin1').replace(/\0.*$/s, ''))
  const head = packetHead(found.get(NFULA.payload) ?? Buffer.alloc(0))
  if (chain === undefined || head === undefined) return undefined
  const mac = hardware(found.get(NFULA.hardware))
  const [entry, exit] = [interfaceNumber(found.get(NFULA.in)), interfaceNumber(found.get(NFULA.out))]
  return { time, chain, ...(entry === undefined ? {} : { in: entry }), ...(exit === undefined ? {} : { out: exit }), ...(mac === undefined ? {} : { mac }), ...head }
}

/** Takes chunks as they come; throws where the stream is none of NFLOG. */
export class NflogReader {
  readonly #stream = new PcapReader()

  push(chunk: Buffer): readonly NflogRecord[] {
    const records = this.#stream.push(chunk)
    if (this.#stream.linktype !== undefined && this.#stream.linktype !== LINKTYPE_NFLOG) throw new Error('tcpdump gives something else than NFLOG')
    return records.flatMap(({ time, bytes }) => readRecord(time, bytes) ?? [])
  }
}
