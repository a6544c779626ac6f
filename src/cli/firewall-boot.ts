// `greengate firewall boot`: what a machine runs when it starts, before its network. Danger prevented: a gateway that forwards before it has rules, and
// one that starts with rules that nobody has confirmed.
import type { Command } from 'commander'
import { closedRuleset } from '../firewall/closed.ts'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { onePolicyFile } from '../gateway/policy-path.ts'
import type { OwnRules } from '../plane/own-rules.ts'
import { boot } from '../plane/recover.ts'
import { EXIT } from './exit.ts'
import { backendNow, backendOption, rulesText } from './plane-rules.ts'
import type { BackendOption } from './plane-rules.ts'
import { planePlaces, stateOption, toldPlainly } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { say, sayError, sayJson } from './say.ts'

interface BootOptions extends StateOptions, BackendOption {
  readonly policy?: string
}

/** Of the policy that is named, where it loads; else the plane's own, from when somebody last confirmed. */
async function closedBy(options: BootOptions): Promise<OwnRules | undefined> {
  if (options.policy === undefined) return undefined
  const file = onePolicyFile(options.policy)
  const loaded = file.ok ? await loadPolicy(file.file, machineNow(0)) : undefined
  const chosen = await backendNow(options.backend)
  return loaded?.ok === true && chosen.ok ? rulesText(closedRuleset(loaded.source.policy.gateway), chosen.backend) : undefined
}

async function bootAction(options: BootOptions): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  const { loaded, kept, problem, missing } = await boot(places, await closedBy(options))
  process.exitCode = loaded === 'last-good' ? EXIT.ok : EXIT.failure
  if (options.json === true) return sayJson({ loaded, ...(kept?.meta === undefined ? {} : { policy: kept.meta.policy, hash: kept.meta.hash, generation: kept.meta.generation }), ...(problem === undefined ? {} : { problem }), ...(missing === undefined ? {} : { missing }) })
  if (missing !== undefined) sayError(`note: ${missing}; \`greengate firewall keep\` puts it there when it can be\n`)
  if (loaded === 'last-good') return say(`loaded: policy ${kept?.meta?.policy ?? ''} (${kept?.meta?.hash ?? ''}), generation ${kept?.meta?.generation ?? 0}, as it was confirmed\n`)
  if (problem !== undefined) sayError(`greengate: the confirmed rules do not load: ${problem}\n`)
  sayError(loaded === 'closed' ? 'greengate: all is closed but for the admin\n  mend it and apply anew: `greengate firewall apply`\n' : 'greengate: nothing was ever confirmed here, and nothing is loaded\n  `greengate firewall apply`, then `confirm`\n')
}

export function bootCommand(firewall: Command): void {
  backendOption(stateOption(firewall.command('boot').description('load the rules that were confirmed last; where they do not load, close all but for the admin')))
    .option('--policy <file|dir>', 'whose admin is kept where the confirmed rules do not load (default: the confirmed policy\'s)')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
The unit that \`greengate firewall units\` prints runs this before the network is up. Exit code 1: what was confirmed is not in force.

Example:
  $ greengate firewall boot`)
    .action(toldPlainly(bootAction))
}
