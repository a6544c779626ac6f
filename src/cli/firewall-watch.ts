// `greengate firewall watch`: tells within a second when the kernel's rules are no longer those that were applied, and with `--repair` writes them anew.
// Danger prevented: a lock-down that another program, or a tired administrator, has taken out, and that is believed to stand.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { changeOf, timeText } from '../firewall/standing.ts'
import { parsePolicy } from '../policy/parse.ts'
import type { Policy } from '../policy/policy.ts'
import { parseDuration } from '../policy/sizes.ts'
import { normalised } from '../plane/drift.ts'
import { RulesError } from '../plane/own-kernel.ts'
import type { OwnRules } from '../plane/own-rules.ts'
import type { Places } from '../plane/places.ts'
import { readKept } from '../plane/recover.ts'
import { watch } from '../plane/watch.ts'
import type { WatchEvent } from '../plane/watch.ts'
import { compiledFor, wantedNow } from './drift-plan.ts'
import type { Wanted } from './drift-plan.ts'
import { differing, driftJson, driftText, foreignText } from './drift-text.ts'
import { failure } from './exit.ts'
import { livePlanOptions } from './firewall-plan.ts'
import type { PlanOptions } from './firewall-plan.ts'
import { planePlaces, stateOption } from './plane-options.ts'
import type { StateOptions } from './plane-options.ts'
import { backendOption, rulesText } from './plane-rules.ts'
import type { BackendOption } from './plane-rules.ts'
import { say, sayJson } from './say.ts'
import { untilStopped } from './until-stopped.ts'

interface WatchOptions extends PlanOptions, StateOptions, BackendOption {
  readonly repair?: true
  readonly poll: number
}

interface Source {
  readonly wanted: () => Promise<OwnRules>
  readonly policy: () => Policy | undefined
}

/** What was applied last, whenever it changes: as the kernel of its rehearsal listed it. */
function applied(places: Places): Source {
  let text = ''
  let policy: Policy | undefined
  return {
    async wanted() {
      const kept = readKept(places.inForce)
      if (kept === undefined) throw new RulesError('nothing was applied here: `greengate firewall apply` does, or name the policy with `--policy`')
      if (kept.meta !== undefined && kept.meta.text !== text) {
        text = kept.meta.text
        policy = parsePolicy(text, kept.meta.file).policy
      }
      return kept.rules
    },
    policy: () => policy,
  }
}

/** One policy, as it was read when the watch began; compiled anew when a rule's time begins or ends. */
function compiled(first: Wanted): Source {
  const { plan, backend } = first
  const live = { generation: first.ruleset.generation, ipset: first.ruleset.ipset }
  const edgeAfter = (now: number): number => Math.min(...plan.policy.rules.map((rule) => changeOf(rule, now) ?? Infinity))
  let rules = first.rules
  let until = edgeAfter(plan.facts.now)
  return {
    async wanted() {
      const now = Date.now()
      if (now >= until) {
        const ruleset = compiledFor(plan, live, now)
        if (typeof ruleset === 'string') throw new RulesError(ruleset)
        rules = await normalised(rulesText(ruleset, backend))
        until = edgeAfter(now)
      }
      return rules
    },
    policy: () => plan.policy,
  }
}

function pollOption(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms < 200 || ms > 3_600_000) throw new InvalidArgumentError('a duration from 200ms to 1h, like 30s')
  return ms
}

function told(event: WatchEvent, policy: Policy | undefined): string {
  switch (event.event) {
    case 'problem': return `problem: ${event.problem}`
    case 'drift': return `DRIFT: ${driftText(event.drift, policy).trimEnd()}`
    case 'repaired': return `repaired: ${event.drift.none ? 'all of our rules were gone' : `${differing(event.drift)} lines differed`}, and are as they should be`
    case 'foreign': return `ours are as they should be; ${foreignText(event.drift).trim()}`
    case 'clean': return 'the kernel has what it should have'
  }
}

async function watchAction(options: WatchOptions): Promise<void> {
  const places = planePlaces(options)
  if (places === undefined) return
  let source: Source
  try {
    const wanted = options.policy === undefined ? undefined : await wantedNow(places, options)
    if (options.policy !== undefined && wanted === undefined) return
    source = wanted === undefined ? applied(places) : compiled(wanted)
    await source.wanted()
  } catch (error) {
    if (!(error instanceof RulesError)) throw error
    return failure(error.message)
  }
  const tell = (event: WatchEvent): void => {
    const now = Date.now()
    const policy = source.policy()
    if (options.json === true) {
      return sayJson({ time: new Date(now).toISOString(), event: event.event, ...(event.event === 'problem' ? { problem: event.problem } : driftJson(event.drift, policy)) })
    }
    say(`${timeText(now, policy?.gateway.timezone ?? 'UTC').slice(0, 19).replace('T', ' ')}  ${told(event, policy)}\n`)
  }
  await watch({ places, wanted: source.wanted, repair: options.repair === true, pollMs: options.poll, tell, signal: untilStopped() })
}

export function firewallWatch(firewall: Command): void {
  backendOption(stateOption(livePlanOptions(firewall.command('watch').description('tell within a second when the kernel\'s rules are no longer those that were applied'))))
    .option('--repair', 'and write them anew, each time')
    .option('--poll <time>', 'look so often even when the kernel tells of no change', pollOption, 30_000)
    .option('--json', 'one JSON object an event')
    .addHelpText('after', `
Without --policy: what was applied last, as it changes. The kernel's own events wake it (nft monitor; what iptables puts into nf_tables too), and it
compares what the kernel lists, never what it remembers. Changes of our own commands are waited for. More than five repairs in a minute are a quarrel with
another program: told, and left for a minute. Each minute it keeps the counters of \`usage\`.

Example:
  $ sudo greengate firewall watch --repair`)
    .action(watchAction)
}
