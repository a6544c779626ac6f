// `greengate learn`: a policy from what was observed, the narrowest that allows it, each rule with its evidence, its test and its end. A draft for a person:
// nothing is put in force. Danger prevented: an enforced policy that was written from memory, and the first morning after.
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { timeText } from '../firewall/standing.ts'
import { whyUnwritten, writeMend } from '../gateway/file-fault.ts'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { parseTime } from '../policy/schedule.ts'
import { parseDuration } from '../policy/sizes.ts'
import { Rejudge } from '../report/facts-of-seen.ts'
import { Gathering, KINDS, accepted } from '../report/learn-gather.ts'
import type { Kind } from '../report/learn-gather.ts'
import type { Terms } from '../report/learn-policy.ts'
import { loadedOf } from './compiled.ts'
import { failure, usageError } from './exit.ts'
import { makePolicy, opened, takenNames, unreached } from './learn-make.ts'
import type { Base } from './learn-make.ts'
import { learnPackets } from './learn-packets.ts'
import { learnedJson, learnedText } from './learn-text.ts'
import type { Learned } from './learn-text.ts'
import { tellDiagnostics } from './report.ts'
import { say, sayError, sayJson } from './say.ts'
import { logsOption, seenSource } from './seen-source.ts'
import type { SeenOptions } from './seen-source.ts'

interface LearnOptions extends SeenOptions {
  readonly policy?: string
  readonly write?: string
  readonly force?: true
  readonly firewallLog?: string
  readonly include?: readonly (Kind | 'all')[]
  readonly expires: string
  readonly exact?: true
  readonly json?: true
}

const ALONE = 'version: 1\nname: learned\n'

async function baseOf({ policy }: LearnOptions): Promise<Base | undefined> {
  if (policy !== undefined) return loadedOf({ policy })
  const loaded = await loadPolicy('learned.yaml', machineNow(0), { text: ALONE })
  return loaded.ok ? loaded : undefined
}

/** The day of the end, or none; null: told. */
function expiryOf(text: string, timezone: string, now: number): string | undefined | null {
  if (text === 'never') return undefined
  const after = parseDuration(text)
  const at = after === undefined ? parseTime(text, timezone) : now + after
  if (at !== undefined && at > now) return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
  usageError(`\`${text}\` is no end of a rule`, 'write how long it holds, like `30d`, a date to come, or `never`')
  return null
}

function misplaced(options: LearnOptions, base: Base): readonly [problem: string, hint: string] | undefined {
  const { write, policy, force } = options
  if (write === undefined) return force === true ? ['`--force` overwrites what `--write` would not', 'add `--write FILE`'] : undefined
  if (existsSync(write) && force !== true) return [`\`${write}\` is there already, and nothing is written`, 'name another file, or add `--force` to overwrite']
  const files = base.source.lists.length + base.source.blocks.length
  if (policy !== undefined && files > 0 && dirname(resolve(write)) !== dirname(resolve(base.source.policy.file))) return ['the policy names list files beside it, which the learned one would not find there', `write it into ${dirname(base.source.policy.file)}`]
  return undefined
}

/** Whole or not at all. */
/** What was thrown, else undefined. */
function writeWhole(file: string, text: string): { readonly error: unknown } | undefined {
  const draft = `${file}.${process.pid}.new`
  let made = false
  try {
    writeFileSync(draft, text, { mode: 0o644, flag: 'wx' })
    made = true
    renameSync(draft, file)
    return undefined
  } catch (error) {
    if (made) rmSync(draft, { force: true })
    return { error }
  }
}

