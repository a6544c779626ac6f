// The records of a store, one by one, oldest first, beside whoever writes it. Danger prevented: a month of records in memory at once.
import { readStore } from './store-schema.ts'

/** Lines of the event log. Throws where the file is none of ours. */
export function* storedLines(path: string, since: number | undefined): Generator<string> {
  const db = readStore(path)
  try {
    for (const { line } of db.prepare('SELECT line FROM records WHERE time >= ? ORDER BY time, id').iterate(since ?? 0)) if (typeof line === 'string') yield line
  } finally {
    db.close()
  }
}
