// The head of a response, with the same care as a request's (RFC 9112 4, 6.3). Danger prevented: response splitting and desync towards the
// client, and an origin that is no HTTP server.
import { VALUE } from './characters.ts'
import { type HttpFault, responseFault } from './fault.ts'
import { FIELD, type Fields, parseFields, TOO_MANY } from './fields.ts'
import { type Framing, responseFraming } from './framing.ts'
import { addMembers } from './list.ts'

export interface ResponseHead {
  readonly kind: 'response'
  readonly minor: 0 | 1
  readonly status: number
  readonly reason: string
  readonly fields: Fields
  readonly framing: Framing
  readonly connection: readonly string[]
  /** the origin means to keep the connection */
  readonly keepAlive: boolean
  readonly contentType: string | undefined
}

const NONE: readonly string[] = []

/** Reads a complete head; `text` is latin1 and has passed `HeadScan`. `method` is the request's. */
export function parseResponseHead(text: string, lineEnd: number, headerCount: number, method: string): ResponseHead | HttpFault {
  // HTTP/1.x SP 3DIGIT [SP reason]
  const to = lineEnd - 2
  if (to < 12 || !text.startsWith('HTTP/1.') || text[8] !== ' ') return responseFault('the answer is not HTTP/1')
  const minor = text.charCodeAt(7) - 48
  if (minor !== 0 && minor !== 1) return responseFault('the answer has an unknown HTTP version')
  let status = 0
  for (let at = 9; at < 12; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return responseFault('the answer has no valid status')
    status = status * 10 + digit
  }
  if (status < 100) return responseFault('the answer has no valid status')
  if (to > 12 && text[12] !== ' ') return responseFault('the answer has no valid status')
  for (let at = 13; at < to; at++) if (VALUE[text.charCodeAt(at)] !== 1) return responseFault('an invalid octet in the status line')
  const fields = parseFields(text, lineEnd, headerCount)
  if (typeof fields === 'string') return responseFault(fields, fields === TOO_MANY ? 'http_response_header_section_size' : 'http_protocol_error')
  let members: string[] | undefined
  let contentType: string | undefined
  const { count } = fields
  for (let index = 0; index < count; index++) {
    const id = fields.id(index)
    if (id === FIELD.CONNECTION) members = addMembers(members, fields.value(index))
    else if (id === FIELD.CONTENT_TYPE) {
      // browsers read the last of several: one that a policy judges must be the only one
      const value = fields.value(index)
      if (contentType !== undefined && contentType !== value) return responseFault('more than one Content-Type')
      contentType = value
    }
  }
  const framing = responseFraming(fields, minor, status, method)
  if (framing.kind === 'problem') return responseFault(framing.problem, framing.coding ? 'http_response_transfer_coding' : 'http_protocol_error')
  const connection = members ?? NONE
  const keepAlive = minor === 1 ? !connection.includes('close') : connection.includes('keep-alive') && !connection.includes('close')
  return {
    kind: 'response',
    minor,
    status,
    reason: text.slice(13, Math.max(13, to)),
    fields,
    framing,
    connection,
    keepAlive: keepAlive && framing.kind !== 'close',
    contentType,
  }
}
