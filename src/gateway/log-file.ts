// One log, appended to a file or to standard output: whole lines, one write under way, bounded memory. Dangers prevented: a full disk or
// a reader that stopped which takes the gateway's memory, or the gateway itself, with it; and lines lost without a word.
import { close, closeSync, constants, openSync, write } from 'node:fs'

/** characters */
const MOST_QUEUED = 32 << 20
const MOST_WRITE = 1 << 20
const BUSY_MS = 20
const RETRY_MS = 1_000
const LF = 10
/** A named pipe must neither hold the start until somebody reads it, nor a thread while nobody does. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY

export interface LogTrouble {
  /** told once when writing begins to fail, and when it works again: then with the number of lines lost */
  failed(message: string): void
  recovered(lostLines: number): void
}

function lineCount(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

export class LogFile {
  readonly #path: string | undefined
  readonly #trouble: LogTrouble
  readonly #mostQueued: number
  #fd: number
  #queue: string[] = []
  /** characters that wait, those of the chunk included */
  #queued = 0
  #chunk: Buffer | undefined
  #chunkLength = 0
  /** octets of the chunk that are written */
  #written = 0
  #reopened = false
  #busy = false
  #failing = false
  #gone = false
  #lost = 0
  #idle: (() => void)[] = []

  /** `undefined`: standard output. Throws where the file cannot be opened. */
  constructor(path: string | undefined, trouble: LogTrouble, mostQueued = MOST_QUEUED) {
    this.#path = path
    this.#trouble = trouble
    this.#mostQueued = mostQueued
    this.#fd = path === undefined ? 1 : openSync(path, APPEND, 0o640)
  }

  /** Lines that were dropped, or wait and can hardly be written any more, and of which nobody was told. */
  get lost(): number {
    let waiting = this.#chunk === undefined ? 0 : lineCount(this.#chunk.toString('latin1', this.#written))
    for (const lines of this.#queue) waiting += lineCount(lines)
    return this.#lost + waiting
  }

  /** `lines`: one or more, each with its line break. */
  write(lines: string): void {
    if (lines === '') return
    if (this.#gone) {
      this.#lost += lineCount(lines)
      return
    }
    if (this.#queued + lines.length > this.#mostQueued) {
      this.#lost += lineCount(lines)
      this.#fail('more lines wait than memory may hold; the newest are dropped and counted')
      return
    }
    this.#queue.push(lines)
    this.#queued += lines.length
    if (!this.#busy) this.#next()
  }

  /** After a rotation: the path names a new file. Where that cannot be opened, the old one goes on. */
  reopen(): void {
    if (this.#path === undefined) return
    const old = this.#fd
    this.#fd = openSync(this.#path, APPEND, 0o640)
    // a write that is under way still has the old descriptor
    if (this.#busy) this.#idle.push(() => close(old, () => {}))
    else closeSync(old)
    this.#reopened = this.#busy
  }

  /** Resolves when everything is written, or cannot be. */
  async end(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.push(resolve))
    if (this.#path !== undefined) closeSync(this.#fd)
    this.#gone = true
  }

  #fail(message: string): void {
    if (this.#failing) return
    this.#failing = true
    this.#trouble.failed(message)
  }

  #next(): void {
    if (this.#chunk === undefined) {
      if (this.#queue.length === 0 || this.#gone) {
        this.#busy = false
        for (const done of this.#idle.splice(0)) done()
        return
      }
      this.#chunk = Buffer.from(this.#take())
      this.#written = 0
    } else if (this.#reopened && this.#written > 0) {
      // half a line is in the old file: the new one begins with the whole of it
      this.#written = this.#chunk.lastIndexOf(LF, this.#written - 1) + 1
    }
    this.#reopened = false
    this.#busy = true
    write(this.#fd, this.#chunk, this.#written, (error, written) => this.#wrote(error, written))
  }

  #take(): string {
    let length = 0
    let count = 0
    while (count < this.#queue.length && length < MOST_WRITE) length += this.#queue[count++]?.length ?? 0
    this.#chunkLength = length
    return this.#queue.splice(0, count).join('')
  }

  #wrote(error: NodeJS.ErrnoException | null, written: number): void {
    if (error === null) {
      this.#written += written
      if (this.#written >= (this.#chunk?.length ?? 0)) {
        this.#chunk = undefined
        this.#queued -= this.#chunkLength
      }
      // not with the first write: a disk that is only slow would tell of each
      if (this.#failing && this.#queued <= this.#mostQueued / 2) {
        this.#failing = false
        const lost = this.#lost
        this.#lost = 0
        this.#trouble.recovered(lost)
      }
      return this.#next()
    }
    if (error.code === 'EAGAIN') return void setTimeout(() => this.#next(), BUSY_MS)
    this.#fail(error.message)
    // nobody will read standard output again; another reader may open a named pipe
    if (this.#path === undefined && (error.code === 'EPIPE' || error.code === 'EBADF')) {
      this.#lost = this.lost
      this.#gone = true
      this.#chunk = undefined
      this.#queue = []
      this.#queued = 0
      return this.#next()
    }
    const timer = setTimeout(() => this.#next(), RETRY_MS)
    // a disk that stays full must not keep a gateway that ends
    timer.unref()
  }
}
