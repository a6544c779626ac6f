// The TLS ClientHello, read strictly and bit by bit as it comes: over any cut of segments and records, up to 16 KiB (RFC 8446 4.1.2, 5.1; RFC
// 6066 3). Danger prevented: a hello that this file reads in one way and the server in another, so that a tunnel for one name carries another:
// whatever is not exactly as the RFC has it is malformed.

/** What the hello says of its server's name, before anybody judges it. */
export interface ClientHello {
  /** the host_name entries as sent (latin1), over all server_name extensions; none where there is no extension */
  readonly names: readonly string[]
  /** the encrypted_client_hello extension is there (RFC 9849; GREASE looks the same) */
  readonly ech: boolean
}

export type HelloReading =
  | { readonly state: 'more' }
  /** `records`: it comes in TLS records all the same, and a hello may follow that some servers take (an alert first, another version) */
  | { readonly state: 'not_tls'; readonly records: boolean }
  | { readonly state: 'too_large' }
  | { readonly state: 'malformed'; readonly detail: string }
  | { readonly state: 'hello'; readonly hello: ClientHello }

export const MOST_OCTETS = 16 * 1024
/** what came over the wire, record headers included: a hello cut into records of one octet is legal, and six times as long */
const MOST_RAW = 6 * MOST_OCTETS

const ALERT = 21
const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const HOST_NAME = 0
const ECH = 0xfe0d
const RECORD_HEADER = 5
const LONGEST_RECORD = 1 << 14

const MORE: HelloReading = { state: 'more' }
const NOT_TLS: HelloReading = { state: 'not_tls', records: false }
const OTHER_RECORDS: HelloReading = { state: 'not_tls', records: true }
const TOO_LARGE: HelloReading = { state: 'too_large' }

function malformed(detail: string): HelloReading {
  return { state: 'malformed', detail }
}

/** Gathers what a client sends first. `bytes` is all of it, to be sent on as it came once it is judged. */
export class HelloReader {
  #raw: Buffer = Buffer.alloc(0)
  #length = 0
  /** the handshake message, its fragments joined; a view as long as one record holds it */
  #message: Buffer = Buffer.alloc(0)
  #messageLength = 0
  /** where in `#raw` the next record header begins */
  #next = 0
  #last: HelloReading = MORE

  get bytes(): Buffer {
    return this.#raw.subarray(0, this.#length)
  }

  /** offset in `bytes` behind the record in which a whole hello ends */
  get end(): number {
    return this.#next
  }

