// What an upstream answers to a request for a WebSocket, read by our own parser before Node's, which forgives more (RFC 9110 7.8, RFC 9112 4). Dangers
// prevented: an answer that is none (RTSP, HTTP/2, octets before its first line), interim answers without end, a switch that was not asked for.
import type { HttpFault } from '../http/fault.ts'
import { FIELD } from '../http/fields.ts'
import { HeadBuffer } from '../http/head-buffer.ts'
import { listMembers } from '../http/list.ts'
import { type ReplyFraming, replyHead } from '../http/reply-head.ts'
import type { ResponseHead } from '../http/response-head.ts'
import { httpDate } from './clock.ts'
import type { ForwardLimits } from './forward-owner.ts'
import { Interim } from './interim.ts'
import { headProblem, readHead } from './reply-framing.ts'

export class AnswerHeads {
  readonly #limits: ForwardLimits
  readonly #head = new HeadBuffer()
  readonly #interim = new Interim()
  /** of the 101, or of the answer */
  final: ResponseHead | undefined

  constructor(limits: ForwardLimits) {
    this.#limits = limits
  }

  /** What was read, until `final` stands; interim answers are said at once. */
  push(chunk: Buffer, say: (text: string) => void): HttpFault | undefined {
    for (let rest: Buffer | undefined = chunk; rest !== undefined && this.final === undefined; ) {
      const scanned = this.#head.push(rest, this.#limits.scan)
      if (scanned !== 'end') return headProblem(scanned, this.#head)
      const head = readHead(this.#head, this.#limits.headerCount, 'GET')
      rest = this.#head.rest()
      this.#head.reset()
      if (head.kind === 'fault') return head
      if (head.status >= 200 || head.status === 101) this.final = head
      else {
        const text = this.#interim.take(head, 1, this.#limits.via)
        if (typeof text !== 'string') return text
        say(text)
      }
    }
    return undefined
  }
}

/** Is it the switch that was asked for, and no other? */
export function switchesToWebSocket({ status, fields, connection }: ResponseHead): boolean {
  const protocols = fields.values.filter((_, index) => fields.id(index) === FIELD.UPGRADE).flatMap(listMembers)
  return status === 101 && protocols.join() === 'websocket' && connection.includes('upgrade')
}

export function switchingHead(head: ResponseHead, via: string | undefined): string {
  return replyHead(head, { framing: 'none', old: false, close: false, via, date: '' }).replace('\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n')
}

export function answerHead(head: ResponseHead, framing: ReplyFraming, via: string | undefined): string {
  return replyHead(head, { framing, old: false, close: true, via, date: httpDate() })
}
