// What is known of a list that is fetched: kept beside its file, so that the next look asks only whether there is something new. Danger prevented: the
// name of an old version kept for a file that somebody changed since, so that it never becomes right again.
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ListSource } from '../policy/policy.ts'

export interface ListState {
  readonly url: string
  /** of the file that these names are of */
  readonly sha256: string
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
  /** epoch milliseconds: it was asked and answered; its content last changed */
  readonly checkedAt: number
  readonly changedAt: number
}

export function listFile(source: ListSource): string | undefined {
  return source.domains ?? source.urls ?? source.expressions ?? source.hosts
}

function stateFile(file: string): string {
  return `${file}.fetched`
}

export function readState(file: string): ListState | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(stateFile(file), 'utf8'))
    if (typeof state !== 'object' || state === null || !('url' in state) || !('sha256' in state) || !('checkedAt' in state) || !Number.isFinite(state.checkedAt)) return undefined
    return state as ListState
  } catch {
    return undefined
  }
}

export function writeState(file: string, state: ListState): void {
  const made = `${stateFile(file)}.new`
  writeFileSync(made, `${JSON.stringify(state)}\n`, { mode: 0o644 })
  renameSync(made, stateFile(file))
}

/** undefined: there is no such file. */
export async function digestOf(file: string): Promise<string | undefined> {
  const digest = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) digest.update(chunk)
    return digest.digest('hex')
  } catch {
    return undefined
  }
}
