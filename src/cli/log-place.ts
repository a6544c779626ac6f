// Where the requests are kept: the file that is named, else what the running gateway says it writes, its store first. Danger prevented: an empty answer
// out of yesterday's file, because nobody said where today's is.
import { existsSync } from 'node:fs'
import { askStatus } from '../gateway/control.ts'
import { readStore } from '../gateway/store-schema.ts'
import type { DatabaseSync } from 'node:sqlite'
import { runningGateway } from './ask-gateway.ts'
import { failure, usageError } from './exit.ts'

export interface PlaceOptions {
  readonly store?: string
  readonly pidFile?: string
}

export type Place = { readonly kind: 'store'; readonly db: DatabaseSync; readonly path: string } | { readonly kind: 'file'; readonly path: string }

function store(path: string): Place | undefined {
  try {
    return { kind: 'store', db: readStore(path), path }
  } catch (error) {
    return void failure(`the store ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, 'it is the file that `greengate serve --store FILE` writes')
  }
}

/** `file`: an event log that is named. undefined: told on standard error, and the exit code is set. */
export async function logPlace(options: PlaceOptions, file: string | undefined, fileOption: string): Promise<Place | undefined> {
  if (options.store !== undefined && file !== undefined) return void usageError(`\`--store\` or \`${fileOption}\`, not both`)
  // who follows a file that is not there waits for ever, and sees a quiet day
  if (file !== undefined && file !== '-' && !existsSync(file)) return void failure(`\`${file}\` cannot be read: there is no such file`, `name another: \`${fileOption} FILE\``)
  if (file !== undefined) return { kind: 'file', path: file }
  if (options.store !== undefined) return store(options.store)
  const socket = await runningGateway(options.pidFile)
  const hint = `name the file: \`--store FILE\` (of \`greengate serve --store\`) or \`${fileOption} FILE\` (the event log)`
  if (socket === undefined) return void usageError('where are the requests kept? no gateway answers that could say', hint)
  try {
    const status = await askStatus(socket)
    if (status.store !== undefined) return store(status.store)
    if (status.eventLog !== undefined) return { kind: 'file', path: status.eventLog }
  } catch (error) {
    return void failure(`the gateway at ${socket} cannot be asked: ${error instanceof Error ? error.message : String(error)}`, hint)
  }
  return void usageError('the running gateway has no store and no event log in a file', 'begin it with `greengate serve --store FILE`')
}
