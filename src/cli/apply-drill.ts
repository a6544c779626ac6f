// An apply whose confirmation is a drill: a client placed at the green interface tries every way out through the rules that wait, and what came of it
// keeps them or takes them back. Danger prevented: rules that are in force as they were written, and something beside them that opens a way.
import type { CompiledPolicy } from '../decision/compile.ts'
import { settleInProxy, takeProxyBack } from '../gateway/plane-proxy.ts'
import { runTool } from '../kernel/tool.ts'
import type { Drilled } from '../plane/drill/drill.ts'
import { drillLive } from '../plane/drill/live.ts'
import { summaryOf } from '../plane/drill/score.ts'
import { confirmNow, readPending, rollBack, takeBackNow } from '../plane/ending.ts'
import { locked } from '../plane/lock.ts'
import { readOwn, sameRules } from '../plane/own-kernel.ts'
import type { Places } from '../plane/places.ts'
import type { Pending } from '../plane/records.ts'
import { summaryText } from './drill-text.ts'
import { self } from './plane-options.ts'
import { sayError, sayJson, say } from './say.ts'

/** As long as a slow machine needs for one client. */
export const DRILL_SECONDS = 180

export interface DrillOrder {
  readonly places: Places
  readonly compiled: CompiledPolicy
  /** absolute */
  readonly file: string
  readonly json: boolean
}

function tell({ scored, notes }: Drilled, json: boolean): void {
  const bad = scored.filter(({ outcome }) => outcome === 'hole' || outcome === 'broken')
  if (json) return sayJson({ step: 'drill', ...summaryOf(scored), attempts: bad, notes })
  say(`${'drill'.padEnd(9)} ${summaryText(scored, 'live')}`)
  for (const note of notes) sayError(`note: ${note}\n`)
}

/** Why they may not stay, else undefined. */
function objection({ scored }: Drilled): string | undefined {
  const { tried, holes, broken } = summaryOf(scored)
  if (tried === 0) return 'the drill could try nothing'
  const found = [...(holes === 0 ? [] : [`${holes} way${holes === 1 ? '' : 's'} out that the policy denies`]), ...(broken === 0 ? [] : [`${broken} closed that it opens`])]
  return found.length === 0 ? undefined : `the drill found ${found.join(', and ')}`
}

/** In the lock; undefined: it has ended otherwise. */
async function keep(places: Places, { token }: Pending, why: string): Promise<Pending | undefined> {
  const pending = readPending(places)
  if (pending?.token !== token) return undefined
  if (sameRules(await readOwn(runTool), pending.after.rules)) {
    await confirmNow(places, pending, why)
    return pending
  }
  await takeBackNow(places, pending, 'the kernel has other rules than those that were drilled', takeProxyBack)
  return undefined
}

/** Ends the apply that waits, one way or the other; who waits for its end sees it. Throws nothing. */
export async function decideByDrill({ places, compiled, file, json }: DrillOrder, pending: Pending): Promise<void> {
  try {
    const { command, args } = self()
    const drilled = await drillLive({ compiled, now: Date.now(), self: [command, ...args], file })
    tell(drilled, json)
    const problem = objection(drilled)
    if (problem !== undefined) return void (await rollBack(places, pending, problem, takeProxyBack))
    const kept = await locked(places.lock, 'a confirmation', () => keep(places, pending, `the drill found no hole in ${summaryOf(drilled.scored).tried} attempts`))
    if (!kept.ok) throw new Error(kept.problem)
    if (kept.value?.proxy !== undefined) await settleInProxy(kept.value.proxy)
  } catch (error) {
    const why = `the drill could not be held: ${error instanceof Error ? error.message : String(error)}`
    // where even that fails, the watchdog's time comes
    await rollBack(places, pending, why, takeProxyBack).catch(() => undefined)
  }
}
