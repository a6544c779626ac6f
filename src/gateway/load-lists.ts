// The large lists of a policy, streamed from their files into tables that all workers share. Danger prevented: a list of millions held as
// text, and one copy of it for each worker.
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { listTables } from '../lists/list.ts'
import type { ListTables } from '../lists/list.ts'
import { ListReader } from '../lists/reader.ts'
import type { Layout, ListPart } from '../lists/reader.ts'
import type { Diagnostic, Place } from '../policy/diagnostic.ts'
import type { Policy } from '../policy/policy.ts'
import { missingFile, skippedLines } from './load-diagnostics.ts'

const LAYOUTS: readonly Layout[] = ['domains', 'urls', 'expressions', 'hosts']
const CHUNK = 1 << 20

export interface LoadedLists {
  readonly lists: readonly ListTables[]
  readonly diagnostics: readonly Diagnostic[]
  /** of what they hold, for the hash of the policy */
  readonly digests: readonly string[]
}

/** One buffer for the whole file: what each read would make anew is freed late, and a file has millions of lines. */
async function readList(file: string, layout: Layout): Promise<{ readonly part: ListPart; readonly digest: string }> {
  const stands = await stat(file)
  // a pipe or a device may never end, and a pipe without a writer is never open
  if (!stands.isFile()) throw new Error('it is no file')
  const handle = await open(file)
  try {
    const reader = new ListReader(layout, stands.size)
    const digest = createHash('sha256')
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, stands.size + 1))
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) break
      const chunk = buffer.subarray(0, bytesRead)
      digest.update(chunk)
      reader.push(chunk)
    }
    return { part: reader.end(), digest: digest.digest('hex') }
  } finally {
    await handle.close()
  }
}

export async function loadLists(policy: Policy, line: (place: Place) => string): Promise<LoadedLists> {
  const lists: ListTables[] = []
  const diagnostics: Diagnostic[] = []
  const digests: string[] = []
  for (const source of policy.lists) {
    const parts: { readonly file: string; readonly part: ListPart }[] = []
    for (const layout of LAYOUTS) {
      const file = source[layout]
      if (file === undefined) continue
      const place = source.places?.get(layout) ?? source.place
      try {
        const { part, digest } = await readList(file, layout)
        parts.push({ file, part })
        digests.push(digest)
        if (part.firstBad !== undefined) {
          diagnostics.push(skippedLines(place, line(place), file, part.badLines, part.firstBad.line, part.firstBad.text))
        }
      } catch (error) {
        diagnostics.push(missingFile(place, line(place), `lists.${source.name}.${layout}`, file, error))
      }
    }
    lists.push(listTables(source.name, parts))
  }
  return { lists, diagnostics, digests }
}
