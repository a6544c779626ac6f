// What the engine makes of octets, as `theirReading` tells it: requests up to whether their target is one, responses up to the final one.
import { BodyReader } from '../../../src/http/body-reader.ts'
import { HeadBuffer } from '../../../src/http/head-buffer.ts'
import { parseRequestHead } from '../../../src/http/request-head.ts'
import { parseResponseHead } from '../../../src/http/response-head.ts'
import { whatIsAsked } from '../../../src/proxy/asked.ts'

export interface OurMessage {
  readonly method: string
  readonly target: string
  readonly status: number
  readonly minor: number
  readonly fields: readonly string[]
  body: string
  complete: boolean
  readonly keepAlive: boolean
  /** what follows is no HTTP of this connection */
  readonly last: boolean
}

export interface OurReading {
  readonly messages: readonly OurMessage[]
  readonly refused: string | undefined
  /** octets behind the last message, of no message */
  readonly surplus: number
}

const LIMITS = { uriBytes: 32_768, headerCount: 200, lineBytes: 32_768 + 74, fieldBytes: 65_536 }

/** `cut`: octets a read, given in memory that is overwritten behind it. `method`: of the request that responses answer; absent: requests. */
export function ourReading(stream: Buffer, cut: number, method?: string): OurReading {
  const messages: OurMessage[] = []
  const head = new HeadBuffer()
  let body: BodyReader | undefined
  let over = false
  let untilClose = false
  let surplus = 0
  for (let from = 0; from < stream.length; from += cut) {
    const read = Buffer.from(stream.subarray(from, from + cut))
    let rest: Buffer | undefined = read
    while (rest !== undefined && rest.length > 0) {
      if (over) {
        surplus += rest.length
        break
      }
      if (body !== undefined) {
        let at = 0
        const last = messages.at(-1)
        while (at < rest.length && !body.done && body.problem === undefined) {
          at = body.step(rest, at, rest.length)
          if (last !== undefined) last.body += rest.toString('latin1', body.from, body.to)
        }
        if (body.problem !== undefined) return { messages, refused: body.problem, surplus }
        if (body.done) {
          if (last !== undefined) last.complete = true
          body = undefined
          over = method !== undefined || last?.keepAlive === false
        }
        rest = rest.subarray(at)
        continue
      }
      const scanned = head.push(rest, LIMITS)
      if (scanned === 'more') break
      if (scanned !== 'end') return { messages, refused: scanned, surplus }
      const text = head.text()
      const { lineEnd } = head
      rest = head.rest()
      if (rest !== undefined) rest = Buffer.from(rest)
      head.reset()
      const parsed = method === undefined ? parseRequestHead(text, lineEnd, LIMITS) : parseResponseHead(text, lineEnd, LIMITS.headerCount, method)
      if (parsed.kind === 'fault') return { messages, refused: parsed.problem, surplus }
      if (parsed.kind === 'request') {
        const asked = whatIsAsked(parsed, undefined)
        if (asked.kind === 'fault') return { messages, refused: asked.problem, surplus }
      } else if (parsed.status === 101) return { messages, refused: 'switched protocols', surplus }
      const reader = new BodyReader(parsed.framing)
      const connect = parsed.kind === 'request' && parsed.method === 'CONNECT'
      messages.push({
        method: parsed.kind === 'request' ? parsed.method : '',
        target: parsed.kind === 'request' ? parsed.target : '',
        status: parsed.kind === 'request' ? 0 : parsed.status,
        minor: parsed.minor,
        fields: parsed.fields.names.flatMap((name, at) => [name, parsed.fields.values[at] ?? '']),
        body: '',
        complete: reader.done,
        keepAlive: parsed.keepAlive,
        last: connect,
      })
      untilClose = parsed.framing.kind === 'close'
      if (!reader.done) body = reader
      else over = connect || (parsed.kind === 'request' ? !parsed.keepAlive : parsed.status >= 200)
    }
    read.fill(0)
  }
  const last = messages.at(-1)
  if (untilClose && last !== undefined) last.complete = true
  return { messages, refused: undefined, surplus }
}