  /** `chunk` is copied where it is kept: its memory may be read into again. */
  push(chunk: Uint8Array): HelloReading {
    this.#keep(chunk)
    if (this.#last.state === 'more') this.#last = this.#read()
    return this.#last
  }

  #keep(chunk: Uint8Array): void {
    const wanted = this.#length + chunk.length
    if (wanted > this.#raw.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(wanted, Math.min(2 * this.#raw.length, MOST_RAW)))
      grown.set(this.#raw.subarray(0, this.#length))
      this.#raw = grown
    }
    this.#raw.set(chunk, this.#length)
    this.#length = wanted
  }

  #read(): HelloReading {
    for (;;) {
      const at = this.#next
      const known = this.#length - at
      if (known <= 0) return this.#length > MOST_RAW ? TOO_LARGE : MORE
      const first = at === 0
      if (first && (this.#raw[0] !== HANDSHAKE || (known > 1 && this.#raw[1] !== 3))) return this.#other()
      if (this.#raw[at] !== HANDSHAKE) return malformed('another record cuts the hello')
      if (known > 1 && this.#raw[at + 1] !== 3) return malformed('a record of another protocol version')
      if (known < RECORD_HEADER) return MORE
      const length = this.#raw.readUInt16BE(at + 3)
      if (length === 0 || length > LONGEST_RECORD) return malformed('a record of impossible length')
      // what the message is shows before its record is complete
      if (first && known > RECORD_HEADER && this.#raw[RECORD_HEADER] !== CLIENT_HELLO) return OTHER_RECORDS
      if (first && length >= 4 && known >= RECORD_HEADER + 4 && this.#raw.readUIntBE(RECORD_HEADER + 1, 3) > MOST_OCTETS - 4) return TOO_LARGE
      if (known < RECORD_HEADER + length) return this.#length > MOST_RAW ? TOO_LARGE : MORE
      this.#next = at + RECORD_HEADER + length
      this.#join(this.#raw.subarray(at + RECORD_HEADER, this.#next))
      const done = this.#complete()
      if (done !== undefined) return done
    }
  }

  /** No hello begins so. Servers that read on: RFC 8446 5.1 has the record's version ignored, and Go's skips alerts before the hello. */
  #other(): HelloReading {
    const [type, major] = this.bytes
    if (type === HANDSHAKE || type === ALERT) {
      if (major === undefined) return MORE
      if (major > 0 && major < 16) return OTHER_RECORDS
      // many a protocol begins with a length and a zero: what is in the record tells
      if (major === 0 && this.#length <= RECORD_HEADER) return MORE
      if (major === 0 && (type === ALERT ? this.#raw.readUInt16BE(3) === 2 : this.#raw[RECORD_HEADER] === CLIENT_HELLO)) return OTHER_RECORDS
    }
    return NOT_TLS
  }

  #join(fragment: Buffer): void {
    if (this.#messageLength === 0) {
      this.#message = fragment
    } else if (this.#messageLength + fragment.length <= this.#message.length) {
      this.#message.set(fragment, this.#messageLength)
    } else {
      const grown = Buffer.allocUnsafeSlow(2 * (this.#messageLength + fragment.length))
      grown.set(this.#message.subarray(0, this.#messageLength))
      grown.set(fragment, this.#messageLength)
      this.#message = grown
    }
    this.#messageLength += fragment.length
  }

  #complete(): HelloReading | undefined {
    const message = this.#message.subarray(0, this.#messageLength)
    if (message.length < 4) return undefined
    if (message[0] !== CLIENT_HELLO) return OTHER_RECORDS
    const length = message.readUIntBE(1, 3)
    if (length > MOST_OCTETS - 4) return TOO_LARGE
    if (message.length < 4 + length) return undefined
    // RFC 8446 5.1: nothing may follow in the record, for the keys' sake; a second hello there is an attack
    if (message.length > 4 + length) return malformed('something follows the hello in its record')
    return parseHello(message.subarray(4))
  }
}

/** Reads vectors off the front of a body; past the end is `undefined`, once and for all. */
class Cursor {
  #at = 0
  readonly #body: Buffer

  constructor(body: Buffer) {
    this.#body = body
  }

  get rest(): number {
    return this.#body.length - this.#at
  }

  bytes(length: number): Buffer | undefined {
    if (this.rest < length) return undefined
    this.#at += length
    return this.#body.subarray(this.#at - length, this.#at)
  }

  number(octets: 1 | 2): number | undefined {
    return this.bytes(octets)?.readUIntBE(0, octets)
  }

  vector(octets: 1 | 2): Buffer | undefined {
    const length = this.number(octets)
    return length === undefined ? undefined : this.bytes(length)
  }
}

function parseHello(body: Buffer): HelloReading {
  const cursor = new Cursor(body)
  const version = cursor.number(2)
  if (version === undefined || version >> 8 !== 3) return malformed('not a version of TLS')
  const random = cursor.bytes(32)
  const session = cursor.vector(1)
  if (random === undefined || session === undefined || session.length > 32) return malformed('a broken session id')
  const suites = cursor.vector(2)
  if (suites === undefined || suites.length < 2 || suites.length % 2 !== 0) return malformed('a broken list of cipher suites')
  const compression = cursor.vector(1)
  if (compression === undefined || compression.length === 0) return malformed('a broken list of compressions')
  // before TLS 1.2 a hello could end here
  if (cursor.rest === 0) return { state: 'hello', hello: { names: [], ech: false } }
  const extensions = cursor.vector(2)
  if (extensions === undefined || cursor.rest !== 0) return malformed('the extensions do not fill the hello')
  return parseExtensions(extensions)
}

function parseExtensions(body: Buffer): HelloReading {
  const cursor = new Cursor(body)
  const seen = new Set<number>()
  const names: string[] = []
  while (cursor.rest > 0) {
    const type = cursor.number(2)
    const data = cursor.vector(2)
    if (type === undefined || data === undefined) return malformed('an extension is cut')
    if (type === SERVER_NAME) {
      const found = parseServerNames(data)
      if (found === undefined) return malformed('a broken list of server names')
      names.push(...found)
    } else if (seen.has(type)) {
      // RFC 8446 4.2; a server name extension that stands twice shows as two names
      return malformed('an extension stands twice')
    }
    seen.add(type)
  }
  return { state: 'hello', hello: { names, ech: seen.has(ECH) } }
}

/** RFC 6066 3: one list, not empty, of which only host_name is defined; another type cannot be read past. */
function parseServerNames(data: Buffer): string[] | undefined {
  const outer = new Cursor(data)
  const list = outer.vector(2)
  if (list === undefined || list.length === 0 || outer.rest !== 0) return undefined
  const cursor = new Cursor(list)
  const names: string[] = []
  while (cursor.rest > 0) {
    const type = cursor.number(1)
    const name = cursor.vector(2)
    if (type !== HOST_NAME || name === undefined || name.length === 0) return undefined
    names.push(name.toString('latin1'))
  }
  return names
}
