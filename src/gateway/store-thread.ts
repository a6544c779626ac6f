// The store's thread: takes lines, writes them some times a second, and takes out what is old. Danger prevented: a disk that is slow, or full, and
// holds the main thread, which holds the workers' logs.
import { parentPort, workerData } from 'node:worker_threads'
import type { FromStore, StoreStart, ToStore } from './store-messages.ts'
import { keepStep, usedBytes } from './store-keep.ts'
import { openStore } from './store-schema.ts'
import { StoreWriter } from './store-write.ts'

/** Who follows the log sees a request so soon. */
const WAIT_MS = 300
/** Characters that make a batch large enough to be written at once. */
const MOST_BATCH = 4 << 20
const RETRY_MS = 1_000
const KEEP_MS = 60_000
const MORE_MS = 50

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')
const tell = (message: FromStore): void => port.postMessage(message)
const { path, keep } = workerData as StoreStart

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function begin(): void {
  const db = openStore(path)
  const writer = new StoreWriter(db, 'all')
  let queue: string[] = []
  let characters = 0
  let lines = 0
  let timer: NodeJS.Timeout | undefined
  let failing = false
  let ending = false

  const write = (): void => {
    clearTimeout(timer)
    timer = undefined
    // what was taken and could not be written waits in the writer
    for (const text of queue) for (const line of text.split('\n')) if (line !== '') writer.line(line)
    queue = []
    try {
      writer.commit()
    } catch (error) {
      if (!failing) tell({ kind: 'trouble', message: reasonOf(error) })
      failing = true
      if (!ending) timer = setTimeout(write, RETRY_MS)
      return
    }
    if (failing) tell({ kind: 'well' })
    failing = false
    if (characters > 0) tell({ kind: 'written', characters, lines })
    characters = 0
    lines = 0
    // a minute's traffic can be more than a small store holds
    if (!ending && usedBytes(db) > keep.mostBytes) tidyIn(MORE_MS)
  }
  let next: NodeJS.Timeout | undefined
  let nextAt = 0
  const tidyIn = (ms: number): void => {
    const at = performance.now() + ms
    if (next !== undefined && nextAt <= at) return
    clearTimeout(next)
    nextAt = at
    next = setTimeout(tidy, ms).unref()
  }
  const tidy = (): void => {
    next = undefined
    let wait = KEEP_MS
    try {
      const { more, words } = keepStep(db, keep, Date.now())
      if (words) writer.forget()
      if (more) wait = MORE_MS
    } catch (error) {
      if (!failing) tell({ kind: 'trouble', message: reasonOf(error) })
      failing = true
      timer ??= setTimeout(write, RETRY_MS)
    }
    tidyIn(wait)
  }
  const end = (): void => {
    ending = true
    write()
    try {
      db.exec('PRAGMA optimize')
    } catch {
      // only statistics for the planner
    }
    db.close()
    port?.close()
  }
  port?.on('message', (message: ToStore) => {
    if (message.kind === 'end') return end()
    if (message.kind === 'lost') writer.lost(message.time, message.count)
    else {
      queue.push(message.text)
      characters += message.text.length
      lines += message.lines
    }
    if (failing) return
    if (characters > MOST_BATCH) write()
    else timer ??= setTimeout(write, WAIT_MS)
  })
  tidy()
  tell({ kind: 'open' })
}

try {
  begin()
} catch (error) {
  tell({ kind: 'failed', message: reasonOf(error) })
}
