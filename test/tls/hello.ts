// ClientHellos put together by hand, well formed or broken on purpose.
const u8 = (value: number): Buffer => Buffer.from([value])
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
const u24 = (value: number): Buffer => Buffer.from([value >> 16, (value >> 8) & 255, value & 255])
const vector16 = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body])

export const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), vector16(body)])
export const nameEntry = (name: string, type = 0): Buffer => Buffer.concat([u8(type), vector16(Buffer.from(name, 'latin1'))])
export const serverName = (...names: string[]): Buffer => extension(0, vector16(Buffer.concat(names.map((name) => nameEntry(name)))))
export const grease = (type = 0x2a2a): Buffer => extension(type, Buffer.alloc(0))
export const ech = (): Buffer => extension(0xfe0d, Buffer.alloc(40, 7))
export const padding = (length: number): Buffer => extension(21, Buffer.alloc(length))

export interface HelloParts {
  readonly extensions?: readonly Buffer[] | undefined
  readonly version?: number
  readonly session?: number
  readonly suites?: Buffer
  readonly compression?: Buffer
  readonly trailing?: Buffer
}

/** The handshake message, header included. */
export function message({ extensions, version = 0x0303, session = 32, suites = u16(0x1301), compression = u8(0), trailing = Buffer.alloc(0) }: HelloParts): Buffer {
  const body = Buffer.concat([
    u16(version), Buffer.alloc(32, 1), u8(session), Buffer.alloc(session, 2), vector16(suites), u8(compression.length), compression,
    extensions === undefined ? Buffer.alloc(0) : vector16(Buffer.concat(extensions)), trailing
  ])
  return Buffer.concat([u8(1), u24(body.length), body])
}

export function record(payload: Buffer, type = 22, version = 0x0301): Buffer {
  return Buffer.concat([u8(type), u16(version), vector16(payload)])
}

/** The message over records of `size` octets. */
export function records(payload: Buffer, size = 16384): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < payload.length; at += size) parts.push(record(payload.subarray(at, at + size)))
  return Buffer.concat(parts)
}

export function helloFor(...names: string[]): Buffer {
  return records(message({ extensions: [grease(), ...(names.length > 0 ? [serverName(...names)] : []), extension(43, Buffer.from([2, 3, 4]))] }))
}
