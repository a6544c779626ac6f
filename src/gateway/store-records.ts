// Records read from the store, in pieces, so that nobody's reading keeps the writer's log from being folded into the file. Danger prevented: `greengate
// log -f | less` left open over night, and a file beside the store that grows until the disk is full.
import type { DatabaseSync } from 'node:sqlite'

export interface RecordQuery {
  /** epoch milliseconds, `until` not included */
  readonly since: number
  readonly until: number
  /** this one alone, as it is written in the store */
  readonly client?: string
  /** what was not allowed, alone */
  readonly refused: boolean
}

const PIECE = 2_000

function numbers(db: DatabaseSync, sql: string, args: readonly number[]): readonly number[] {
  return db.prepare(sql).all(...args).map((row) => Number(Object.values(row)[0]))
}

/** Its number in the store; undefined: it has nothing there. */
function wordId(db: DatabaseSync, text: string): number | undefined {
  const row = db.prepare('SELECT id FROM words WHERE text = ?').get(text)
  return row === undefined ? undefined : Number(row['id'])
}

/** Lines in the order in which the requests ended; `backwards`: the last first. */
export function* recordLines(db: DatabaseSync, query: RecordQuery, backwards = false): Generator<string, void, undefined> {
  const { since, until } = query
  const client = query.client === undefined ? undefined : wordId(db, query.client)
  if (query.client !== undefined && client === undefined) return
  // few: found by an index
  if (client !== undefined || query.refused) {
    const where = `time >= ? AND time < ?${client === undefined ? '' : ' AND client = ?'}${query.refused ? ' AND verdict <> 0' : ''}`
    const ids = [...numbers(db, `SELECT id FROM records WHERE ${where}`, [since, until, ...(client === undefined ? [] : [client])])].sort((a, b) => (backwards ? b - a : a - b))
    const line = db.prepare('SELECT line FROM records WHERE id = ?')
    for (const id of ids) {
      const row = line.get(id)
      if (row !== undefined) yield String(row['line'])
    }
    return
  }
  const [first = 0, last = 0] = numbers(db, 'SELECT coalesce(min(id), 0) FROM records WHERE time >= ? AND time < ? UNION ALL SELECT coalesce(max(id), 0) FROM records WHERE time >= ? AND time < ?', [since, until, since, until])
  if (first === 0) return
  const piece = db.prepare(`SELECT line FROM records WHERE id >= ? AND id < ? AND time >= ? AND time < ? ORDER BY id${backwards ? ' DESC' : ''}`)
  for (let done = 0; done <= last - first; done += PIECE) {
    const from = backwards ? Math.max(first, last - done - PIECE + 1) : first + done
    const to = backwards ? last - done + 1 : Math.min(last + 1, from + PIECE)
    for (const row of piece.all(from, to, since, until)) yield String(row['line'])
  }
}

export function lastRecord(db: DatabaseSync): number {
  return numbers(db, 'SELECT coalesce(max(id), 0) FROM records', [])[0] ?? 0
}

/** Behind that number, at most so many. */
export function linesAfter(db: DatabaseSync, id: number, most = PIECE): readonly { readonly id: number; readonly line: string }[] {
  return db.prepare('SELECT id, line FROM records WHERE id > ? ORDER BY id LIMIT ?').all(id, most).map((row) => ({ id: Number(row['id']), line: String(row['line']) }))
}
