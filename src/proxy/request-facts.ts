// Questions to a request head that the exchange asks: the facts for its judgement, whether it goes in circles, what kind of exchange it begins.
import type { Client, RequestFacts } from '../decision/facts.ts'
import { type HttpFault, requestFault } from '../http/fault.ts'
import { forwardsLeft } from '../http/max-forwards.ts'
import { mediaType } from '../http/media-type.ts'
import type { RequestHead } from '../http/request-head.ts'
import { viaNames } from '../http/via.ts'
import type { Ip } from '../net/ip.ts'
import type { Asked } from './asked.ts'
import type { DialError } from './dial.ts'
import { PLAIN_PORT } from './asked.ts'
import { PSEUDONYM } from './pseudonym.ts'

export function requestFacts(client: Client, via: Ip, request: RequestHead, asked: Extract<Asked, { kind: 'fetch' | 'connect' }>): RequestFacts {
  return {
    client,
    via,
    now: Date.now(),
    method: request.method,
    target: asked.target,
    uri: asked.uri,
    tunnel: asked.kind === 'connect' && asked.target.port !== PLAIN_PORT,
    userAgent: request.userAgent,
    contentType: mediaType(request.contentType),
  }
}

/** Max-Forwards that is no number, and a Via that names this gateway (RFC 9110 7.6.2, 7.6.3). */
export function loopProblem({ method, maxForwards, via }: RequestHead): HttpFault | undefined {
  if (forwardsLeft(method, maxForwards) === -1) return requestFault('an invalid Max-Forwards')
  if (via === undefined || !viaNames(via, PSEUDONYM)) return undefined
  return { ...requestFault('the request has passed this gateway before', 502), error: 'proxy_loop_detected' }
}

/** Nothing of the request follows its head. */
export function bodiless({ framing }: RequestHead): boolean {
  return framing.kind === 'none' || (framing.kind === 'length' && framing.octets === 0)
}

export function isWebSocket(request: RequestHead): boolean {
  if (request.upgrade === undefined || request.method !== 'GET' || request.minor === 0 || request.framing.kind !== 'none') return false
  return request.upgrade.toLowerCase() === 'websocket' && request.connection.includes('upgrade')
}

/** 504 where nobody answered, 503 where we have no means to ask. */
export function dialStatus(error: DialError): 502 | 503 | 504 {
  if (error === 'connection_timeout') return 504
  return error === 'connection_limit_reached' ? 503 : 502
}
