// What the kernel should have, for `diff` and `watch`: the policy compiled now, for the back end and the generation that are in force, as a kernel lists
// it. Danger prevented: a difference that is none, because the comparison chose another mark or another back end than the apply did.
import { compileRuleset } from '../firewall/compile.ts'
import type { Ruleset } from '../firewall/ruleset.ts'
import { noteText } from '../firewall/unsaid.ts'
import { firewallFacts } from '../gateway/firewall-facts.ts'
import { machineNow } from '../gateway/machine.ts'
import type { Backend } from '../kernel/tools.ts'
import { normalised } from '../plane/drift.ts'
import type { OwnRules } from '../plane/own-rules.ts'
import type { Places } from '../plane/places.ts'
import { readKept } from '../plane/recover.ts'
import type { RulesMeta } from '../plane/records.ts'
import { failure } from './exit.ts'
import { kernelGeneration, kernelTexts } from './firewall-live.ts'
import { planOf } from './firewall-plan.ts'
import type { Plan, PlanOptions } from './firewall-plan.ts'
import { policyOption } from './options.ts'
import { BACKEND_MEND, backendNow, rulesText } from './plane-rules.ts'

export interface Wanted {
  readonly plan: Plan
  readonly backend: Backend
  readonly ruleset: Ruleset
  /** as a kernel lists them */
  readonly rules: OwnRules
}

/** Of the policy that was applied last, where the command names none; after a flush or a panic, which have none, of what was confirmed. */
export function appliedMeta(places: Places, options: PlanOptions): RulesMeta | undefined {
  return options.policy === undefined ? (readKept(places.inForce)?.meta ?? readKept(places.lastGood)?.meta) : undefined
}

/** The plan compiled for this moment, with the mark and the sets that the kernel has. */
export function compiledFor(plan: Plan, live: { readonly generation: number | undefined; readonly ipset: boolean }, now: number): Ruleset | string {
  const { proxyPort, client } = plan.facts
  const facts = firewallFacts(plan.source, machineNow(proxyPort), {
    now, port: proxyPort, ...(live.generation === undefined ? {} : { generation: live.generation }), ...(client === undefined ? {} : { client }),
  })
  const made = compileRuleset(plan.policy, { ...facts, ...(live.ipset ? { ipset: true as const } : {}) })
  return made.ok ? made.ruleset : noteText(made.problem, 'error')
}

/** undefined: told on standard error, and the exit code is set. */
export async function wantedNow(places: Places, options: PlanOptions & { readonly backend?: Backend }): Promise<Wanted | undefined> {
  const meta = appliedMeta(places, options)
  if (meta === undefined && options.policy === undefined) return void failure('nothing was applied here', '`greengate firewall apply` does; or name the policy: `--policy FILE`')
  if (meta?.mode === 'client' && options.proxy === undefined) return void failure('the rules in force are those of a single machine', 'say again which: `--policy FILE --mode client --proxy ADDR:PORT`')
  const file = meta === undefined ? policyOption(options.policy) : meta.file
  if (file === undefined) return undefined
  const plan = await planOf({ ...options, ...(meta === undefined || options.port !== undefined ? {} : { port: meta.port }) }, file, false)
  if (plan === undefined) return undefined
  const chosen = await backendNow(options.backend)
  if (!chosen.ok) return void failure(chosen.problem, BACKEND_MEND)
  const listed = await kernelTexts()
  const generation = listed.ok ? kernelGeneration(listed.texts) : undefined
  const ipset = listed.ok && [listed.texts.iptables, listed.texts.ip6tables].some((text) => text?.includes('--add-set gg_') === true)
  const ruleset = compiledFor(plan, { generation, ipset }, plan.facts.now)
  if (typeof ruleset === 'string') return void failure(ruleset)
  return { plan, backend: chosen.backend, ruleset, rules: await normalised(rulesText(ruleset, chosen.backend)) }
}
