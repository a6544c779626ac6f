// `greengate firewall drill`: try to get out, in every way that is known, and print what came of it. In a closed lab that is made of the compiled rules,
// or with `--live` through the rules that this machine has now. Danger prevented: a lock-down that is believed because it was written.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { CompiledPolicy } from '../decision/compile.ts'
import { compileSource } from '../gateway/load.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { parseMac } from '../net/mac.ts'
import { drillIp } from '../plane/drill/attempts.ts'
import type { DrillClient } from '../plane/drill/client.ts'
import { STRANGER6, drillInLab } from '../plane/drill/drill.ts'
import type { Drilled } from '../plane/drill/drill.ts'
import { labPlan } from '../plane/drill/lab.ts'
import { drillLive } from '../plane/drill/live.ts'
import { summaryOf } from '../plane/drill/score.ts'
import { scorecardText, summaryText } from './drill-text.ts'
import { EXIT, failure } from './exit.ts'
import { planOf } from './firewall-plan.ts'
import type { Plan } from './firewall-plan.ts'
import { addressesOption, macOption, portOption } from './options.ts'
import { self } from './plane-options.ts'
import { rulesText } from './plane-rules.ts'
import { say, sayError, sayJson } from './say.ts'

interface DrillOptions {
  readonly policy?: string
  readonly port?: number
  readonly backend: 'nft' | 'iptables'
  readonly live?: true
  readonly client?: readonly Ip[]
  readonly mac?: Mac
  readonly json?: true
}

function selfWords(): readonly string[] {
  const { command, args } = self()
  return [command, ...args]
}

function clientsOf({ client, mac }: DrillOptions): readonly DrillClient[] | undefined {
  const own = mac ?? parseMac('02:67:67:00:00:10')
  if (client === undefined || own === undefined) return undefined
  return client.map((address) => ({ name: address.text, mac: own, addresses: address.family === 4 ? [address, STRANGER6] : [address] }))
}

function forLab(plan: Plan): CompiledPolicy {
  const { own } = labPlan(plan.policy.gateway)
  return compileSource(plan.source, { addresses: [drillIp('127.0.0.1'), drillIp('::1'), ...own], proxyPort: plan.facts.proxyPort })
}

async function drill(plan: Plan, options: DrillOptions): Promise<Drilled> {
  const clients = clientsOf(options)
  const work = { now: plan.facts.now, self: selfWords(), file: resolve(plan.file), ...(clients === undefined ? {} : { clients }) }
  if (options.live === true) return drillLive({ ...work, compiled: plan.compiled })
  return drillInLab({ ...work, compiled: forLab(plan), rules: rulesText(plan.ruleset, options.backend) })
}

async function drillAction(options: DrillOptions): Promise<void> {
  if (process.getuid?.() !== 0) return failure('a drill makes network namespaces', 'run it as root: `sudo greengate firewall drill`')
  const plan = await planOf({ ...options, mode: 'gateway' }, undefined, false)
  if (plan === undefined) return
  let drilled: Drilled
  try {
    drilled = await drill(plan, options)
  } catch (error) {
    return failure(`the drill could not be held: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { scored, notes } = drilled
  const summary = summaryOf(scored)
  if (summary.holes + summary.broken > 0) process.exitCode = EXIT.differs
  else if (summary.tried === 0) process.exitCode = EXIT.failure
  if (options.json === true) return sayJson({ where: options.live === true ? 'live' : 'lab', backend: options.live === true ? undefined : options.backend, ...summary, attempts: scored, notes }, 2)
  say(`${scorecardText(scored)}\n${summaryText(scored, options.live === true ? 'live' : `in a lab, by ${options.backend}`)}`)
  for (const note of notes) sayError(`note: ${note}\n`)
}

export function firewallDrill(firewall: Command): void {
  firewall
    .command('drill')
    .description('try to get out in every known way, from a Green client\'s place, and print the scorecard')
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .addOption(new Option('--backend <backend>', 'in the lab: whose rules are tried').choices(['nft', 'iptables']).default('nft'))
    .option('--live', 'through the rules that this machine has now, from a client placed at its green interface')
    .option('--client <addr>', 'only as this client; may be given more than once (default: a stranger, and one of each group)', addressesOption)
    .option('--mac <mac>', 'with --client: and with this MAC', macOption)
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
The lab is three namespaces that nothing leaves. What gets out is seen on the red side, answered or not, and set beside what the policy says: closed,
open by a rule, a HOLE, or closed though a rule opens it. Packets go to the networks that are kept for documentation, never to anybody.
Exit code 0: as the policy says; 5: a hole, or what should be open is not.

Example:
  $ sudo greengate firewall drill --policy office.yaml
  $ sudo greengate firewall drill --policy office.yaml --live && greengate firewall confirm TOKEN`)
    .action(drillAction)
}
