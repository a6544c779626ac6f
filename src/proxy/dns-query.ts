// One look-up: A and AAAA side by side. Dangers prevented: one family's failure that sinks the other's answer; a resolver that swallows one
// kind of question and makes every request wait; a search domain that turns a name into another (c-ares' query takes the name as it is).
import type { promises } from 'node:dns'
import { ipFromSocket, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import type { Answer } from './dns-cache.ts'
import type { DnsChannels } from './dns-channels.ts'

/** How long an answer of one family waits for the other's (RFC 8305 3 says 50 ms for a person's browser; a policy wants both). */
const OTHER_FAMILY_MS = 300
/** Negative answers come without their SOA here: a short life (RFC 2308 5 allows up to hours). */
const NEGATIVE_MS = 10_000
const FAILURE_MS = 1_000
const LONGEST_MS = 3_600_000
/** RFC 2181 8: a time to live with its first bit set counts as none. */
const MOST_TTL = 0x7fffffff
/** Of one family. Nobody has more places to be at; a name with thousands would make one request dial thousands of machines. */
const MOST_ADDRESSES = 64

type Family = { readonly addresses: readonly Ip[]; readonly lifeMs: number } | { readonly code: string }

export interface Looked {
  readonly answer: Answer
  readonly lifeMs: number
}

type Records = readonly { readonly address: string; readonly ttl: number }[]

/** What a server says of itself, not of the name: the next one may do better, as the C library has it too. */
const OF_THE_SERVER: readonly string[] = ['ESERVFAIL', 'EREFUSED', 'ENOTIMP']

async function ask(channels: DnsChannels, question: (resolver: promises.Resolver) => Promise<Records>, until: number): Promise<Family> {
  let said: Family = { code: 'ENOTINITIALIZED' }
  for (const resolver of channels.quick) {
    said = await one(question(resolver))
    if ('addresses' in said || !OF_THE_SERVER.includes(said.code)) break
  }
  return 'code' in said && said.code === 'ETIMEOUT' && performance.now() < until ? one(channels.patiently(question)) : said
}

async function one(query: Promise<Records>): Promise<Family> {
  try {
    const records = (await query).slice(0, MOST_ADDRESSES)
    const addresses = records.map(({ address }) => parseIp(address) ?? ipFromSocket(address)).filter((ip) => ip !== undefined)
    return addresses.length === 0 ? { code: 'ENODATA' } : { addresses, lifeMs: Math.min(...records.map(({ ttl }) => (ttl > MOST_TTL ? 0 : ttl))) * 1000 }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN' }
  }
}

const RCODES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'NXDOMAIN', ENODATA: 'NODATA', ESERVFAIL: 'SERVFAIL', EREFUSED: 'REFUSED', EFORMERR: 'FORMERR', ENOTIMP: 'NOTIMP'
}

/** "no such name" and "no address" are answers; everything else is a failure and outweighs the other family's "no". */
function negative(codes: readonly string[]): Looked {
  const failure = codes.find((code) => code !== 'ENOTFOUND' && code !== 'ENODATA')
  const code = failure ?? (codes.includes('ENOTFOUND') ? 'ENOTFOUND' : 'ENODATA')
  const error = code === 'ETIMEOUT' || code === 'ECANCELLED' ? 'dns_timeout' : 'dns_error'
  return { answer: { ok: false, error, detail: RCODES[code] ?? code }, lifeMs: failure === undefined ? NEGATIVE_MS : FAILURE_MS }
}

function combine(a: Family, aaaa: Family): Looked {
  const found = [a, aaaa].filter((family) => 'addresses' in family)
  if (found.length === 0) return negative([a, aaaa].map((family) => ('code' in family ? family.code : '')))
  return {
    answer: { ok: true, addresses: found.flatMap(({ addresses }) => addresses) },
    // half an answer is kept no longer than a failure, so that the other half is asked for again
    lifeMs: [a, aaaa].some((family) => 'code' in family && family.code !== 'ENODATA' && family.code !== 'ENOTFOUND')
      ? FAILURE_MS
      : Math.min(LONGEST_MS, ...found.map(({ lifeMs }) => lifeMs))
  }
}

/**
 * `until`: when nobody waits any more (`performance.now`). `early` is called at most once, with what one family said when the other stays silent; the
 * promise waits for both.
 */
export async function query(channels: DnsChannels, name: string, until: number, early: (answer: Answer) => void): Promise<Looked> {
  let timer: NodeJS.Timeout | undefined
  const first = (family: Family): Family => {
    if ('addresses' in family) timer ??= setTimeout(() => early({ ok: true, addresses: family.addresses }), OTHER_FAMILY_MS)
    return family
  }
  const [a, aaaa] = await Promise.all([
    ask(channels, (resolver) => resolver.resolve4(name, { ttl: true }), until).then(first),
    ask(channels, (resolver) => resolver.resolve6(name, { ttl: true }), until).then(first)
  ])
  clearTimeout(timer)
  return combine(a, aaaa)
}
