// The answer to a request that could not be read, and its record. Dangers prevented: a silent close that looks like a fault of the network;
// a field line with credentials that is taken for a target, and told.
import type { Cause } from '../decision/facts.ts'
import type { HttpFault } from '../http/fault.ts'
import { redactUnread } from '../log/redact.ts'
import type { InboundConnection } from './inbound.ts'
import { Notes } from './notes.ts'
import { refusalResponse } from './refuse.ts'

/** By what a request is refused for its form: what is a matter of size or time is one of the limits. */
export function formCause(fault: HttpFault): Cause {
  const limit = fault.status === 408 || fault.status === 414 || fault.status === 431
  return limit ? { by: 'limits', kind: 'limits', reason: fault.problem } : { by: 'framing', kind: 'framing', reason: fault.problem }
}

const METHOD = /^[A-Za-z-]{1,32}$/
/** Where a line ends, or a target, for whoever broke the rules of both. */
const LINE_END = /[\r\n\0]/
const WORD_END = /[ \t]/
const VERSION = /^[ \t]+HTTP\/\d/
/** A path, a URI, an authority: anything else is no target, and might be a secret. */
const LIKE_A_TARGET = /^\*$|[/:.]/

/** Method and target of what should have been a request line, as far as they can be told from other text; latin1. */
export function unreadLine(text: string): { readonly method: string; readonly target: string } {
  const end = text.search(LINE_END)
  const line = end < 0 ? text : text.slice(0, end)
  const space = line.search(WORD_END)
  const method = line.slice(0, Math.max(0, space))
  if (!METHOD.test(method)) return { method: '-', target: '' }
  const rest = line.slice(space + 1)
  // a password may hold a blank: what stands before an `@` is no end of the target
  const behindAt = rest.lastIndexOf('@') + 1
  const word = rest.slice(behindAt).search(WORD_END)
  const target = word < 0 ? rest : rest.slice(0, behindAt + word)
  // of a line that broke off within a password no `@` may have come
  const whole = (end >= 0 && text.startsWith('\r\n', end)) || VERSION.test(rest.slice(target.length))
  return { method, target: LIKE_A_TARGET.test(target) ? redactUnread(target, whole) : '' }
}

/** `text`: the begin of it, latin1; `octets`: all that has come. The connection is to be closed behind the answer. */
export function refuseUnread(inbound: InboundConnection, fault: HttpFault, text: string, octets: number, began: number): Buffer {
  const snapshot = inbound.gate.snapshot()
  const notes = new Notes(inbound, snapshot, began)
  const { method, target } = unreadLine(text)
  notes.method = method
  notes.what = target
  notes.cause = formCause(fault)
  notes.fail(fault.error, 'client')
  notes.status = fault.status
  const { web, name } = snapshot.compiled.policy
  const answer = refusalResponse(
    { status: fault.status, error: fault.error, cause: notes.cause, what: notes.what, id: notes.id },
    { method: notes.method, minor: 1, accept: undefined, ...(web.contact === undefined ? {} : { contact: web.contact }), gatewayName: name, close: true },
  )
  notes.bytesIn = octets
  notes.bytesOut = answer.length
  notes.tell()
  return answer
}