async function learnAction(options: LearnOptions): Promise<void> {
  const base = await baseOf(options)
  if (base === undefined) return
  const now = Date.now()
  const { timezone } = base.compiled.policy.gateway
  const expires = expiryOf(options.expires, timezone, now)
  if (expires === null) return
  const wrong = misplaced(options, base)
  if (wrong !== undefined) return usageError(...wrong)
  const source = options.log === undefined && options.store === undefined && options.firewallLog !== undefined ? undefined : seenSource(options, timezone, now)
  if (source === undefined && (options.log !== undefined || options.store !== undefined || options.firewallLog === undefined)) return
  const open = opened(base)
  if (open === undefined) return failure('the policy takes no further rule: its `rules` or `web` are no list and no map', 'write them out')
  const gathering = new Gathering(new Rejudge(open))
  if (source !== undefined && !(await source.each((seen) => gathering.add(seen)))) return
  const include = new Set((options.include ?? []).flatMap((kind) => (kind === 'all' ? KINDS : [kind])))
  const facts = accepted(gathering, include)
  const names = takenNames(base)
  const time = (at: number): string => timeText(at, timezone).slice(0, 16).replace('T', ' ')
  const terms: Terms = { expires, at: new Date(now).toISOString().replace(/\.\d{3}Z$/, 'Z'), time }
  const since = source?.since
  try {
    const reached = new Set(unreached(base, facts).map(({ client }) => client))
    const packets = options.firewallLog === undefined ? undefined : await learnPackets(base.compiled, options.firewallLog, since, names, terms, reached)
    const from = [...(source === undefined ? [] : [`${gathering.requests} requests`]), ...(packets === undefined ? [] : [`${packets.packets} dropped packets`])].join(' and ')
    const head = [`Learned by \`greengate learn\` from ${from}, ${time(now)}. A draft: read why each rule is there, then \`greengate check\`.`]
    const made = await makePolicy(base, facts, packets, names, terms, options.exact === true, head)
    if (made === undefined) return failure('the policy takes no further rule: its `rules`, `web` or `tests` are no list', 'write them out')
    if (!made.loaded.ok) {
      tellDiagnostics(made.loaded.diagnostics)
      return failure('what was learned goes against a test of the policy, and nothing is written', 'change the test, or leave out what it denies')
    }
    const learned: Learned = { made, gathering, packets, facts, written: options.write }
    const problem = options.write === undefined ? undefined : writeWhole(options.write, made.text)
    if (problem !== undefined) return failure(`\`${options.write ?? ''}\` cannot be written: ${whyUnwritten(problem.error)}`, writeMend(problem.error, '--write FILE'))
    if (options.json === true) return sayJson(learnedJson(learned), 2)
    const told = learnedText(learned, time)
    if (options.write !== undefined) return say(told)
    say(made.text)
    sayError(told)
  } catch (error) {
    failure(error instanceof Error ? error.message : String(error))
  }
}

export function learnCommand(program: Command): void {
  program
    .command('learn')
    .description('make a policy from what was observed: the narrowest that allows it, with evidence, tests and an end')
    .option('--store <file>', 'the store of a gateway (its records, as long as it keeps them)')
    .option('--log <file>', 'the event log of a gateway in mode observe (or a Squid access log), what it was rotated to included; may be given more than once', logsOption)
    .option('--firewall-log <file>', "also the firewall's drops, from a syslog file with the kernel's lines (- for standard input)")
    .option('--since <time>', 'only what came since: a time, or how long ago: 10m, 2h, 1d')
    .option('--policy <file|dir>', 'extend this policy, and enforce it; without it the learned policy stands alone')
    .option('--write <file>', 'write the policy there, not to standard output')
    .option('--force', 'overwrite what is there')
    .addOption(new Option('--include <kind...>', 'also learn what is left out otherwise').choices([...KINDS, 'all']))
    .option('--expires <time>', 'how long the learned rules hold: 30d, a date, or never', '30d')
    .option('--exact', 'no `*.` for many names of one owner, and no rule wider than what was seen')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Left out unless asked for: hosts asked by number, addresses that the guard closes, random-looking names asked once or twice, tunnels that are no TLS,
and what was refused and not only observed. What a rule denies on purpose is never learned.

Examples:
  $ greengate learn --log events.jsonl --since 7d --write learned.yaml
  $ greengate learn --log events.jsonl --policy office.yaml --include private > office-learned.yaml`)
    .action(learnAction)
}
