// What an upstream answered to a request for a WebSocket, as the client is told: 101 with the two fields that make it, or an ordinary response
// with its framing made anew (RFC 9110 7.8, RFC 9112 6). Danger prevented: fields of the other hop that pass, a body without an end.
import type { IncomingMessage } from 'node:http'
import { FIELD, fieldId } from '../http/fields.ts'
import { endsHere, nominated } from '../http/hop-by-hop.ts'
import { listMembers } from '../http/list.ts'
import { viaMember } from '../http/via.ts'
import { httpDate } from './clock.ts'

/** What an answer and an interim one have in common, as Node tells them. */
export interface NodeHead {
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  readonly statusCode?: number | undefined
  readonly statusMessage?: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
}

function endToEnd({ headers, rawHeaders, httpVersionMinor }: NodeHead, keepsLength: boolean, via: string | undefined): string[] {
  const options = listMembers(headers.connection ?? '')
  const lines: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const id = fieldId(name, 0, name.length)
    if (id === FIELD.CONTENT_LENGTH) {
      // its digits were checked; its spelling is ours
      if (keepsLength) lines.push(`Content-Length: ${Number(rawHeaders[i + 1])}`)
    } else if (id !== FIELD.TRANSFER_ENCODING && !endsHere(id) && !nominated(options, name, id)) lines.push(`${name}: ${rawHeaders[i + 1] ?? ''}`)
  }
  if (via !== undefined) lines.push(`Via: ${viaMember(httpVersionMinor === 0 ? 0 : 1, via)}`)
  return lines
}

function head(status: number, reason: string | undefined, lines: readonly string[]): Buffer {
  const text = (reason ?? '').replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ')
  return Buffer.from(`${[`HTTP/1.1 ${status} ${text}`, ...lines].join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Is it the switch that was asked for, and no other? */
export function switchesToWebSocket(answer: IncomingMessage): boolean {
  return answer.statusCode === 101
    && listMembers(answer.headers.upgrade ?? '').join() === 'websocket'
    && listMembers(answer.headers.connection ?? '').includes('upgrade')
}

/** A 101 has no body, whatever it says of its length. */
export function switchingHead(answer: IncomingMessage, via: string | undefined): Buffer {
  return head(101, 'Switching Protocols', ['Connection: Upgrade', 'Upgrade: websocket', ...endToEnd(answer, false, via)])
}

/** 103 and its like, before the answer (RFC 9110 15.2). */
export function informationHead(interim: NodeHead, via: string | undefined): Buffer {
  return head(interim.statusCode ?? 0, interim.statusMessage, endToEnd(interim, false, via))
}

/** What Node's parser lets pass and ours does not: other versions, and fields without number. */
export function headProblem({ httpVersionMajor, httpVersionMinor, rawHeaders }: NodeHead, headerCount: number): string | undefined {
  if (httpVersionMajor !== 1 || httpVersionMinor > 1) return 'the answer has an unknown HTTP version'
  return rawHeaders.length / 2 > headerCount ? 'too many fields' : undefined
}

/** As for a forwarded request (RFC 9110 8.6, RFC 9112 6.1). */
export function interimProblem(interim: NodeHead, headerCount: number): string | undefined {
  const { headers } = interim
  const framed = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
  return framed ? 'an interim answer with a body' : headProblem(interim, headerCount)
}

/** What Node's parser lets pass and a forwarded request would not: why this is no answer, or undefined (RFC 9110 7.8, RFC 9112 6.1). */
export function answerProblem(answer: IncomingMessage, headerCount: number): string | undefined {
  const { statusCode, headers, headersDistinct, httpVersionMinor } = answer
  if (statusCode === 101) return 'the upstream switched protocols without saying to which'
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (httpVersionMinor === 0 || coding.toLowerCase() !== 'chunked')) return 'a Transfer-Encoding that is not `chunked` alone'
  // of several the parser shows the first: one that a policy judges must be the only one
  if (new Set(headersDistinct['content-type']).size > 1) return 'more than one Content-Type'
  return headProblem(answer, headerCount)
}

export type BodyFraming = 'none' | 'zero' | 'length' | 'chunked'

export function bodyFraming(answer: IncomingMessage): BodyFraming {
  const status = answer.statusCode ?? 0
  if (status === 204 || status === 304) return 'none'
  if (status === 205) return 'zero'
  return answer.headers['content-length'] !== undefined && answer.headers['transfer-encoding'] === undefined ? 'length' : 'chunked'
}

export function answerHead(answer: IncomingMessage, framing: BodyFraming, via: string | undefined): Buffer {
  const lines = endToEnd(answer, framing === 'length' || answer.statusCode === 304, via)
  if (answer.headers.date === undefined) lines.push(`Date: ${httpDate()}`)
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked')
  else if (framing === 'zero') lines.push('Content-Length: 0')
  return head(answer.statusCode ?? 502, answer.statusMessage, [...lines, 'Connection: close'])
}
