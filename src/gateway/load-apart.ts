// A policy loaded in a thread of its own (loader.ts), for the running gateway.
import { Worker } from 'node:worker_threads'
import type { Machine } from '../decision/machine.ts'
import type { Loaded } from './load.ts'
import type { ListFile } from './load-lists.ts'
import type { PackedSource } from './packed.ts'

export interface LoaderStart {
  readonly file: string
  readonly machine: Machine
  /** the list files of the policy in force */
  readonly before: readonly ListFile[]
  /** there is traffic already, and it comes first */
  readonly traffic: boolean
}

/** Without what is compiled: that cannot be sent. */
export type LoadedApart = Extract<Loaded, { ok: false }> | (Omit<Extract<Loaded, { ok: true }>, 'compiled' | 'source'> & { readonly source: PackedSource })

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './loader.ts' : './loader.js', import.meta.url)

export function loadApart(start: LoaderStart): Promise<LoadedApart> {
  return new Promise((resolve) => {
    const thread = new Worker(ENTRY, { workerData: start, name: 'greengate-loader' })
    let why = 'its thread ended'
    let loaded: LoadedApart | undefined
    thread.on('message', (message: LoadedApart) => {
      loaded = message
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
