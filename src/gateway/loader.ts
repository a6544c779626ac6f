// The thread that loads a policy and then ends, with all the memory that loading took. Dangers prevented: a reload of thousands of rules or
// millions of names for which the main thread takes no log lines, and that competes with the traffic for a processor.
import { parentPort, workerData } from 'node:worker_threads'
import { afterTraffic } from './after-traffic.ts'
import { loadOptions, packed } from './load-apart.ts'
import type { LoadedApart, LoaderStart } from './load-apart.ts'
import { loadPolicy } from './load.ts'

const start = workerData as LoaderStart
if (start.traffic) afterTraffic()
const loaded = await loadPolicy(start.file, start.machine, { ...loadOptions(start), ...(start.watched === true ? { step: (share: number) => parentPort?.postMessage(share) } : {}) })
parentPort?.postMessage(packed(loaded) satisfies LoadedApart)
