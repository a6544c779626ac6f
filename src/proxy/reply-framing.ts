// How an upstream's answer goes to the client, and what in its head is no answer at all.
import { type HttpFault, responseFault } from '../http/fault.ts'
import type { HeadBuffer } from '../http/head-buffer.ts'
import type { ScanResult } from '../http/head-scan.ts'
import type { ReplyFraming } from '../http/reply-head.ts'
import { parseResponseHead, type ResponseHead } from '../http/response-head.ts'

/** `old`: the client speaks HTTP/1.0, which knows no chunks (RFC 9112 7.1). */
export function replyFraming(head: ResponseHead, method: string, old: boolean): ReplyFraming {
  const { framing, status } = head
  if (status === 205) return 'zero'
  if (framing.kind === 'length') return 'length'
  if (framing.kind === 'none') return method === 'HEAD' || status === 304 ? 'as-declared' : 'none'
  return old ? 'close' : 'chunked'
}

/** A head that has come to its end. An empty line before a message is forgiven to clients alone (RFC 9112 2.2). */
export function readHead(head: HeadBuffer, headerCount: number, method: string): ResponseHead | HttpFault {
  return head.atStart ? parseResponseHead(head.text(), head.lineEnd, headerCount, method) : responseFault('the answer is not HTTP/1')
}

/** Why a head that is not complete will not be waited for; undefined: it may still come. */
export function headProblem(result: Exclude<ScanResult, 'end'>, head: HeadBuffer): HttpFault | undefined {
  // the first octets already tell that this is no HTTP server: it need not go silent first
  if (result === 'more') return 'HTTP/1.'.startsWith(head.seen(7)) ? undefined : responseFault('the answer is not HTTP/1')
  if (result === 'bad-octet') return responseFault('an invalid octet or line end in the head of the answer')
  return responseFault('the head of the answer is too long', 'http_response_header_section_size')
}

/** `heard`: some of the answer's head had come. */
export function closedProblem(heard: boolean): HttpFault {
  if (heard) return responseFault('the upstream closed the connection within the head of its answer', 'http_response_incomplete')
  return responseFault('the upstream closed the connection without an answer', 'connection_terminated')
}
