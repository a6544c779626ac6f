// The large lists of a policy, streamed from their files into tables that all workers share. Danger prevented: a list of millions held as
// text, and one copy of it for each worker.
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { ListReader } from '../lists/reader.ts'
import type { ListTables } from '../lists/tables.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { ListSource, Policy } from '../policy/policy.ts'
import { missingFile, skippedLines } from './load-diagnostics.ts'

const LAYOUTS = ['domains', 'urls', 'expressions', 'hosts'] as const

export interface LoadedLists {
  readonly lists: readonly ListTables[]
  readonly diagnostics: readonly Diagnostic[]
  /** of what they hold */
  readonly digests: readonly string[]
}
