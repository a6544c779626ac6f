// `greengate firewall rollback`, `flush`, `panic`: the ways out, each in one word, each told with what is then open and what is closed.
import type { Command } from 'commander'
import { closedRuleset } from '../firewall/closed.ts'
import type { KeptConnection } from '../firewall/closed.ts'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { giveProxyBack, takeProxyBack } from '../gateway/plane-proxy.ts'
import { onePolicyFile } from '../gateway/policy-path.ts'
import { forwarding } from '../kernel/forwarding.ts'
import { parsePolicy } from '../policy/parse.ts'
import type { Gateway } from '../policy/policy.ts'
import { parseIp } from '../net/ip.ts'
import { flush, panic, readKept, rollback } from '../plane/recover.ts'
import type { Recovered } from '../plane/recover.ts'
import { isNothing } from '../plane/own-rules.ts'
import type { Places } from '../plane/places.ts'
import type { Kept } from '../plane/records.ts'
import { session } from '../plane/session.ts'
import { EXIT, failure } from './exit.ts'
import { backendNow, backendOption, rulesText } from './plane-rules.ts'
import type { BackendOption } from './plane-rules.ts'
import { outcomeText, planePlaces, stateOption, toldPlainly } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { say, sayError, sayJson } from './say.ts'

/** What of a recovery did not come about; empty: all did. */
function left(result: Recovered): string {
  return result.ok ? (result.proxy === undefined ? (result.pending?.problem ?? '') : `the gateway keeps its policy: ${result.proxy}`) : result.problem
}

function told(result: Recovered, options: StateOptions, action: string, lines: readonly string[]): void {
  const problem = left(result)
  if (options.json === true) {
    sayJson(result.ok
      ? {
          ok: problem === '', action, ...(problem === '' ? {} : { problem }), ...(result.kept.meta === undefined ? {} : { policy: result.kept.meta.policy, hash: result.kept.meta.hash, generation: result.kept.meta.generation }),
          empty: isNothing(result.kept.rules), ...(result.missing === undefined ? {} : { missing: result.missing }), ...forwarding(),
        }
      : { ok: false, action, problem })
    process.exitCode = problem === '' ? EXIT.ok : EXIT.failure
    return
  }
  if (!result.ok) return failure(result.problem, result.hint)
  for (const line of lines) say(`${line}\n`)
  if (result.missing !== undefined) sayError(`note: ${result.missing}\n`)
  if (problem !== '') failure(problem)
}

/** What is open where none of our rules is loaded. */
export function openText(): readonly string[] {
  const { ipv4, ipv6 } = forwarding()
  const past = (name: string, on: boolean): string => `${name} past it: ${on ? 'OPEN, forwarding is on' : 'closed, forwarding is off'}`
  return [
    'to the gateway itself: OPEN, save what other rules on this machine hold',
    past('IPv4', ipv4), past('IPv6', ipv6),
    ...(ipv4 || ipv6 ? ['to close the way past it: sysctl -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0'] : []),
    'nothing of ours is masqueraded any more',
  ]
}

function keptText({ rules, meta }: Kept): readonly string[] {
  if (isNothing(rules)) return ['in force: none of our rules', ...openText()]
  return [`in force: ${meta === undefined ? 'the rules from before' : `policy ${meta.policy} (${meta.hash}), generation ${meta.generation}`}`]
}

function atBoot(places: Places): string {
  const good = readKept(places.lastGood)
  return good === undefined ? 'at the next start: nothing was ever confirmed' : `at the next start: what was confirmed last, policy ${good.meta?.policy ?? ''} (${good.meta?.hash ?? ''})`
}

async function rollbackAction(options: StateOptions): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  const result = await rollback(places, takeProxyBack, giveProxyBack)
  told(result, options, 'rollback', result.ok ? [...(result.pending === undefined ? [] : [outcomeText({ ...result.pending, problem: '' })]), ...keptText(result.kept), atBoot(places)] : [])
}

async function flushAction(options: StateOptions): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  const result = await flush(places, takeProxyBack)
  told(result, options, 'flush', ['our table and chains are gone; what is others\' is as it was', ...openText(), atBoot(places)])
}

/** The policy's; where it cannot be read, that of what was confirmed: a way out must not fail of a file. */
async function adminOf(places: Places, path: string | undefined): Promise<Gateway | undefined> {
  const file = onePolicyFile(path)
  const asked = path !== undefined && file.ok ? await loadPolicy(file.file, machineNow(0)) : undefined
  if (asked?.ok === true) return asked.source.policy.gateway
  if (path !== undefined) sayError(`note: ${path} cannot be loaded; the admin is taken from what was confirmed last\n`)
  // its text alone: a list that it names may be gone
  const meta = readKept(places.inForce)?.meta ?? readKept(places.lastGood)?.meta
  return meta === undefined ? undefined : parsePolicy(meta.text, meta.file).policy?.gateway
}

function thisConnection(): KeptConnection | undefined {
  const here = session()
  const client = here === undefined ? undefined : parseIp(here.client)
  return here === undefined || client === undefined ? undefined : { client, clientPort: here.clientPort, serverPort: here.serverPort }
}

async function panicAction(options: StateOptions & BackendOption & { readonly policy?: string }): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  const gateway = await adminOf(places, options.policy)
  const kept = thisConnection()
  const backend = await backendNow(options.backend)
  if (!backend.ok) return failure(backend.problem)
  // as it was made when somebody last confirmed, where nothing else is known
  const stored = gateway === undefined ? readKept(places.closed)?.rules : undefined
  const result = await panic(places, stored ?? rulesText(closedRuleset(gateway, kept), backend.backend), takeProxyBack)
  const admin = gateway?.admin
  told(result, options, 'panic', [
    'all closed: in, out and through; running flows too',
    stored !== undefined ? 'the admin is kept, as the policy that was confirmed last named him' : admin === undefined || admin.macs.length === 0 ? 'NO admin is known: nobody new gets in over the wire' : `the admin is kept: tcp ${admin.ports.join(', ')} for ${admin.macs.join(', ')}`,
    ...(kept === undefined || stored !== undefined ? [] : [`this connection is kept, from ${kept.client.text}`]),
    'back: greengate firewall rollback',
  ])
}

export function rollbackCommand(firewall: Command): void {
  stateOption(firewall.command('rollback').description('put back the rules from before: of the apply that waits, else of the last change'))
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
The gateway that took the policy with the rules is given back the one from before. What was confirmed last stays what the machine loads when it starts.

Example:
  $ greengate firewall rollback`)
    .action(toldPlainly(rollbackAction))
}

export function flushCommand(firewall: Command): void {
  stateOption(firewall.command('flush').description('take our table and chains out, and tell what is then open'))
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Rules of others stay, byte for byte. The next start of the machine loads what was confirmed last.

Example:
  $ greengate firewall flush`)
    .action(toldPlainly(flushAction))
}

export function panicCommand(firewall: Command): void {
  backendOption(stateOption(firewall.command('panic').description('close everything at once, but for the admin and this very connection')))
    .option('--policy <file|dir>', 'whose admin is kept (default: that of the rules in force)')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Running flows are stopped too. \`greengate firewall rollback\` leads back.

Example:
  $ greengate firewall panic`)
    .action(toldPlainly(panicAction))
}
