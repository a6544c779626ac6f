// A policy for the running gateway: loaded in a thread of its own (loader.ts) where that takes long, else here. To begin a thread takes half a second of a
// processor, more than to load what most have.
import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { Machine } from '../decision/machine.ts'
import { parsePolicy } from '../policy/parse.ts'
import { loadPolicy } from './load.ts'
import type { LoadOptions, Loaded } from './load.ts'
import type { ListFile } from './load-lists.ts'
import { packSource } from './packed.ts'
import type { PackedSource } from './packed.ts'
import { readBounded } from './read-bounded.ts'

export interface LoaderStart {
  readonly file: string
  readonly machine: Machine
  /** the list files of the policy in force */
  readonly before: readonly ListFile[]
  /** in place of what the file says now */
  readonly text?: string
  /** there is traffic already, and it comes first */
  readonly traffic: boolean
  /** somebody waits for it, and wants to see how far it is */
  readonly watched?: boolean
}

/** How much of the lists is read, from 0 to 1. */
export type LoadStep = (share: number) => void

/** Without what is compiled: that cannot be sent. */
export type LoadedApart = Extract<Loaded, { ok: false }> | (Omit<Extract<Loaded, { ok: true }>, 'compiled' | 'source'> & { readonly source: PackedSource })

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './loader.ts' : './loader.js', import.meta.url)

/** Some hundred rules, and a hundred thousand names: some tens of milliseconds. */
const MOST_POLICY = 128 << 10
const MOST_LISTED = 2 << 20

export async function loadForTraffic(start: Omit<LoaderStart, 'watched'>, step?: LoadStep): Promise<LoadedApart> {
  return await isShort(start) ? packed(await loadPolicy(start.file, start.machine, loadOptions(start))) : loadApart({ ...start, watched: step !== undefined }, step)
}

export function loadOptions({ before, text }: LoaderStart): LoadOptions {
  return { before, ...(text === undefined ? {} : { text }) }
}

/** What can be sent: not what is compiled, which is for the policy's own tests; every worker makes its own. */
export function packed(loaded: Loaded): LoadedApart {
  if (!loaded.ok) return loaded
  const { compiled: _, ...rest } = loaded
  return { ...rest, source: packSource(loaded.source) }
}

async function isShort({ file, text: given }: LoaderStart): Promise<boolean> {
  if (given !== undefined && given.length > MOST_POLICY) return false
  let text: string
  try {
    text = given ?? await readBounded(file, MOST_POLICY)
  } catch {
    return false
  }
  const { partial } = parsePolicy(text, file)
  if (partial === undefined) return true
  let octets = 0
  for (const each of [...partial.lists.flatMap(({ domains, urls, expressions, hosts }) => [domains, urls, expressions, hosts]), ...partial.blocks.map((block) => block.file)]) {
    if (each === undefined) continue
    try {
      octets += (await stat(each)).size
    } catch {
      // whoever loads it tells
    }
  }
  return octets <= MOST_LISTED
}

function loadApart(start: LoaderStart, step?: LoadStep): Promise<LoadedApart> {
  return new Promise((resolve) => {
    const thread = new Worker(ENTRY, { workerData: start, name: 'greengate-loader' })
    let why = 'its thread ended'
    let loaded: LoadedApart | undefined
    thread.on('message', (message: LoadedApart | number) => {
      if (typeof message === 'number') step?.(message)
      else loaded = message
    })
    thread.on('error', (error: unknown) => {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    })
    // once it has ended, its memory is free
    thread.on('exit', () => resolve(loaded ?? {
      ok: false, diagnostics: [{ code: 'loader', severity: 'error', message: `the policy could not be loaded: ${why}`, place: { file: start.file, line: 1, column: 1 } }],
    }))
  })
}
