// The worker threads, seen from the main thread: started, given a new policy in two steps, replaced when one dies, drained. Dangers
// prevented: a worker that goes on with an old policy unseen, and a crash at start-up that becomes a busy loop of restarts.
import { Worker } from 'node:worker_threads'
import { allowanceBuffer } from '../log/allowance.ts'
import type { Privacy } from '../log/privacy.ts'
import type { LiveTunnel } from '../proxy/gate.ts'
import { forgetWorker } from '../proxy/counters.ts'
import type { FromWorker, Listen, Live, ToWorker, WorkerStart } from './messages.ts'
import type { Standing, Tally } from './tally.ts'

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** A worker that lived so long did not die of its start. */
const STEADY_MS = 30_000
/** One that says nothing for so long while the others wait hangs in a loop; it is ended and replaced. */
const STUCK_MS = 60_000
const CUT_MS = 1_000
/** A worker in a long stretch of work must not keep whoever reads figures: they are a second old then. */
const COUNT_MS = 500

export interface WorkersOptions {
  readonly count: number
  readonly listens: readonly Listen[]
  readonly counters: SharedArrayBuffer
  readonly events: boolean
  readonly access: boolean
  readonly privacy?: Privacy | undefined
  /** one task after the other: a swap and a replacement never run at once */
  readonly turn: <T>(task: () => Promise<T>) => Promise<T>
  readonly onLines: (events: string, access: string, lost: number) => void
  readonly onCounted: (worker: number, tally: Tally, standing: Standing) => void
  readonly onNote: (message: string) => void
  readonly onLost: (worker: number, why: string, pauseMs: number) => void
  readonly onReplaced: (worker: number) => void
}

interface Hand {
  readonly thread: Worker
  readonly startedAt: number
  readonly waiting: Set<(message: FromWorker | undefined) => void>
  gone: boolean
}

/** The next message of one of these kinds; undefined when the worker ends before. */
function next(hand: Hand, kinds: readonly FromWorker['kind'][], generation?: number): Promise<FromWorker | undefined> {
  return new Promise((resolve) => {
    if (hand.gone) return resolve(undefined)
    const take = (message: FromWorker | undefined): void => {
      if (message !== undefined && !kinds.includes(message.kind)) return
      if (message !== undefined && generation !== undefined && 'generation' in message && message.generation !== generation) return
      hand.waiting.delete(take)
      resolve(message)
    }
    hand.waiting.add(take)
  })
}

function say(hand: Hand, message: ToWorker): void {
  hand.thread.postMessage(message)
}

async function asked(hand: Hand, message: ToWorker & { readonly kind: 'prepare' | 'commit' }, generation: number): Promise<FromWorker | undefined> {
  const answer = next(hand, message.kind === 'prepare' ? ['prepared', 'refused'] : ['committed'], generation)
  say(hand, message)
  const stuck = setTimeout(() => void hand.thread.terminate(), STUCK_MS)
  try {
    return await answer
  } finally {
    clearTimeout(stuck)
  }
}

export class Workers {
  readonly #options: WorkersOptions
  readonly #hands: (Hand | undefined)[]
  readonly #deaths: number[]
  readonly #allowance = allowanceBuffer()
  /** characters of log lines that each worker sent and nobody took yet */
  readonly #underWay: SharedArrayBuffer
  #live: Live
  #ending = false

  constructor(options: WorkersOptions, live: Live) {
    this.#options = options
    this.#live = live
    this.#underWay = new SharedArrayBuffer(options.count * 4)
    this.#hands = Array.from({ length: options.count }, () => undefined)
    this.#deaths = this.#hands.map(() => 0)
  }

