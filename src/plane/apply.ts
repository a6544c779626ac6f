// How rules come into force (one screen): tried, the old ones kept, a watchdog armed, loaded in one transaction, read back, tested, the proxy changed
// with them, flows that they forbid cut; then they wait for a confirmation, or what was before comes back. Danger prevented: a lock-out.
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootId, isAlive, networkNamespace, processId } from '../kernel/processes.ts'
import { runTool } from '../kernel/tool.ts'
import { putBeside } from './beside.ts'
import { confirmNow, isWatched, readOutcome, readPending, rollBack, takeBackNow } from './ending.ts'
import type { TakeBack } from './ending.ts'
import { takeLock } from './lock.ts'
import { RulesError, ownFirst, readOwn, sameRules } from './own-kernel.ts'
import type { OwnRules } from './own-rules.ts'
import { writeJson } from './places.ts'
import type { Places } from './places.ts'
import { putRules } from './put.ts'
import type { Kept, Outcome, Pending, ProxyLink } from './records.ts'
import { keptOf } from './recover.ts'
import { rehearse } from './rehearse.ts'
import type { SelfTested } from './self-test.ts'
import { connectionsNow } from './session.ts'
import type { Swept } from './sweep.ts'
import { startWatchdog } from './watchdog.ts'
import type { Self } from './watchdog.ts'

export type ProxyLoad = { readonly ok: true; readonly link: ProxyLink } | { readonly ok: false; readonly problem: string }

export type Step =
  | { readonly step: 'tried'; readonly ms: number }
  | { readonly step: 'loaded'; readonly ms: number }
  /** queues wait for interfaces that are not there: in words */
  | { readonly step: 'absent'; readonly words: string }
  | { readonly step: 'tested'; readonly packets: number }
  | { readonly step: 'swept'; readonly swept: Swept }
  | { readonly step: 'waiting'; readonly token: string; readonly seconds: number }

export interface Work {
  readonly places: Places
  readonly self: Self
  readonly wanted: Kept
  /** what is loaded where the wanted rules do not load one day: all closed but for the admin */
  readonly closed: OwnRules
  /** 0: confirmed by whoever started it, at once */
  readonly seconds: number
  /** a look at what is now in the kernel; what is wrong with it, else undefined */
  readonly selfTest: (live: OwnRules) => SelfTested
  /** absent: no gateway runs here */
  readonly proxy: (() => Promise<ProxyLoad>) | undefined
  readonly takeBack: TakeBack
  readonly sweep: () => Promise<Swept>
  /** just before the rules are loaded */
  readonly begin: () => Promise<void>
  readonly tell: (step: Step) => void
  /** told to end, with Ctrl-C for one */
  readonly stopped: () => string | undefined
}

/** `refused`: nothing was changed. `detached`: it waits, and the watchdog decides. */
export type Applied = { readonly kind: 'refused'; readonly problem: string; readonly hint?: string } | { readonly kind: 'ended'; readonly outcome: Outcome; readonly proxy?: ProxyLink } | { readonly kind: 'waiting'; readonly pending: Pending }

/** Letters and digits that are not taken for one another, in two halves: to be typed. */
function newToken(): string {
  const signs = 'abcdefghjkmnpqrstuvwxyz23456789'
  const half = (): string => Array.from({ length: 4 }, () => signs[randomInt(signs.length)] ?? '').join('')
  return `${half()}-${half()}`
}

function refused(problem: string, hint?: string): Applied {
  return { kind: 'refused', problem, ...(hint === undefined ? {} : { hint }) }
}

/** Ends what nobody watches any more; the words of what still waits, else undefined. */
async function othersWait(places: Places, takeBack: TakeBack): Promise<string | undefined> {
  const pending = readPending(places)
  if (pending === undefined) return undefined
  if (isWatched(pending) || isAlive(pending.applier)) return `another apply waits for its confirmation (\`greengate firewall confirm ${pending.token}\`, ${Math.max(0, Math.ceil((pending.until - Date.now()) / 1000))} s left)`
  await takeBackNow(places, pending, 'nobody watched over it any more', takeBack)
  return undefined
}

