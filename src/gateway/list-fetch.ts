// One list fetched into a file beside its own: every address judged by the policy's guard and dialled as it was judged, redirects too, the whole bounded
// in size and time. Dangers prevented: a list's server that leads into the network behind (SSRF, rebinding); half a list taken for a whole one.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { buildConnector, Client } from 'undici'
import type { Dispatcher } from 'undici'
import type { CompiledPolicy } from '../decision/compile.ts'
import { openToFetch } from '../decision/own-fetch.ts'
import { parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { octetsFromText } from '../net/octets.ts'
import { parseAuthority } from '../net/target.ts'
import type { Target } from '../net/target.ts'
import type { Resolver } from '../proxy/resolve.ts'

export interface FetchOptions {
  readonly compiled: CompiledPolicy
  readonly resolver: Resolver
  readonly url: string
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
  /** where it is written */
  readonly into: string
  readonly mostOctets?: number
  readonly totalMs?: number
}

export type Fetched =
  | { readonly kind: 'same' }
  | { readonly kind: 'new'; readonly sha256: string; readonly octets: number; readonly etag: string | undefined; readonly lastModified: string | undefined }

/** As large as a list may be that people fetch; UT1's largest has 120 MB. */
const MOST_OCTETS = 1 << 30
const MOST_REDIRECTS = 5
const CONNECT_MS = 10_000
const SILENCE_MS = 60_000
const TOTAL_MS = 15 * 60_000
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
const SELF = parseIp('127.0.0.1')

/** Told to whoever keeps lists, as it stands. */
export class FetchProblem extends Error {}

interface Judged {
  readonly target: Target
  readonly addresses: readonly Ip[]
}

async function judged({ compiled, resolver }: FetchOptions, url: URL): Promise<Judged> {
  const secure = url.protocol === 'https:'
  const parsed = parseAuthority(octetsFromText(url.host), secure ? 443 : 80)
  if (!parsed.ok) throw new FetchProblem(`${url.host}: ${parsed.problem}`)
  const { host } = parsed.value
  let addresses: readonly Ip[]
  if (host.kind === 'address') addresses = [host.address]
  else {
    const answer = await resolver.resolve(host.name)
    if (!answer.ok) throw new FetchProblem(`${host.name} does not resolve: ${answer.detail}`)
    addresses = answer.addresses
  }
  if (SELF === undefined) throw new FetchProblem('no loopback address')
  const open = openToFetch(compiled, { target: parsed.value, secure, path: `${url.pathname}${url.search}`, now: Date.now(), client: SELF }, addresses)
  if (open.length === 0) throw new FetchProblem(`${url.host} leads to ${addresses.length === 0 ? 'no address' : 'addresses that are not public, and no rule of the policy opens them for this machine'}`)
  return { target: parsed.value, addresses: open }
}

/** Dials what was judged and nothing else, one address after the other. */
function pinned({ target, addresses }: Judged): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_MS, allowH2: false })
  const servername = target.host.kind === 'name' ? target.host.name : ''
  return (options, callback) => {
    const dial = (at: number): void => {
      const address = addresses[at]
      if (address === undefined) return callback(new Error('no address answers'), null)
      connect({ ...options, hostname: address.text, host: address.text, port: String(target.port), servername }, (...result) => {
        if (result[0] === null || at + 1 >= addresses.length) callback(...result)
        else dial(at + 1)
      })
    }
    dial(0)
  }
}

async function oneAnswer<T>(options: FetchOptions, url: URL, signal: AbortSignal, use: (answer: Dispatcher.ResponseData) => Promise<T>): Promise<T> {
  const client = new Client(url.origin, { connect: pinned(await judged(options, url)), headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS, pipelining: 1 })
  try {
    const headers = {
      'user-agent': 'greengate', accept: '*/*', 'accept-encoding': 'identity',
      ...(options.etag === undefined ? {} : { 'if-none-match': options.etag }),
      ...(options.lastModified === undefined ? {} : { 'if-modified-since': options.lastModified }),
    }
    return await use(await client.request({ method: 'GET', path: `${url.pathname}${url.search}`, headers, signal }))
  } finally {
    await client.destroy()
  }
}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Written as it comes, and hashed; throws where it is not whole. */
async function stored({ into, mostOctets = MOST_OCTETS }: FetchOptions, { headers, body }: Dispatcher.ResponseData): Promise<Fetched> {
  const coding = one(headers['content-encoding'])
  if (coding !== undefined && coding !== 'identity') throw new FetchProblem(`it comes as ${coding}, which was not asked for`)
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) throw new FetchProblem('the answer tells no length: where it breaks off it would look whole')
  if (Number(headers['content-length']) > mostOctets) throw new FetchProblem(`it is larger than ${mostOctets} octets`)
  const file = await open(into, 'wx', 0o644)
  try {
    const digest = createHash('sha256')
    let octets = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      octets += chunk.length
      if (octets > mostOctets) throw new FetchProblem(`it is larger than ${mostOctets} octets`)
      digest.update(chunk)
      await file.write(chunk)
    }
    await file.sync()
    return { kind: 'new', sha256: digest.digest('hex'), octets, etag: one(headers.etag), lastModified: one(headers['last-modified']) }
  } finally {
    await file.close()
  }
}

export async function fetchList(options: FetchOptions): Promise<Fetched> {
  const signal = AbortSignal.timeout(options.totalMs ?? TOTAL_MS)
  let url = new URL(options.url)
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const found = await oneAnswer(options, url, signal, async (answer): Promise<Fetched | URL> => {
      const { statusCode, headers } = answer
      if (statusCode === 200) return stored(options, answer)
      if (statusCode === 304 && (options.etag !== undefined || options.lastModified !== undefined)) return { kind: 'same' }
      const location = one(headers.location)
      if (!REDIRECTS.includes(statusCode) || location === undefined) throw new FetchProblem(`${url.host} answers ${statusCode}`)
      const next = URL.parse(location, url)
      if (next === null || (next.protocol !== 'https:' && next.protocol !== 'http:')) throw new FetchProblem(`${url.host} sends on to what is no URL`)
      if (url.protocol === 'https:' && next.protocol === 'http:') throw new FetchProblem(`${url.host} sends on from https to http`)
      return next
    })
    if (!(found instanceof URL)) return found
    url = found
  }
  throw new FetchProblem(`more than ${MOST_REDIRECTS} redirects`)
}
