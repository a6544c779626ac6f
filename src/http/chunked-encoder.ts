// The chunked coding, written (RFC 9112 7.1): a size line of our own for every piece of data, no extensions, no trailers.

export const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1')
const END_OF_DATA = Buffer.from('\r\n', 'latin1')

/** What writes bytes: a socket, or what stands for one. */
export interface ByteSink {
  cork(): void
  uncork(): void
  write(data: Buffer | string, encoding?: BufferEncoding): boolean
}

/** Up to this size one copy is cheaper than three writes. */
const COPY_BELOW = 4096

/** Writes one chunk, never an empty one (that would be the last); answers the sink's back-pressure. */
export function writeChunk(sink: ByteSink, data: Buffer): boolean {
  if (data.length === 0) return true
  if (data.length < COPY_BELOW) return sink.write(chunkOf(data))
  sink.cork()
  sink.write(`${data.length.toString(16)}\r\n`, 'latin1')
  sink.write(data)
  const more = sink.write(END_OF_DATA)
  sink.uncork()
  return more
}

/** One small chunk as one buffer. */
export function chunkOf(data: Buffer): Buffer {
  const size = data.length.toString(16)
  const chunk = Buffer.allocUnsafe(size.length + 4 + data.length)
  chunk.write(size, 0, 'latin1')
  const from = size.length
  chunk[from] = 13
  chunk[from + 1] = 10
  data.copy(chunk, from + 2)
  chunk[chunk.length - 2] = 13
  chunk[chunk.length - 1] = 10
  return chunk
}
