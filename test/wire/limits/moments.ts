// How far an exchange, a tunnel or an upgrade has come when one side leaves, and what the other must then see: the table of `resets.test.ts`.
import type { Path } from './stage.ts'

/** RST at once, without the FIN that Node sends before it; or FIN, behind which the other direction stays open. */
export type How = 'rst' | 'fin'

/**
 * `reset`: by RST. `gone`: ended, whatever it had to take left as it was. `cut`: an answer that is visibly not whole. `502`: that answer, whole.
 * `whole`: it goes on; the other side says the rest, and all is complete. `kept`: it stays open and takes another request.
 */
export type Sees = 'reset' | 'gone' | 'cut' | '502' | 'whole' | 'kept'

/** What the other side sees, and the error of each record. */
export type Ending = readonly [sees: Sees, ...errors: readonly (string | undefined)[]]

export interface Moment {
  readonly what: string
  /** what the client says: `{uri}` and `{authority}` are the origin's */
  readonly sends: string
  /** a tunnel: sent when it stands */
  readonly then?: string
  /** ends its side first, when the moment has come */
  readonly halfClosed?: 'client' | 'origin'
  /** what the origin says to each head (in a tunnel: to what it reads first) */
  readonly says: readonly string[]
  /** the moment has come when this side has read this */
  readonly ready: readonly ['client' | 'origin', string]
  /** what the origin has still to say */
  readonly rest?: string
  readonly client: Readonly<Record<How, Ending>>
  readonly origin: Readonly<Record<How, Ending>>
  readonly paths?: readonly Path[]
}

const TWO = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const GET = 'GET {uri}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n'
const OLD = 'GET {uri}/ HTTP/1.0\r\nHost: {authority}\r\n\r\n'
const SECOND = 'GET {uri}/second HTTP/1.1\r\nHost: {authority}\r\n\r\n'
const POST = 'POST {uri}/ HTTP/1.1\r\nHost: {authority}\r\n'
const WEBSOCKET = 'GET {uri}/ HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
const CONNECT = 'CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n'

/** Half a request is none: who leaves within one gets nothing. */
const UPLOAD = {
  client: { rst: ['reset', 'client_closed'], fin: ['gone', 'client_closed'] },
  origin: { rst: ['502', 'connection_terminated'], fin: ['502', 'connection_terminated'] },
} as const
const WAITS = { rst: ['reset', 'client_closed'], fin: ['whole', undefined] } as const
const CUT = { rst: ['cut', 'http_response_incomplete'], fin: ['cut', 'http_response_incomplete'] } as const
const RELAY = { rst: ['reset', 'connection_terminated'], fin: ['whole', undefined] } as const
/** It had ended its side, and all that it said has been passed on: no more is known than that it left. */
const LEFT = { rst: ['gone', undefined], fin: ['whole', undefined] } as const
const PLAIN = ['plain'] as const

