// TRACE answered here when Max-Forwards says that we are the last (RFC 9110 9.3.8): the request as received, less what may be secret.
// Danger prevented: a page that reads by TRACE the credentials which a browser or another hop added (cross-site tracing).
import type { RequestHead } from './request-head.ts'

/** Fields that carry credentials, or by their name might. */
const SECRET = /^proxy-|auth|cookie|credential|jwt|key|passw|secret|session|signature|token/i

/** The content of the `message/http` answer. */
export function traceContent(head: RequestHead): string {
  let text = `${head.method} ${head.target} HTTP/1.${head.minor}\r\n`
  const { fields } = head
  for (let index = 0; index < fields.count; index++) {
    if (!SECRET.test(fields.name(index))) text += fields.lines(index, index + 1)
  }
  return `${text}\r\n`
}
