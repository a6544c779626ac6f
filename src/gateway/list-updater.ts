// The thread in which lists are fetched and read: what it takes of time and memory is not the main thread's. Danger prevented: log lines, and a reload, that
// wait until a list of millions has been read.
import { parentPort, workerData } from 'node:worker_threads'
import type { Machine } from '../decision/machine.ts'
import { atOnce } from '../decision/steps.ts'
import { afterTraffic } from './after-traffic.ts'
import { unpackSource } from './packed.ts'
import type { PackedSource } from './packed.ts'
import { updateLists } from './update-lists.ts'

export interface UpdaterStart {
  readonly source: PackedSource
  readonly machine: Machine
  readonly names: readonly string[]
}

const { source, machine, names } = workerData as UpdaterStart
afterTraffic()
parentPort?.postMessage(await updateLists(atOnce(unpackSource(source)), machine, names))
