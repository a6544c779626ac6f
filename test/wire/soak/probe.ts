// Loaded by `--import` before the gateway's own code, in its main thread and in each worker: tells the heap, the timers and the sockets of each
// thread from inside, collects garbage when asked, and ends a worker as a crash would (an uncaught error, or an exit). A worker is a thread: from
// outside nobody can end it alone, and the inspector would bring a thread, a port and a protocol of its own into what is measured. Nothing of it is in src.
import { createServer } from 'node:net'
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads'

export interface ThreadFigures {
  /** -1: the main thread */
  readonly worker: number
  readonly heapUsed: number
  readonly external: number
  readonly arrayBuffers: number
  /** what keeps the thread awake, counted by kind (process.getActiveResourcesInfo) */
  readonly resources: Readonly<Record<string, number>>
}

export interface ProbeAsk {
  readonly do: 'figures' | 'collect' | 'throw' | 'exit' | 'snapshot'
  /** of `throw`, `exit` and `snapshot` */
  readonly worker?: number
  readonly file?: string
}

interface Said {
  readonly ask: ProbeAsk
  readonly id: number
}

const CHANNEL = 'greengate-soak'
const PATIENCE_MS = 5_000
export const KILLED = 'killed by the soak'

function workerNumber(): number {
  const data: unknown = workerData
  return !isMainThread && typeof data === 'object' && data !== null && 'worker' in data ? Number(data.worker) : -1
}

const me = workerNumber()
let collect: (() => void) | undefined

function gc(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
}

function figures(): ThreadFigures {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  return { worker: me, heapUsed, external, arrayBuffers, resources }
}

/** Garbage may hold what only the next round frees (finalizers, buffers). */
async function perform(ask: ProbeAsk): Promise<ThreadFigures> {
  if (ask.do === 'collect') {
    for (let round = 0; round < 3; round++) {
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  if (ask.do === 'snapshot' && ask.worker === me) writeHeapSnapshot(ask.file)
  return figures()
}

function worker(): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.unref()
  channel.onmessage = (event) => {
    const { ask, id } = (event as unknown as { readonly data: Said }).data
    if (ask === undefined) return
    if ((ask.do === 'throw' || ask.do === 'exit') && ask.worker === me) {
      if (ask.do === 'exit') process.exit(1)
      setImmediate(() => {
        throw new Error(KILLED)
      })
      return
    }
    void perform(ask).then((told) => channel.postMessage({ told, id }))
  }
}

/** One line of JSON asks, one line answers; `threads` is how many workers are expected to answer. */
function main(path: string): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.unref()
  const waiting = new Map<number, (told: ThreadFigures) => void>()
  channel.onmessage = (event) => {
    const { told, id } = (event as unknown as { readonly data: { readonly told?: ThreadFigures; readonly id: number } }).data
    if (told !== undefined) waiting.get(id)?.(told)
  }
  let last = 0
  const everybody = async (ask: ProbeAsk, workers: number): Promise<readonly ThreadFigures[]> => {
    const id = ++last
    const all: ThreadFigures[] = []
    const answered = new Promise<void>((resolve) => {
      waiting.set(id, (told) => {
        all.push(told)
        if (all.length >= workers) resolve()
      })
      setTimeout(resolve, workers === 0 ? 0 : PATIENCE_MS).unref()
    })
    channel.postMessage({ ask, id })
    const own = await perform(ask)
    await answered
    waiting.delete(id)
    return [own, ...all.sort((a, b) => a.worker - b.worker)]
  }
  const server = createServer((socket) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => {
      text += chunk
      if (!text.endsWith('\n')) return
      const { workers, ...ask } = JSON.parse(text) as ProbeAsk & { readonly workers: number }
      void everybody(ask, workers).then((told) => socket.end(`${JSON.stringify(told)}\n`))
    })
  })
  server.listen(path)
  server.unref()
}

const path = process.env['GREENGATE_SOAK_PROBE']
if (path !== undefined) {
  if (me >= 0) worker()
  else if (isMainThread) main(path)
}
