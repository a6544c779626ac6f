// Lines of a file as they come, past rotations. Dangers prevented: a follower that misses what stands in the file's next one after it was moved away, and
// one that reads half a line as a whole one.
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 250
/** A line may be so long; of a longer one the end is kept. */
const MOST_LINE = 65_536

export interface Following {
  readonly signal: AbortSignal
  readonly encoding: 'latin1' | 'utf8'
  /** each time that everything that stands there was given */
  readonly onIdle?: () => void
}

interface Tail {
  readonly file: FileHandle
  readonly inode: number
  at: number
}

async function openTail(path: string): Promise<Tail | undefined> {
  try {
    const file = await open(path, 'r')
    return { file, inode: (await file.stat()).ino, at: 0 }
  } catch {
    return undefined
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}

/** A file that is moved away is read to its end, then the one that took its name; one that was cut is read from its beginning. */
export async function* followLines(path: string, { signal, encoding, onIdle }: Following): AsyncGenerator<string, void, undefined> {
  const buffer = Buffer.alloc(65_536)
  let decoder = new StringDecoder(encoding)
  let tail = await openTail(path)
  let rest = ''
  const pause = async (): Promise<void> => {
    onIdle?.()
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
  try {
    while (!signal.aborted) {
      if (tail === undefined) {
        await pause()
        tail = await openTail(path)
        continue
      }
      const { bytesRead } = await tail.file.read(buffer, 0, buffer.length, tail.at)
      if (bytesRead > 0) {
        tail.at += bytesRead
        const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n')
        rest = (lines.pop() ?? '').slice(-MOST_LINE)
        yield* lines
        continue
      }
      if (inodeOf(path) !== tail.inode) {
        await tail.file.close()
        tail = await openTail(path)
        decoder = new StringDecoder(encoding)
        rest = ''
      } else if ((await tail.file.stat()).size < tail.at) tail.at = 0
      else await pause()
    }
  } finally {
    await tail?.file.close()
  }
}
