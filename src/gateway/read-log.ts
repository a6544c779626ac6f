// Log files read back: the file, what a rotation made of it (`.1`, `-20261130`), packed by gzip or not, oldest first, as batches of lines. Dangers
// prevented: a log larger than the memory; yesterday that is missing because its file has another name today.
import { createReadStream, openSync, readSync, closeSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createGunzip } from 'node:zlib'

/** A line that is longer is no line of a log. */
const MOST_LINE = 1 << 20
const CHUNK = 1 << 20

export interface LogFilePart {
  readonly path: string
  /** epoch milliseconds of its last change */
  readonly changed: number
  readonly size: number
}

const ROTATED = /^(?:\.\d{1,4}|-\d{8}(?:-\d+)?|\.\d{4}-?\d\d-?\d\d)(?:\.gz)?$/

const STRANGE = /\.(?:xz|bz2|zst|lz4|lzma|zip|Z)$/

/** What it was rotated to and packed in a way that is not read here: to be told, or a month would be missing without a word. */
export function strangeParts(file: string): readonly string[] {
  const name = basename(file)
  return readdirSync(dirname(file)).filter((each) => each.startsWith(name) && STRANGE.test(each) && ROTATED.test(each.slice(name.length).replace(STRANGE, ''))).map((each) => join(dirname(file), each)).sort()
}

/** The file and what it was rotated to, oldest first. Throws where the file itself is not there. */
export function logParts(file: string): readonly LogFilePart[] {
  const part = (path: string): LogFilePart => {
    const { mtimeMs, size } = statSync(path)
    return { path, changed: mtimeMs, size }
  }
  const own = part(file)
  const name = basename(file)
  const beside = readdirSync(dirname(file)).filter((each) => each.startsWith(name) && ROTATED.test(each.slice(name.length)))
  // while it is being packed both are there
  const once = beside.filter((each) => !each.endsWith('.gz') || !beside.includes(each.slice(0, -3)))
  return [...once.map((each) => part(join(dirname(file), each))).sort((a, b) => a.changed - b.changed), own]
}

function isPacked(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(2)
    return readSync(file, head, 0, 2, 0) === 2 && head[0] === 0x1f && head[1] === 0x8b
  } finally {
    closeSync(file)
  }
}

export interface LineBatch {
  /** whole lines, without their line breaks */
  readonly lines: readonly string[]
  /** octets of the file that were read by now */
  readonly read: number
}

const EMPTY = Buffer.alloc(0)

/** The octets of the file, unpacked where it is packed; `read` tells how far it is. */
function contents(path: string): { readonly stream: AsyncIterable<Buffer>; readonly read: () => number } {
  if (path === '-') return { stream: process.stdin, read: () => 0 }
  const file = createReadStream(path, { highWaterMark: CHUNK })
  const read = (): number => file.bytesRead
  if (!isPacked(path)) return { stream: file, read }
  const unpack = createGunzip({ chunkSize: CHUNK })
  file.on('error', (error) => unpack.destroy(error))
  return { stream: file.pipe(unpack), read }
}

/** `-` is standard input. */
export async function* logLines(path: string): AsyncGenerator<LineBatch> {
  const { stream, read } = contents(path)
  let rest = EMPTY as Buffer
  let skipping = false
  for await (const chunk of stream) {
    const end = chunk.lastIndexOf(0x0a)
    if (end >= 0) {
      const lines = Buffer.concat([rest, chunk.subarray(0, end)]).toString('utf8').split('\n')
      if (skipping) lines.shift()
      skipping = false
      rest = Buffer.from(chunk.subarray(end + 1))
      yield { lines, read: read() }
    } else if (!skipping) {
      skipping = rest.length + chunk.length > MOST_LINE
      rest = skipping ? EMPTY : Buffer.concat([rest, chunk])
    }
  }
  if (rest.length > 0) yield { lines: [rest.toString('utf8')], read: read() }
}
