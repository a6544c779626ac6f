// The form of a wire case: bytes in, what reaches the origin, what the client gets, whether the connection lives. Cases are data, so that the same
// ones speak to any forward proxy: ours, cut at every octet and inside a CONNECT to port 80 too, and Squid beside it.
//
// In every text: `{uri}` stands for `http://AUTHORITY` of the case's own origin (inside a CONNECT to 80 for nothing, so that `GET {uri}/x` is origin-form there), `{origin}`
// for that AUTHORITY, `{host}` and `{port}` for its parts (a host is `o{place}.test`), `{other}` for the authority of a second origin that nothing may reach, `{via}` for our name in Via,
// `{fixname}` for a second name of the case's origin, which is as long as that word: it may stand where a length is counted.

/** One thing that a client or an origin does. Text is sent as latin1 octets. */
export type Step =
  | string
  | { readonly pause: number }
  /** reads nothing for so many milliseconds, so that who sends to it must wait */
  | { readonly deaf: number }
  /** ends its side, or resets */
  | { readonly end: 'fin' | 'rst' }
  /** goes on when what it has read holds this text (client: since the last `until`); a client gives up after the case's time */
  | { readonly until: string }
  /** the same octet many times */
  | { readonly repeat: string; readonly times: number }

/** What the strict parser must find in a request that reached the origin. */
export interface Arrives {
  readonly line: string
  /** field lines, exactly so: `Name: value` */
  readonly has?: readonly string[]
  /** names of fields, lower case */
  readonly lacks?: readonly string[]
  /** all fields that stand there but those of `Host` and `Via`, in order, exactly */
  readonly fields?: readonly string[]
  readonly body?: string
  /** the body never came to its end */
  readonly cut?: true
}

/** What the strict parser must find in an answer to the client. */
export interface Gets {
  /** of the request that it answers; absent: one whose answer has a body */
  readonly to?: 'HEAD' | 'CONNECT'
  /** one, or any of several that the RFC leaves open */
  readonly status: number | readonly number[]
  readonly has?: readonly string[]
  readonly lacks?: readonly string[]
  readonly body?: string
  /** all fields but those that each hop makes anew (Date, Via, Connection, framing), in order, exactly */
  readonly fields?: readonly string[]
  readonly reason?: string
  readonly framing?: 'none' | 'length' | 'chunked' | 'close'
  /** texts that stand in its body; and that stand nowhere in it, head included */
  readonly says?: readonly string[]
  readonly hides?: readonly string[]
  /** visibly incomplete: no last chunk, or closed before its length, or reset where the close would have ended it */
  readonly cut?: true
}

export interface Outcome {
  readonly origin: readonly Arrives[]
  /** final answers, in order */
  readonly client: readonly Gets[]
  /** statuses of 1xx that the client gets before the final one, in all */
  readonly interim?: readonly number[]
  /** what the client reads behind a CONNECT's 2xx or a 101 */
  readonly tunnel?: string
  /** what the origin reads behind the head of a request that it upgraded */
  readonly up?: string
  /** with `raw` in the case: every octet that the origin read */
  readonly raw?: string
  /** connections made to the origin; of a peer: at least */
  readonly connections?: number
  /** with `open`: one more request goes over another connection to the origin than those before (what they got makes it unsafe), or over the same one, which a peer need not do */
  readonly next?: 'fresh' | 'same'
  /** `open`: the connection serves another request; `closed`: it ends */
  readonly end: 'open' | 'closed'
}

export interface WireCase {
  /** a sentence: what happens */
  readonly name: string
  /** RFC section, CVE, advisory, corpus */
  readonly ref: string
  readonly send: string | readonly Step[]
  /** per request that reaches the origin, over all its connections; absent: 200 with `ok` */
  readonly answers?: readonly (string | readonly Step[])[]
  /** when the origin begins to answer: the whole request is there, or its head is */
  readonly answerAt?: 'request' | 'head'
  /** the origin speaks no HTTP: it follows the first of `answers` from the connection on */
  readonly raw?: true
  readonly expect: Outcome
  /** as good as `expect`, for us too: it hangs on how the reads fall */
  readonly either?: readonly Outcome[]
  /** what the RFC leaves open to another proxy */
  readonly or?: readonly Outcome[]
  /** a part of each record that we write, in order */
  readonly records?: readonly Readonly<Record<string, unknown>>[]
  /** keys under `web:` and others at the top of the policy, as YAML; absent: all of loopback is open */
  readonly policy?: { readonly web?: string; readonly top?: string }
  /** `plain`: not inside a CONNECT to 80, though `{uri}` stands in it; `inside`: nowhere else */
  readonly path?: 'plain' | 'inside'
  /** of this proxy alone: no peer is asked */
  readonly ours?: true
  /** milliseconds for all of it; absent: 4000 */
  readonly time?: number
}

/** A file of cases: one rule of the wire, or one kind of attack. */
export interface CaseFile {
  /** `1`..`24`, `D1`..`D7`; with an `r`: the rule for responses */
  readonly rule: string
  readonly title: string
  /** what the cases are about: it is this side's octets that are cut in many ways; absent: both */
  readonly side?: 'response'
  readonly cases: readonly WireCase[]
}

/** A plain request as most cases have it; `fields` are lines without their ends. */
export function get(path: string, ...fields: readonly string[]): string {
  return `GET {uri}${path} HTTP/1.1\r\nHost: {origin}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`
}

export function post(path: string, fields: readonly string[], body: string): string {
  return `POST {uri}${path} HTTP/1.1\r\nHost: {origin}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n${body}`
}

export const OK: Gets = { status: 200, body: 'ok' }

/** Refused for its form before anything was sent; the connection ends. */
export function refused(status: number | readonly number[] = 400): Outcome {
  return { origin: [], client: [{ status }], end: 'closed' }
}

/** Refused by its content; the connection goes on. */
export function denied(status: number | readonly number[] = 403): Outcome {
  return { origin: [], client: [{ status }], end: 'open' }
}

/** Passed on as these, each answered with 200 `ok`. */
export function passes(...origin: readonly Arrives[]): Outcome {
  return { origin, client: origin.map(() => OK), end: 'open' }
}
