// What a request asks for (RFC 9112 3.2, 3.3): the target, from its one authoritative place. Host never decides; it must only be one and
// valid, and agree where it is all there is. Danger prevented: a decision on one authority and a connection to another.
import { type HttpFault, requestFault } from '../http/fault.ts'
import type { RequestHead } from '../http/request-head.ts'
import { sameIp } from '../net/ip.ts'
import { ownText } from '../net/own-text.ts'
import { authorityText, hostText, parseAuthority, type Target } from '../net/target.ts'
import { authorityEnd, canonicalUri, parseHttpUri } from '../net/uri.ts'
import type { Original } from './peer.ts'

export interface Fetch {
  readonly kind: 'fetch'
  readonly target: Target
  /** what goes upstream as the request target: origin-form, bytes as sent, or `*` */
  readonly path: string
  /** the one Host field that goes upstream */
  readonly host: string
  readonly uri: string
}

export type Asked =
  | Fetch
  | { readonly kind: 'connect'; readonly target: Target; readonly uri: string }
  /** origin-form: of the proxy itself */
  | { readonly kind: 'own'; readonly path: string }
  | HttpFault

const HTTP_PORT = 80
/** What runs inside a CONNECT to this port are plain requests. */
export const PLAIN_PORT = HTTP_PORT

/** `inside`: the request stands in a CONNECT to port 80 and speaks to this target alone. `original`: it was caught on its way there. */
export function whatIsAsked(head: RequestHead, inside: Target | undefined, original?: Original): Asked {
  const { method, target, host } = head
  if (original !== undefined && original.port === PLAIN_PORT) return askedCaught(head, original)
  if (method === 'CONNECT') return inside === undefined ? askedConnect(head) : requestFault('a CONNECT within a CONNECT')
  if (method === 'TRACE' && hasBody(head)) return requestFault('a TRACE with a body')
  const first = target.charCodeAt(0)
  if (first === SLASH || target === '*') {
    if (target === '*' && method !== 'OPTIONS') return requestFault('the target `*` is for OPTIONS alone')
    if (inside !== undefined) return askedInside(head, inside, target)
    if (host === undefined || !parseAuthority(host, HTTP_PORT).ok) return requestFault('an invalid Host')
    return { kind: 'own', path: target }
  }
  const uri = parseHttpUri(target)
  if (!uri.ok) return requestFault(uri.problem)
  if (host !== undefined && !isAuthorityOf(target, host) && !parseAuthority(host, HTTP_PORT).ok) return requestFault('an invalid Host')
  if (inside !== undefined && !sameTarget(uri.value.target, inside)) return requestFault('the request names another host than the CONNECT round it')
  const { path, authority } = uri.value
  return {
    kind: 'fetch',
    target: uri.value.target,
    path: uri.value.asterisk && method === 'OPTIONS' ? '*' : path,
    host: authority,
    uri: `http://${authority}${path}`,
  }
}

const SLASH = 47
const ZERO = 48

/** `http://` + exactly this text + the end of the authority: valid because the target is. What reaches into the path is none of it. */
function isAuthorityOf(target: string, host: string): boolean {
  return target.startsWith(host, 7) && authorityEnd(target, 7) === 7 + host.length
}

/** A length of 0 is none. */
function hasBody({ framing }: RequestHead): boolean {
  return framing.kind === 'chunked' || (framing.kind === 'length' && framing.octets > 0)
}

function askedConnect(head: RequestHead): Asked {
  if (hasBody(head)) return requestFault('a CONNECT with a body')
  const target = parseAuthority(ownText(head.target), undefined)
  if (!target.ok) return requestFault(target.problem)
  // nobody writes them, and not everybody counts the digits alike
  if (head.target.charCodeAt(head.target.lastIndexOf(':') + 1) === ZERO) return requestFault('the port begins with a zero')
  if (head.host !== undefined && head.host !== head.target && !parseAuthority(head.host, HTTP_PORT).ok) return requestFault('an invalid Host')
  return { kind: 'connect', target: target.value, uri: authorityText(target.value) }
}

function askedInside(head: RequestHead, inside: Target, path: string): Asked {
  const host = head.host === undefined ? undefined : parseAuthority(head.host, HTTP_PORT)
  if (host !== undefined && !host.ok) return requestFault('an invalid Host')
  if (host !== undefined && !sameTarget(host.value, inside)) return requestFault('the Host is another than that of the CONNECT round it')
  const hash = path.indexOf('#')
  const sent = hash < 0 ? path : path.slice(0, hash)
  return { kind: 'fetch', target: inside, path: sent, host: authorityText(inside, HTTP_PORT), uri: canonicalUri(inside, sent === '*' ? '/' : sent) }
}

/** Of a client that knows of no proxy: the host is all that names its target, and must be one at the address and port that it asked. */
function askedCaught(head: RequestHead, { address, port }: Original): Asked {
  const { method, target } = head
  if (method === 'CONNECT') return requestFault('a CONNECT to a server')
  if (method === 'TRACE' && hasBody(head)) return requestFault('a TRACE with a body')
  const host = head.host === undefined ? undefined : parseAuthority(ownText(head.host), HTTP_PORT)
  if (host === undefined || !host.ok) return requestFault('an invalid Host')
  const named = host.value
  if (named.port !== port) return requestFault('the Host names another port than was asked')
  if (named.host.kind === 'address' && !sameIp(named.host.address, address)) return requestFault('the Host is another address than was asked')
  if (target.charCodeAt(0) === SLASH || target === '*') {
    if (target === '*' && method !== 'OPTIONS') return requestFault('the target `*` is for OPTIONS alone')
    return askedInside(head, named, target)
  }
  const uri = parseHttpUri(target)
  if (!uri.ok) return requestFault(uri.problem)
  if (!sameTarget(uri.value.target, named)) return requestFault('the request names another host than its Host')
  const sent = uri.value.asterisk && method === 'OPTIONS' ? '*' : uri.value.path
  return { kind: 'fetch', target: named, path: sent, host: authorityText(named, HTTP_PORT), uri: canonicalUri(named, uri.value.path) }
}

function sameTarget(a: Target, b: Target): boolean {
  return a.port === b.port && hostText(a.host) === hostText(b.host)
}
