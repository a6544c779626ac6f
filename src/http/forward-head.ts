// The head of a request as it goes upstream: built from the parsed form, one Host made from the target, hop-by-hop fields left behind, the
// framing said once and at its place (RFC 9110 7.6, RFC 9112 3.2). Danger prevented: any octet of the client's head sent on unread.
import { endsHere, nominated } from './hop-by-hop.ts'
import { FIELD } from './fields.ts'
import type { RequestHead } from './request-head.ts'
import { viaMember } from './via.ts'

export interface ForwardOptions {
  /** origin-form or `*` */
  readonly path: string
  /** value of the one Host field */
  readonly host: string
  /** our name in Via; undefined: no Via */
  readonly via: string | undefined
  readonly forwardedFor: 'delete' | 'set' | 'keep'
  readonly clientAddress: string
  /** what Max-Forwards becomes, where it is to be regarded */
  readonly maxForwards: number | undefined
}

export function forwardHead(head: RequestHead, options: ForwardOptions): string {
  let text = `${head.method} ${options.path} HTTP/1.1\r\nHost: ${options.host}\r\n`
  const { fields } = head
  const { count } = fields
  let forwarded: string | undefined
  let framed = false
  // the fields from here on go upstream as they are
  let from = 0
  for (let index = 0; index < count; index++) {
    const id = fields.id(index)
    if ((id === 0 || passes(id, options)) && !nominated(head.connection, fields, index)) continue
    if (index > from) text += fields.lines(from, index)
    from = index + 1
    if (id === FIELD.CONTENT_LENGTH || id === FIELD.TRANSFER_ENCODING) {
      text += framingLine(head)
      framed = true
    } else if (id === FIELD.MAX_FORWARDS) text += `${fields.name(index)}: ${options.maxForwards}\r\n`
    // RFC 9110 10.1.1: no expectation from HTTP/1.0, none without content
    else if (id === FIELD.EXPECT && head.minor === 1 && head.framing.kind !== 'none' && !nominated(head.connection, fields, index)) text += fields.lines(index, index + 1)
    else if (id === FIELD.X_FORWARDED && options.forwardedFor === 'set' && fields.nameLength(index) === X_FORWARDED_FOR.length) {
      forwarded = forwarded === undefined ? fields.value(index) : `${forwarded}, ${fields.value(index)}`
    }
  }
  if (count > from) text += fields.lines(from, count)
  if (!framed) text += framingLine(head)
  if (options.forwardedFor === 'set') text += `${X_FORWARDED_FOR}: ${forwarded === undefined || forwarded === '' ? '' : `${forwarded}, `}${options.clientAddress}\r\n`
  if (options.via !== undefined) text += `Via: ${viaMember(head.minor, options.via)}\r\n`
  return `${text}\r\n`
}

const X_FORWARDED_FOR = 'X-Forwarded-For'

/** A known field that goes on as it is, where Connection does not name it. */
function passes(id: number, options: ForwardOptions): boolean {
  switch (id) {
    case FIELD.HOST: case FIELD.CONTENT_LENGTH: case FIELD.TRANSFER_ENCODING: case FIELD.EXPECT: return false
    case FIELD.MAX_FORWARDS: return options.maxForwards === undefined
    case FIELD.FORWARDED: case FIELD.X_FORWARDED: return options.forwardedFor === 'keep'
    default: return !endsHere(id)
  }
}

function framingLine(head: RequestHead): string {
  const { framing } = head
  if (framing.kind === 'length') return `Content-Length: ${framing.octets}\r\n`
  return framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
}

/** The end-to-end fields alone (name, value, ...), without Host and framing, and our own: what an upgrade sends on. */
export function endToEndFields(head: RequestHead, { via, forwardedFor, clientAddress }: Pick<ForwardOptions, 'via' | 'forwardedFor' | 'clientAddress'>): string[] {
  const sent: string[] = []
  const { fields } = head
  let before = ''
  for (let index = 0; index < fields.count; index++) {
    const id = fields.id(index)
    if (id === FIELD.HOST || id === FIELD.CONTENT_LENGTH || id === FIELD.TRANSFER_ENCODING || id === FIELD.EXPECT || endsHere(id)) continue
    if ((id === FIELD.FORWARDED || id === FIELD.X_FORWARDED) && forwardedFor !== 'keep') {
      const value = fields.value(index)
      if (fields.nameLength(index) === X_FORWARDED_FOR.length && value !== '') before += `${value}, `
      continue
    }
    if (!nominated(head.connection, fields, index)) sent.push(fields.name(index), fields.value(index))
  }
  if (forwardedFor === 'set') sent.push(X_FORWARDED_FOR, `${before}${clientAddress}`)
  if (via !== undefined) sent.push('Via', viaMember(head.minor, via))
  return sent
}
