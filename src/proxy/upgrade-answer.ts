// An answer other than 101 to a request for a WebSocket: an ordinary response, streamed to the client with back-pressure, after which both
// connections end. Danger prevented: a cut answer that looks whole (no last chunk, RFC 9112 8), a slow client that fills the memory.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ResponseHead } from '../http/response-head.ts'
import { arm, coarseNow, deadline, disarm } from './deadlines.ts'
import type { Fault } from './gate.ts'
import type { Turn } from './pace.ts'
import { replyFraming } from './reply-framing.ts'
import { resetNow } from './reset.ts'
import { answerHead } from './upgrade-head.ts'

export interface AnswerRelay {
  readonly client: Socket
  readonly upstream: Socket
  readonly head: ResponseHead
  /** its body */
  readonly response: IncomingMessage
  readonly idleMs: number
  /** its body's place at a bucket, where it is limited */
  readonly turn: Turn | undefined
  /** our name in Via */
  readonly via: string | undefined
  /** once; `error` where the client's copy is not whole, and whose fault it is */
  readonly onEnd: (bytesOut: number, error: string | undefined, fault: Fault | undefined) => void
}

export function relayAnswer({ client, upstream, head, response, idleMs, turn, via, onEnd }: AnswerRelay): void {
  const framing = replyFraming(head, 'GET', false)
  let octets = 0
  let movedAt = coarseNow()
  let over = false
  const idle = deadline(() => {
    if (turn?.waiting === true) movedAt = coarseNow()
    const left = idleMs - (coarseNow() - movedAt)
    if (left > 0) arm(idle, left)
    else end('http_response_timeout', client.writableLength > 0 ? 'client' : 'upstream')
  })

  const send = (bytes: Buffer): void => {
    octets += bytes.length
    movedAt = coarseNow()
    if (!client.write(bytes)) response.pause()
    if (turn?.moved(bytes.length) === true) response.pause()
  }
  const end = (error: string | undefined, fault: Fault | undefined = error === undefined ? undefined : 'upstream'): void => {
    if (over) return
    over = true
    disarm(idle)
    if (error === undefined) {
      upstream.destroy()
      client.resume()
      client.end(() => client.destroySoon())
    } else {
      resetNow(upstream)
      client.destroy()
    }
    onEnd(octets, error, fault)
  }

  arm(idle, idleMs)
  client.on('drain', () => {
    movedAt = coarseNow()
    if (turn?.waiting !== true) response.resume()
  })
  if (turn !== undefined) {
    turn.goOn = () => {
      movedAt = coarseNow()
      if (!client.writableNeedDrain) response.resume()
    }
  }
  client.once('close', () => end('client_closed', 'client'))
  send(Buffer.from(answerHead(head, framing, via), 'latin1'))
  // RFC 9110 15.3.6: a 205 has no content; one that sends some is not read to its end
  if (framing === 'zero') return end(undefined)
  response.on('data', (chunk: Buffer) => {
    if (over || framing === 'none' || framing === 'as-declared' || chunk.length === 0) return
    if (framing === 'chunked') send(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]))
    else send(chunk)
  })
  response.once('end', () => {
    if (over) return
    // `complete` is false where the upstream closed before its own end
    if (!response.complete) return end('http_response_incomplete')
    if (framing === 'chunked') send(Buffer.from('0\r\n\r\n'))
    end(undefined)
  })
  // of a body that the close ends Node takes a reset for the end
  upstream.once('error', () => end('http_response_incomplete'))
  response.once('error', () => end('http_response_incomplete'))
  response.once('aborted', () => end('http_response_incomplete'))
}
