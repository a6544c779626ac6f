// The large lists of a policy, streamed from their files into tables that all workers share. Danger prevented: a list of millions held as
// text, and one copy of it for each worker.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
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

async function readList(file: string, layout: Layout): Promise<{ readonly part: ListPart; readonly digest: string }> {
  // a pipe or a device may never end
  if (!(await stat(file)).isFile()) throw new Error('it is no file')
  const reader = new ListReader(layout)
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK })) {
    if (!Buffer.isBuffer(chunk)) continue
    digest.update(chunk)
    reader.push(chunk)
  }
  return { part: reader.end(), digest: digest.digest('hex') }
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
