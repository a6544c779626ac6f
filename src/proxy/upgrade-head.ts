// What an upstream answered to a request for a WebSocket, as the client is told: 101 with the two fields that make it, or an ordinary response
// with its framing made anew (RFC 9110 7.8, RFC 9112 6). Danger prevented: fields of the other hop that pass, a body without an end.
import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { listMembers } from '../http/list.ts'
import { httpDate } from './clock.ts'

const ENDS_HERE = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization',
  'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'
])

function endToEnd(answer: IncomingMessage, dropped: ReadonlySet<string>): string[] {
  const options = listMembers(answer.headers.connection ?? '')
  const lines: string[] = []
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    if (ENDS_HERE.has(lower) || dropped.has(lower) || (options.includes(lower) && lower !== 'content-length')) continue
    lines.push(`${name}: ${answer.rawHeaders[i + 1] ?? ''}`)
  }
  return lines
}

function head(statusLine: string, lines: readonly string[]): Buffer {
  return Buffer.from(`${[statusLine, ...lines].join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Is it the switch that was asked for, and no other? */
export function switchesToWebSocket(answer: IncomingMessage): boolean {
  return answer.statusCode === 101
    && listMembers(answer.headers.upgrade ?? '').join() === 'websocket'
    && listMembers(answer.headers.connection ?? '').includes('upgrade')
}

/** A 101 has no body, whatever it says of its length. */
export function switchingHead(answer: IncomingMessage): Buffer {
  return head('HTTP/1.1 101 Switching Protocols', ['Connection: Upgrade', 'Upgrade: websocket', ...endToEnd(answer, new Set(['content-length']))])
}

/** 103 and its like, before the answer (RFC 9110 15.2). */
export function informationHead(status: number, rawFields: readonly string[]): Buffer {
  const lines: string[] = []
  for (let i = 0; i + 1 < rawFields.length; i += 2) {
    const name = rawFields[i] ?? ''
    if (!ENDS_HERE.has(name.toLowerCase()) && name.toLowerCase() !== 'content-length') lines.push(`${name}: ${rawFields[i + 1] ?? ''}`)
  }
  return head(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, lines)
}

/** What Node's parser lets pass and a forwarded request would not: why this is no answer, or undefined (RFC 9110 7.8, RFC 9112 6.1). */
export function answerProblem({ statusCode, headers, headersDistinct, httpVersionMinor }: IncomingMessage): string | undefined {
  if (statusCode === 101) return 'the upstream switched protocols without saying to which'
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (httpVersionMinor === 0 || coding.toLowerCase() !== 'chunked')) return 'a Transfer-Encoding that is not `chunked` alone'
  // of several the parser shows the first: one that a policy judges must be the only one
  return new Set(headersDistinct['content-type']).size > 1 ? 'more than one Content-Type' : undefined
}

export type BodyFraming = 'none' | 'length' | 'chunked'

export function bodyFraming(answer: IncomingMessage): BodyFraming {
  const status = answer.statusCode ?? 0
  if (status === 204 || status === 304) return 'none'
  return answer.headers['content-length'] !== undefined && answer.headers['transfer-encoding'] === undefined ? 'length' : 'chunked'
}

export function answerHead(answer: IncomingMessage, framing: BodyFraming): Buffer {
  const status = answer.statusCode ?? 502
  const dropped = new Set(framing === 'length' || status === 304 ? [] : ['content-length'])
  const lines = endToEnd(answer, dropped)
  if (answer.headers.date === undefined) lines.push(`Date: ${httpDate()}`)
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked')
  return head(`HTTP/1.1 ${status} ${(answer.statusMessage ?? '').replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ')}`, [...lines, 'Connection: close'])
}
