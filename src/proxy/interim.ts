// Interim answers, 1xx (RFC 9110 15.2): each goes on to a client of HTTP/1.1, but for the 100 Continue that we said ourselves before the upstream
// did. Dangers prevented: an interim answer taken for the final one, which leaves the next request with this one's answer (nginx#1427); interim
// answers without end; a tunnel that nobody asked for (101).
import { type HttpFault, responseFault } from '../http/fault.ts'
import { replyHead } from '../http/reply-head.ts'
import type { ResponseHead } from '../http/response-head.ts'

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const MOST = 32

export class Interim {
  #count = 0
  /** the client has been told to go on */
  continued = false
  /** the upstream's 100 Continue has been said by us */
  #said = false

  /** What goes to the client, which may be nothing; or why it is no answer. `minor` is the client's. */
  take(head: ResponseHead, minor: 0 | 1, via: string | undefined): string | HttpFault {
    if (head.status === 101) return responseFault('the upstream switched protocols unasked')
    if (++this.#count > MOST) return responseFault('the upstream sends interim answers without end')
    if (head.status === 100 && this.#said) {
      this.#said = false
      return ''
    }
    if (head.status === 100) this.continued = true
    return minor === 1 ? replyHead(head, { framing: 'none', old: false, close: false, via, date: '' }) : ''
  }

  /** 100 Continue by us, where the client has had none. */
  sayContinue(): string {
    this.continued = true
    this.#said = true
    return CONTINUE
  }
}
