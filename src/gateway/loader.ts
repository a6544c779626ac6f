// The thread that loads a policy and then ends, with all the memory that loading took. Dangers prevented: a reload of thousands of rules or
// millions of names for which the main thread takes no log lines, and that competes with the traffic for a processor.
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { packed } from './load-apart.ts'
import type { LoadedApart, LoaderStart } from './load-apart.ts'
import { loadPolicy } from './load.ts'

/** Of `nice`: a tenth of a processor where the traffic wants all of it, and all of one that is idle. */
const PRIORITY = 10

/** Linux gives each thread a priority of its own. */
function afterTraffic(): void {
  try {
    const thread = Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0])
    if (thread > 0 && thread !== process.pid) setPriority(thread, PRIORITY)
  } catch {
    // elsewhere it loads like everybody
  }
}

const { file, machine, before, traffic } = workerData as LoaderStart
if (traffic) afterTraffic()
const loaded = await loadPolicy(file, machine, { before })
parentPort?.postMessage(packed(loaded) satisfies LoadedApart)
