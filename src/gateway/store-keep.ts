// How long and how large: records older than was asked go first, then the oldest records where the file is too large, then the oldest sums. Danger
// prevented: a store that fills the disk of the gateway, or keeps of people what was promised to be forgotten.
import type { DatabaseSync } from 'node:sqlite'
import { numberOf } from './store-schema.ts'

export interface Keep {
  /** milliseconds that records are kept */
  readonly recordsMs: number
  /** and their sums */
  readonly sumsMs: number
  /** octets of the file */
  readonly mostBytes: number
}

const HOUR_MS = 3_600_000
/** Records that one step takes out: what is written waits no longer than some tens of milliseconds. */
const STEP = 10_000
const LEAST = 100
/** Of the size, what is used after a step. */
const ROOM = 0.95
const BY_HOUR = ['by_client', 'by_host', 'by_kind', 'spread', 'lost']

/** Octets that hold something: what is free is used again before the file grows. */
export function usedBytes(db: DatabaseSync): number {
  return (numberOf(db, 'PRAGMA page_count') - numberOf(db, 'PRAGMA freelist_count')) * numberOf(db, 'PRAGMA page_size')
}

function within(db: DatabaseSync, change: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    change()
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function dropRecords(db: DatabaseSync, before: number, most = STEP): number {
  return Number(db.prepare('DELETE FROM records WHERE id IN (SELECT id FROM records WHERE time < ? ORDER BY time LIMIT ?)').run(before, most).changes)
}

/** Records to take out where so much is used: their share of what is too much, and some more, so that not each batch comes to the same place. */
function surplus(db: DatabaseSync, used: number, mostBytes: number): number {
  // numbers are given one after the other, and counting rows would read them all
  const about = numberOf(db, 'SELECT coalesce(max(id) - min(id) + 1, 0) FROM records')
  return Math.min(STEP, Math.max(LEAST, Math.ceil((about * (used - mostBytes * ROOM)) / used)))
}

function dropSums(db: DatabaseSync, hour: number): void {
  within(db, () => {
    // the key of the sums begins with the client
    for (const row of db.prepare('SELECT DISTINCT client FROM by_client WHERE hour < ?').all(hour)) db.prepare('DELETE FROM sums WHERE client = ? AND hour < ?').run(Number(row['client']), hour)
    for (const table of BY_HOUR) db.prepare(`DELETE FROM ${table} WHERE hour < ?`).run(hour)
    db.prepare('DELETE FROM minutes WHERE minute < ?').run(hour * 60)
    db.exec('DELETE FROM hosts WHERE id NOT IN (SELECT host FROM by_host)')
    db.exec(`DELETE FROM words WHERE id NOT IN (SELECT client FROM by_client UNION SELECT grp FROM by_client UNION SELECT site FROM hosts UNION SELECT rule FROM by_kind UNION SELECT method FROM by_kind
      UNION SELECT type FROM by_kind UNION SELECT client FROM records)`)
  })
}

/** One step. `more`: there is more to take out; `words`: numbers of words may have become free. */
export function keepStep(db: DatabaseSync, keep: Keep, now: number): { readonly more: boolean; readonly words: boolean } {
  if (dropRecords(db, now - keep.recordsMs) === STEP) return { more: true, words: false }
  const old = Math.floor((now - keep.sumsMs) / HOUR_MS)
  const words = numberOf(db, 'SELECT coalesce(min(hour), 9e15) FROM by_client') < old
  if (words) dropSums(db, old)
  const used = usedBytes(db)
  if (used > keep.mostBytes) {
    if (dropRecords(db, Number.MAX_SAFE_INTEGER, surplus(db, used, keep.mostBytes)) === 0) {
      const oldest = numberOf(db, 'SELECT coalesce(min(hour), -1) FROM by_client')
      // the running hour stays: it is bounded by itself (report/bounds.ts)
      if (oldest < 0 || oldest >= Math.floor(now / HOUR_MS)) return { more: false, words }
      dropSums(db, oldest + 1)
      return { more: true, words: true }
    }
    return { more: true, words }
  }
  // given back to the disk, some at a time
  db.exec('PRAGMA incremental_vacuum(2000)')
  return { more: false, words }
}
