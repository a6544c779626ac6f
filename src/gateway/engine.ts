// How the engine keeps what a gateway makes, and how soon it compiles. Danger prevented: memory, and a tenth of all time, for what is long closed. V8 notes which pieces of code
// made objects that lived through a young collection, as all did while nothing was compiled yet, and then makes such objects old from the
// start; an old one, closed or not, holds the young ones that it names until the next full collection. Here nearly all objects live as long as
// a request or a connection: they belong to the young.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// A request runs through some hundred functions, each as often as the others: by the engine's own thresholds all of them wait for their third
// compiler until 3,000 calls are counted, and after each new kind of object for 500 more. Measured: a worker reaches its cost in the long run after
// 4,000 connections instead of 18,000, and costs a quarter less until then; what it costs in the end is the same.
const TIERS = ['--invocation-count-for-maglev=100', '--minimum-invocations-after-ic-update=100', '--invocation-count-for-turbofan=600']

/** For all threads of the process: before the first worker. Whoever knows better says so on Node's command line (NODE_OPTIONS does not take it). */
export function tuneEngine(): void {
  for (const flag of ['--no-allocation-site-pretenuring', ...TIERS]) if (!saidBefore(flag)) setFlagsFromString(flag)
}

function saidBefore(flag: string): boolean {
  const name = flag.replace(/^--(?:no-)?/, '').replace(/=.*/, '')
  return process.execArgv.some((each) => each.replaceAll('_', '-').replace(/^--(?:no-)?/, '').replace(/=.*/, '') === name)
}

/** What was under way at the swap has ended by then, nearly all of it. */
const SOON_MS = 1_000

let waiting: NodeJS.Timeout | undefined

/**
 * A full collection of this thread, soon. Shared memory is freed when no thread holds it, and the engine, which counts its heap alone, may let
 * tables of a hundred megabytes lie for hours.
 */
export function collectSoon(): void {
  waiting ??= setTimeout(() => {
    waiting = undefined
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect === 'function') collect()
  }, SOON_MS).unref()
}
