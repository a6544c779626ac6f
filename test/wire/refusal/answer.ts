// A refusal as whoever gets it sees it, read by the strict parser, and what rule 19 of the wire asks of every one of them.
import { parseResponses, type StrictResponse } from '../strict.ts'

/** RFC 9209 2.3, the registry's names. */
export const REGISTERED = new Set([
  'dns_timeout', 'dns_error', 'destination_not_found', 'destination_unavailable', 'destination_ip_prohibited', 'destination_ip_unroutable', 'connection_refused', 'connection_terminated',
  'connection_timeout', 'connection_read_timeout', 'connection_write_timeout', 'connection_limit_reached', 'tls_protocol_error', 'tls_certificate_error', 'tls_alert_received',
  'http_request_error', 'http_request_denied', 'http_response_incomplete', 'http_response_header_section_size', 'http_response_header_size', 'http_response_body_size',
  'http_response_trailer_section_size', 'http_response_trailer_size', 'http_response_transfer_coding', 'http_response_content_coding', 'http_response_timeout', 'http_upgrade_failed',
  'http_protocol_error', 'proxy_internal_response', 'proxy_internal_error', 'proxy_configuration_error', 'proxy_loop_detected',
])

export interface Answer {
  readonly response: StrictResponse
  readonly fields: ReadonlyMap<string, string>
  readonly text: string
}

export function answerOf(bytes: Buffer, method = 'GET', closed = false): Answer {
  const { messages, problem } = parseResponses(bytes, [method], closed)
  const response = messages.find((each) => each.status >= 200)
  if (problem !== undefined || response === undefined) throw new Error(`no answer: ${problem ?? ''} ${JSON.stringify(bytes.toString('latin1').slice(0, 300))}`)
  return { response, fields: new Map(response.fields.map(([name, value]) => [name.toLowerCase(), value])), text: response.body.toString('utf8') }
}

export interface Wanted {
  readonly status: number
  readonly error: string
  readonly rule: string
  readonly method?: string
  readonly form?: 'text/plain' | 'text/html' | 'application/json'
  readonly contact: string
  /** visible text that the request holds in its fields and that the answer must not */
  readonly never: readonly string[]
}

/** What is wrong with it; empty: nothing. */
export function problemsOf({ response, fields, text }: Answer, wanted: Wanted): string[] {
  const found: string[] = []
  const is = (what: string, real: unknown, right: unknown): void => {
    if (real !== right) found.push(`${what} is ${String(real)} and not ${String(right)}`)
  }
  is('the status', response.status, wanted.status)
  is('Proxy-Status', fields.get('proxy-status'), `greengate; error=${wanted.error}`)
  if (!REGISTERED.has(wanted.error)) found.push(`${wanted.error} is not registered`)
  is('X-Greengate-Rule', fields.get('x-greengate-rule'), wanted.rule)
  is('Cache-Control', fields.get('cache-control'), 'no-store')
  is('X-Content-Type-Options', fields.get('x-content-type-options'), 'nosniff')
  if (!/^default-src 'none'/.test(fields.get('content-security-policy') ?? '')) found.push('no Content-Security-Policy')
  is('Content-Type', fields.get('content-type'), `${wanted.form ?? 'text/plain'}; charset=utf-8`)
  for (const name of ['proxy-authenticate', 'www-authenticate', 'set-cookie', 'via', 'transfer-encoding']) if (fields.has(name)) found.push(`it has ${name}`)
  if (fields.size !== response.fields.length) found.push('a field stands twice')
  const retry = fields.get('retry-after')
  if (wanted.status === 429 || wanted.status === 503 ? !/^[1-9]\d*$/.test(retry ?? '') : retry !== undefined) found.push(`Retry-After is ${retry}`)
  const id = fields.get('x-greengate-request-id') ?? ''
  if (!/^[0-9a-z-]{8,40}$/.test(id)) found.push(`the id is ${id}`)
  if (!/^[1-9]\d*$/.test(fields.get('content-length') ?? '')) found.push('no Content-Length')
  if (wanted.method === 'HEAD') is('the body', text, '')
  else for (const said of [wanted.contact, id]) if (!text.includes(said)) found.push(`it does not say ${said}`)
  const all = `${response.head}${text}`
  for (const secret of wanted.never) if (all.includes(secret)) found.push(`it says ${secret}`)
  if (wanted.status === 403 && wanted.method !== 'HEAD' && !(text.includes('deliberate') && text.includes('do not look for another way'))) found.push('it does not tell programs that it is meant')
  if (wanted.form === 'application/json') {
    const json = JSON.parse(text) as Readonly<Record<string, unknown>>
    is('status of JSON', json['status'], wanted.status)
    is('rule of JSON', json['rule'], wanted.rule)
    is('error of JSON', json['error'], wanted.error)
    is('policy of JSON', json['policy'], wanted.status === 403 || wanted.status === 429)
  }
  return found
}
