// Flows as they come and go, from the kernel's own events (conntrack). Danger prevented: a follower that outlives whoever reads it.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { parseFlow } from './conntrack.ts'
import type { Flow } from './conntrack.ts'
import { companion, plainly } from './companion.ts'

export interface FlowEvent {
  readonly event: 'new' | 'end'
  /** epoch milliseconds */
  readonly time: number
  readonly flow: Flow
}

/** `[1795996086.911911]	    [NEW] ipv4     2 tcp      6 120 SYN_SENT src=...` */
export function parseFlowEvent(line: string): FlowEvent | undefined {
  const match = /^\[(\d+\.\d+)\]\s*\[(NEW|DESTROY)\]\s(.*)$/.exec(line)
  const flow = match === null ? undefined : parseFlow(match[3] ?? '')
  return match === null || flow === undefined ? undefined : { event: match[2] === 'NEW' ? 'new' : 'end', time: Math.floor(Number(match[1]) * 1000), flow }
}

/** So many octets of events the kernel keeps for us while we are busy. */
const BUFFER = 8 << 20

/** Until `signal`; throws where conntrack is missing, or ends by itself. */
export async function* flowEvents(signal: AbortSignal): AsyncGenerator<FlowEvent, void, undefined> {
  const child = companion('conntrack', ['-E', '-e', 'NEW,DESTROY', '-o', 'extended,timestamp', '-b', String(BUFFER)])
  let said = ''
  const closed = Promise.race([once(child, 'close'), once(child, 'error')]).catch(() => {})
  child.on('error', (error: NodeJS.ErrnoException) => {
    said = error.code === 'ENOENT' ? 'conntrack is not installed' : error.message
    child.stdout.destroy()
  })
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${String(chunk)}`.slice(-1_000)))
  const stop = (): void => {
    child.kill('SIGINT')
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const event = parseFlowEvent(line)
      if (event !== undefined) yield event
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
  // what it said may come after its last word on standard output
  await closed
  if (!signal.aborted) throw new Error(plainly(said.trim().split('\n')[0] || 'conntrack ended'))
}
