// `greengate firewall`: the lock-down for the packet filter, printed from the same policy that the proxy obeys. Alone it changes nothing; its
// sub-commands, a file each, apply it, watch it and prove it.
import type { Command } from 'commander'
import { Option } from 'commander'
import type { Format } from '../firewall/head.ts'
import { escapeText } from '../log/escape.ts'
import { nearest } from '../policy/nearest.ts'
import { renderRuleset } from '../firewall/render.ts'
import { timeText } from '../firewall/standing.ts'
import { addCommands } from './command-table.ts'
import type { CommandTable } from './command-table.ts'
import { EXIT, usageError } from './exit.ts'
import { planOf, planOptions } from './firewall-plan.ts'
import type { PlanOptions } from './firewall-plan.ts'
import { sayRaw } from './say.ts'

const FORMATS: readonly Format[] = ['iptables', 'ip6tables', 'nft', 'script', 'tc']

/** `greengate firewall NAME`, in the order of the help. */
const SUBCOMMANDS: CommandTable = [
  ['apply', async () => (await import('./firewall-apply.ts')).applyCommand],
  ['confirm', async () => (await import('./firewall-confirm.ts')).confirmCommand],
  ['rollback', async () => (await import('./firewall-rollback.ts')).rollbackCommand],
  ['status', async () => (await import('./firewall-status.ts')).statusCommand],
  ['flush', async () => (await import('./firewall-rollback.ts')).flushCommand],
  ['panic', async () => (await import('./firewall-rollback.ts')).panicCommand],
  ['boot', async () => (await import('./firewall-boot.ts')).bootCommand],
  ['keep', async () => (await import('./firewall-keep.ts')).keepCommand],
  ['helper', async () => (await import('./firewall-keep.ts')).helperCommand],
  ['units', async () => (await import('./firewall-units.ts')).unitsCommand],
  ['watchdog', async () => (await import('./firewall-watchdog.ts')).watchdogCommand],
  ['diff', async () => (await import('./firewall-diff.ts')).firewallDiff],
  ['watch', async () => (await import('./firewall-watch.ts')).firewallWatch],
  ['usage', async () => (await import('./firewall-usage.ts')).firewallUsage],
  ['flows', async () => (await import('./firewall-flows.ts')).firewallFlows],
  ['missing', async () => (await import('./firewall-missing.ts')).firewallMissing],
  ['drill', async () => (await import('./firewall-drill.ts')).firewallDrill],
  ['drill-send', async () => (await import('./firewall-drill-send.ts')).firewallDrillSend],
  ['simulate', async () => (await import('./firewall-simulate.ts')).firewallSimulate],
  ['prove', async () => (await import('./firewall-prove.ts')).firewallProve],
  ['compare', async () => (await import('./firewall-compare.ts')).firewallCompare],
]

async function print(options: PlanOptions & { readonly format: Format }, { args: [word] }: Command): Promise<void> {
  if (word !== undefined) {
    const close = nearest(word, SUBCOMMANDS.map(([name]) => name))
    return usageError(`\`firewall\` has no \`${escapeText(word)}\``, close === undefined ? '`greengate firewall --help` tells what it has' : `did you mean \`firewall ${close}\`?`)
  }
  const plan = await planOf(options)
  if (plan === undefined) return
  const { policy, ruleset, hash, facts } = plan
  sayRaw(renderRuleset(policy, ruleset, options.format, { hash, time: timeText(facts.now, policy.gateway.timezone) }))
}

export async function firewallCommand(program: Command, args: readonly string[]): Promise<void> {
  const command = planOptions(program.command('firewall').description('print the packet filter\'s rules for the policy; changes nothing'))
    .addOption(new Option('--format <format>', 'iptables-restore for IPv4 or IPv6, nft for both, a shell script that loads both, or the queues of rules that limit').choices(FORMATS).default('iptables'))
    // what stands behind a sub-command is the sub-command's
    .enablePositionalOptions()
    // a word that is no sub-command is told as one that is misspelt
    .allowExcessArguments()
    .helpCommand(false)
    .addHelpText('after', `
What packets cannot express, and what depends on the time, is told on standard error. Exit code 4: the policy has errors, or no green.

Example:
  $ greengate firewall --policy office.yaml --format script > lockdown.sh && sudo sh lockdown.sh
  $ greengate firewall --policy office.yaml --format nft | sudo nft -f -
  $ greengate firewall --policy server.yaml --mode client --proxy 192.168.51.254:800 | sudo iptables-restore --noflush`)
    .action(print)
  await addCommands(command, SUBCOMMANDS, args, true)
  // before the sub-command an option is this command's, and would be lost: another policy than the one that was meant
  command.hook('preSubcommand', (own, sub) => {
    const lost = own.options.find((option) => own.getOptionValueSource(option.attributeName()) === 'cli')
    if (lost !== undefined) own.error(`\`${lost.long ?? lost.flags}\` stands before \`${sub.name()}\`: write it behind`, { exitCode: EXIT.usage })
  })
}