export const MOMENTS: readonly Moment[] = [
  { what: 'between head and body', sends: `${POST}Content-Length: 5\r\n\r\n`, says: [''], ready: ['origin', '\r\n\r\n'], ...UPLOAD },
  { what: 'within a body of known length', sends: `${POST}Content-Length: 5\r\n\r\nab`, says: [''], ready: ['origin', '\r\n\r\nab'], ...UPLOAD },
  { what: 'within a chunk', sends: `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nab`, says: [''], ready: ['origin', 'ab'], ...UPLOAD },
  { what: 'between chunks', sends: `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`, says: [''], ready: ['origin', 'ab\r\n'], ...UPLOAD },
  {
    what: 'within an upload that was answered early', sends: `${POST}Content-Length: 5\r\n\r\nab`, says: ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'], ready: ['client', 'ok'],
    client: UPLOAD.client, origin: CUT,
  },
  {
    what: 'waiting for the answer', sends: GET, says: [''], ready: ['origin', '\r\n\r\n'], rest: TWO,
    client: WAITS, origin: UPLOAD.origin,
  },
  {
    what: 'behind an interim answer', sends: GET, says: ['HTTP/1.1 103 Early Hints\r\n\r\n'], ready: ['client', ' 103 '], rest: TWO,
    client: WAITS, origin: { rst: ['502', 'http_response_incomplete'], fin: ['502', 'http_response_incomplete'] },
  },
  {
    what: 'within the head of the answer', sends: GET, says: ['HTTP/1.1 200 OK\r\nContent-'], ready: ['origin', '\r\n\r\n'], rest: 'Length: 2\r\n\r\nok',
    client: WAITS, origin: { rst: ['502', 'http_response_incomplete'], fin: ['502', 'http_response_incomplete'] },
  },
  { what: 'within an answer of known length', sends: GET, says: ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok'], ready: ['client', 'ok'], rest: 'ok', client: WAITS, origin: CUT },
  { what: 'within a chunk of the answer', sends: GET, says: ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok'], ready: ['client', 'ok'], rest: 'abc\r\n0\r\n\r\n', client: WAITS, origin: CUT },
  { what: 'between chunks of the answer', sends: GET, says: ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'], ready: ['client', 'ok'], rest: '0\r\n\r\n', client: WAITS, origin: CUT },
  {
    what: 'within an answer that the close ends', sends: GET, says: ['HTTP/1.1 200 OK\r\n\r\nok'], ready: ['client', 'ok'], rest: 'FIN',
    client: WAITS, origin: { rst: CUT.rst, fin: ['whole', undefined] },
  },
  {
    what: 'within an answer to HTTP/1.0 that the close ends', sends: OLD, says: ['HTTP/1.1 200 OK\r\n\r\nok'], ready: ['client', 'ok'], rest: 'FIN',
    client: WAITS, origin: { rst: ['reset', 'http_response_incomplete'], fin: ['whole', undefined] },
  },
  {
    what: 'between pipelined requests', sends: `${GET}${SECOND}`, says: [TWO, '', TWO], ready: ['origin', '/second'], rest: TWO,
    client: { rst: ['reset', undefined, 'client_closed'], fin: ['whole', undefined, undefined] },
    // the second went over a connection that had answered before: it is sent once more
    origin: { rst: ['kept', undefined, undefined], fin: ['kept', undefined, undefined] },
  },
  {
    what: 'on an idle connection', sends: GET, says: [TWO, TWO], ready: ['client', 'ok'],
    client: { rst: ['kept', undefined], fin: ['kept', undefined] }, origin: { rst: ['kept', undefined], fin: ['kept', undefined] },
  },
  { what: 'in a tunnel', sends: CONNECT, then: 'up', says: ['down'], ready: ['client', 'down'], rest: 'late', client: RELAY, origin: RELAY, paths: PLAIN },
  { what: 'in a tunnel in which only the client speaks', sends: CONNECT, then: 'up', says: [''], ready: ['origin', 'up'], rest: 'late', client: RELAY, origin: RELAY, paths: PLAIN },
  { what: 'in a tunnel where nothing was said', sends: CONNECT, says: [''], ready: ['client', ' 200 '], rest: 'late', client: RELAY, origin: RELAY, paths: PLAIN },
  { what: 'in a tunnel that the client half-closed', sends: CONNECT, then: 'up', halfClosed: 'client', says: ['down'], ready: ['client', 'down'], rest: 'late', client: LEFT, origin: RELAY, paths: PLAIN },
  { what: 'in a tunnel that the origin half-closed', sends: CONNECT, then: 'up', halfClosed: 'origin', says: ['down'], ready: ['client', 'down'], rest: 'late', client: RELAY, origin: LEFT, paths: PLAIN },
  {
    what: 'before the 101', sends: WEBSOCKET, says: [''], ready: ['origin', '\r\n\r\n'],
    // a WebSocket needs both directions: an end before it stands is a leaving
    client: { rst: ['reset', 'client_closed'], fin: ['reset', 'client_closed'] }, origin: UPLOAD.origin,
  },
  {
    what: 'within the head of the 101', sends: WEBSOCKET, says: [SWITCH.slice(0, 60)], ready: ['origin', '\r\n\r\n'],
    client: { rst: ['reset', 'client_closed'], fin: ['reset', 'client_closed'] }, origin: { rst: ['502', 'http_response_incomplete'], fin: ['502', 'http_response_incomplete'] },
  },
  { what: 'behind the 101', sends: WEBSOCKET, then: 'up', says: [SWITCH], ready: ['origin', 'up'], rest: 'late', client: RELAY, origin: RELAY },
  {
    what: 'within another answer than the 101', sends: WEBSOCKET, says: ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok'], ready: ['client', 'ok'], rest: 'ok',
    client: { rst: ['reset', 'client_closed'], fin: ['whole', undefined] }, origin: CUT,
  },
]
