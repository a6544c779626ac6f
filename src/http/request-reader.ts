// Request heads out of the octets of a connection, each refused as early as it can be told. Danger prevented: a client held until the deadline (or
// a gateway held by it) for what can never become a request.
import { type HttpFault, requestFault } from './fault.ts'
import { HeadBuffer } from './head-buffer.ts'
import { type HeadLimits, parseRequestHead, type RequestHead } from './request-head.ts'
import { longMethod, parseRequestLine } from './request-line.ts'

export interface ReaderLimits extends HeadLimits {
  /** octets of the field lines together */
  readonly headerBytes: number
}

/** The longest method, two spaces and the version. */
const LINE_ROOM = 64 + 2 + 8

export class RequestReader {
  readonly #head = new HeadBuffer()
  #lineChecked = false
  /** octets of the head that was read last */
  octets = 0
  /** what came behind it: a view, valid while the read's memory is */
  rest: Buffer | undefined

  /** some octets of a head are here, and not its end */
  get started(): boolean {
    return this.#head.started
  }

  /** The head, or why it is none, or undefined as long as more of it may come. After a fault nothing else is to be read. */
  push(chunk: Buffer, limits: ReaderLimits): RequestHead | HttpFault | undefined {
    const head = this.#head
    const result = head.push(chunk, { lineBytes: limits.uriBytes + LINE_ROOM, fieldBytes: limits.headerBytes })
    if (result === 'end') {
      const text = head.text()
      const request = parseRequestHead(text, head.lineEnd, limits)
      if (request.kind === 'fault') return request
      this.octets = text.length
      this.rest = head.rest()
      head.reset()
      this.#lineChecked = false
      return request
    }
    if (result === 'bad-octet') return requestFault('an invalid octet or line end in the request head')
    if (result === 'long-line') return longMethod((octets) => head.seen(octets)) ?? requestFault('the request target is too long', 414)
    if (result === 'long-head') return requestFault('the request head is too long', 431)
    // no need to wait for the fields of what is no request of ours
    if (this.#lineChecked || !head.lineComplete) return undefined
    this.#lineChecked = true
    const line = parseRequestLine(head.seen(head.lineEnd), 0, head.lineEnd - 2, limits.uriBytes)
    return line.kind === 'fault' ? line : undefined
  }

  /** Octets of it, and of what came with it. */
  get received(): number {
    return this.#head.received
  }

  /** What has come of a head that was refused, or not completed in time. */
  seen(maxLength: number): string {
    return this.#head.seen(maxLength)
  }
}
