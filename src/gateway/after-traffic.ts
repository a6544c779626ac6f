// A thread that works behind the traffic. Danger prevented: a reload, or a list that is read, that competes with requests for a processor.
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Of `nice`: a tenth of a processor where the traffic wants all of it, and all of one that is idle. */
const PRIORITY = 10

/** Linux gives each thread a priority of its own. */
export function afterTraffic(): void {
  try {
    const thread = Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0])
    if (thread > 0 && thread !== process.pid) setPriority(thread, PRIORITY)
  } catch {
    // elsewhere it loads like everybody
  }
}
