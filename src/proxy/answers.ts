// What this gateway answers itself without refusing: its own pages, and OPTIONS and TRACE whose Max-Forwards is used up (RFC 9110 7.6.2).
import type { Cause } from '../decision/facts.ts'
import { requestFault } from '../http/fault.ts'
import { traceContent } from '../http/trace.ts'
import { httpDate } from './clock.ts'
import type { Exchange } from './exchange.ts'
import { isOwnHost, ownResponse, READ_ONLY } from './own.ts'

const OWN_PAGE: Cause = { by: 'serve', kind: 'serve', reason: 'asked of the gateway itself' }
const NO_PAGE: Cause = { by: 'framing', kind: 'framing', reason: 'the gateway serves no such page' }
const LAST_HOP: Cause = { by: 'gateway', kind: 'gateway', reason: 'Max-Forwards is 0: answered here' }
const METHODS = 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE, CONNECT'

/** Origin-form, asked of the proxy itself by a client that may reach it (wire rule 22). */
export function answerOwn(exchange: Exchange, path: string): void {
  const { inbound, request, snapshot, notes } = exchange
  const host = request.host ?? ''
  const close = exchange.mustClose
  const { machine, policy } = snapshot.compiled
  const own = isOwnHost(host, { addresses: [...machine.addresses, inbound.peer.via], names: policy.gateway.names })
  if (!own) return exchange.refuseForm(requestFault('the request names its target neither as an absolute URI nor as the gateway itself'))
  notes.verdict = 'allow'
  notes.cause = OWN_PAGE
  if (path === '*') return local(exchange, `Allow: ${METHODS}\r\nContent-Length: 0\r\n`, '')
  const hash = path.indexOf('#')
  const answer = ownResponse({
    id: notes.id,
    method: request.method,
    path: hash < 0 ? path : path.slice(0, hash),
    host,
    minor: request.minor,
    accept: request.accept,
    close,
    client: inbound.peer.address,
    via: inbound.peer.via,
    snapshot,
    gate: inbound.gate,
  })
  notes.status = answer === undefined ? 404 : Number(answer.toString('latin1', 9, 12))
  if (notes.status !== 200) {
    notes.verdict = 'error'
    notes.cause = answer === undefined ? NO_PAGE : READ_ONLY
    notes.fail('http_request_error', 'client')
  }
  if (answer === undefined) exchange.refuse(404, 'http_request_error', NO_PAGE)
  else exchange.reply(answer, close)
}

/** Max-Forwards is 0: we are the last. */
export function answerLocally(exchange: Exchange): void {
  exchange.notes.verdict = 'allow'
  exchange.notes.cause = LAST_HOP
  if (exchange.request.method === 'OPTIONS') return local(exchange, `Allow: ${METHODS}\r\nContent-Length: 0\r\n`, '')
  const content = traceContent(exchange.request)
  local(exchange, `Content-Type: message/http\r\nContent-Length: ${content.length}\r\n`, content)
}

function local(exchange: Exchange, fields: string, content: string): void {
  const close = exchange.mustClose
  const connection = close ? 'Connection: close\r\n' : exchange.request.minor === 0 ? 'Connection: keep-alive\r\n' : ''
  exchange.notes.status = 200
  exchange.reply(Buffer.from(`HTTP/1.1 200 OK\r\nDate: ${httpDate()}\r\n${fields}Cache-Control: no-store\r\n${connection}\r\n${content}`, 'latin1'), close)
}
