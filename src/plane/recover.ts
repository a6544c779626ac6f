// The ways out: back to what was before, everything of ours away, everything closed but for the admin, and what a machine loads when it starts. Each
// ends an apply that waits. Danger prevented: a recovery that needs what is broken, a policy file with an error in it for one.
import { runTool } from '../kernel/tool.ts'
import { putBeside } from './beside.ts'
import { takeBackNow, readPending } from './ending.ts'
import type { TakeBack } from './ending.ts'
import { locked } from './lock.ts'
import { RulesError, readOwn, sameRules } from './own-kernel.ts'
import { NOTHING, isNothing } from './own-rules.ts'
import type { OwnRules } from './own-rules.ts'
import { readJson, removeFile, writeJson } from './places.ts'
import type { Places } from './places.ts'
import { putRules } from './put.ts'
import { asKept } from './records.ts'
import type { Kept, Outcome, Pending } from './records.ts'

/** `proxy`: why the gateway keeps the policy that it has, though it runs. `missing`: of the queues and routes beside the rules, in words. */
export type Recovered =
  | { readonly ok: true; readonly kept: Kept; readonly pending: Outcome | undefined; readonly proxy?: string; readonly missing?: string }
  | { readonly ok: false; readonly problem: string; readonly hint?: string }

/** A file that cannot be read counts as one that is not there: a way out must lead out. */
export function readKept(path: string): Kept | undefined {
  try {
    return asKept(readJson(path))
  } catch {
    return undefined
  }
}

/** What is in force, as it was loaded, where the kernel still has exactly that; else its rules, and what was put beside them. */
export function keptOf(places: Places, rules: OwnRules): Kept {
  const last = readKept(places.inForce)
  if (last !== undefined && sameRules(last.rules, rules)) return last
  return { version: 1, rules, ...(last?.beside === undefined || isNothing(rules) ? {} : { beside: last.beside }) }
}

async function put(places: Places, kept: Kept, exact: boolean): Promise<{ readonly missing?: string }> {
  const { proxy: _, ...rest } = kept
  writeJson(places.inForce, { ...rest, rules: await putRules(places, kept.rules, exact) } satisfies Kept)
  const beside = await putBeside(kept)
  return beside.kind === 'there' ? {} : { missing: beside.words }
}

/** What was there is what the next rollback leads to. */
async function change(places: Places, what: string, wanted: Kept, takeBack: TakeBack): Promise<Recovered> {
  const done = await locked(places.lock, what, async (): Promise<Recovered> => {
    const pending = dropPending(places, `ended by ${what}`)
    const before = keptOf(places, await readOwn(runTool))
    let done: { readonly missing?: string } = {}
    try {
      done = await put(places, wanted, false)
    } catch (error) {
      if (error instanceof RulesError) return { ok: false, problem: error.message }
      throw error
    }
    if (!sameRules(before.rules, wanted.rules)) writeJson(places.undo, before)
    // the packets first
    if (pending?.proxy !== undefined) await takeBack(pending.proxy, pending.before)
    return { ok: true, kept: wanted, pending: undefined, ...done }
  }, 30)
  return done.ok ? done.value : { ok: false, problem: done.problem }
}

/** What waited, where it could be read: it does not wait any more. */
function dropPending(places: Places, why: string): Pending | undefined {
  let pending: Pending | undefined
  try {
    pending = readPending(places)
  } catch {
    // whatever it was
  }
  if (pending !== undefined) writeJson(places.outcome, { version: 1, token: pending.token, ending: 'rolled-back', why, problem: '' } satisfies Outcome)
  removeFile(places.pending)
  return pending
}

export function flush(places: Places, takeBack: TakeBack): Promise<Recovered> {
  return change(places, 'a flush', { version: 1, rules: NOTHING }, takeBack)
}

export function panic(places: Places, closed: OwnRules, takeBack: TakeBack): Promise<Recovered> {
  return change(places, 'a panic', { version: 1, rules: closed }, takeBack)
}

/**
 * The apply that waits is taken back; where none waits, what was in force before the last change is put back, and given to the gateway that took the
 * policy of that change: `giveBack`, days later perhaps.
 */
export async function rollback(places: Places, takeBack: TakeBack, giveBack: TakeBack): Promise<Recovered> {
  const done = await locked(places.lock, 'a rollback', async (): Promise<Recovered> => {
    const pending = readPending(places)
    if (pending !== undefined) {
      const outcome = await takeBackNow(places, pending, 'a rollback was asked for', takeBack)
      return { ok: true, kept: pending.before, pending: outcome }
    }
    const undo = readKept(places.undo)
    if (undo === undefined) return { ok: false, problem: 'no apply waits, and nothing is known of what was before', hint: '`greengate firewall flush` takes our rules out, `greengate firewall boot` loads the confirmed ones' }
    const before = keptOf(places, await readOwn(runTool))
    let done: { readonly missing?: string } = {}
    try {
      done = await put(places, undo, true)
    } catch (error) {
      if (error instanceof RulesError) return { ok: false, problem: error.message }
      throw error
    }
    const link = undo.proxy === undefined ? {} : { proxy: undo.proxy }
    writeJson(places.undo, { ...before, ...link } satisfies Kept)
    const proxy = undo.proxy === undefined || undo.meta === undefined ? undefined : await giveBack(undo.proxy, undo)
    return { ok: true, kept: undo, pending: undefined, ...done, ...(proxy === undefined ? {} : { proxy }) }
  }, 60)
  return done.ok ? done.value : { ok: false, problem: done.problem }
}

export type Booted = { readonly loaded: 'last-good' | 'closed' | 'nothing'; readonly kept?: Kept; readonly problem?: string; readonly missing?: string }

/** Loads what was confirmed last; where that cannot be, closes the machine but for the admin. `closed`: that, where the caller knows it better. */
export async function boot(places: Places, closed: OwnRules | undefined): Promise<Booted> {
  const done = await locked(places.lock, 'a boot', async (): Promise<Booted> => {
    dropPending(places, 'the machine was started, or the confirmed rules were loaded anew')
    let problem: string | undefined
    try {
      const value = readJson(places.lastGood)
      const good = asKept(value)
      if (good !== undefined && !isNothing(good.rules)) {
        return { loaded: 'last-good', kept: good, ...(await put(places, good, true)) }
      }
      problem = value === undefined ? undefined : `${places.lastGood} does not hold confirmed rules`
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
    }
    const kept = readKept(places.closed)
    const shut = closed ?? kept?.rules
    // nothing was ever confirmed here: there is no admin to keep, and to close would lock him out
    if (shut === undefined) return { loaded: 'nothing', ...(problem === undefined ? {} : { problem }) }
    await put(places, { version: 1, rules: shut }, true)
    return { loaded: 'closed', ...(problem === undefined ? {} : { problem }) }
  }, 60)
  if (!done.ok) throw new Error(done.problem)
  return done.value
}
