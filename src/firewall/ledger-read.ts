// The drop ledger as the kernel tells it: `nft -n -j list set` and `ipset save`, read into the same entries. Danger prevented: a tool's
// text that is half understood and counted as nothing, which an administrator would read as "nobody was refused".
import type { Ip } from '../net/ip.ts'
import { parseIp } from '../net/ip.ts'
import { parseServiceLiteral } from '../policy/services.ts'
import { LEDGER_SECONDS, LEDGER_SETS, ipsetNames } from './ledger.ts'
import type { LedgerKind } from './ledger.ts'
import { protocolOfName } from './protocols.ts'

export interface LedgerEntry {
  readonly source: Ip
  /** absent: the ledger was full, and only the source was counted */
  readonly target?: Ip
  readonly protocol?: 'tcp' | 'udp' | 'icmp' | number
  /** the target's port, or the ICMP type */
  readonly port?: number
  readonly packets: number
  readonly bytes: number
  /** epoch milliseconds; nft does not keep the first, ipset keeps both */
  readonly last: number
  readonly first?: number
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

const NUMBERS: Readonly<Record<number, 'tcp' | 'udp'>> = { 6: 'tcp', 17: 'udp' }

function protocolFrom(value: unknown): 'tcp' | 'udp' | number | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'string' ? (protocolOfName(value) ?? (/^\d{1,3}$/.test(value) ? Number(value) : undefined)) : undefined
  return number === undefined ? undefined : (NUMBERS[number] ?? number)
}

function fromConcat(kind: LedgerKind, value: unknown): Pick<LedgerEntry, 'source' | 'target' | 'protocol' | 'port'> | undefined {
  const parts: readonly unknown[] = isRecord(value) && Array.isArray(value['concat']) ? value['concat'] : [value]
  const [from, to, third, fourth] = parts
  const source = parseIp(String(from))
  if (source === undefined) return undefined
  if (kind === 'rest') return { source }
  const target = parseIp(String(to))
  if (target === undefined) return undefined
  if (kind === 'icmp') return typeof third === 'number' ? { source, target, protocol: 'icmp', port: third } : undefined
  const protocol = protocolFrom(third)
  if (protocol === undefined) return undefined
  return kind === 'other' ? { source, target, protocol } : typeof fourth === 'number' ? { source, target, protocol, port: fourth } : undefined
}

export interface LedgerReading {
  readonly entries: readonly LedgerEntry[]
  /** elements that no one understood: never zero in silence */
  readonly unread: number
}

/** `nft -n -j list set inet greengate NAME`. `now`: epoch milliseconds at the time of the listing. */
export function readNftLedger(json: string, now: number): LedgerReading {
  const parsed: unknown = JSON.parse(json)
  const listed: readonly unknown[] = isRecord(parsed) && Array.isArray(parsed['nftables']) ? parsed['nftables'] : []
  const entries: LedgerEntry[] = []
  let unread = 0
  for (const each of listed) {
    const set = isRecord(each) ? each['set'] : undefined
    if (!isRecord(set)) continue
    const kind = LEDGER_SETS.find(({ name }) => name === set['name'])?.kind
    if (kind === undefined || !Array.isArray(set['elem'])) continue
    for (const element of set['elem']) {
      const body: unknown = isRecord(element) ? element['elem'] : undefined
      const counter = isRecord(body) ? body['counter'] : undefined
      const key = isRecord(body) ? fromConcat(kind, body['val']) : undefined
      if (key === undefined || !isRecord(body) || !isRecord(counter)) {
        unread += 1
        continue
      }
      const left = typeof body['expires'] === 'number' ? body['expires'] : LEDGER_SECONDS
      entries.push({ ...key, packets: Number(counter['packets']), bytes: Number(counter['bytes']), last: now - (LEDGER_SECONDS - left) * 1000 })
    }
  }
  return { entries, unread }
}

/** `192.0.2.1,tcp:25,198.51.100.1`, `fd00::1,ipv6-icmp:echo-request,::1`, `...,gre:0,...`, `...,icmp:13/0,...` */
function fromIpset(text: string): Pick<LedgerEntry, 'source' | 'target' | 'protocol' | 'port'> | undefined {
  const [from = '', what = '', to = ''] = text.split(',')
  const colon = what.indexOf(':')
  const source = parseIp(from)
  const target = parseIp(to)
  const word = colon < 0 ? 'tcp' : what.slice(0, colon)
  const rest = what.slice(colon + 1)
  if (source === undefined || target === undefined) return undefined
  if (word === 'icmp' || word === 'ipv6-icmp' || word === 'icmpv6') {
    const port = icmpType(rest, word === 'icmp')
    return { source, target, protocol: 'icmp', ...(port === undefined ? {} : { port }) }
  }
  const protocol = protocolFrom(word)
  if (protocol === undefined) return undefined
  return protocol === 'tcp' || protocol === 'udp' ? { source, target, protocol, port: Number(rest) } : { source, target, protocol }
}

function icmpType(text: string, four: boolean): number | undefined {
  const number = /^(\d{1,3})(?:\/\d{1,3})?$/.exec(text)?.[1]
  if (number !== undefined) return Number(number)
  const literal = parseServiceLiteral(`${four ? 'icmp' : 'icmpv6'}/${text}`)
  const [part] = literal.ok ? literal.parts : []
  return part?.protocol === 'icmp' ? (four ? part.v4 : part.v6) : undefined
}

/** `ipset save`, all of it. */
export function readIpsetLedger(text: string, now: number): LedgerReading {
  const names = new Map(([4, 6] as const).flatMap((family) => [[ipsetNames(family).count, 'count'], [ipsetNames(family).seen, 'seen']] as const))
  const seen = new Map<string, number>()
  const counted: (readonly [string, number, number, number])[] = []
  let unread = 0
  for (const row of text.split('\n')) {
    const match = /^add (\S+) (\S+) timeout (\d+)(?: packets (\d+) bytes (\d+))?/.exec(row)
    const which = match === null ? undefined : names.get(match[1] ?? '')
    if (match === null || which === undefined) continue
    const [, , key = '', left = '', packets = '', bytes = ''] = match
    const at = now - (LEDGER_SECONDS - Number(left)) * 1000
    if (which === 'seen') seen.set(key, at)
    else counted.push([key, at, Number(packets), Number(bytes)])
  }
  const entries = counted.flatMap(([text, first, packets, bytes]): readonly LedgerEntry[] => {
    const key = fromIpset(text)
    if (key === undefined) unread += 1
    return key === undefined ? [] : [{ ...key, packets, bytes, first, last: seen.get(text) ?? first }]
  })
  return { entries, unread }
}
