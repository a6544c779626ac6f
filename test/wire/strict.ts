// A strict reading of HTTP/1.1 for the tests alone: it shares no line with src, so that an error there cannot hide here. It reads what a gateway may
// send (RFC 9112): CRLF and no other line end, tokens, no blank before a colon, one Host, one framing, chunks without extension, no trailers
// in requests. Whatever is not so is a problem, and nothing behind it is read.

export type Line = readonly [name: string, value: string]

interface StrictMessage {
  readonly version: string
  readonly fields: readonly Line[]
  /** decoded */
  readonly body: Buffer
  /** the head as it came, its empty line included */
  readonly head: string
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  readonly complete: boolean
}

export interface StrictRequest extends StrictMessage {
  readonly method: string
  readonly target: string
}

export interface StrictResponse extends StrictMessage {
  readonly status: number
  readonly reason: string
}

export interface StrictReading<T> {
  readonly messages: readonly T[]
  /** offset of what is not part of a message: a tail that is no whole head, or what stands behind the last one */
  readonly rest: number
  readonly problem?: string
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const HEAD_END = Buffer.from('\r\n\r\n')

class Problem extends Error {}

function headAt(bytes: Buffer, at: number): { text: string; end: number } | undefined {
  const end = bytes.indexOf(HEAD_END, at)
  return end < 0 ? undefined : { text: bytes.toString('latin1', at, end + 4), end: end + 4 }
}

function fieldsOf(text: string): { first: string; fields: Line[] } {
  const [first = '', ...lines] = text.slice(0, -4).split('\r\n')
  if (/[\r\n\0]/.test(lines.join('')) || /[\r\n\0]/.test(first)) throw new Problem('a bare CR, LF or NUL in a head')
  const fields = lines.map((line): Line => {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon))
    if (colon < 0 || !TOKEN.test(name)) throw new Problem(`a field line that is none: ${JSON.stringify(line)}`)
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
    if (!VALUE.test(value)) throw new Problem(`an invalid octet in a field value: ${JSON.stringify(line)}`)
    return [name, value]
  })
  return { first, fields }
}

function all(fields: readonly Line[], name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
}

function declared(fields: readonly Line[]): { readonly chunked: boolean; readonly length: number | undefined } {
  const lengths = all(fields, 'content-length')
  const codings = all(fields, 'transfer-encoding')
  if (lengths.length > 1 || codings.length > 1 || (lengths.length > 0 && codings.length > 0)) throw new Problem('more than one framing')
  const [length] = lengths
  const [coding] = codings
  if (coding !== undefined && coding !== 'chunked') throw new Problem(`a Transfer-Encoding of ${JSON.stringify(coding)}`)
  if (length !== undefined && (!/^(?:0|[1-9]\d*)$/.test(length) || !Number.isSafeInteger(Number(length)))) throw new Problem(`a Content-Length of ${JSON.stringify(length)}`)
  return { chunked: coding !== undefined, length: length === undefined ? undefined : Number(length) }
}

/** Decoded data, where the body ends, and whether it came to its end. `trailers`: may stand behind the last chunk. */
function chunksAt(bytes: Buffer, from: number): { body: Buffer; end: number; complete: boolean } {
  const parts: Buffer[] = []
  let at = from
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    const open = bytes.toString('latin1', at, line < 0 ? bytes.length : line)
    if (!/^[0-9a-fA-F]*\r?$/.test(open) || (line >= 0 && !/^[0-9a-fA-F]+$/.test(open))) throw new Problem(`a chunk size line of ${JSON.stringify(open.slice(0, 80))}`)
    if (line < 0) return { body: Buffer.concat(parts), end: bytes.length, complete: false }
    const size = Number.parseInt(open, 16)
    if (!Number.isSafeInteger(size)) throw new Problem('a chunk size that wraps')
    at = line + 2
    parts.push(bytes.subarray(at, Math.min(at + size, bytes.length)))
    const behind = bytes.toString('latin1', at + size, at + size + 2)
    if (!'\r\n'.startsWith(behind)) throw new Problem(`${JSON.stringify(behind)} behind ${size === 0 ? 'the last chunk' : 'a chunk'}`)
    if (behind.length < 2) return { body: Buffer.concat(parts), end: bytes.length, complete: false }
    at += size + 2
    if (size === 0) return { body: Buffer.concat(parts), end: at, complete: true }
  }
}