  /** What keeps the first of them from listening; undefined when all do. */
  async start(): Promise<string | undefined> {
    const problems = await Promise.all(this.#hands.map((_, worker) => this.#spawn(worker)))
    return problems.find((problem) => problem !== undefined)
  }

  /** Every worker compiles, then every worker changes over. What one of them says against it, else undefined. */
  async swap(live: Live): Promise<string | undefined> {
    const { generation } = live
    const hands = this.#hands.filter((hand) => hand !== undefined)
    const answers = await Promise.all(hands.map((hand) => asked(hand, { kind: 'prepare', live }, generation)))
    const refused = answers.find((answer) => answer?.kind === 'refused')
    if (refused?.kind === 'refused') {
      for (const hand of hands) say(hand, { kind: 'abandon', generation })
      return refused.message
    }
    this.#live = live
    await Promise.all(hands.map((hand) => asked(hand, { kind: 'commit', generation }, generation)))
    return undefined
  }

  /** The old policy's tables are wanted no more. */
  collect(): void {
    for (const hand of this.#hands) if (hand !== undefined) say(hand, { kind: 'collect' })
  }

  /** Resolves when nothing is under way in any of them. */
  async drain(): Promise<void> {
    await this.#finish('drain')
  }

  /** What is under way is cut; what was recorded of it still arrives. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, CUT_MS)
    })
    await Promise.race([this.#finish('cut'), late])
    clearTimeout(timer)
    await Promise.all(this.#hands.map((hand) => hand?.thread.terminate()))
  }

  async #finish(kind: 'drain' | 'cut'): Promise<void> {
    this.#ending = true
    const hands = this.#hands.filter((hand) => hand !== undefined)
    await Promise.all(hands.map((hand) => {
      const done = next(hand, ['drained'])
      say(hand, { kind })
      return done
    }))
  }

  get running(): number {
    return this.#hands.filter((hand) => hand !== undefined).length
  }

  /** Characters of log lines that nobody took yet. */
  get logQueued(): number {
    return new Int32Array(this.#underWay).reduce((sum, each) => sum + each, 0)
  }

  /** Resolves when each has told what it counted, or takes too long. */
  async count(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, COUNT_MS)
    })
    const counted = this.#hands.filter((hand) => hand !== undefined).map((hand) => {
      const answer = next(hand, ['counted'])
      say(hand, { kind: 'count' })
      return answer
    })
    await Promise.race([Promise.all(counted), late])
    clearTimeout(timer)
  }

  /** What is open, of those that answer in time. */
  async tunnels(): Promise<readonly LiveTunnel[]> {
    const found: LiveTunnel[] = []
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, COUNT_MS)
    })
    const told = this.#hands.filter((hand) => hand !== undefined).map(async (hand) => {
      const answer = next(hand, ['tunnels'])
      say(hand, { kind: 'list-tunnels' })
      const message = await answer
      if (message?.kind === 'tunnels') found.push(...message.tunnels)
    })
    await Promise.race([Promise.all(told), late])
    clearTimeout(timer)
    return found
  }

  /** The threads, for whoever watches or tries them. */
  get threads(): readonly Worker[] {
    return this.#hands.flatMap((hand) => (hand === undefined ? [] : [hand.thread]))
  }

  async #spawn(worker: number): Promise<string | undefined> {
    const { listens, counters, events, access, privacy } = this.#options
    const start: WorkerStart = { worker, live: this.#live, listens, counters, events, access, privacy, allowance: this.#allowance, underWay: this.#underWay }
    // what its predecessor sent last may never have come
    Atomics.store(new Int32Array(this.#underWay), worker, 0)
    const thread = new Worker(ENTRY, { workerData: start, name: `greengate-${worker}` })
    const hand: Hand = { thread, startedAt: performance.now(), waiting: new Set(), gone: false }
    let why = 'it ended'
    thread.on('message', (message: FromWorker) => {
      if (message.kind === 'lines') this.#lines(worker, message)
      else if (message.kind === 'counted') {
        this.#options.onCounted(worker, message.tally, message.standing)
        for (const take of [...hand.waiting]) take(message)
      }
      else if (message.kind === 'note') this.#options.onNote(message.message)
      else for (const take of [...hand.waiting]) take(message)
    })
    thread.on('error', (error: unknown) => {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    })
    thread.on('exit', () => {
      hand.gone = true
      for (const take of [...hand.waiting]) take(undefined)
      if (this.#hands[worker] === hand) this.#lost(worker, hand, why)
    })
    const answer = await next(hand, ['listening', 'failed'])
    if (answer?.kind === 'listening') {
      this.#hands[worker] = hand
      return undefined
    }
    await thread.terminate()
    return answer?.kind === 'failed' ? answer.message : why
  }

  #lines(worker: number, { events, access, lost }: Extract<FromWorker, { readonly kind: 'lines' }>): void {
    this.#options.onLines(events, access, lost)
    Atomics.sub(new Int32Array(this.#underWay), worker, events.length + access.length)
  }

  #lost(worker: number, hand: Hand, why: string): void {
    this.#hands[worker] = undefined
    forgetWorker(this.#options.counters, worker)
    if (this.#ending) return
    if (performance.now() - hand.startedAt > STEADY_MS) this.#deaths[worker] = 0
    this.#replace(worker, why)
  }

  #replace(worker: number, why: string): void {
    const deaths = this.#deaths[worker] ?? 0
    this.#deaths[worker] = deaths + 1
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** deaths, LONGEST_PAUSE_MS)
    this.#options.onLost(worker, why, pauseMs)
    setTimeout(() => void this.#options.turn(async () => {
      if (this.#ending) return
      const problem = await this.#spawn(worker)
      if (problem === undefined) this.#options.onReplaced(worker)
      else this.#replace(worker, problem)
    }), pauseMs)
  }
}
