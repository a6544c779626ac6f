// One look at a URL as a plain browser would take it, for a suspect: every address judged by the policy's guard and dialled as it was judged, redirects too,
// the answer bounded. Danger prevented: a hunt that a suspect leads into the network behind, or that a page without end holds up.
import { buildConnector, Client } from 'undici'
import type { CompiledPolicy } from '../decision/compile.ts'
import { openToFetch } from '../decision/own-fetch.ts'
import { parseIp } from '../net/ip.ts'
import { octetsFromText } from '../net/octets.ts'
import { parseAuthority } from '../net/target.ts'
import type { Resolver } from '../proxy/resolve.ts'
import type { Answer, Probed } from '../report/suspect-state.ts'

const MOST_OCTETS = 256 << 10
const MOST_REDIRECTS = 3
const TOTAL_MS = 10_000
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
const SELF = parseIp('127.0.0.1')

/** What a plain browser sends; a confederate that answers tunnels alone is to see nothing of us. */
const HEADERS = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'accept': 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'en-US,en;q=0.5', 'accept-encoding': 'identity', 'upgrade-insecure-requests': '1',
}

interface Got {
  readonly status: number
  readonly type: string
  readonly location: string | undefined
  readonly body: Buffer
}

class Closed extends Error {}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0]
}

async function get(url: URL, compiled: CompiledPolicy, resolver: Resolver, signal: AbortSignal): Promise<Got> {
  const secure = url.protocol === 'https:'
  const parsed = parseAuthority(octetsFromText(url.host), secure ? 443 : 80)
  if (!parsed.ok || SELF === undefined) throw new Error(parsed.ok ? 'no loopback address' : parsed.problem)
  const { host } = parsed.value
  const answer = host.kind === 'address' ? { ok: true as const, addresses: [host.address] } : await resolver.resolve(host.name)
  if (!answer.ok) throw new Error('its name does not resolve')
  const [address] = openToFetch(compiled, { target: parsed.value, secure, path: `${url.pathname}${url.search}`, now: Date.now(), client: SELF }, answer.addresses)
  if (address === undefined) throw new Closed('its addresses are not public, and no rule of the policy opens them for this machine')
  const connect = buildConnector({ timeout: TOTAL_MS, allowH2: false })
  const servername = host.kind === 'name' ? host.name : ''
  const client = new Client(url.origin, {
    connect: (options, callback) => connect({ ...options, hostname: address.text, host: address.text, port: String(parsed.value.port), servername }, callback), pipelining: 1,
  })
  try {
    const { statusCode, headers, body } = await client.request({ method: 'GET', path: `${url.pathname}${url.search}`, headers: HEADERS, signal })
    const chunks: Buffer[] = []
    let octets = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      octets += chunk.length
      if (octets >= MOST_OCTETS) break
    }
    return { status: statusCode, type: (one(headers['content-type']) ?? '').toLowerCase(), location: one(headers.location), body: Buffer.concat(chunks) }
  } finally {
    await client.destroy().catch(() => {})
  }
}

/** A page is HTML with words on it; a picture or a download is something that web servers send too; the rest is garbage. */
function judge({ status, type, body }: Got): readonly [Answer, string] {
  if (status >= 400) return ['error', `status ${status}`]
  if (body.length === 0) return ['nothing', `status ${status}, empty`]
  const text = body.toString('utf8')
  const plain = text.replace(/<(script|style)[^]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim()
  if (/^\s*(?:<!--[^]*?-->\s*)*<(?:!doctype html|html|head|body|title|h1)\b/i.test(text) && (plain.length >= 10 || /<script\b/i.test(text))) return ['page', `status ${status}, HTML, ${body.length} octets`]
  const odd = (text.match(/[\u0000-\u0008\u000e-\u001f\ufffd]/g)?.length ?? 0) / Math.max(1, text.length)
  if (/^(?:image|font|audio|video)\/|^application\/(?:zip|gzip|pdf|json|xml|javascript|x-|vnd\.)|^text\/(?:css|javascript|xml|csv)/.test(type)) return ['other', `status ${status}, ${type.split(';', 1)[0] ?? ''}`]
  if (/^text\/plain/.test(type) && odd < 0.01 && plain.length >= 10) return ['other', `status ${status}, text`]
  return ['garbage', `status ${status}, ${type === '' ? 'no type' : (type.split(';', 1)[0] ?? '')}, no page`]
}

export async function probe(start: string, compiled: CompiledPolicy, resolver: Resolver): Promise<Probed> {
  const signal = AbortSignal.timeout(TOTAL_MS)
  try {
    let url = new URL(start)
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const got = await get(url, compiled, resolver, signal)
      const next = REDIRECTS.includes(got.status) && got.location !== undefined ? URL.parse(got.location, url) : null
      if (next === null || !/^https?:$/.test(next.protocol)) {
        const [answer, detail] = judge(got)
        return { url: start, answer, detail }
      }
      url = next
    }
    return { url: start, answer: 'error', detail: `more than ${MOST_REDIRECTS} redirects` }
  } catch (error) {
    if (error instanceof Closed) return { url: start, answer: 'closed', detail: error.message }
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    return { url: start, answer: 'nothing', detail: signal.aborted ? `no answer within ${TOTAL_MS / 1000} s` : `${code === '' ? (error instanceof Error ? error.message : String(error)) : code}` }
  }
}