/** The messages of one direction; `read` answers one and where it ends, or undefined while its head is not whole. */
function readAll<T>(bytes: Buffer, read: (at: number, index: number) => { message: T; end: number; complete: boolean; last: boolean } | undefined): StrictReading<T> {
  const messages: T[] = []
  let at = 0
  try {
    while (at < bytes.length) {
      const one = read(at, messages.length)
      if (one === undefined) break
      messages.push(one.message)
      at = one.end
      if (!one.complete || one.last) break
    }
    return { messages, rest: at }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { messages, rest: at, problem: error.message }
  }
}

/** What a gateway sent to an origin: origin-form or `*`, HTTP/1.1, exactly one Host. A CONNECT or upgraded request is the last message. */
export function parseRequests(bytes: Buffer): StrictReading<StrictRequest> {
  return readAll(bytes, (at) => {
    const head = headAt(bytes, at)
    if (head === undefined) return undefined
    const { first, fields } = fieldsOf(head.text)
    const [, method = '', target = '', version = ''] = /^([^ ]+) ([^ ]+) (HTTP\/\d\.\d)$/.exec(first) ?? []
    if (!TOKEN.test(method)) throw new Problem(`a request line of ${JSON.stringify(first.slice(0, 200))}`)
    if (!/^(?:\/[\x21\x22\x24-\x7e]*|\*)$/.test(target)) throw new Problem(`a target of ${JSON.stringify(target.slice(0, 200))}`)
    if (version !== 'HTTP/1.1') throw new Problem(`a version of ${version}`)
    if (all(fields, 'host').length !== 1) throw new Problem(`${all(fields, 'host').length} Host fields`)
    const { chunked, length } = declared(fields)
    const message = (body: Buffer, complete: boolean): StrictRequest => ({ method, target, version, fields, body, head: head.text, framing: chunked ? 'chunked' : length === undefined ? 'none' : 'length', complete })
    const upgraded = all(fields, 'upgrade').length > 0
    if (chunked) {
      const { body, end, complete } = chunksAt(bytes, head.end)
      return { message: message(body, complete), end, complete, last: upgraded }
    }
    const end = Math.min(bytes.length, head.end + (length ?? 0))
    const complete = end - head.end === (length ?? 0)
    return { message: message(bytes.subarray(head.end, end), complete), end, complete, last: upgraded }
  })
}

/** What a gateway sent to a client, for these methods in order. `closed`: the connection ended by FIN, which ends a body without length. */
export function parseResponses(bytes: Buffer, methods: readonly string[], closed: boolean): StrictReading<StrictResponse> {
  let finals = 0
  return readAll(bytes, (at) => {
    const head = headAt(bytes, at)
    if (head === undefined) return undefined
    const { first, fields } = fieldsOf(head.text)
    const [, version = '', digits = '', reason = ''] = /^(HTTP\/1\.1) (\d{3}) ([\t\x20-\x7e\x80-\xff]*)$/.exec(first) ?? []
    const status = Number(digits)
    if (version === '' || status < 100) throw new Problem(`a status line of ${JSON.stringify(first.slice(0, 200))}`)
    const method = methods[finals]
    if (method === undefined) throw new Problem(`an answer that nobody asked for: ${status}`)
    if (status >= 200 || status === 101) finals++
    const { chunked, length } = declared(fields)
    const tunnel = status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)
    const bare = tunnel || method === 'HEAD' || status < 200 || status === 204 || status === 304
    if ((tunnel || status < 200 || status === 204) && (chunked || length !== undefined)) throw new Problem(`a ${status} with a framing`)
    const message = (body: Buffer, complete: boolean, framing: StrictMessage['framing']): StrictResponse => ({ status, reason, version, fields, body, head: head.text, framing, complete })
    if (bare) return { message: message(Buffer.alloc(0), true, 'none'), end: head.end, complete: true, last: tunnel }
    if (chunked) {
      const { body, end, complete } = chunksAt(bytes, head.end)
      return { message: message(body, complete, 'chunked'), end, complete, last: false }
    }
    if (length === undefined) return { message: message(bytes.subarray(head.end), closed, 'close'), end: bytes.length, complete: closed, last: true }
    const end = Math.min(bytes.length, head.end + length)
    return { message: message(bytes.subarray(head.end, end), end - head.end === length, 'length'), end, complete: end - head.end === length, last: false }
  })
}
