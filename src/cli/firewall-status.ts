// `greengate firewall status`: what the kernel has of ours, whether it is what was confirmed, and what waits. It asks the kernel, not its own memory.
import type { Command } from 'commander'
import { forwarding } from '../kernel/forwarding.ts'
import { runTool } from '../kernel/tool.ts'
import { kernelRelease, toolText, toolVersion } from '../kernel/tools.ts'
import { isWatched, readPending } from '../plane/ending.ts'
import { ownFirst, readOwn, sameRules } from '../plane/own-kernel.ts'
import { isNothing, storesText } from '../plane/own-rules.ts'
import type { Places } from '../plane/places.ts'
import { readKept } from '../plane/recover.ts'
import type { Kept, RulesMeta } from '../plane/records.ts'
import { openText } from './firewall-rollback.ts'
import { planePlaces, stateOption, toldPlainly } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { say, sayJson } from './say.ts'

function known(rules: Kept['rules'], kept: Kept | undefined): boolean {
  return kept !== undefined && sameRules(kept.rules, rules)
}

function metaText({ policy, hash, generation, file }: RulesMeta): string {
  return `policy ${policy} (${hash}), generation ${generation}, of ${file}`
}

function metaJson(meta: RulesMeta | undefined): Readonly<Record<string, unknown>> | undefined {
  if (meta === undefined) return undefined
  const { text: _, ...rest } = meta
  return rest
}

async function gather(places: Places): Promise<Readonly<Record<string, unknown>> & { readonly lines: readonly (readonly [string, string])[] }> {
  const [rules, first, tools] = await Promise.all([readOwn(runTool), ownFirst(runTool), Promise.all(['nft', 'iptables', 'ip6tables', 'conntrack'].map((name) => toolVersion(name)))])
  const pending = readPending(places)
  const inForce = readKept(places.inForce)
  const good = readKept(places.lastGood)
  const meta = known(rules, inForce) ? inForce?.meta : known(rules, good) ? good?.meta : undefined
  // the confirmed policy as it holds at another hour is the confirmed policy
  const confirmed = !isNothing(rules) && (known(rules, good) || (pending === undefined && meta !== undefined && meta.text === good?.meta?.text))
  const left = pending === undefined ? 0 : Math.max(0, Math.ceil((pending.until - Date.now()) / 1000))
  const closed = [rules.nft, rules.iptables].some((text) => text?.includes('gg:closed') === true)
  const force = isNothing(rules) ? 'none of our rules' : meta !== undefined ? metaText(meta) : closed ? 'all is closed but for the admin: a panic, or rules that did not load (`greengate firewall rollback`)' : 'rules of ours that were not loaded by `apply` as they stand: closed by hand, or changed since'
  return {
    backend: rules.nft !== undefined ? 'nft' : rules.iptables !== undefined || rules.ip6tables !== undefined ? 'iptables' : null,
    inForce: metaJson(meta), confirmed, first,
    lastGood: metaJson(good?.meta),
    pending: pending === undefined ? undefined : { token: pending.token, phase: pending.phase, seconds: pending.seconds, left, watched: isWatched(pending) },
    forwarding: forwarding(), tools: tools.map(toolText), kernel: kernelRelease(),
    lines: [
      ['in force', force],
      ['kernel', `${storesText(rules)}${isNothing(rules) ? '' : first ? ', first on its hooks' : ', NOT first in its chains'}`],
      ...(isNothing(rules) ? openText().map((text) => ['', text] as const) : [['confirmed', confirmed ? 'yes' : 'NO'] as const]),
      ['at start', good?.meta === undefined ? 'nothing was ever confirmed' : metaText(good.meta)],
      ['waits', pending === undefined ? 'nothing' : `${pending.token}, ${left} s left, ${isWatched(pending) ? 'watched' : 'NOBODY watches: `greengate firewall rollback`'}`],
      ['tools', `${tools.map(toolText).join(', ')}; kernel ${kernelRelease()}`],
    ],
  }
}

async function status(options: StateOptions): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  const { lines, ...json } = await gather(places)
  if (options.json === true) sayJson(json, 2)
  else for (const [label, text] of lines) say(`${label.padEnd(10)} ${text}\n`)
}

export function statusCommand(firewall: Command): void {
  stateOption(firewall.command('status').description('tell which rules the kernel has, whether they were confirmed, and what waits'))
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ greengate firewall status')
    .action(toldPlainly(status))
}
