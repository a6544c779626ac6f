// What is wrong with a message, as data: the status to answer, the RFC 9209 error type and the problem in words. A request's fault is the
// client's (4xx, 5xx for what we do not speak); a response's is the upstream's (502).
export interface HttpFault {
  readonly kind: 'fault'
  readonly status: number
  readonly error: string
  readonly problem: string
}

/** A request that is refused for its form: 400 unless a status says it better. */
export function requestFault(problem: string, status = 400): HttpFault {
  return { kind: 'fault', status, error: 'http_request_error', problem }
}

/** A response that is not passed on: always 502 towards the client. */
export function responseFault(problem: string, error = 'http_protocol_error'): HttpFault {
  return { kind: 'fault', status: 502, error, problem }
}
