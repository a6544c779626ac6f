// `greengate log`: what was logged, told with the policy's own words. `--firewall`: the packets that the rules stopped, as IPCop's page showed them.
// Danger prevented: a refused PC whose owner reads `MDBS_DAEMON` and looks for a database.
import type { Command } from 'commander'
import { usageError } from './exit.ts'
import { firewallLog } from './log-firewall.ts'
import type { FirewallLogOptions } from './log-firewall.ts'
import { portOption } from './options.ts'

interface LogOptions extends FirewallLogOptions {
  readonly firewall?: true
}

async function logAction(options: LogOptions): Promise<void> {
  if (options.firewall !== true) return usageError('which log?', 'the packet filter\'s: `greengate log --firewall`; the proxy\'s is what `serve` writes to its `--event-log`')
  await firewallLog(options)
}

export function logCommand(program: Command): void {
  program
    .command('log')
    .description('tell what was logged, with the groups and services of the policy')
    .option('--firewall', 'the packets that the rules stopped: time, chain, interface, sender, target, service')
    .option('-f, --follow', 'what comes from now on, live from the kernel (with --since: and what was)')
    .option('--client <who>', 'only of this address, network, MAC, or group of the policy')
    .option('--service <service>', 'only for this service: of the policy, known by name, or tcp/25')
    .option('--since <time>', 'a time, or how long ago: 10m, 2h, 1d')
    .option('--file <file>', 'read this syslog file (- for standard input), not the machine\'s own log')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', `
Read from the journal, else a syslog file under /var/log, else the kernel's ring; what the kernel itself said counts, no program's words.
The log is limited to some lines a second and sender: exact numbers are those of \`greengate firewall missing\` and \`usage\`.

Example:
  $ greengate log --firewall --since 1h --client 192.168.51.25
  $ greengate log --firewall -f --policy office.yaml`)
    .action(logAction)
}
