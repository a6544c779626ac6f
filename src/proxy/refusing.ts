// A refusal within an exchange: noted for its record and for the client's own page, and made into bytes.
import type { Cause } from '../decision/facts.ts'
import type { Exchange } from './exchange.ts'
import { redactTarget } from '../log/redact.ts'
import { noteRefusal } from './own.ts'
import { refusalResponse, type Refusal } from './refuse.ts'

export interface Refusing {
  readonly status: number
  readonly error: string
  readonly cause: Cause
  readonly retryAfterS: number | undefined
}

/** Where the gateway itself has no means at the moment (RFC 9110 15.6.4). */
const BUSY_S = 1

export function refusalBytes(exchange: Exchange, { status, error, cause, retryAfterS = status === 503 ? BUSY_S : undefined }: Refusing, close: boolean): Buffer {
  const { inbound, notes, request, snapshot } = exchange
  const { web, name } = snapshot.compiled.policy
  // what was allowed and then failed keeps in its record by what it was allowed
  notes.cause = notes.verdict === 'error' && notes.cause !== undefined ? { ...notes.cause, reason: cause.reason } : cause
  notes.status = status
  const refusal: Refusal = { status, error, cause, what: redactTarget(notes.what), id: notes.id, ...(retryAfterS === undefined ? {} : { retryAfterS }) }
  if (notes.verdict === 'deny') noteRefusal(inbound.gate, inbound.peer.address, refusal, Date.now())
  return refusalResponse(refusal, {
    method: request.method,
    minor: request.minor,
    accept: request.accept,
    ...(web.contact === undefined ? {} : { contact: web.contact }),
    gatewayName: name,
    close,
  })
}
