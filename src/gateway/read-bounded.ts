// A text file read whole, up to a bound. Danger prevented: a path that never ends (a device, a pipe that is fed for ever) taken for a
// policy, and the gateway with it.
import { createReadStream } from 'node:fs'

/** UTF-8. Rejects with the file system's error, or once more than `mostBytes` octets have come. */
export function readBounded(file: string, mostBytes: number): Promise<string> {
  return boundedText(createReadStream(file), mostBytes)
}

/** The same of a stream that is there already. */
export async function boundedText(stream: AsyncIterable<unknown>, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > mostBytes) throw new Error(`it has more than ${mostBytes >> 20} MiB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
