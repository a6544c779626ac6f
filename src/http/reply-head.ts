// The head of an upstream's response as it goes to the client: built from the parsed form, in our own version (RFC 9110 2.5, 7.6), with one
// framing that the client's version can read and a Connection that says what we shall do. Danger prevented: response splitting, chunked sent
// to HTTP/1.0, a client that waits on a connection we mean to close.
import { endsHere, nominated } from './hop-by-hop.ts'
import { FIELD } from './fields.ts'
import type { ResponseHead } from './response-head.ts'
import { viaMember } from './via.ts'

/** How the body goes to the client. `as-declared`: no body, but the length that a GET would have is passed on (HEAD, 304). */
export type ReplyFraming = 'none' | 'as-declared' | 'length' | 'zero' | 'chunked' | 'close'

export interface ReplyOptions {
  readonly framing: ReplyFraming
  /** the client speaks HTTP/1.0 */
  readonly old: boolean
  readonly close: boolean
  readonly via: string | undefined
  /** IMF-fixdate of now, for a response without Date (RFC 9110 6.6.1) */
  readonly date: string
}

export function replyHead(head: ResponseHead, options: ReplyOptions): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  const { fields } = head
  const { count } = fields
  let dated = head.status < 200
  const keepsLength = options.framing === 'length' || options.framing === 'as-declared'
  // the fields from here on go to the client as they are
  let from = 0
  for (let index = 0; index < count; index++) {
    const id = fields.id(index)
    const length = id === FIELD.CONTENT_LENGTH
    if (!length && id !== FIELD.TRANSFER_ENCODING && (id === 0 || !endsHere(id)) && !nominated(head.connection, fields, index)) {
      if (id === FIELD.DATE) dated = true
      continue
    }
    if (index > from) text += fields.lines(from, index)
    from = index + 1
    // its digits were checked; its spelling is ours
    if (length && keepsLength) text += `Content-Length: ${Number(fields.value(index))}\r\n`
  }
  if (count > from) text += fields.lines(from, count)
  if (options.framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
  else if (options.framing === 'zero') text += 'Content-Length: 0\r\n'
  if (!dated) text += `Date: ${options.date}\r\n`
  if (options.via !== undefined) text += `Via: ${viaMember(head.minor, options.via)}\r\n`
  if (head.status >= 200) {
    if (options.close) text += 'Connection: close\r\n'
    else if (options.old) text += 'Connection: keep-alive\r\n'
  }
  return `${text}\r\n`
}
