// The answer to a request that is not served: status, the fields that say why (RFC 9209, wire rule 19) and a short body a person or a program can
// act on. Dangers prevented: a refusal that looks like a fault of the network and is routed around; a body cut or framed wrongly; an answer
// that tells what the asker must not learn (resolved addresses, header fields: Squid's CVE-2025-62168).
import { STATUS_CODES } from 'node:http'
import type { Cause } from '../decision/facts.ts'
import { preferredType } from './accept.ts'
import { httpDate } from './clock.ts'
import { refusalBody } from './refusal-text.ts'

export interface Refusal {
  readonly status: number
  /** RFC 9209 error type */
  readonly error: string
  readonly cause: Cause
  /** what was refused, canonical */
  readonly what: string
  readonly id: string
  readonly retryAfterS?: number
  /** value of Allow (405) */
  readonly allow?: string
  /** of dns_error: NXDOMAIN, SERVFAIL, ... */
  readonly rcode?: string
}

export interface RefusalAsk {
  readonly method: string
  readonly minor: 0 | 1
  readonly accept: string | undefined
  readonly contact?: string
  readonly gatewayName?: string
  /** say `Connection: close`; else an HTTP/1.0 client is told that the connection is kept */
  readonly close: boolean
}

/** A field value that no input can break out of: visible ASCII and space alone (RFC 9110 5.5). */
function fieldValue(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

/** RFC 9209 2.1.1: `error` is a token, `details` a string of RFC 8941. */
export function proxyStatus(refusal: Refusal): string {
  const error = /^[a-z][a-z0-9_]*$/.test(refusal.error) ? refusal.error : 'proxy_internal_error'
  const rcode = refusal.rcode !== undefined && /^[A-Z][A-Z0-9]{0,15}$/.test(refusal.rcode) ? `; rcode="${refusal.rcode}"` : ''
  return `greengate; error=${error}${rcode}`
}

/** The complete framed response. HEAD gets the fields of its GET and no body (RFC 9110 9.3.2). */
export function refusalResponse(refusal: Refusal, ask: RefusalAsk): Buffer {
  const type = preferredType(ask.accept)
  const body = Buffer.from(refusalBody(type, refusal, ask.contact, ask.gatewayName), 'utf8')
  const lines = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`,
    `Date: ${httpDate()}`,
    `Content-Type: ${type}; charset=utf-8`,
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    `Proxy-Status: ${proxyStatus(refusal)}`,
    `X-Greengate-Rule: ${fieldValue(refusal.cause.by)}`,
    `X-Greengate-Request-Id: ${fieldValue(refusal.id)}`,
    'X-Content-Type-Options: nosniff',
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
  ]
  if (refusal.retryAfterS !== undefined) lines.push(`Retry-After: ${Math.max(1, Math.ceil(refusal.retryAfterS))}`)
  if (refusal.allow !== undefined) lines.push(`Allow: ${fieldValue(refusal.allow)}`)
  if (ask.close) lines.push('Connection: close')
  else if (ask.minor === 0) lines.push('Connection: keep-alive')
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return ask.method === 'HEAD' ? head : Buffer.concat([head, body])
}
