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
  const { ids, names, values } = head.fields
  let forwarded: string | undefined
  let via = options.via === undefined ? undefined : viaMember(head.minor, options.via)
  let framed = false
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index] ?? 0
    const name = names[index] ?? ''
    if (id !== 0) {
      if (id === FIELD.HOST || endsHere(id)) continue
      if (id === FIELD.CONTENT_LENGTH || id === FIELD.TRANSFER_ENCODING) {
        text += framingLine(head)
        framed = true
        continue
      }
      if (id === FIELD.MAX_FORWARDS && options.maxForwards !== undefined) {
        text += `${name}: ${options.maxForwards}\r\n`
        continue
      }
      // RFC 9110 10.1.1: no expectation from HTTP/1.0, none without content
      if (id === FIELD.EXPECT && (head.minor === 0 || head.framing.kind === 'none')) continue
      if ((id === FIELD.FORWARDED || id === FIELD.X_FORWARDED) && options.forwardedFor !== 'keep') {
        if (options.forwardedFor === 'set' && name.length === X_FORWARDED_FOR.length) forwarded = forwarded === undefined ? values[index] : `${forwarded}, ${values[index]}`
        continue
      }
    }
    if (nominated(head.connection, name, id)) continue
    text += `${name}: ${values[index]}\r\n`
  }
  if (!framed) text += framingLine(head)
  if (options.forwardedFor === 'set') text += `${X_FORWARDED_FOR}: ${forwarded === undefined || forwarded === '' ? '' : `${forwarded}, `}${options.clientAddress}\r\n`
  if (via !== undefined) text += `Via: ${via}\r\n`
  return `${text}\r\n`
}

const X_FORWARDED_FOR = 'X-Forwarded-For'

function framingLine(head: RequestHead): string {
  const { framing } = head
  if (framing.kind === 'length') return `Content-Length: ${framing.octets}\r\n`
  return framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
}

/** The end-to-end fields alone (name, value, ...), without Host and framing, and our own: what an upgrade sends on. */
export function endToEndFields(head: RequestHead, { via, forwardedFor, clientAddress }: Pick<ForwardOptions, 'via' | 'forwardedFor' | 'clientAddress'>): string[] {
  const fields: string[] = []
  const { ids, names, values } = head.fields
  let before = ''
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index] ?? 0
    const name = names[index] ?? ''
    if (id === FIELD.HOST || id === FIELD.CONTENT_LENGTH || id === FIELD.TRANSFER_ENCODING || id === FIELD.EXPECT || endsHere(id)) continue
    if ((id === FIELD.FORWARDED || id === FIELD.X_FORWARDED) && forwardedFor !== 'keep') {
      if (name.length === X_FORWARDED_FOR.length && values[index] !== '') before += `${values[index]}, `
      continue
    }
    if (nominated(head.connection, name, id)) continue
    fields.push(name, values[index] ?? '')
  }
  if (forwardedFor === 'set') fields.push(X_FORWARDED_FOR, `${before}${clientAddress}`)
  if (via !== undefined) fields.push('Via', viaMember(head.minor, via))
  return fields
}
