// Reads a whole byte stream of requests as the gateway does, cut as told: what the tests of src/http compare.
import { BodyReader } from '../../src/http/body-reader.ts'
import { HeadBuffer } from '../../src/http/head-buffer.ts'
import { parseRequestHead } from '../../src/http/request-head.ts'

export interface ReadRequest {
  readonly method: string
  readonly target: string
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
  /** the body came to its end */
  readonly complete: boolean
}

export interface Reading {
  readonly requests: readonly ReadRequest[]
  /** undefined: nothing was refused */
  readonly problem: string | undefined
  readonly status: number | undefined
  /** it ends within a head */
  readonly midHead: boolean
}

export const LIMITS = { uriBytes: 32768, headerCount: 200, lineBytes: 32768 + 74, fieldBytes: 65536 }

/** `cuts`: offsets at which the stream is cut into reads; every read is given in memory that is overwritten after it. */
export function readRequests(stream: Buffer, cuts: readonly number[]): Reading {
  const requests: ReadRequest[] = []
  const head = new HeadBuffer()
  let body: BodyReader | undefined
  let octets = ''
  const bounds = [0, ...[...new Set(cuts)].filter((cut) => cut > 0 && cut < stream.length).sort((a, b) => a - b), stream.length]
  for (let index = 0; index + 1 < bounds.length; index++) {
    const read = Buffer.from(stream.subarray(bounds[index], bounds[index + 1]))
    let rest: Buffer | undefined = read
    while (rest !== undefined && rest.length > 0) {
      if (body !== undefined) {
        let at = 0
        while (at < rest.length && !body.done && body.problem === undefined) {
          at = body.step(rest, at, rest.length)
          octets += rest.toString('latin1', body.from, body.to)
        }
        if (body.problem !== undefined) {
          const cut = requests.pop()
          if (cut !== undefined) requests.push({ ...cut, body: '' })
          return { requests, problem: body.problem, status: 400, midHead: false }
        }
        const last = requests.at(-1)
        if (last !== undefined) requests[requests.length - 1] = { ...last, body: octets, complete: body.done }
        if (body.done) body = undefined
        rest = rest.subarray(at)
        continue
      }
      const result = head.push(rest, LIMITS)
      if (result === 'more') break
      if (result !== 'end') return { requests, problem: result, status: result === 'long-line' ? 414 : result === 'long-head' ? 431 : 400, midHead: false }
      const parsed = parseRequestHead(head.text(), head.lineEnd, LIMITS)
      rest = head.rest()
      head.reset()
      if (parsed.kind === 'fault') return { requests, problem: parsed.problem, status: parsed.status, midHead: false }
      octets = ''
      const reader = new BodyReader(parsed.framing)
      requests.push({
        method: parsed.method,
        target: parsed.target,
        fields: parsed.fields.names.map((name, at) => [name, parsed.fields.values[at] ?? ''] as const),
        body: '',
        complete: reader.done,
      })
      if (!reader.done) body = reader
    }
    read.fill(0)
  }
  return { requests, problem: undefined, status: undefined, midHead: head.started }
}