/** In the lock. Everything up to the wait; throws nothing that leaves the rules half-way. */
async function bring(work: Work): Promise<Applied> {
  const { places, wanted, seconds, tell, takeBack } = work
  const waits = await othersWait(places, takeBack)
  if (waits !== undefined) return refused(waits, 'one at a time: confirm it, or `greengate firewall rollback`')
  const began = performance.now()
  let before: Kept
  try {
    before = keptOf(places, await readOwn(runTool))
  } catch (error) {
    if (error instanceof RulesError) return refused(`${error.message}; nothing was changed`)
    throw error
  }
  const rehearsal = await rehearse(before.rules, wanted.rules)
  if (!rehearsal.ok) return refused(`${rehearsal.problem}; nothing was changed`, rehearsal.hint)
  tell({ step: 'tried', ms: performance.now() - began })

  const after: Kept = { ...wanted, rules: rehearsal.listed }
  const applier = processId(process.pid)
  if (applier === undefined) return refused('/proc is not there; nothing was changed')
  const first: Pending = {
    version: 1, token: newToken(), phase: 'applying', seconds, until: Date.now() + 1000 * seconds, before, after, closed: work.closed, connections: [], applier, boot: bootId(), namespace: networkNamespace(),
  }
  // on the disk before anything changes: from here on others can find the way back
  writeJson(places.pending, first)
  const watchdog = await startWatchdog(work.self, places, first.token)
  if (watchdog === undefined) return { kind: 'ended', outcome: await takeBackNow(places, first, 'no watchdog could be started; nothing was changed', takeBack, 'failed') }
  const armed: Pending = { ...first, watchdog }
  writeJson(places.pending, armed)
  return load(work, armed)
}

async function load(work: Work, armed: Pending): Promise<Applied> {
  const { places, takeBack, tell } = work
  let reached = armed
  const back = async (why: string): Promise<Applied> => ({ kind: 'ended', outcome: await takeBackNow(places, reached, why, takeBack, 'failed') })
  try {
    const began = performance.now()
    await work.begin()
    const live = await putRules(places, armed.after.rules, false)
    if (!sameRules(live, armed.after.rules)) return await back('the kernel lists other rules than those that were loaded')
    if (!(await ownFirst(runTool))) return await back('our jump is not the first in its chain')
    // before anything can take its time: who gets in from here on has got in under these rules
    reached = { ...armed, connections: connectionsNow() }
    tell({ step: 'loaded', ms: performance.now() - began })
    const beside = await putBeside(reached.after)
    if (beside.kind === 'failed') return await back(`what the rules need beside them cannot be: ${beside.words}`)
    if (beside.kind === 'absent') tell({ step: 'absent', words: beside.words })
    const tested = work.selfTest(live)
    if (!tested.ok) return await back(`the self-test fails: ${tested.problem}`)
    tell({ step: 'tested', packets: tested.packets })
    const proxy = await work.proxy?.()
    if (proxy !== undefined && !proxy.ok) return await back(`the proxy does not take the policy: ${proxy.problem}`)
    if (proxy !== undefined) {
      reached = { ...reached, proxy: proxy.link }
      writeJson(places.pending, reached)
    }
    tell({ step: 'swept', swept: await work.sweep() })
    writeJson(places.inForce, reached.after)
  } catch (error) {
    return back(error instanceof Error ? error.message : String(error))
  }
  if (work.seconds === 0) return { kind: 'ended', outcome: await confirmNow(places, reached, 'no confirmation was asked for'), ...(reached.proxy === undefined ? {} : { proxy: reached.proxy }) }
  const waiting: Pending = { ...reached, phase: 'waiting', until: Date.now() + 1000 * work.seconds }
  writeJson(places.pending, waiting)
  tell({ step: 'waiting', token: waiting.token, seconds: waiting.seconds })
  return { kind: 'waiting', pending: waiting }
}

export async function apply(work: Work): Promise<Applied> {
  const lock = await takeLock(work.places.lock, 'an apply', 2)
  if (!lock.ok) return refused(`${lock.problem}; nothing was changed`)
  try {
    return await bring(work)
  } finally {
    await lock.held.release()
  }
}

const LOOK_MS = 100
/** The watchdog ends it; this long after its time it must be dead. */
const GRACE_MS = 10_000

/** Until somebody has ended it. Ends it itself where the watchdog cannot. */
export async function waitForEnd({ places, takeBack, stopped }: Work, pending: Pending): Promise<Outcome> {
  const { token, seconds } = pending
  const began = performance.now()
  for (;; await sleep(LOOK_MS)) {
    const outcome = readOutcome(places, token)
    if (outcome !== undefined) return outcome
    const over = performance.now() - began - seconds * 1000
    const why = stopped() ?? (over >= (isWatched(pending) ? GRACE_MS : 0) ? `nobody confirmed within ${seconds} s` : undefined)
    if (why !== undefined) await rollBack(places, pending, why, takeBack)
  }
}
