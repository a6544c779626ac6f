// The words of the cases about responses: one GET, one answer of the origin's, and what must become of it.
import { get, type Gets, type Outcome, type Step, type WireCase } from './case.ts'

/** The request of nearly all of them. */
export const ASK = get('/x')
export const ASKED = { line: 'GET /x HTTP/1.1' }

/** An answer with these field lines, framed by its length. */
export function reply(fields: readonly string[] = [], body = 'ok', line = 'HTTP/1.1 200 OK'): string {
  return `${line}\r\n${fields.map((each) => `${each}\r\n`).join('')}Content-Length: ${body.length}\r\n\r\n${body}`
}

/** An answer with exactly these field lines. */
export function raw(line: string, fields: readonly string[], body = ''): string {
  return `${line}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n${body}`
}

export function chunked(body: string, fields: readonly string[] = []): string {
  return raw('HTTP/1.1 200 OK', [...fields, 'Transfer-Encoding: chunked'], body)
}

type More = Partial<WireCase>

/** One GET that reaches the origin, and its answer. */
export function answered(name: string, ref: string, answer: string | readonly Step[], expect: Outcome, more: More = {}): WireCase {
  return { name, ref, send: ASK, answers: [answer], expect, ...more }
}

/** The client gets it, and its connection goes on; the origin's is used again, or must not be. */
export function gets(client: Gets, next?: 'same' | 'fresh'): Outcome {
  return { origin: [ASKED], client: [client], end: 'open', ...(next === undefined ? {} : { next }) }
}

/** The same, and the client's connection ends behind it: another proxy may end it at any time (RFC 9112 9.3). */
export function ends(client: Gets): Outcome {
  return { origin: [ASKED], client: [client], end: 'closed' }
}

/** The client can tell that it has not all of it. */
export function isCut(client: Omit<Gets, 'cut'>): Outcome {
  return { origin: [ASKED], client: [{ ...client, cut: true }], end: 'closed' }
}

export const OK_BODY: Gets = { status: 200, body: 'ok' }

/** What the client gets goes on to it whole, and the origin's connection is used again. */
export function relayed(name: string, ref: string, answer: string | readonly Step[], client: Gets = OK_BODY, more: More = {}): WireCase {
  return answered(name, ref, answer, gets(client, 'same'), { or: [ends(client)], ...more })
}

/** 502, and what the origin said reaches nobody, now or later. */
export function refusedAs(error = 'http_protocol_error', status: 502 | 504 = 502): Outcome {
  return gets({ status, has: [`Proxy-Status: greengate; error=${error}`, 'X-Greengate-Rule: upstream'], hides: ['evil'] }, 'fresh')
}

/** The same of any proxy, which may close its client's connection too. */
const REFUSED_TOO: readonly Outcome[] = [ends({ status: [500, 501, 502, 504], hides: ['evil'] }), gets({ status: [500, 501, 502, 504], hides: ['evil'] }, 'fresh')]

export function bad(name: string, ref: string, answer: string | readonly Step[], more: More & { readonly error?: string } = {}): WireCase {
  const { error = 'http_protocol_error', or = [], ...rest } = more
  return answered(name, ref, answer, refusedAs(error), { records: [{ verdict: 'error', error, fault: 'upstream', status: 502 }], or: [...REFUSED_TOO, ...or], ...rest })
}

/** Found out within the body: cut where some of it has gone to the client, 502 where nothing has. */
export function broken(name: string, ref: string, answer: string | readonly Step[], sent: string, error: string, more: More = {}): WireCase {
  const { or = [], ...rest } = more
  return answered(name, ref, answer, isCut({ status: 200, body: sent }), {
    either: [refusedAs(error)],
    records: [{ verdict: 'error', fault: 'upstream', error }],
    // another may have held some of it back, or read it a little further
    or: [...REFUSED_TOO, isCut({ status: 200 }), ...or],
    ...rest,
  })
}

/** What else a recipient may make of a construct that is not valid (RFC 9110 2.4): an answer that is itself right. */
export function recovers(client: Gets): readonly Outcome[] {
  return [gets(client), ends(client)]
}
