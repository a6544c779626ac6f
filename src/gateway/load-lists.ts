// The large lists of a policy, streamed from their files into tables that all workers share. Danger prevented: a list of millions held as
// text, and one copy of it for each worker.
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { listTables } from '../lists/list.ts'
import type { ListTables } from '../lists/list.ts'
import { ListReader } from '../lists/reader.ts'
import type { Layout, ListPart } from '../lists/reader.ts'
import { tableOctets } from '../lists/table.ts'
import type { Diagnostic, Place } from '../policy/diagnostic.ts'
import type { Policy } from '../policy/policy.ts'
import { missingFile, otherDigest, skippedLines } from './load-diagnostics.ts'

const LAYOUTS: readonly Layout[] = ['domains', 'urls', 'expressions', 'hosts']
const CHUNK = 1 << 20
/** Some hundred million names: places in a table are 32 bits, and what lies beyond would be on no list. */
const MOST_OCTETS = 2 ** 31

export interface LoadedLists {
  readonly lists: readonly ListTables[]
  readonly diagnostics: readonly Diagnostic[]
  /** of what they hold, for the hash of the policy */
  readonly digests: readonly string[]
  readonly files: readonly ListFile[]
}

/** One file as it was read, for the next load: where it is still the same, so is its table. */
export interface ListFile {
  readonly file: string
  readonly layout: Layout
  /** which file it is, its size and when it was last changed; undefined: it had just been changed, and may have been again */
  readonly stamp: string | undefined
  readonly part: ListPart
  readonly digest: string
}

/** A change within one tick of the file system's clock leaves the time as it is. */
const SETTLED_MS = 2_000

async function stampOf(file: string): Promise<{ readonly stamp: string | undefined; readonly octets: number }> {
  const stands = await stat(file, { bigint: true })
  // a pipe or a device may never end, and a pipe without a writer is never open
  if (!stands.isFile()) throw new Error('it is no file')
  if (stands.size > MOST_OCTETS) throw new Error('it is larger than 2 GiB: split it into several lists')
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = stands
  const settled = Date.now() - Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs) > SETTLED_MS
  return { stamp: settled ? [dev, ino, size, mtimeNs, ctimeNs].join(' ') : undefined, octets: Number(size) }
}

/** One buffer for the whole file: what each read would make anew is freed late, and a file has millions of lines. */
async function readList(file: string, layout: Layout, before: readonly ListFile[], step: (read: number) => void): Promise<ListFile> {
  const { stamp, octets } = await stampOf(file)
  const same = before.find((each) => each.file === file && each.layout === layout && stamp !== undefined && each.stamp === stamp)
  if (same !== undefined) return same
  const handle = await open(file)
  try {
    const reader = new ListReader(layout, octets)
    const digest = createHash('sha256')
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, octets + 1))
    let read = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) break
      read += bytesRead
      if (read > MOST_OCTETS) throw new Error('it grows while it is read')
      const chunk = buffer.subarray(0, bytesRead)
      digest.update(chunk)
      reader.push(chunk)
      step(read)
    }
    return { file, layout, stamp, part: reader.end(), digest: digest.digest('hex') }
  } finally {
    await handle.close()
  }
}

/** Of all files that the lists name; what is not there is told where it is read. */
async function octetsOf({ lists }: Policy): Promise<number> {
  let sum = 0
  for (const source of lists) for (const layout of LAYOUTS) sum += source[layout] === undefined ? 0 : await stat(source[layout]).then(({ size }) => size, () => 0)
  return sum
}

/** `step`: told how much is read, from 0 to 1. */
export async function loadLists(policy: Policy, line: (place: Place) => string, before: readonly ListFile[], step?: (share: number) => void): Promise<LoadedLists> {
  const octets = step === undefined ? 0 : await octetsOf(policy)
  let done = 0
  const lists: ListTables[] = []
  const diagnostics: Diagnostic[] = []
  const files: ListFile[] = []
  for (const source of policy.lists) {
    const parts: ListFile[] = []
    for (const layout of LAYOUTS) {
      const file = source[layout]
      if (file === undefined) continue
      const place = source.places?.get(layout) ?? source.place
      try {
        let last = 0
        const read = await readList(file, layout, before, (at) => {
          last = at
          step?.((done + at) / Math.max(1, octets))
        })
        done += last
        const { part } = read
        parts.push(read)
        if (source.sha256 !== undefined && read.digest !== source.sha256) diagnostics.push(otherDigest(place, line(place), `lists.${source.name}.${layout}`, file, read.digest, source.fetch !== undefined))
        if (part.firstBad !== undefined) {
          diagnostics.push(skippedLines(place, line(place), file, part.badLines, part.firstBad.line, part.firstBad.text))
        }
      } catch (error) {
        diagnostics.push(missingFile(place, line(place), `lists.${source.name}.${layout}`, file, error, source.fetch === undefined ? undefined : '`greengate lists update` fetches it'))
      }
    }
    lists.push(listTables(source.name, parts))
    files.push(...parts)
  }
  return { lists, diagnostics, files, digests: files.map(({ digest }) => digest) }
}

/** Of the tables that are in `before` and no more in `after`. */
export function replacedOctets(before: readonly ListFile[], after: readonly ListFile[]): number {
  const kept = new Set(after.map(({ file, layout, stamp }) => `${layout} ${stamp} ${file}`))
  let octets = 0
  for (const { file, layout, stamp, part } of before) {
    if (stamp !== undefined && kept.has(`${layout} ${stamp} ${file}`)) continue
    for (const table of [part.table, part.urls?.hosts, part.urls?.prefixes]) if (table !== undefined) octets += tableOctets(table)
  }
  return octets
}
