// `greengate firewall diff`: the rules that the kernel has, beside those that the policy compiles to, line by line with the rule of each. Danger prevented:
// a rule that somebody changed by hand, at night, and that everybody believes to be the policy's.
import type { Command } from 'commander'
import { driftFrom, isDrift } from '../plane/drift.ts'
import { RulesError } from '../plane/own-kernel.ts'
import { driftJson, driftText, foreignText } from './drift-text.ts'
import { wantedNow } from './drift-plan.ts'
import { EXIT, failure } from './exit.ts'
import { livePlanOptions } from './firewall-plan.ts'
import type { PlanOptions } from './firewall-plan.ts'
import { planePlaces, stateOption } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { backendOption } from './plane-rules.ts'
import type { BackendOption } from './plane-rules.ts'
import { say, sayJson } from './say.ts'

interface DiffOptions extends PlanOptions, StateOptions, BackendOption {}

async function diffAction(options: DiffOptions): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  try {
    const wanted = await wantedNow(places, options)
    if (wanted === undefined) return
    const drift = await driftFrom(wanted.rules)
    const { policy, hash } = wanted.plan
    if (isDrift(drift) || drift.none) process.exitCode = EXIT.differs
    if (options.json === true) return sayJson({ policy: policy.name, file: wanted.plan.file, hash, backend: wanted.backend, generation: wanted.ruleset.generation, ...driftJson(drift, policy) }, 2)
    say(`policy ${policy.name} (${hash}), generation ${wanted.ruleset.generation}, ${wanted.backend}: ${driftText(drift, policy)}${foreignText(drift)}`)
  } catch (error) {
    if (!(error instanceof RulesError)) throw error
    failure(error.message)
  }
}

export function firewallDiff(firewall: Command): void {
  backendOption(stateOption(livePlanOptions(firewall.command('diff').description('tell how the kernel\'s rules differ from the policy\'s, line by line'))))
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Without --policy: of the policy that was applied last. Both sides are a kernel's listing; the policy's is loaded into a namespace that exists for it alone.
Exit code 0: the same; 5: they differ, or a jump of ours is not the first in its chain.

Example:
  $ sudo greengate firewall diff
  $ sudo greengate firewall diff --policy office.yaml --json`)
    .action(diffAction)
}
