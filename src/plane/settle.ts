// Queues and routes of the rules in force that are missing: an interface came up after the rules were loaded, a modem's or all at the machine's start, or
// somebody took them away. Danger prevented: a limit that holds until the line is dialled anew.
import { renderBesideCheck } from '../firewall/beside.ts'
import { runTool } from '../kernel/tool.ts'
import { putBeside } from './beside.ts'
import type { BesidePut } from './beside.ts'
import { locked } from './lock.ts'
import type { Places } from './places.ts'
import { readKept } from './recover.ts'

/** undefined: nothing was missing. While an apply waits too: its rules are in force. */
export async function settleBeside(places: Places): Promise<BesidePut | undefined> {
  const wanted = readKept(places.inForce)?.beside
  if (wanted === undefined || (await runTool('sh', ['-s'], renderBesideCheck(wanted))).code === 0) return undefined
  const done = await locked(places.lock, 'queues and routes', async () => {
    const now = readKept(places.inForce)?.beside
    return now === undefined ? undefined : await putBeside({ beside: now })
  })
  return done.ok ? done.value : { kind: 'failed', words: done.problem }
}
