// How an apply that waits ends, whoever ends it: confirmed, and the rules become the last good ones; or taken back, in the kernel and in the proxy.
// Always under the lock and after a look at the file: of two that come at once the second finds it done.
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../kernel/processes.ts'
import { putBeside } from './beside.ts'
import { locked } from './lock.ts'
import { runTool } from '../kernel/tool.ts'
import { sameRules, tidyOwn } from './own-kernel.ts'
import type { OwnRules } from './own-rules.ts'
import { putRules } from './put.ts'
import { readJson, removeFile, writeJson } from './places.ts'
import type { Places } from './places.ts'
import { asOutcome, asPending } from './records.ts'
import type { Ending, Kept, Outcome, Pending, ProxyLink } from './records.ts'

/** Takes the proxy back to the policy that it had; what kept it from that, else undefined. */
export type TakeBack = (link: ProxyLink, before: Kept) => Promise<string | undefined>

/** undefined: none waits. One that cannot be read is an error, not "none". */
export function readPending(places: Places): Pending | undefined {
  let pending: Pending | undefined
  try {
    const value = readJson(places.pending)
    if (value === undefined) return undefined
    pending = asPending(value)
  } catch {
    // half a file is as good as another's
  }
  if (pending === undefined) throw new Error(`${places.pending} cannot be read as an apply that waits; \`greengate firewall boot\` loads the confirmed rules and removes it`)
  return pending
}

export function readOutcome(places: Places, token: string): Outcome | undefined {
  const outcome = asOutcome(readJson(places.outcome))
  return outcome?.token === token ? outcome : undefined
}

export function isWatched(pending: Pending): boolean {
  return pending.watchdog !== undefined && isAlive(pending.watchdog)
}

function end(places: Places, token: string, ending: Ending, why: string, problem = ''): Outcome {
  const outcome: Outcome = { version: 1, token, ending, why, problem }
  writeJson(places.outcome, outcome)
  removeFile(places.pending)
  return outcome
}

const TRIES = 3
const PAUSE_MS = 500

/** Tried again: what fails may be somebody else's hand in the tables. What does not come back at all leaves the machine closed, never half open. */
async function restoreRules(places: Places, before: OwnRules, closed: OwnRules): Promise<string | undefined> {
  let problem = ''
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await sleep(PAUSE_MS)
    try {
      if (sameRules(await putRules(places, before, true), before)) return undefined
      problem = 'the kernel lists other rules than those that were put back'
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
    }
  }
  try {
    await putRules(places, closed, false)
    return `${problem}; all is closed but for the admin`
  } catch (error) {
    return `${problem}; nor can it be closed: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** The kernel first: who was locked out must not wait for the proxy. */
async function restore(places: Places, { before, closed, proxy }: Pending, takeBack: TakeBack): Promise<string> {
  const rules = await restoreRules(places, before.rules, closed)
  const beside = await putBeside(rules === undefined ? before : {})
  const other = proxy === undefined ? undefined : await takeBack(proxy, before)
  return [...(rules === undefined ? [] : [rules]), ...(beside.kind === 'failed' ? [beside.words] : []), ...(other === undefined ? [] : [`the proxy: ${other}`])].join('; ')
}

/** Inside the lock. */
export async function takeBackNow(places: Places, pending: Pending, why: string, takeBack: TakeBack, ending: Ending = 'rolled-back'): Promise<Outcome> {
  const problem = await restore(places, pending, takeBack)
  writeJson(places.inForce, pending.before)
  return end(places, pending.token, ending, why, problem)
}

/** Inside the lock: only this writes the last good rules. */
export async function confirmNow(places: Places, pending: Pending, why: string): Promise<Outcome> {
  writeJson(places.undo, { ...pending.before, ...(pending.proxy === undefined ? {} : { proxy: pending.proxy }) } satisfies Kept)
  writeJson(places.closed, { version: 1, rules: pending.closed } satisfies Kept)
  writeJson(places.lastGood, pending.after)
  const outcome = end(places, pending.token, 'confirmed', why)
  await tidyOwn(runTool, pending.after.rules)
  return outcome
}

/** `known`: as it was read last; what stands in the file goes before, where it can be read. undefined: it has ended already. */
export async function rollBack(places: Places, known: Pending, why: string, takeBack: TakeBack): Promise<Outcome | undefined> {
  const done = await locked(places.lock, 'a rollback', async () => {
    let pending: Pending | undefined
    try {
      pending = readPending(places)
    } catch {
      pending = known
    }
    return pending === undefined || pending.token !== known.token ? undefined : await takeBackNow(places, pending, why, takeBack)
  }, 60)
  if (!done.ok) throw new Error(done.problem)
  return done.value
}
