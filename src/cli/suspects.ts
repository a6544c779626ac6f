// `greengate suspects`: the hunt for the far ends of HTTP tunnels. Who looks like one is told with the reasons; `--probe` looks at them as a browser would,
// now and on a later day; a person's word stays. Nothing is blocked by this. Danger prevented: tunnels that pass for the web for years.
import { renameSync, writeFileSync } from 'node:fs'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { timeText } from '../firewall/standing.ts'
import { whyUnwritten, writeMend } from '../gateway/file-fault.ts'
import { probe } from '../gateway/probe.ts'
import type { CompiledPolicy } from '../decision/compile.ts'
import { parseHost, hostText } from '../net/target.ts'
import { Resolver } from '../proxy/resolve.ts'
import { Destinations } from '../report/suspect-sums.ts'
import { suspectsOf, urlsOf } from '../report/suspects.ts'
import type { Suspect } from '../report/suspects.ts'
import { withProbe } from '../report/suspect-state.ts'
import type { Probe } from '../report/suspect-state.ts'
import { compiledOf } from './compiled.ts'
import { failure, usageError } from './exit.ts'
import { say, sayError, sayJson } from './say.ts'
import { logsOption, seenSource } from './seen-source.ts'
import type { SeenOptions } from './seen-source.ts'
import { loadState, saveState, stateFile } from './suspect-file.ts'
import { confirmedOf, listText, ruleText, suspectsJson, suspectsText } from './suspects-text.ts'

interface StateOption {
  readonly state?: string
  readonly json?: true
}

interface SuspectsOptions extends SeenOptions, StateOption {
  readonly probe?: true
  readonly policy?: string
}

/** Suspects looked at in one run, the worst first, a few at a time. */
const MOST_PROBED = 50
const AT_ONCE = 4

