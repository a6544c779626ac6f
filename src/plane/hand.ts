// What may be done to the confirmed rules without asking anybody: load the same policy as it holds at another time. Root's own hand, or the helper's for
// somebody without root. Dangers prevented: an edge of a schedule that undoes a panic, or that puts rules in force which nobody confirmed.
import { statSync } from 'node:fs'
import { listFlows } from '../kernel/conntrack.ts'
import { runTool } from '../kernel/tool.ts'
import { readPending } from './ending.ts'
import { asGenerations, generationOfMark } from './generations.ts'
import type { Generations } from './generations.ts'
import { locked } from './lock.ts'
import { RulesError, readOwn, sameRules } from './own-kernel.ts'
import { readJson, writeJson } from './places.ts'
import type { Places } from './places.ts'
import { putRules } from './put.ts'
import { readKept } from './recover.ts'
import type { Kept, RulesMeta } from './records.ts'
import { rehearse } from './rehearse.ts'

export interface Look {
  /** of the policy that was confirmed; absent: none was */
  readonly good?: RulesMeta
  /** an apply waits: nothing is done meanwhile */
  readonly waiting: boolean
  /** the kernel has what was loaded last, and that is the confirmed policy */
  readonly same: boolean
  /** of the rules in force */
  readonly meaning?: string
  /** they keep a drop ledger */
  readonly ledger: boolean
  readonly known: Generations
  /** generations that flows bear */
  readonly borne: readonly number[]
}

export interface Hand {
  /** another text, another state */
  stamp(): Promise<string>
  look(): Promise<Look>
  /** what kept it from that, else undefined */
  load(wanted: Kept, known: Generations): Promise<string | undefined>
}

function modified(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? '-' : `${found.ino} ${found.mtimeMs}`
}

function isConfirmed(good: Kept | undefined, inForce: Kept | undefined): boolean {
  return good?.meta !== undefined && inForce?.meta !== undefined && good.meta.text === inForce.meta.text && good.meta.file === inForce.meta.file
}

async function look(places: Places): Promise<Look> {
  const good = readKept(places.lastGood)
  const inForce = readKept(places.inForce)
  const waiting = readPending(places) !== undefined
  const same = !waiting && inForce !== undefined && isConfirmed(good, inForce) && sameRules(await readOwn(runTool), inForce.rules)
  const flows = same ? await listFlows() : undefined
  let known: unknown = []
  try {
    known = readJson(places.generations)
  } catch {
    // chosen by the flows alone
  }
  return {
    ...(good?.meta === undefined ? {} : { good: good.meta }), waiting, same, ...(inForce?.meta?.meaning === undefined ? {} : { meaning: inForce.meta.meaning }),
    ledger: inForce?.rules.nft !== undefined || inForce?.rules.iptables?.includes(' gg_ledger') === true,
    known: asGenerations(known), borne: flows?.ok === true ? [...new Set(flows.flows.map(({ mark }) => generationOfMark(mark)))] : [],
  }
}

/** In the lock. */
async function change(places: Places, wanted: Kept, known: Generations): Promise<string | undefined> {
  if (readPending(places) !== undefined) return 'an apply waits for its confirmation'
  const good = readKept(places.lastGood)
  if (!isConfirmed(good, wanted)) return 'it is not the policy that was confirmed'
  const inForce = readKept(places.inForce)
  const before = await readOwn(runTool)
  if (inForce === undefined || !sameRules(before, inForce.rules)) return 'the kernel has other rules than those that were loaded last'
  const tried = await rehearse(before, wanted.rules)
  if (!tried.ok) return tried.problem
  try {
    const live = await putRules(places, tried.listed, true)
    if (!sameRules(live, tried.listed)) {
      await putRules(places, before, true)
      return 'the kernel lists other rules than those that were loaded; those from before are in force'
    }
  } catch (error) {
    if (error instanceof RulesError) return error.message
    throw error
  }
  writeJson(places.generations, known)
  // the same at every hour, and never the asker's words
  const { beside: _, ...rest } = wanted
  writeJson(places.inForce, { ...rest, rules: tried.listed, ...(good?.beside === undefined ? {} : { beside: good.beside }) } satisfies Kept)
  return undefined
}

export function ownHand(places: Places): Hand {
  return {
    stamp: async () => [places.lastGood, places.inForce, places.pending].map(modified).join(' '),
    look: () => look(places),
    async load(wanted, known) {
      const done = await locked(places.lock, 'the edge of a schedule', () => change(places, wanted, known))
      return done.ok ? done.value : done.problem
    },
  }
}
