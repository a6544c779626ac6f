// The two logs of the gateway: where their lines go, how they look there, and that a rotated file is opened anew. Danger prevented: lines lost
// without a number that says so.
import { resolve } from 'node:path'
import type { Privacy } from '../log/privacy.ts'
import { eventLog } from '../log/events.ts'
import type { EventLog } from '../log/events.ts'
import { prettyLines } from '../log/pretty.ts'
import { LogFile } from './log-file.ts'
import type { Store, StoreFigures } from './store.ts'

export interface LogOptions {
  /** a file, `-` (standard output) or `none` */
  readonly eventLog: string
  readonly accessLog: string | undefined
  /** what the logs may know of people; undefined: all */
  readonly privacy?: Privacy | undefined
}

export interface Logs {
  readonly events: boolean
  readonly access: boolean
  readonly privacy: Privacy | undefined
  /** the files that commands read, by their whole path: they are run elsewhere */
  readonly places: { readonly store?: string; readonly eventLog?: string }
  /** the event log goes to a person's terminal */
  readonly terminal: boolean
  /** what happens to the gateway itself */
  readonly gateway: EventLog['gateway']
  /** whole lines from a worker; `lost`: records that it had to drop */
  lines(events: string, access: string, lost: number): void
  /** undefined: there is no store */
  store(): StoreFigures | undefined
  /** requests that the store does not have */
  storeLost(lost: number): void
  /** returns what went wrong */
  reopen(): string[]
  end(): Promise<void>
}

/** A disk that stays full must not keep a gateway that ends. */
const END_MS = 3_000
/** Losses that go on are told so often. */
const TELL_MS = 10_000

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Throws where a file cannot be opened. `complain` tells a person; the log itself may be what fails. The store gets what the event log gets. */
export function openLogs(options: LogOptions, complain: (message: string) => void, store?: Store): Logs {
  const tellLost = (what: string, lost: number): void => {
    if (lost === 0) return
    complain(`${lost} ${what} were lost`)
    gateway('error', 'log-lost', `${lost} ${what} were lost`, { lost })
  }
  const open = (name: string, path: string | undefined): LogFile =>
    new LogFile(path === '-' ? undefined : path, {
      failed: (message) => complain(`the ${name} log cannot be written: ${message}`),
      recovered: (lost) => {
        complain(`the ${name} log is written again`)
        tellLost(`lines of the ${name} log`, lost)
      },
    })
  const events = options.eventLog === 'none' ? undefined : open('event', options.eventLog)
  const access = options.accessLog === undefined || options.accessLog === 'none' ? undefined : open('access', options.accessLog)
  const terminal = options.eventLog === '-' && process.stdout.isTTY === true
  const pretty = terminal ? prettyLines(process.env['NO_COLOR'] === undefined) : undefined

  const writeEvents = (lines: string): void => {
    if (pretty === undefined) events?.write(lines)
    else for (const line of lines.split('\n')) if (line !== '') events?.write(pretty(line))
  }
  const gateway = eventLog(writeEvents).gateway

  let dropped = 0
  let telling: NodeJS.Timeout | undefined
  const tellDropped = (): void => {
    clearTimeout(telling)
    telling = undefined
    tellLost('requests that the log could not keep up with', dropped)
    dropped = 0
  }
  return {
    events: events !== undefined || store !== undefined,
    access: access !== undefined,
    terminal,
    privacy: options.privacy,
    places: { ...(store === undefined ? {} : { store: resolve(store.path) }), ...(events === undefined || options.eventLog === '-' ? {} : { eventLog: resolve(options.eventLog) }) },
    gateway,
    store: () => store?.figures,
    storeLost: (lost) => tellLost('requests that the store could not keep up with', lost),
    lines(eventLines, accessLines, lost) {
      if (eventLines !== '') writeEvents(eventLines)
      access?.write(accessLines)
      store?.lines(eventLines)
      if (lost === 0) return
      store?.missing(lost)
      dropped += lost
      telling ??= setTimeout(tellDropped, TELL_MS).unref()
    },
    reopen() {
      const problems: string[] = []
      for (const file of [events, access]) {
        try {
          file?.reopen()
        } catch (error) {
          problems.push(reasonOf(error))
        }
      }
      return problems
    },
    async end() {
      tellDropped()
      // first, since what it lost is told in the log
      await store?.end()
      const written = Promise.all([events?.end(), access?.end()])
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, END_MS)
      })
      await Promise.race([written, late])
      clearTimeout(timer)
      for (const [name, file] of [['event', events], ['access', access]] as const) if (file !== undefined && file.lost > 0) complain(`${file.lost} lines of the ${name} log were lost`)
    },
  }
}