async function probed(suspects: readonly Suspect[], compiled: CompiledPolicy): Promise<ReadonlyMap<string, Probe>> {
  const { gateway, limits } = compiled.policy
  const resolver = new Resolver({ servers: gateway.resolvers, timeoutMs: limits.dnsMs })
  const found = new Map<string, Probe>()
  const waiting = suspects.slice(0, MOST_PROBED)
  if (suspects.length > MOST_PROBED) sayError(`note: the first ${MOST_PROBED} of ${suspects.length} are probed\n`)
  const work = async (): Promise<void> => {
    for (let suspect = waiting.shift(); suspect !== undefined; suspect = waiting.shift()) {
      const { base, full } = urlsOf(suspect.to)
      const at = new Date().toISOString()
      const looked = { at, base: await probe(base, compiled, resolver), ...(full === undefined ? {} : { full: await probe(full, compiled, resolver) }) }
      if (looked.base.answer === 'closed') sayError(`note: ${suspect.to.host} is not probed: ${looked.base.detail}\n`)
      found.set(suspect.to.host, looked)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  } finally {
    resolver.close()
  }
  return found
}

async function suspectsAction(options: SuspectsOptions): Promise<void> {
  const compiled = await compiledOf(options)
  if (compiled === undefined) return
  const { timezone } = compiled.policy.gateway
  const source = seenSource(options, timezone, Date.now())
  if (source === undefined) return
  const file = stateFile(options.state)
  let state = loadState(file)
  if (state === undefined) return
  const destinations = new Destinations()
  if (!(await source.each((seen) => destinations.add(seen)))) return
  if (options.probe === true) {
    const found = await probed(suspectsOf(destinations, state).suspects, compiled)
    // probing takes minutes, in which somebody may have marked one
    const meanwhile = loadState(file)
    if (meanwhile === undefined) return
    state = new Map([...meanwhile, ...[...found].map(([host, probe]) => [host, withProbe(meanwhile.get(host), probe)] as const)])
    if (!saveState(file, state)) return
  }
  const { suspects, innocent } = suspectsOf(destinations, state)
  if (options.json === true) return sayJson(suspectsJson(destinations, suspects, innocent), 2)
  say(suspectsText(destinations, suspects, innocent, (at) => timeText(at, timezone).slice(0, 16).replace('T', ' ')))
}

function markAction(written: string, mark: 'innocent' | 'confirmed', options: StateOption & { readonly note?: string }): void {
  const host = parseHost(written)
  if (!host.ok) return usageError(`\`${written}\` is no host: ${host.problem}`, 'write it as `greengate suspects` tells it, without scheme and port')
  const file = stateFile(options.state)
  const state = loadState(file)
  if (state === undefined) return
  const name = hostText(host.value)
  const { note: _note, ...before } = state.get(name) ?? {}
  if (!saveState(file, new Map([...state, [name, { ...before, mark, markedAt: new Date().toISOString(), ...(options.note === undefined ? {} : { note: options.note }) }]]))) return
  if (options.json === true) sayJson({ host: name, mark, note: options.note, state: file }, 2)
  else say(`${name} is marked ${mark} in ${file}\n`)
}

function confirmedAction(options: StateOption & { readonly write?: string }): void {
  const state = loadState(stateFile(options.state))
  if (state === undefined) return
  const confirmed = confirmedOf(state)
  if (options.write !== undefined) {
    try {
      writeFileSync(`${options.write}.new`, listText(confirmed), { mode: 0o644 })
      renameSync(`${options.write}.new`, options.write)
    } catch (error) {
      return failure(`\`${options.write}\` cannot be written: ${whyUnwritten(error)}`, writeMend(error, '--write FILE'))
    }
  }
  const count = confirmed.names.length + confirmed.addresses.length
  const file = options.write ?? 'lists/confederates'
  if (options.json === true) return sayJson({ ...confirmed, list: options.write, rule: count === 0 ? undefined : ruleText(confirmed, file) }, 2)
  if (count === 0) return say('nobody is confirmed: `greengate suspects mark HOST confirmed`\n')
  say(`# ${count} confirmed; to paste, above the rules that allow${options.write === undefined ? '; `--write FILE` writes the list of names' : ''}\n${ruleText(confirmed, file)}`)
}

export function suspectsCommand(program: Command): void {
  const suspects = program
    .command('suspects')
    .description('tell which destinations look like the far end of an HTTP tunnel, and why')
    .option('--store <file>', 'the store of a gateway (its records, as long as it keeps them)')
    .option('--log <file>', 'an event log or a Squid access log, what it was rotated to included (- for standard input); may be given more than once', logsOption)
    .option('--since <time>', 'only what came since: a time, or how long ago: 10m, 2h, 1d')
    .option('--probe', 'ask each suspect for its base page, and a full URI where one is on record, as a browser would; and keep what came')
    .option('--state <file>', 'where probes and marks are kept (default: /var/lib/greengate/suspects.json, of others than root below ~/.local/state)')
    .option('--policy <file|dir>', 'the policy whose guard and resolvers probes use (default: policies/default.yaml of the package)')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
A good page lowers a score and takes nobody off the list. A suspect without a page, asked again on another day, is what a person confirms:
the base page of what ran inside tunnels is asked for; full URIs are on record for plain requests only.

Examples:
  $ greengate suspects --log events.jsonl --since 7d --probe
  $ greengate suspects mark 203.0.113.77 confirmed --note "no page on two days"
  $ greengate suspects confirmed --write lists/confederates`)
    .action(suspectsAction)
  suspects
    .command('mark')
    .argument('<host>', 'as it is told')
    .addArgument(new Argument('<verdict>', 'what you know').choices(['innocent', 'confirmed']))
    .description('keep your word on a suspect: innocent ones are not told again, confirmed ones make the list')
    .option('--note <text>', 'why')
    .option('--state <file>', 'where it is kept')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ greengate suspects mark backup.example.net innocent --note "the nightly backup"')
    .action(markAction)
  suspects
    .command('confirmed')
    .description('the rule against those who were confirmed, to paste, and their list')
    .option('--write <file>', 'write the names there, a list of the policy')
    .option('--state <file>', 'where it is kept')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ greengate suspects confirmed --write lists/confederates')
    .action(confirmedAction)
}
