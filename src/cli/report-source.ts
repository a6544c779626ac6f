// Where a report's figures come from: the store's sums, or a log read from its beginning into sums of the same kind. Danger prevented: two ways of
// counting, and a report over the log that disagrees with the one over the store.
import type { DatabaseSync } from 'node:sqlite'
import { logLines } from '../gateway/read-log.ts'
import { openStore } from '../gateway/store-schema.ts'
import { StoreWriter } from '../gateway/store-write.ts'
import { failure, usageError } from './exit.ts'
import { logPlace } from './log-place.ts'
import type { PlaceOptions } from './log-place.ts'
import { Progress } from './progress.ts'
import { partsOf, someRead, tellBroken } from './seen-source.ts'
import type { TimeRange } from './time-range.ts'

export interface ReportPlace extends PlaceOptions {
  readonly log?: readonly string[]
}

/** Combinations in memory until they are written. */
const MOST_WAITING = 50_000

async function sumsOf(files: readonly string[], { since, until }: TimeRange): Promise<DatabaseSync | undefined> {
  const parts = partsOf(files, since === 0 ? undefined : since)
  if ('problem' in parts) return void usageError(parts.problem, parts.hint)
  // a file that nobody else sees and that goes with the process
  const db = openStore('')
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144')
  const writer = new StoreWriter(db, 'denied', { since, until })
  const progress = new Progress(parts.reduce((sum, { size }) => sum + size, 0))
  let unread = 0
  let read = 0
  let broken = 0
  for (const part of parts) {
    try {
      for await (const batch of logLines(part.path)) {
        for (const line of batch.lines) {
          if (line === '') continue
          if (writer.line(line)) read += 1
          else unread += 1
        }
        if (writer.waiting > MOST_WAITING) writer.commit()
        progress.at(batch.read)
      }
    } catch (error) {
      progress.end()
      broken += 1
      tellBroken(part.path, error)
    }
    progress.done(part.size)
  }
  writer.commit()
  progress.end()
  if (!someRead(read, unread, broken)) return void db.close()
  return db
}

/** undefined: told on standard error, and the exit code is set. */
export async function reportSums(options: ReportPlace, range: TimeRange): Promise<DatabaseSync | undefined> {
  if (options.log !== undefined && options.store !== undefined) return void usageError('`--store` or `--log`, not both')
  if (options.log !== undefined) return sumsOf(options.log, range)
  const place = await logPlace(options, undefined, '--log')
  if (place === undefined) return undefined
  if (place.kind === 'store') return place.db
  try {
    return await sumsOf([place.path], range)
  } catch (error) {
    return void failure(error instanceof Error ? error.message : String(error))
  }
}
