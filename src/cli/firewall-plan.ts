// From the options that the firewall's commands share to a compiled ruleset: read, checked and told in one way.
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import type { CompiledPolicy } from '../decision/compile.ts'
import { compileRuleset } from '../firewall/compile.ts'
import type { RulesetFacts, Server } from '../firewall/facts.ts'
import type { Ruleset } from '../firewall/ruleset.ts'
import { noteText } from '../firewall/unsaid.ts'
import { firewallFacts, uidOf } from '../gateway/firewall-facts.ts'
import { loadPolicy } from '../gateway/load.ts'
import type { PolicySource } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { parseIp } from '../net/ip.ts'
import { scopeOf } from '../net/scope.ts'
import type { Policy } from '../policy/policy.ts'
import { parseTime } from '../policy/schedule.ts'
import { EXIT, usageError } from './exit.ts'
import { policyOption, portOption } from './options.ts'
import { withBar } from './progress.ts'
import { tellDiagnostics } from './report.ts'
import { sayError } from './say.ts'

export interface PlanOptions {
  readonly policy?: string
  readonly mode: 'gateway' | 'client'
  readonly proxy?: Server
  readonly user?: string
  readonly port?: number
  readonly at?: string
  readonly generation?: number
}

export interface Plan {
  /** the policy's file, as given */
  readonly file: string
  readonly policy: Policy
  readonly source: PolicySource
  readonly compiled: CompiledPolicy
  readonly facts: RulesetFacts
  readonly ruleset: Ruleset
  readonly hash: string
  /** of the policy's file, as it was read */
  readonly text: string
}

function proxyOption(text: string): Server {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const address = parseIp(match?.[1] ?? match?.[2] ?? '')
  const port = Number(match?.[3] ?? 0)
  // nobody answers at 0.0.0.0 or at a group: a rule for it would open nothing, or too much
  const isHost = address !== undefined && address.value !== 0n && scopeOf(address) !== 'multicast'
  if (!isHost || port < 1 || port > 65535) throw new InvalidArgumentError('write an address and a port, like 192.168.51.254:800 or [2001:db8::1]:800; rules know no names')
  return { address, port }
}

function generationOption(text: string): number {
  const value = Number(text)
  if (!/^\d{1,3}$/.test(text) || value < 1 || value > 254) throw new InvalidArgumentError('a generation is a number from 1 to 254')
  return value
}

/** What the command line says that does not go together; undefined: nothing. */
function contradiction(options: PlanOptions): readonly [string, string] | undefined {
  const { mode, proxy, user } = options
  if (mode === 'client' && proxy === undefined) return ['`--mode client` needs the proxy that the machine must go through', 'add `--proxy ADDR:PORT`']
  if (options.port === 0) return ['port 0 is whatever the system gives, and rules need the number', 'give the port in use: `--port 800`']
  if (mode === 'gateway' && proxy !== undefined) return ['`--proxy` is for a single machine', 'add `--mode client`']
  if (mode === 'gateway' && user !== undefined) return ['`--user` is for a single machine', 'add `--mode client`, or name the user in the policy: `gateway.proxy.user`']
  return undefined
}

/** What holds now, with a generation that is chosen; for commands that change the kernel. */
export function livePlanOptions(command: Command): Command {
  return command
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .addOption(new Option('--mode <mode>', 'a gateway between green and red, or a single machine that must go through a proxy').choices(['gateway', 'client']).default('gateway'))
    .option('--proxy <addr:port>', 'with --mode client: the proxy', proxyOption)
    .option('--user <name>', 'with --mode client: who runs the proxy where it is on this machine, else who alone may use it')
    .option('--port <n>', 'the port that `serve --port` uses, instead of gateway.proxy.port', portOption)
}

export function planOptions(command: Command): Command {
  return livePlanOptions(command)
    .option('--at <time>', 'what holds at that time; without offset in the policy\'s time zone')
    .option('--generation <n>', '1 to 254, the mark of flows that these rules accept (default: from the rules, so that changed rules judge running flows anew)', generationOption)
}

/** undefined: told on standard error, and the exit code is set. `file`: another policy than the option's. `notes`: also what packets cannot express. */
export async function planOf(options: PlanOptions, file = policyOption(options.policy), notes = true): Promise<Plan | undefined> {
  if (file === undefined) return undefined
  const wrong = contradiction(options)
  if (wrong !== undefined) return void usageError(...wrong)
  const machine = machineNow(options.port ?? 0)
  const loaded = await withBar((step) => loadPolicy(file, machine, { step }))
  tellDiagnostics(loaded.diagnostics)
  if (!loaded.ok) {
    process.exitCode = EXIT.policy
    return undefined
  }
  const { source, compiled, hash, text } = loaded
  const { policy } = source
  const now = options.at === undefined ? Date.now() : parseTime(options.at, policy.gateway.timezone)
  if (now === undefined) return void usageError(`\`${options.at ?? ''}\` is no time`, 'write it like 2026-11-20 or 2026-11-20T17:30, with or without an offset')
  const uid = options.user === undefined ? undefined : uidOf(options.user)
  if (options.user !== undefined && uid === undefined) return void usageError(`this machine has no user \`${options.user}\``, 'give the number: `--user 13`')
  const facts = firewallFacts(source, machine, {
    now,
    ...(options.generation === undefined ? {} : { generation: options.generation }),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.proxy === undefined ? {} : { client: { proxy: options.proxy, ...(uid === undefined ? {} : { uid }) } }),
  })
  const made = compileRuleset(policy, facts)
  if (!made.ok) {
    sayError(noteText(made.problem, 'error'))
    process.exitCode = EXIT.policy
    return undefined
  }
  if (notes) for (const note of made.ruleset.notes) sayError(noteText(note))
  return { file, policy, source, compiled, facts, ruleset: made.ruleset, hash, text }
}
