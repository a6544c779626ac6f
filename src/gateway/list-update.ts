// One list brought up to date: asked for, held against its digest, read as its layout, and only then put in the place of the old file, which is kept until the
// policy has been loaded with the new one. Danger prevented: an error page, or what a stranger put there, in the place of a list.
import { linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { CompiledPolicy } from '../decision/compile.ts'
import { ListReader } from '../lists/reader.ts'
import type { Layout } from '../lists/reader.ts'
import type { ListSource } from '../policy/policy.ts'
import type { Resolver } from '../proxy/resolve.ts'
import { fetchList } from './list-fetch.ts'
import type { FetchOptions } from './list-fetch.ts'
import { digestOf, listFile, readState, writeState } from './list-state.ts'

export interface ListEnd {
  readonly list: string
  readonly result: 'new' | 'same' | 'failed'
  /** why it failed, else how much there is */
  readonly told: string
}

export interface UpdateOptions extends Pick<FetchOptions, 'mostOctets' | 'totalMs'> {
  readonly compiled: CompiledPolicy
  readonly resolver: Resolver
}

const BEFORE = '.before'
const CHUNK = 1 << 20

function layoutOf(source: ListSource): Layout {
  return source.domains !== undefined ? 'domains' : source.urls !== undefined ? 'urls' : source.expressions !== undefined ? 'expressions' : 'hosts'
}

/** What it is as a list; throws where it is none. */
async function entriesOf(path: string, layout: Layout): Promise<number> {
  const reader = new ListReader(layout, statSync(path).size)
  const handle = await open(path)
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, null)
      if (bytesRead === 0) break
      reader.push(buffer.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
  const { entries, badLines, firstBad } = reader.end()
  if (entries === 0) throw new Error(`what came has no entry of a list of ${layout}`)
  if (badLines > entries) throw new Error(`what came is no list of ${layout}: ${badLines} of its lines are none, the first is line ${firstBad?.line ?? 1}`)
  return entries
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (error.name === 'TimeoutError') return 'it takes too long'
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return `this user may not write there: ${error.message}`
  return cause instanceof Error && !error.message.includes(cause.message) ? `${error.message}: ${cause.message}` : error.message
}

export async function updateList(source: ListSource, options: UpdateOptions): Promise<ListEnd> {
  const end = (result: ListEnd['result'], told: string): ListEnd => ({ list: source.name, result, told })
  const file = listFile(source)
  if (source.fetch === undefined || file === undefined) return end('failed', 'it has no `url`')
  const { url } = source.fetch
  // one a process: whoever updates beside it does not write into it
  const made = `${file}.${process.pid}.new`
  try {
    const now = Date.now()
    const there = await digestOf(file)
    const state = readState(file)
    const known = state !== undefined && state.url === url && state.sha256 === there ? state : undefined
    // nothing else would be taken
    if (source.sha256 !== undefined && there === source.sha256) {
      writeState(file, { changedAt: now, ...known, url, sha256: there, checkedAt: now })
      return end('same', 'it is what `sha256` says')
    }
    const fetched = await fetchList({ ...options, url, into: made, etag: known?.etag, lastModified: known?.lastModified })
    if (fetched.kind === 'same' && known !== undefined) {
      writeState(file, { ...known, checkedAt: now })
      return end('same', 'the server says that it has not changed')
    }
    if (fetched.kind === 'same') return end('failed', 'the server says that nothing changed, of what it was not told')
    const { sha256, etag, lastModified } = fetched
    if (source.sha256 !== undefined && sha256 !== source.sha256) return end('failed', `what came is not what \`sha256\` says: it is ${sha256}`)
    if (sha256 === there) {
      writeState(file, { changedAt: now, ...known, url, sha256, etag, lastModified, checkedAt: now })
      return end('same', 'what came is what is there')
    }
    const entries = await entriesOf(made, layoutOf(source))
    rmSync(`${file}${BEFORE}`, { force: true })
    if (there !== undefined) linkSync(file, `${file}${BEFORE}`)
    renameSync(made, file)
    writeState(file, { url, sha256, etag, lastModified, checkedAt: now, changedAt: now })
    return end('new', `${entries} ${entries === 1 ? 'entry' : 'entries'}`)
  } catch (error) {
    return end('failed', reasonOf(error))
  } finally {
    rmSync(made, { force: true })
  }
}

/** The policy holds with it: the old one is wanted no more. */
export function settleList(source: ListSource): void {
  const file = listFile(source)
  if (file !== undefined) rmSync(`${file}${BEFORE}`, { force: true })
}

/** The policy does not hold with it: the old one comes back, where there was one. */
export function takeBackList(source: ListSource): boolean {
  const file = listFile(source)
  if (file === undefined) return false
  try {
    renameSync(`${file}${BEFORE}`, file)
    // what is known of the new one says nothing of this; so it is asked for anew
    rmSync(`${file}.fetched`, { force: true })
    return true
  } catch {
    return false
  }
}
