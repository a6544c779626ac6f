// The store's file: its tables and how it is opened. WAL, so that reports read while it is written; `synchronous` NORMAL: after a power cut the file is
// whole, and what may be missing is the last seconds, which the event log still has. FULL would wait for the disk with every batch, for records that
// are copies. Danger prevented: a file of somebody else's that is taken for ours and written into.
import { closeSync, constants, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

const VERSION = 1
/** `GGat` in the file's head, where `file(1)` looks */
const APPLICATION = 0x47476174
const BUSY_MS = 5_000

const SUMS = 'requests INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, ms REAL NOT NULL'

/** Verdicts: 0 allow, 1 deny, 2 error. Hours and minutes are counted from the epoch. */
const TABLES = `
CREATE TABLE words(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE hosts(id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE, site INTEGER NOT NULL);
CREATE TABLE sums(client INTEGER NOT NULL, hour INTEGER NOT NULL, site INTEGER NOT NULL, rule INTEGER NOT NULL, verdict INTEGER NOT NULL, method INTEGER NOT NULL, type INTEGER NOT NULL,
  status INTEGER NOT NULL, grp INTEGER NOT NULL, ${SUMS}, PRIMARY KEY(client, hour, site, rule, verdict, method, type, status, grp)) WITHOUT ROWID;
CREATE INDEX sums_refused ON sums(hour) WHERE verdict <> 0;
CREATE TABLE by_client(hour INTEGER NOT NULL, client INTEGER NOT NULL, grp INTEGER NOT NULL, verdict INTEGER NOT NULL, ${SUMS}, PRIMARY KEY(hour, client, grp, verdict)) WITHOUT ROWID;
CREATE TABLE by_host(hour INTEGER NOT NULL, host INTEGER NOT NULL, verdict INTEGER NOT NULL, ${SUMS}, PRIMARY KEY(hour, host, verdict)) WITHOUT ROWID;
CREATE TABLE by_kind(hour INTEGER NOT NULL, rule INTEGER NOT NULL, verdict INTEGER NOT NULL, method INTEGER NOT NULL, type INTEGER NOT NULL, status INTEGER NOT NULL, ${SUMS},
  PRIMARY KEY(hour, rule, verdict, method, type, status)) WITHOUT ROWID;
CREATE TABLE spread(hour INTEGER NOT NULL, what TEXT NOT NULL, step INTEGER NOT NULL, ${SUMS}, PRIMARY KEY(hour, what, step)) WITHOUT ROWID;
CREATE TABLE minutes(minute INTEGER PRIMARY KEY, requests INTEGER NOT NULL, bytes_out INTEGER NOT NULL, most INTEGER NOT NULL, second INTEGER NOT NULL);
CREATE TABLE lost(hour INTEGER PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE records(id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, client INTEGER NOT NULL, verdict INTEGER NOT NULL, line TEXT NOT NULL);
CREATE INDEX records_time ON records(time);
CREATE INDEX records_client ON records(client, time);
CREATE INDEX records_refused ON records(time) WHERE verdict <> 0;
`

export function numberOf(db: DatabaseSync, sql: string): number {
  const row = db.prepare(sql).get()
  const value = row === undefined ? 0 : Object.values(row)[0]
  return typeof value === 'number' ? value : Number(value ?? 0)
}

function refuseStranger(db: DatabaseSync, path: string): void {
  if (numberOf(db, 'PRAGMA application_id') !== APPLICATION) throw new Error(`${path} is no store of greengate`)
  const version = numberOf(db, 'PRAGMA user_version')
  if (version !== VERSION) throw new Error(`${path} is a store of version ${version}, and this release reads version ${VERSION}`)
}

/** Makes the file where there is none. Throws where it cannot be opened, or is none of ours. */
export function openStore(path: string): DatabaseSync {
  // what others may not read is not readable for a moment first; -wal and -shm get the same rights
  if (path !== ':memory:' && path !== '') closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o640))
  const db = new DatabaseSync(path, { timeout: BUSY_MS })
  try {
    if (numberOf(db, 'SELECT count(*) FROM sqlite_schema') > 0) refuseStranger(db, path)
    else {
      db.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL')
      db.exec(`PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION}; ${TABLES} COMMIT`)
    }
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768; PRAGMA secure_delete = FAST')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** To read, beside whoever writes it. A reader that may not write the folder reads what a gateway that ended left whole. */
export function readStore(path: string): DatabaseSync {
  const open = (where: string | URL): DatabaseSync => {
    const db = new DatabaseSync(where, { readOnly: true, timeout: BUSY_MS })
    try {
      refuseStranger(db, path)
      db.exec('PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 1073741824')
      return db
    } catch (error) {
      db.close()
      throw error
    }
  }
  try {
    return open(path)
  } catch (error) {
    if (!(error instanceof Error) || !/unable to open|readonly/i.test(error.message)) throw error
    const url = pathToFileURL(path)
    url.search = 'immutable=1'
    return open(url)
  }
}
