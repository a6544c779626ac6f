// The thread that loads a policy and then ends, with all the memory that loading took. Dangers prevented: a reload of thousands of rules or
// millions of names for which the main thread takes no log lines, and that competes with the traffic for a processor.
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { loadOptions, packed } from './load-apart.ts'
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

const start = workerData as LoaderStart
if (start.traffic) afterTraffic()
const loaded = await loadPolicy(start.file, start.machine, loadOptions(start))
parentPort?.postMessage(packed(loaded) satisfies LoadedApart)
