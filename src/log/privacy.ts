// What the logs may know of people: queries cut off, clients told as their network or under a pseudonym, before a record is written anywhere. Danger
// prevented: a list of who searched for what, kept because nobody could switch it off.
import { createHmac } from 'node:crypto'
import { ipFromValue, parseIp } from '../net/ip.ts'
import type { RequestRecord } from './record.ts'

export const QUERY_WORDS = ['keep', 'strip'] as const
export const CLIENT_WORDS = ['full', 'masked', 'hashed'] as const

export interface Privacy {
  readonly query: (typeof QUERY_WORDS)[number]
  readonly client: (typeof CLIENT_WORDS)[number]
  /** of the pseudonyms: without it nobody can try all addresses and see which fits */
  readonly key: string
}

/** Bits that are cleared: of IPv4 the machine, of IPv6 (RFC 6177) all but the site. */
const MASK_4 = 8n
const MASK_6 = 80n
/** Clients whose pseudonym is remembered; with more it is made anew. */
const MOST_KNOWN = 4096

export function maskedClient(text: string): string {
  const ip = parseIp(text.replace(/\/\d+$/, ''))
  if (ip === undefined) return '-'
  const bits = ip.family === 4 ? MASK_4 : MASK_6
  return ipFromValue(ip.family, (ip.value >> bits) << bits).text
}

export function hashedClient(text: string, key: string): string {
  return `client-${createHmac('sha256', key).update(text).digest('hex').slice(0, 12)}`
}

/** Before `?` and `#`. */
export function strippedTarget(target: string): string {
  const end = target.search(/[?#]/)
  return end < 0 ? target : target.slice(0, end)
}

/** How a client is told; undefined: as it is. */
export function clientTold({ client, key }: Privacy): ((text: string) => string) | undefined {
  if (client === 'full') return undefined
  if (client === 'masked') return maskedClient
  const known = new Map<string, string>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    if (known.size >= MOST_KNOWN) known.clear()
    const told = hashedClient(text, key)
    known.set(text, told)
    return told
  }
}

/** A reason names who was refused, and would tell for each pseudonym whose it is. */
function retold(reason: string, { client, mac }: RequestRecord, told: string): string {
  const named = (text: string, own: string, by: string): string => (own !== '' && text.toLowerCase().includes(own) ? text.replace(new RegExp(`(?<![\\w.:])${own.replaceAll('.', '\\.')}(?![.:]?\\w)`, 'gi'), by) : text)
  return named(mac === undefined ? reason : named(reason, mac, '-'), client, told)
}

/** undefined: everything is told as it is, and nothing is done for each record. */
export function privately(privacy: Privacy | undefined): ((record: RequestRecord) => RequestRecord) | undefined {
  const who = privacy === undefined ? undefined : clientTold(privacy)
  const strip = privacy?.query === 'strip'
  if (who === undefined && !strip) return undefined
  const hidden = (record: RequestRecord, client: string): Partial<RequestRecord> => ({
    // port and MAC would name the machine all the same
    client, clientPort: 0, mac: undefined, reason: retold(record.reason, record, client), observed: record.observed.map((each) => ({ ...each, reason: retold(each.reason, record, client) })),
  })
  return (record) => ({ ...record, ...(strip ? { target: strippedTarget(record.target) } : {}), ...(who === undefined ? {} : hidden(record, who(record.client))) })
}
