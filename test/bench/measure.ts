// The rounds themselves: each case before each proxy in turn, forwards and then backwards, so that what the machine does meanwhile falls on all of
// them alike. What a round cost is read from the kernel, not from the load generator.
import { spawnSync } from 'node:child_process'
import { loadWords, warmWords } from './cases.ts'
import type { Case } from './cases.ts'
import { Contender, pause } from './contender.ts'
import type { Plan } from './contender.ts'
import type { Outcome, Tools } from './tools.ts'

export interface Round {
  /** in the unit of the case; undefined: nothing was done, or the kernel does not tell */
  readonly value: number | undefined
  readonly outcome: Outcome
  /** of the processor time of the worker threads; empty with one worker */
  readonly shares: readonly number[]
  /** the same for the workers' threads alone: what a request waits for, without those that write logs */
  readonly worker?: number
}

const GIB = 2 ** 30
/** the last lines are written and the last sockets closed */
const REST_MS = 30
const SPARE = 0.85
const MOST_WARMING = 6
const WARM = 0.95
const TUNNELS_REST_MS = 2_000

function valueOf({ figure }: Case, cpuMs: number, { done, bytes, p50 }: Outcome): number | undefined {
  if (done === 0) return undefined
  if (figure === 'latency') return p50
  return figure === 'bulk' ? cpuMs / 1e3 / (bytes / GIB) : (cpuMs * 1e3) / done
}

function sharesOf(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): readonly number[] {
  const times = [...after].sort().map(([name, value]) => value - (before.get(name) ?? 0))
  const all = times.reduce((sum, each) => sum + each, 0)
  return times.length < 2 || all === 0 ? [] : times.map((each) => each / all)
}

/** Until a round costs as much as the one before: code is compiled, buffers have grown, connections stand. By seconds alone a busy machine warms nobody. */
async function warm(each: Case, contender: Contender, tools: Tools, scale: number): Promise<void> {
  let last = Number.POSITIVE_INFINITY
  for (let round = 0; round < MOST_WARMING; round++) {
    const cpu = contender.cpu()
    const outcome = await tools.load(warmWords(each, scale), contender.port)
    const cost = (contender.cpu() - cpu) / Math.max(1, each.figure === 'bulk' ? outcome.bytes : outcome.done)
    if (cost > last * WARM || outcome.done === 0) return
    last = cost
  }
}

export async function measureCase(each: Case, contenders: readonly Contender[], tools: Tools, rounds: number, scale: number): Promise<ReadonlyMap<string, readonly Round[]>> {
  const figures = new Map<string, Round[]>(contenders.map(({ title }) => [title, []]))
  for (const contender of contenders) await warm(each, contender, tools, scale)
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      const [workers, cpu] = [contender.workers(), contender.cpu()]
      const outcome = await tools.load(loadWords(each, scale), contender.port)
      await pause(REST_MS)
      const spent = contender.cpu() - cpu
      const after = contender.workers()
      const own = [...after].reduce((sum, [name, value]) => sum + value - (workers.get(name) ?? 0), 0)
      const worker = own > 0 && each.figure === 'cpu' ? valueOf(each, own, outcome) : undefined
      figures.get(contender.title)?.push({ value: valueOf(each, spent, outcome), outcome, shares: sharesOf(workers, after), ...(worker === undefined ? {} : { worker }) })
    }
  }
  return figures
}

/** Two descriptors of the proxy a tunnel, and some to spare: Traffic Server takes no more at nine tenths of what it may have. */
export function mostTunnels(wanted: number): number {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout)
  return Number.isFinite(limit) ? Math.max(1, Math.min(wanted, Math.floor((limit * SPARE) / 2))) : wanted
}

/** A proxy of its own, young: what a long run left in its heap would hide what a tunnel takes. */
export async function measureIdle(each: Case, plan: Plan, start: (plan: Plan) => Promise<Contender>, tools: Tools, scale: number): Promise<Round> {
  const count = mostTunnels(Math.max(1, Math.round(each.connections * scale)))
  const contender = await start(plan)
  try {
    await pause(plan.settleMs * scale)
    await tools.load(['connect', 'connections=4', `seconds=${0.5 * scale}`], contender.port)
    await pause(plan.settleMs * scale)
    const before = contender.memory()
    let during: number | undefined
    const outcome = await tools.load(['idle', `connections=${count}`], contender.port, async () => {
      await pause(TUNNELS_REST_MS * scale)
      during = contender.memory()
    })
    const known = before !== undefined && during !== undefined && outcome.done > 0
    return { value: known ? (during ?? 0) / outcome.done - (before ?? 0) / outcome.done : undefined, outcome, shares: [] }
  } finally {
    await contender.stop()
  }
}
