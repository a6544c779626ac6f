// The chunked coding, written (RFC 9112 7.1): a size line of our own for every piece of data, no extensions, no trailers.

export const LAST_CHUNK = '0\r\n\r\n'

/** What gathers the parts of a message, text as latin1. */
export interface PartSink {
  add(part: string | Buffer): void
}

/** One chunk, never an empty one (that would be the last). */
export function addChunk(sink: PartSink, data: Buffer): void {
  if (data.length === 0) return
  sink.add(`${data.length.toString(16)}\r\n`)
  sink.add(data)
  sink.add('\r\n')
}
