// Everything that will be done to the machine, done first in a namespace of its own: the old rules loaded from their snapshot, the new ones over
// them, and the old ones again. What the kernel then lists is what the machine must list. Danger prevented: a way back that does not load.
import { Scratch } from '../kernel/scratch.ts'
import type { Runner } from '../kernel/tool.ts'
import { RulesError, loadOwn, readOwn, sameRules } from './own-kernel.ts'
import { NOTHING, isNothing } from './own-rules.ts'
import type { OwnRules } from './own-rules.ts'

export type Rehearsal = { readonly ok: true; readonly listed: OwnRules } | { readonly ok: false; readonly problem: string; readonly hint?: string }

async function step(run: Runner, what: string, rules: OwnRules, exact = true): Promise<OwnRules> {
  try {
    await loadOwn(run, rules, exact)
  } catch (error) {
    if (error instanceof RulesError) throw new RulesError(`${what}: ${error.message}`)
    throw error
  }
  return readOwn(run)
}

async function play(run: Runner, before: OwnRules, wanted: OwnRules): Promise<OwnRules> {
  const old = isNothing(before) ? before : await step(run, 'the rules in force do not load from their snapshot', before)
  if (!sameRules(old, before)) throw new RulesError('the rules in force become others when they are loaded from their snapshot')
  const over = await step(run, 'the new rules do not load', wanted, false)
  const back = await step(run, 'the old rules do not load over the new ones', before)
  if (!sameRules(back, before)) throw new RulesError('the old rules become others when they are loaded over the new ones')
  await step(run, 'the old rules cannot be taken out', NOTHING)
  const alone = await step(run, 'the new rules do not load into an empty kernel', wanted)
  if (!sameRules(alone, over)) throw new RulesError('the new rules become others when they are loaded over the old ones')
  // and from its own listing, which is what is kept of it
  await step(run, 'the new rules cannot be taken out', NOTHING)
  const again = await step(run, 'the new rules do not load from their listing', alone)
  if (!sameRules(again, alone)) throw new RulesError('the new rules become others when they are loaded from their listing')
  return alone
}

export async function rehearse(before: OwnRules, wanted: OwnRules): Promise<Rehearsal> {
  const scratch = await Scratch.open()
  if (scratch === undefined) return { ok: false, problem: 'no network namespace can be made here to try the rules in', hint: 'it takes root, and the kernel\'s CONFIG_NET_NS' }
  try {
    return { ok: true, listed: await play(scratch.run, before, wanted) }
  } catch (error) {
    if (error instanceof RulesError) return { ok: false, problem: error.message }
    throw error
  } finally {
    await scratch.close()
  }
}
