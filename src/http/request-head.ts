// The head of a request, parsed strictly (RFC 9112 3, 5, 6; RFC 9110 7.6.1): everything that the exchange asks of it is drawn out in one
// pass. Danger prevented: a request whose end, host or connection options two hops read differently.
import { type HttpFault, requestFault } from './fault.ts'
import { FIELD, type Fields, parseFields, TOO_MANY } from './fields.ts'
import { declaredFraming, type Framing, NO_BODY } from './framing.ts'
import { addMembers, listMembers } from './list.ts'
import { parseRequestLine } from './request-line.ts'

export interface RequestHead {
  readonly kind: 'request'
  /** case kept */
  readonly method: string
  /** the request target as sent, latin1 */
  readonly target: string
  readonly minor: 0 | 1
  readonly fields: Fields
  readonly framing: Framing
  /** the one Host field's value; undefined in HTTP/1.0 without one */
  readonly host: string | undefined
  /** members of all Connection fields (and of Proxy-Connection's `close` and `keep-alive`), lower case */
  readonly connection: readonly string[]
  /** the client means to send another request on this connection */
  readonly keepAlive: boolean
  /** `Expect: 100-continue` in HTTP/1.1 */
  readonly expectContinue: boolean
  /** `Authorization` of a scheme that authenticates the connection and not the request */
  readonly bindsConnection: boolean
  readonly maxForwards: string | undefined
  readonly upgrade: string | undefined
  readonly userAgent: string | undefined
  readonly accept: string | undefined
  readonly contentType: string | undefined
  /** all Via fields, joined */
  readonly via: string | undefined
}

export interface HeadLimits {
  readonly uriBytes: number
  readonly headerCount: number
}

const NONE: readonly string[] = []
/** RFC 4559, MS-NTHT */
const BINDING = /^(?:ntlm|negotiate)(?:[ \t]|$)/i

/** Reads a complete head: first line, field lines, empty line. `text` is latin1 and has passed `HeadScan`; `lineEnd` is behind the first CRLF. */
export function parseRequestHead(text: string, lineEnd: number, limits: HeadLimits): RequestHead | HttpFault {
  const line = parseRequestLine(text, 0, lineEnd - 2, limits.uriBytes)
  if (line.kind === 'fault') return line
  const fields = parseFields(text, lineEnd, limits.headerCount)
  if (typeof fields === 'string') return requestFault(fields, fields === TOO_MANY ? 431 : 400)
  let host: string | undefined
  let connection: string[] | undefined
  let proxyConnection: string[] | undefined
  let expect = false
  let maxForwards: string | undefined
  let upgrade: string | undefined
  let userAgent: string | undefined
  let accept: string | undefined
  let contentType: string | undefined
  let via: string | undefined
  let binds = false
  const { count } = fields
  for (let index = 0; index < count; index++) {
    const id = fields.id(index)
    if (id === 0) continue
    const value = fields.value(index)
    if (id === FIELD.HOST) {
      if (host !== undefined) return requestFault('more than one Host')
      host = value
    } else if (id === FIELD.CONNECTION) connection = addMembers(connection, value)
    else if (id === FIELD.PROXY_CONNECTION) proxyConnection = addMembers(proxyConnection, value)
    else if (id === FIELD.EXPECT) expect ||= listMembers(value).includes('100-continue')
    else if (id === FIELD.MAX_FORWARDS) {
      if (maxForwards !== undefined) return requestFault('more than one Max-Forwards')
      maxForwards = value
    } else if (id === FIELD.UPGRADE) upgrade = upgrade === undefined ? value : `${upgrade}, ${value}`
    else if (id === FIELD.USER_AGENT) userAgent = userAgent === undefined ? value : `${userAgent}, ${value}`
    else if (id === FIELD.ACCEPT) accept = accept === undefined ? value : `${accept}, ${value}`
    else if (id === FIELD.VIA) via = via === undefined ? value : `${via}, ${value}`
    else if (id === FIELD.AUTHORIZATION) binds ||= BINDING.test(value)
    else if (id === FIELD.CONTENT_TYPE) {
      if (contentType !== undefined) return requestFault('more than one Content-Type')
      contentType = value
    }
  }
  if (host === undefined && line.minor === 1) return requestFault('an HTTP/1.1 request without Host')
  const declared = declaredFraming(fields, line.minor)
  if (declared?.kind === 'problem') return requestFault(declared.problem, declared.coding ? 501 : 400)
  return {
    kind: 'request',
    method: line.method,
    target: line.target,
    minor: line.minor,
    fields,
    framing: declared ?? NO_BODY,
    host,
    connection: connection ?? NONE,
    keepAlive: persistent(line.minor, connection ?? NONE, proxyConnection ?? NONE),
    expectContinue: expect && line.minor === 1,
    bindsConnection: binds,
    maxForwards,
    upgrade,
    userAgent,
    accept,
    contentType,
    via,
  }
}

/** RFC 9112 9.3: 1.1 persists unless it says close; 1.0 only where it asks, by Connection or by the old Proxy-Connection. */
function persistent(minor: 0 | 1, connection: readonly string[], proxyConnection: readonly string[]): boolean {
  if (minor === 1) return (connection === NONE || !connection.includes('close')) && (proxyConnection === NONE || !proxyConnection.includes('close'))
  return !connection.includes('close') && (connection.includes('keep-alive') || proxyConnection.includes('keep-alive'))
}
