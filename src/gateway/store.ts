// The store, seen from the main thread: lines go to a thread of its own, as many as it keeps up with. Dangers prevented: a store that takes the
// gateway's memory or its processor, and requests that are missing in a report without a word.
import { Worker } from 'node:worker_threads'
import type { FromStore, StoreStart, ToStore } from './store-messages.ts'

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './store-thread.ts' : './store-thread.js', import.meta.url)
/** Characters sent that are not written yet: with more, lines are dropped and counted. */
const MOST_UNDER_WAY = 64 << 20
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
/** A disk that stays full must not keep a gateway that ends. */
const END_MS = 5_000
const TELL_MS = 10_000

export interface StoreTold {
  /** tells a person, and the event log */
  readonly complain: (message: string, event: 'store-failed' | 'store-well') => void
  /** requests that the store does not have */
  readonly lost: (count: number) => void
}

function lineCount(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

export interface StoreFigures {
  /** characters of lines that are not written yet */
  readonly queued: number
  readonly lost: number
  /** false: it cannot be written now */
  readonly open: boolean
}

export class Store {
  readonly #start: StoreStart
  readonly #told: StoreTold
  readonly #mostUnderWay: number
  #thread: Worker | undefined
  #characters = 0
  #lines = 0
  #lost = 0
  #lostInAll = 0
  #deaths = 0
  #troubled = false
  #ending = false
  #telling: NodeJS.Timeout | undefined

  constructor(start: StoreStart, told: StoreTold, mostUnderWay = MOST_UNDER_WAY) {
    this.#start = start
    this.#told = told
    this.#mostUnderWay = mostUnderWay
  }

  get path(): string {
    return this.#start.path
  }

  /** `lost`: requests that it does not have, since it was opened. */
  get figures(): StoreFigures {
    return { queued: this.#characters, lost: this.#lostInAll, open: this.#thread !== undefined && !this.#troubled }
  }

  /** What went wrong, else undefined. */
  open(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const thread = new Worker(ENTRY, { workerData: this.#start, name: 'greengate-store' })
      let why = 'its thread ended'
      let open = false
      thread.on('message', (message: FromStore) => {
        if (message.kind === 'open') {
          open = true
          this.#thread = thread
          resolve(undefined)
        } else if (message.kind === 'failed') {
          why = message.message
          void thread.terminate()
        } else this.#hear(message)
      })
      thread.on('error', (error: unknown) => {
        why = error instanceof Error ? error.message : String(error)
      })
      thread.on('exit', () => {
        if (open) this.#gone(thread, why)
        resolve(why)
      })
    })
  }

  /** `text`: whole lines of the event log. */
  lines(text: string): void {
    if (text === '') return
    const lines = lineCount(text)
    if (this.#thread === undefined || this.#characters + text.length > this.#mostUnderWay) return this.#drop(lines)
    this.#characters += text.length
    this.#lines += lines
    this.#say({ kind: 'lines', text, lines })
  }

  /** Requests of which no line came this far. */
  missing(count: number): void {
    this.#lostInAll += count
    this.#say({ kind: 'lost', time: Date.now(), count })
  }

  async end(): Promise<void> {
    this.#ending = true
    const thread = this.#thread
    if (thread !== undefined) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, END_MS)
      })
      const gone = new Promise((resolve) => thread.once('exit', resolve))
      this.#say({ kind: 'end' })
      await Promise.race([gone, late])
      clearTimeout(timer)
      await thread.terminate()
    }
    this.#drop(this.#lines)
    this.#tell()
  }

  #say(message: ToStore): void {
    this.#thread?.postMessage(message)
  }

  #hear(message: FromStore): void {
    if (message.kind === 'written') {
      this.#characters -= message.characters
      this.#lines -= message.lines
      this.#deaths = 0
    } else if (message.kind === 'trouble') {
      this.#troubled = true
      this.#told.complain(`the store ${this.path} cannot be written: ${message.message}`, 'store-failed')
    } else if (message.kind === 'well') {
      this.#troubled = false
      this.#told.complain(`the store ${this.path} is written again`, 'store-well')
    }
  }

  /** Counted, told after a while, and told to the store itself, so that reports can say it. */
  #drop(lines: number): void {
    if (lines === 0) return
    this.#lost += lines
    this.missing(lines)
    this.#telling ??= setTimeout(() => this.#tell(), TELL_MS).unref()
  }

  #tell(): void {
    clearTimeout(this.#telling)
    this.#telling = undefined
    if (this.#lost > 0) this.#told.lost(this.#lost)
    this.#lost = 0
  }

  #gone(thread: Worker, why: string): void {
    if (this.#thread !== thread || this.#ending) return
    this.#thread = undefined
    this.#troubled = false
    this.#characters = 0
    this.#drop(this.#lines)
    this.#lines = 0
    this.#again(why)
  }

  #again(why: string): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#deaths, LONGEST_PAUSE_MS)
    this.#deaths += 1
    this.#told.complain(`the store's thread ended: ${why}; it is begun again in ${pauseMs} ms`, 'store-failed')
    setTimeout(() => void this.open().then((problem) => {
      if (problem !== undefined && !this.#ending) this.#again(problem)
    }), pauseMs).unref()
  }
}
