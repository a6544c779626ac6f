// Where the firewall plane keeps what it must remember: what outlives the machine (the rules that were confirmed) and what must not (the apply that
// waits). Danger prevented: half a file after a power cut, and a folder in which others could leave rules for root to load.
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export interface Places {
  /** the lasting one; the others are in it, or under /run */
  readonly state: string
  readonly lastGood: string
  readonly closed: string
  readonly generations: string
  readonly undo: string
  readonly inForce: string
  readonly pending: string
  readonly outcome: string
  readonly lock: string
  /** which tables of iptables were there before ours */
  readonly tables: string
}

const STATE = '/var/lib/greengate/firewall'
/** Not in the gateway's own folder: that is its user's, who could put another in its place. */
const RUN = '/run/greengate-firewall'

export function placesIn(folder: string | undefined): Places {
  const state = folder === undefined ? STATE : resolve(folder)
  const run = folder === undefined ? RUN : join(state, 'run')
  return {
    state, lastGood: join(state, 'last-good.json'), closed: join(state, 'closed.json'), generations: join(state, 'generations.json'),
    undo: join(state, 'undo.json'), inForce: join(run, 'in-force.json'), pending: join(run, 'pending.json'), outcome: join(run, 'outcome.json'), lock: join(run, 'lock'), tables: join(run, 'tables.json'),
  }
}

/** What is wrong with the folders, else undefined. */
export function preparePlaces(places: Places): string | undefined {
  for (const folder of [places.state, dirname(places.lock)]) {
    try {
      if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder, { recursive: true, mode: 0o700 })
      const found = lstatSync(folder)
      if (!found.isDirectory()) return `${folder} is no folder`
      if (found.uid !== (process.getuid?.() ?? 0) && found.uid !== 0) return `${folder} belongs to another user`
      if ((found.mode & 0o022) !== 0) return `${folder} can be written by others`
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return undefined
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Written beside, brought to the disk, and moved into place: the whole of the old or the whole of the new. */
export function writeJson(path: string, value: unknown): void {
  const beside = `${path}.${process.pid}`
  const file = openSync(beside, 'w', 0o600)
  try {
    const text = Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`)
    for (let at = 0; at < text.length; ) at += writeSync(file, text, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(beside, path)
  sync(dirname(path))
}

/** undefined: it is not there. What cannot be read throws. */
export function readJson(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Error(`${path} is no JSON: half a file, or another's hand`)
  }
}

export function removeFile(path: string): void {
  try {
    unlinkSync(path)
    sync(dirname(path))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
