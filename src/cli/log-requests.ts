// The requests of the proxy, live and past, from the store or an event log, each with the rule that decided it and why. Danger prevented: lines of
// strangers' text that rule the terminal of whoever looks at them (all that is printed is escaped).
import { setTimeout as sleep } from 'node:timers/promises'
import { logLines } from '../gateway/read-log.ts'
import { lastRecord, linesAfter, recordLines } from '../gateway/store-records.ts'
import { followLines } from '../kernel/follow-lines.ts'
import { combinedOf, squidOf } from '../log/combined.ts'
import { eventLine, requestLine } from '../log/request-line.ts'
import { visible } from '../policy/visible.ts'
import { momentText } from './amounts.ts'
import { failure } from './exit.ts'
import { logPlace } from './log-place.ts'
import type { Place, PlaceOptions } from './log-place.ts'
import { recordFilter } from './record-filter.ts'
import { counted } from './replay-text.ts'
import type { Line, RecordFilter, RecordFilterOptions } from './record-filter.ts'
import { say, sayError, sayJson } from './say.ts'
import { partsOf, tellBroken } from './seen-source.ts'
import { untilStopped } from './until-stopped.ts'

export const LOG_FORMATS = ['pretty', 'json', 'squid', 'combined'] as const

export interface RequestLogOptions extends RecordFilterOptions, PlaceOptions {
  readonly follow?: true
  readonly file?: string
  readonly lines?: number
  readonly format?: (typeof LOG_FORMATS)[number]
  readonly json?: true
}

/** What came last before the new is told, as `tail -f` does. */
const BEFORE = 10
const POLL_MS = 300

type Print = (log: Line) => void

function printer(format: (typeof LOG_FORMATS)[number]): Print {
  if (format === 'json') return (log) => sayJson(log)
  if (format !== 'pretty') {
    const told = format === 'squid' ? squidOf : combinedOf
    return (log) => {
      if (log['event'] === 'request') say(`${told(log)}\n`)
    }
  }
  const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined
  return (log) => {
    // one line, whatever a log of strangers has in its fields; escaped first: our own colours are put round what is harmless already
    const text = visible(log['event'] === 'request' ? requestLine(log, momentText) : eventLine(log, momentText))
    if (!colour) return say(`${text}\n`)
    say(text.slice(0, PREFIX))
    process.stdout.write(COLOURS[text.slice(PREFIX, PREFIX + 5).trim()] ?? '')
    say(text.slice(PREFIX, PREFIX + 5))
    process.stdout.write('\u001b[0m')
    say(`${text.slice(PREFIX + 5)}\n`)
  }
}

/** the time and two spaces */
const PREFIX = 21
const COLOURS: Readonly<Record<string, string>> = { allow: '\u001b[32m', deny: '\u001b[31m', error: '\u001b[33m' }

/** Lines of a log, those that are meant printed; with a limit, only the last of them, at `flush`. */
class Telling {
  told = 0
  /** lines of the log, meant or not */
  read = 0
  unread = 0
  readonly #filter: RecordFilter
  readonly #print: Print
  #last: Line[] | undefined
  readonly #most: number

  constructor(filter: RecordFilter, print: Print, most: number | undefined) {
    this.#filter = filter
    this.#print = print
    this.#most = most ?? 0
    this.#last = most === undefined ? undefined : []
  }

  meant(line: string): Line | undefined {
    if (line === '') return undefined
    let log: unknown
    try {
      log = JSON.parse(line)
    } catch {
      this.unread += 1
      return undefined
    }
    if (typeof log !== 'object' || log === null || !('event' in log)) {
      this.unread += 1
      return undefined
    }
    this.read += 1
    const fields = log as Line
    return (fields['event'] === 'request' || this.#filter.all) && this.#filter.holds(fields) ? fields : undefined
  }

  line(line: string): void {
    const log = this.meant(line)
    if (log !== undefined) this.tell(log)
  }

  tell(log: Line): void {
    this.told += 1
    if (this.#last === undefined) return this.#print(log)
    this.#last.push(log)
    if (this.#last.length > this.#most * 2 + 100) this.#last.splice(0, this.#last.length - this.#most)
  }

  /** From here on each is printed as it comes. */
  flush(): void {
    const last = this.#last ?? []
    this.#last = undefined
    for (const log of last.slice(-this.#most)) this.#print(log)
  }
}

/** A reader that is slower than we are is waited for: `| less` over a month would be all of it in memory. False: nobody reads any more. */
async function readerKeepsUp(): Promise<boolean> {
  const { stdout } = process
  if (stdout.writable && stdout.writableLength > 1 << 20) {
    await new Promise<void>((resolve) => {
      for (const end of ['drain', 'close', 'error']) stdout.once(end, () => resolve())
    })
  }
  return stdout.writable
}

async function fromStore(place: Extract<Place, { kind: 'store' }>, telling: Telling, filter: RecordFilter, options: RequestLogOptions, most: number | undefined): Promise<void> {
  const { db } = place
  let last = lastRecord(db)
  if (most === undefined) {
    let count = 0
    for (const line of recordLines(db, filter)) {
      telling.line(line)
      if (++count % 1000 === 0 && !(await readerKeepsUp())) break
    }
  } else {
    const found: Line[] = []
    for (const line of recordLines(db, filter, true)) {
      const log = telling.meant(line)
      if (log !== undefined) found.push(log)
      if (found.length >= most) break
    }
    for (const log of found.reverse()) telling.tell(log)
  }
  telling.flush()
  if (options.follow !== true) return db.close()
  const signal = untilStopped()
  while (!signal.aborted) {
    for (const { id, line } of linesAfter(db, last)) {
      last = id
      telling.line(line)
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
  db.close()
}

async function fromFile(path: string, telling: Telling, options: RequestLogOptions): Promise<void> {
  if (options.follow === true && path !== '-') {
    for await (const line of followLines(path, { signal: untilStopped(), encoding: 'utf8', onIdle: () => telling.flush() })) telling.line(line)
    return
  }
  const parts = partsOf([path], undefined)
  if ('problem' in parts) return failure(parts.problem, parts.hint)
  let broken = 0
  for (const part of parts) {
    try {
      for await (const { lines } of logLines(part.path)) {
        for (const line of lines) telling.line(line)
        if (!(await readerKeepsUp())) return
      }
    } catch (error) {
      broken += 1
      tellBroken(part.path, error)
    }
  }
  telling.flush()
  if (telling.unread > 0) sayError(`note: ${counted(telling.unread, 'line')} of it ${telling.unread === 1 ? 'is' : 'are'} none of the event log\n`)
  if (telling.read === 0 && telling.unread > 0) return failure(`${path} is no event log`, 'give the file that `greengate serve --event-log FILE` writes; an access log is for `greengate report --log`')
  if (telling.read === 0 && broken > 0) failure(`nothing of ${path} could be read`, 'run it as a user who may read it, or name another file')
}

export async function requestLog(options: RequestLogOptions): Promise<void> {
  const filter = recordFilter(options, Date.now())
  if (filter === undefined) return
  const place = await logPlace(options, options.file, '--file')
  if (place === undefined) return
  const most = options.lines ?? (options.follow === true && options.since === undefined ? BEFORE : undefined)
  const telling = new Telling(filter, printer(options.json === true ? 'json' : (options.format ?? 'pretty')), most)
  try {
    if (place.kind === 'store') await fromStore(place, telling, filter, options, most)
    else await fromFile(place.path, telling, options)
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error))
  }
  if (telling.told === 0 && options.follow !== true && process.exitCode === undefined) sayError(`note: ${place.path} has no such request\n`)
}
