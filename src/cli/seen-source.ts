// `--log` and `--since` of the commands that learn from the past: recorded requests, one by one, from wherever they are kept. Danger prevented: a
// report on a file that could not be read, or whose lines nobody understood, that looks like a quiet week.
import { realpathSync } from 'node:fs'
import { seenFromJson } from '../log/seen-json.ts'
import { isJsonLine, seenFromSquid } from '../log/seen-squid.ts'
import type { SeenRequest } from '../log/seen.ts'
import { readMend, whyUnread } from '../gateway/file-fault.ts'
import { storedLines } from '../gateway/read-records.ts'
import { logLines, logParts, strangeParts } from '../gateway/read-log.ts'
import type { LogFilePart } from '../gateway/read-log.ts'
import { parseTime } from '../policy/schedule.ts'
import { parseDuration } from '../policy/sizes.ts'
import { failure, usageError } from './exit.ts'
import { Progress } from './progress.ts'
import { counted } from './replay-text.ts'
import { sayError } from './say.ts'

export interface SeenOptions {
  readonly store?: string
  readonly log?: readonly string[]
  readonly since?: string
}

export interface SeenSource {
  /** epoch milliseconds */
  readonly since: number | undefined
  /** gives each recorded request; false: told on standard error, and the exit code is set */
  each(give: (seen: SeenRequest) => void): Promise<boolean>
}

/** `--log`, given more than once: all of them. */
export function logsOption(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

export function partsOf(files: readonly string[], since: number | undefined): readonly LogFilePart[] | { readonly problem: string; readonly hint: string } {
  const parts: LogFilePart[] = []
  for (const file of files) {
    if (file === '-') {
      parts.push({ path: file, changed: Number.POSITIVE_INFINITY, size: 0 })
      continue
    }
    try {
      parts.push(...logParts(file))
      for (const path of strangeParts(file)) sayError(`note: ${path} is not read: unpack it first, or have it packed by gzip\n`)
    } catch (error) {
      return { problem: `\`${file}\` cannot be read: ${whyUnread(error)}`, hint: readMend(error) }
    }
  }
  // one file under two names is counted once
  const once = [...new Map(parts.map((part) => [part.path === '-' ? part.path : realpathSync(part.path), part])).values()]
  return since === undefined ? once : once.filter(({ changed }) => changed >= since)
}

/** Told of a file that breaks off, or that the disk does not give. */
export function tellBroken(path: string, error: unknown): void {
  sayError(`note: ${path} could be read in part only: ${error instanceof Error ? error.message : String(error)}\n`)
}

/** What could not be read, or not understood, is told. False: that was all of it, which is no quiet week; the exit code is set. */
export function someRead(understood: number, unread: number, broken: number, example = ''): boolean {
  if (unread > 0) sayError(`note: ${counted(unread, 'line')} ${unread === 1 ? 'is' : 'are'} neither of our event log nor of Squid's access log${example === '' ? '' : `; the first: ${example}`}\n`)
  if (understood > 0 || (unread === 0 && broken === 0)) return true
  if (unread > 0) usageError('no line of the log could be understood', 'give the event log that `serve --event-log` writes, or a Squid access log in its native form or `combined`')
  else failure('nothing of the log could be read', 'run it as a user who may read it, or name another: `--log FILE`')
  return false
}

async function readParts(parts: readonly LogFilePart[], since: number | undefined, give: (seen: SeenRequest) => void): Promise<boolean> {
  const progress = new Progress(parts.reduce((sum, { size }) => sum + size, 0))
  let unread = 0
  let understood = 0
  let broken = 0
  let example = ''
  for (const { path, size } of parts) {
    try {
      for await (const { lines, read } of logLines(path)) {
        for (const line of lines) {
          if (line === '') continue
          const seen = isJsonLine(line) ? seenFromJson(line) : seenFromSquid(line)
          if (seen === 'unread') {
            unread += 1
            if (example === '') example = line.slice(0, 80)
            continue
          }
          understood += 1
          if (seen !== 'skip' && (since === undefined || seen.time >= since)) give(seen)
        }
        progress.at(read)
      }
    } catch (error) {
      progress.end()
      broken += 1
      tellBroken(path, error)
    }
    progress.done(size)
  }
  progress.end()
  return someRead(understood, unread, broken, example)
}

function readStored(store: string, since: number | undefined, give: (seen: SeenRequest) => void): boolean {
  try {
    for (const line of storedLines(store, since)) {
      const seen = seenFromJson(line)
      if (typeof seen === 'object') give(seen)
    }
    return true
  } catch (error) {
    usageError(`the store \`${store}\` cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

/** undefined: told on standard error, and the exit code is set. */
export function seenSource(options: SeenOptions, timezone: string, now: number): SeenSource | undefined {
  const ago = options.since === undefined ? undefined : parseDuration(options.since)
  const since = options.since === undefined ? undefined : ago === undefined ? parseTime(options.since, timezone) : now - ago
  if (options.since !== undefined && since === undefined) return void usageError(`\`${options.since}\` is no time`, 'write it like 2026-11-20T17:30, or how long ago: `10m`, `2h`, `1d`')
  const { store } = options
  if (store !== undefined) {
    if (options.log !== undefined) return void usageError('the past is named twice', 'either `--store FILE` or `--log FILE`')
    return { since, each: async (give) => readStored(store, since, give) }
  }
  if (options.log === undefined || options.log.length === 0) return void usageError('which log?', 'name a store: `--store FILE`; or an event log or a Squid access log: `--log FILE`')
  const parts = partsOf(options.log, since)
  if ('problem' in parts) return void usageError(parts.problem, parts.hint)
  return { since, each: (give) => readParts(parts, since, give) }
}
