// `greengate log`: what was logged, told with the policy's own words. `--firewall`: the packets that the rules stopped, as IPCop's page showed them.
// Danger prevented: a refused PC whose owner reads `MDBS_DAEMON` and looks for a database.
import type { Command } from 'commander'
import { usageError } from './exit.ts'
import { LOG_FORMATS, requestLog } from './log-requests.ts'
import type { RequestLogOptions } from './log-requests.ts'
import { firewallLog } from './log-firewall.ts'
import type { FirewallLogOptions } from './log-firewall.ts'
import { PID_FILE } from './ask-gateway.ts'
import { countOption, portOption, wordOption } from './options.ts'

interface LogOptions extends Omit<FirewallLogOptions, 'client' | 'since'>, RequestLogOptions {
  readonly firewall?: true
}

const OF_REQUESTS = ['group', 'host', 'rule', 'denied', 'until', 'format', 'store', 'lines'] as const
const OF_PACKETS = ['service', 'policy', 'port'] as const

async function logAction(options: LogOptions): Promise<void> {
  const strange = (options.firewall === true ? OF_REQUESTS : OF_PACKETS).find((name) => options[name] !== undefined)
  if (strange !== undefined) return usageError(`\`--${strange}\` is of ${options.firewall === true ? 'requests, and `--firewall` tells packets' : 'packets: say `--firewall` too'}`)
  await (options.firewall === true ? firewallLog(options) : requestLog(options))
}

export function logCommand(program: Command): void {
  program
    .command('log')
    .description('tell what was logged, live and past: each request with the rule that decided it and why; with --firewall the packets that were stopped')
    .option('--firewall', 'the packets that the rules stopped: time, chain, interface, sender, target, service')
    .option('-f, --follow', 'what comes from now on, after the last ten (with --since: after all since then)')
    .option('--client <who>', 'only of this address, network or MAC; with --firewall also a group of the policy')
    .option('--service <service>', 'only for this service: of the policy, known by name, or tcp/25')
    .option('--group <name>', 'only of this group of the policy, as it was recorded')
    .option('--host <pattern>', 'only for these hosts: example.com, *.example.com, .example.com, an address')
    .option('--rule <name>', 'only what this rule decided, or would have in observe mode')
    .option('--denied', 'only what was denied')
    .option('--since <time>', 'a time, or how long ago: 10m, 2h, 1d')
    .option('--until <time>', 'a time, or how long ago')
    .option('-n, --lines <n>', 'only the last of them', countOption)
    .option('--format <pretty|json|squid|combined>', 'how a request is told', wordOption(LOG_FORMATS), undefined)
    .option('--store <file>', "read this store of `serve --store` (default: the running gateway's store, else its event log)")
    .option('--pid-file <file>', PID_FILE)
    .option('--file <file>', 'read this event log, or with --firewall this syslog file (- for standard input)')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', `
With --firewall: read from the journal, else a syslog file under /var/log, else the kernel's ring; what the kernel itself said counts, no program's words.
The log is limited to some lines a second and sender: exact numbers are those of \`greengate firewall missing\` and \`usage\`.

Example:
  $ greengate log -f --denied
  $ greengate log --since 1h --client 192.168.51.35 --host .example.com --format json
  $ greengate log --firewall --since 1h --client 192.168.51.25
  $ greengate log --firewall -f --policy office.yaml`)
    .action(logAction)
}
