// The answer to a request that could not be read, and its record. Danger prevented: a silent close that looks like a fault of the network.
import type { Cause } from '../decision/facts.ts'
import type { HttpFault } from '../http/fault.ts'
import type { InboundConnection } from './inbound.ts'
import { Notes, RAW_TARGET } from './notes.ts'
import { refusalResponse } from './refuse.ts'

/** By what a request is refused for its form: what is a matter of size or time is one of the limits. */
export function formCause(fault: HttpFault): Cause {
  const limit = fault.status === 408 || fault.status === 414 || fault.status === 431
  return limit ? { by: 'limits', kind: 'limits', reason: fault.problem } : { by: 'framing', kind: 'framing', reason: fault.problem }
}

/** `text`: what has come of it, latin1. The connection is to be closed behind the answer. */
export function refuseUnread(inbound: InboundConnection, fault: HttpFault, text: string, began: number): Buffer {
  const notes = new Notes(inbound, inbound.gate.snapshot(), began)
  const words = text.slice(0, RAW_TARGET).split('\r', 1)[0]?.split(' ') ?? []
  notes.method = isMethod(words[0]) ? words[0] : '-'
  notes.what = words[1] ?? ''
  notes.cause = formCause(fault)
  notes.fail(fault.error, 'client')
  notes.status = fault.status
  const { web, name } = notes.snapshot.compiled.policy
  const answer = refusalResponse(
    { status: fault.status, error: fault.error, cause: notes.cause, what: notes.what, id: notes.id },
    { method: notes.method, minor: 1, accept: undefined, ...(web.contact === undefined ? {} : { contact: web.contact }), gatewayName: name, close: true },
  )
  notes.bytesIn = text.length
  notes.bytesOut = answer.length
  notes.tell()
  return answer
}

function isMethod(word: string | undefined): word is string {
  return word !== undefined && /^[A-Za-z-]{1,32}$/.test(word)
}
