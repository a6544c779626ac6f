// Node's own HTTP parser (llhttp), synchronously and whole: the other reading in the differential. `node:_http_common` is internal, so what it gives is
// checked where it is taken.
import { createRequire } from 'node:module'
import { METHODS } from 'node:http'

type Callback = (...args: readonly never[]) => unknown
type Parser = Record<number, Callback> & {
  initialize(kind: number, resource: object, maxHeaderSize: number, lenient: number): void
  execute(bytes: Buffer, offset: number, length: number): number | Error
  finish(): Error | undefined
  close(): void
}
interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}
const { HTTPParser, methods: some, allMethods } = createRequire(import.meta.url)('node:_http_common') as { readonly HTTPParser: ParserClass; readonly allMethods?: readonly string[]; readonly methods: readonly string[] }

/** in the order of the numbers that the parser tells */
const methods = allMethods ?? some

export interface TheirMessage {
  readonly method: string
  readonly target: string
  readonly status: number
  readonly minor: number
  /** name, value, name, value, ... */
  readonly fields: readonly string[]
  body: string
  complete: boolean
  readonly keepAlive: boolean
  readonly upgrade: boolean
}

export interface TheirReading {
  readonly messages: readonly TheirMessage[]
  /** its error's code */
  readonly refused: string | undefined
  /** how far it read before it refused */
  readonly at: number
}

/** The methods that it knows: others are refused, which RFC 9110 9.1 does not ask. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS)

/** `method`: of the request that responses answer; absent: requests are read. */
export function theirReading(bytes: Buffer, method?: string): TheirReading {
  const parser = new HTTPParser()
  const messages: TheirMessage[] = []
  let fields: string[] = []
  let url = ''
  parser.initialize(method === undefined ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 1 << 20, 0)
  const on = (index: number, act: (...args: never[]) => unknown): void => {
    parser[index | 0] = act
  }
  on(HTTPParser.kOnHeaders, (more: string[], part: string) => {
    fields.push(...more)
    url += part
  })
  on(HTTPParser.kOnHeadersComplete, (major: number, minor: number, more: string[] | undefined, verb: number, target: string | undefined, status: number, _reason: string, upgrade: boolean, keepAlive: boolean) => {
    void major
    messages.push({ method: methods[verb] ?? '', target: target ?? url, status: status ?? 0, minor, fields: more ?? fields, body: '', complete: false, keepAlive, upgrade })
    fields = []
    url = ''
    // 1: no body follows, as behind HEAD; 2: nor anything of HTTP, as behind a CONNECT or a 101 (what node's own users answer)
    if (method === undefined) return verb === methods.indexOf('CONNECT') ? 2 : 0
    if (status === 101) return 2
    return method === 'HEAD' && status >= 200 ? 1 : 0
  })
  on(HTTPParser.kOnBody, (part: Buffer) => {
    const last = messages.at(-1)
    if (last !== undefined) last.body += part.toString('latin1')
  })
  on(HTTPParser.kOnMessageComplete, () => {
    const last = messages.at(-1)
    if (last !== undefined) last.complete = true
    // what a trailer left
    fields = []
    url = ''
  })
  const result = parser.execute(bytes, 0, bytes.length)
  const error = result instanceof Error ? (result as Error & { readonly code?: string; readonly bytesParsed?: number }) : undefined
  // the end of the connection, which ends a body without length
  if (error === undefined && method !== undefined) parser.finish()
  parser.close()
  return { messages, refused: error?.code, at: error?.bytesParsed ?? bytes.length }
}
