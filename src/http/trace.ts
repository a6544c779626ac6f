// TRACE answered here when Max-Forwards says that we are the last (RFC 9110 9.3.8): the request as received, less what may be secret.
import { FIELD } from './fields.ts'
import type { RequestHead } from './request-head.ts'

const SECRETS: readonly number[] = [FIELD.AUTHORIZATION, FIELD.COOKIE, FIELD.PROXY_AUTHORIZATION]

/** The content of the `message/http` answer. */
export function traceContent(head: RequestHead): string {
  let text = `${head.method} ${head.target} HTTP/1.${head.minor}\r\n`
  const { ids, names, values } = head.fields
  for (let index = 0; index < ids.length; index++) {
    if (!SECRETS.includes(ids[index] ?? 0)) text += `${names[index]}: ${values[index]}\r\n`
  }
  return `${text}\r\n`
}
