// `greengate firewall confirm TOKEN`: the one way in which applied rules become the last good ones. It must come from somebody who has got in under
// them: a session that began after the apply, or the machine's own console.
import type { Command } from 'commander'
import { settleInProxy } from '../gateway/plane-proxy.ts'
import { confirmNow, readPending } from '../plane/ending.ts'
import { locked } from '../plane/lock.ts'
import { readOwn, sameRules } from '../plane/own-kernel.ts'
import type { Places } from '../plane/places.ts'
import type { Pending } from '../plane/records.ts'
import { proveSession } from '../plane/session.ts'
import { runTool } from '../kernel/tool.ts'
import { networkNamespace } from '../kernel/processes.ts'
import { EXIT, failure } from './exit.ts'
import { planePlaces, stateOption, toldPlainly } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { say, sayJson } from './say.ts'

type Confirmed = { readonly ok: true; readonly pending: Pending; readonly from: string } | { readonly ok: false; readonly problem: string; readonly hint?: string }

async function confirmIn(places: Places, token: string, local: boolean): Promise<Confirmed> {
  const pending = readPending(places)
  if (pending === undefined) return { ok: false, problem: 'no apply waits for a confirmation', hint: '`greengate firewall status` tells what is in force' }
  if (pending.token !== token.toLowerCase()) return { ok: false, problem: `\`${token}\` is not the token of the apply that waits`, hint: 'the apply has printed it' }
  if (pending.phase !== 'waiting') return { ok: false, problem: 'the rules are not all in force yet' }
  if (pending.namespace !== networkNamespace()) return { ok: false, problem: 'the apply waits in another network namespace' }
  const proof = proveSession(pending, local)
  if (!proof.ok) return proof
  if (!sameRules(await readOwn(runTool), pending.after.rules)) {
    return { ok: false, problem: 'the kernel has other rules than those that were applied: somebody has changed them meanwhile', hint: '`greengate firewall rollback`, then apply anew' }
  }
  await confirmNow(places, pending, `from ${proof.from}`)
  return { ok: true, pending, from: proof.from }
}

async function confirm(token: string, options: StateOptions & { readonly local?: true }): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  const done = await locked(places.lock, 'a confirmation', () => confirmIn(places, token, options.local === true))
  const result: Confirmed = done.ok ? done.value : { ok: false, problem: done.problem }
  if (options.json === true) sayJson(result.ok ? { ok: true, from: result.from, hash: result.pending.after.meta?.hash } : { ok: false, problem: result.problem, ...(result.hint === undefined ? {} : { hint: result.hint }) })
  if (!result.ok) {
    if (options.json === true) process.exitCode = EXIT.failure
    else failure(result.problem, result.hint)
    return
  }
  if (result.pending.proxy !== undefined) await settleInProxy(result.pending.proxy)
  const { meta } = result.pending.after
  if (options.json !== true) say(`confirmed from ${result.from}: policy ${meta?.policy ?? ''} (${meta?.hash ?? ''}), generation ${meta?.generation ?? 0}, is what this machine loads when it starts\n`)
}

export function confirmCommand(firewall: Command): void {
  stateOption(firewall.command('confirm').argument('<token>', 'as the apply has printed it').description('keep the rules that wait: from a session that began after they were applied'))
    .option('--local', 'on the machine\'s own console, to which no connection leads')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
A session whose connection is older than the rules is refused: that it still lives does not show that a new one gets in. Which it is, the kernel
says: its table of sockets, compared with what it was when the rules came. Exit code 1: not confirmed.

Example:
  $ greengate firewall confirm k3mz-p9qa`)
    .action(toldPlainly(confirm))
}
