// URIs of plain requests: the target taken out, path and query kept octet by octet. Danger prevented: a path that is repaired on the
// way (decoded, normalised, cut), so that the origin answers another question than the one that was judged (RFC 9112 3.2.2).
import { hexDigit } from './octets.ts'
import { ownText } from './own-text.ts'
import { authorityText, parseAuthority } from './target.ts'
import type { Parsed, Target } from './target.ts'

export interface HttpUri {
  readonly target: Target
  /** canonical, without port 80: the value of Host */
  readonly authority: string
  /** origin-form with its query, octets as sent; `/` when empty */
  readonly path: string
  /** neither path nor query: OPTIONS goes out as `*` (RFC 9110 7.1) */
  readonly asterisk: boolean
}

export const HTTP_PORT = 80

/** Absolute-form, scheme http in any case. A fragment is cut: it never belonged on the wire (RFC 9110 4.2.5). */
export function parseHttpUri(text: string): Parsed<HttpUri> {
  const slashes = text.indexOf('://')
  if (slashes < 0) return { ok: false, problem: 'the request target is no absolute URI' }
  if (slashes !== 4 || text.slice(0, 4).toLowerCase() !== 'http') return { ok: false, problem: 'the scheme is not http' }
  const end = authorityEnd(text, 7)
  // nobody sends one here in good faith, and readers differ on what it ends (WHATWG URL 4.4, llhttp)
  if (text.charCodeAt(end) === 0x23) return { ok: false, problem: 'a fragment stands right behind the authority' }
  const origin = originOf(text.slice(7, end))
  if (!origin.ok) return origin
  const { target, authority } = origin.value
  const hash = text.indexOf('#', end)
  const rest = hash < 0 ? text.slice(end) : text.slice(end, hash)
  const problem = pathProblem(text, end)
  if (problem !== undefined) return { ok: false, problem }
  const asterisk = rest.length === 0
  const path = asterisk ? '/' : rest.charCodeAt(0) === 0x2f ? rest : `/${rest}`
  return { ok: true, value: { target, authority, path, asterisk } }
}

interface Origin {
  readonly target: Target
  readonly authority: string
}

/** The spellings of authorities that were read last, since the same few are asked again and again; of each the one reading. Forgotten together when full. */
const MOST_ORIGINS = 1024
const origins = new Map<string, Parsed<Origin>>()

function originOf(text: string): Parsed<Origin> {
  const known = origins.get(text)
  if (known !== undefined) return known
  const own = ownText(text)
  const parsed = parseAuthority(own, HTTP_PORT)
  if (!parsed.ok) return parsed
  if (origins.size >= MOST_ORIGINS) origins.clear()
  const origin: Parsed<Origin> = { ok: true, value: { target: parsed.value, authority: authorityText(parsed.value, HTTP_PORT) } }
  origins.set(own, origin)
  return origin
}

/** Where an authority that begins at `from` ends: before the path, the query or the fragment. */
export function authorityEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x2f || code === 0x3f || code === 0x23) return i
  }
  return text.length
}

/** Octets over 0x7f pass here, for `explain` and policies; on the wire the request line refuses them. */
export function pathProblem(text: string, from = 0): string | undefined {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f) return 'the request target has a space or a control character'
    if (code > 0xff) return 'the request target has a character that is no octet'
  }
  return undefined
}

/** `http://` with the canonical authority, without port 80, and the path as sent. */
export function canonicalUri(target: Target, path: string): string {
  return `http://${authorityText(target, HTTP_PORT)}${path}`
}

/** Escapes of unreserved characters decoded (RFC 3986 2.3), for a second look by `uri` conditions; never sent on. */
export function decodeUnreserved(text: string): string {
  let out = ''
  let from = 0
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
    const high = hexDigit(text.charCodeAt(at + 1))
    const low = hexDigit(text.charCodeAt(at + 2))
    if (high < 0 || low < 0 || !isUnreserved(high * 16 + low)) continue
    out += text.slice(from, at) + String.fromCharCode(high * 16 + low)
    from = at + 3
  }
  return from === 0 ? text : out + text.slice(from)
}

function isUnreserved(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e || code === 0x5f || code === 0x7e
}
