// What a forward needs of those round it: the client's socket to write to, the limits, and an owner to whom everything that happens is told.
import type { Socket } from 'node:net'
import type { HttpFault } from '../http/fault.ts'
import type { ScanLimits } from '../http/head-scan.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { Outgoing } from './outgoing.ts'

/** What becomes of it. Each of the last six is called at most once, and is the last word. */
export interface ForwardOwner {
  /** something moved: deadlines count from here */
  moved(): void
  /** the upstream takes more of the request's body */
  roomForBody(): void
  /** the request is sent to its end */
  requestSent(): void
  /** may this answer be passed on, and is the client's connection closed after it? undefined: refused, the owner has ended this */
  answer(head: ResponseHead): { readonly close: boolean } | undefined
  /** nothing of the final answer has been sent to the client */
  failed(problem: HttpFault, code: string | undefined): void
  /** the request's own body is broken */
  badBody(problem: string): void
  /** the answer was begun and cannot be finished: it must stay visibly unfinished */
  cut(error: string): void
  /** the same, but nothing of it has been sent to the client: as if it had not been begun */
  retracted(problem: HttpFault): void
  /** the answer is whole */
  done(): void
}

/** The client's connection, as far as an answer needs it. */
export interface ClientSide {
  readonly socket: Socket
  readonly outgoing: Outgoing
  /** given with a write: leads to `clientWritten` */
  readonly written: () => void
}

export interface ForwardLimits {
  /** our name in Via; undefined: no Via */
  readonly via: string | undefined
  readonly scan: ScanLimits
  readonly headerCount: number
}
