// `greengate firewall`: the lock-down for the packet filter, printed from the same policy that the proxy obeys. Alone it changes nothing; its
// sub-commands, a file each, apply it, watch it and prove it.
import type { Command } from 'commander'
import { Option } from 'commander'
import type { Format } from '../firewall/head.ts'
import { renderRuleset } from '../firewall/render.ts'
import { timeText } from '../firewall/standing.ts'
import { applyCommand } from './firewall-apply.ts'
import { bootCommand } from './firewall-boot.ts'
import { firewallCompare } from './firewall-compare.ts'
import { confirmCommand } from './firewall-confirm.ts'
import { EXIT } from './exit.ts'
import { firewallDiff } from './firewall-diff.ts'
import { firewallDrill } from './firewall-drill.ts'
import { firewallDrillSend } from './firewall-drill-send.ts'
import { firewallFlows } from './firewall-flows.ts'
import { helperCommand, keepCommand } from './firewall-keep.ts'
import { firewallMissing } from './firewall-missing.ts'
import { planOf, planOptions } from './firewall-plan.ts'
import type { PlanOptions } from './firewall-plan.ts'
import { firewallProve } from './firewall-prove.ts'
import { flushCommand, panicCommand, rollbackCommand } from './firewall-rollback.ts'
import { firewallSimulate } from './firewall-simulate.ts'
import { statusCommand } from './firewall-status.ts'
import { unitsCommand } from './firewall-units.ts'
import { firewallUsage } from './firewall-usage.ts'
import { firewallWatch } from './firewall-watch.ts'
import { watchdogCommand } from './firewall-watchdog.ts'

const FORMATS: readonly Format[] = ['iptables', 'ip6tables', 'nft', 'script', 'tc']

/** `greengate firewall NAME`, in the order of the help. */
const SUBCOMMANDS: readonly ((firewall: Command) => void)[] = [
  applyCommand,
  confirmCommand,
  rollbackCommand,
  statusCommand,
  flushCommand,
  panicCommand,
  bootCommand,
  keepCommand,
  helperCommand,
  unitsCommand,
  watchdogCommand,
  firewallDiff,
  firewallWatch,
  firewallUsage,
  firewallFlows,
  firewallMissing,
  firewallDrill,
  firewallDrillSend,
  firewallSimulate,
  firewallProve,
  firewallCompare,
]

async function print(options: PlanOptions & { readonly format: Format }): Promise<void> {
  const plan = await planOf(options)
  if (plan === undefined) return
  const { policy, ruleset, hash, facts } = plan
  process.stdout.write(renderRuleset(policy, ruleset, options.format, { hash, time: timeText(facts.now, policy.gateway.timezone) }))
}

export function firewallCommand(program: Command): void {
  const command = planOptions(program.command('firewall').description('print the packet filter\'s rules for the policy; changes nothing'))
    .addOption(new Option('--format <format>', 'iptables-restore for IPv4 or IPv6, nft for both, a shell script that loads both, or the queues of rules that limit').choices(FORMATS).default('iptables'))
    // what stands behind a sub-command is the sub-command's
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', `
What packets cannot express, and what depends on the time, is told on standard error. Exit code 4: the policy has errors, or no green.

Example:
  $ greengate firewall --policy office.yaml --format script > lockdown.sh && sudo sh lockdown.sh
  $ greengate firewall --policy office.yaml --format nft | sudo nft -f -
  $ greengate firewall --policy server.yaml --mode client --proxy 192.168.51.254:800 | sudo iptables-restore --noflush`)
    .action(print)
  for (const add of SUBCOMMANDS) add(command)
  // before the sub-command an option is this command's, and would be lost: another policy than the one that was meant
  command.hook('preSubcommand', (own, sub) => {
    const lost = own.options.find((option) => own.getOptionValueSource(option.attributeName()) === 'cli')
    if (lost !== undefined) own.error(`\`${lost.long ?? lost.flags}\` stands before \`${sub.name()}\`: write it behind`, { exitCode: EXIT.usage })
  })
}
