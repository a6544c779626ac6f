// `greengate replay POLICY`: the past decided anew by another policy, so that a change is judged by what it would have done. Also over the log of a
// Squid. Danger prevented: a policy put in force that refuses what an office lives on.
import type { Command } from 'commander'
import type { CompiledPolicy } from '../decision/compile.ts'
import { Rejudge } from '../report/facts-of-seen.ts'
import { Replay } from '../report/replay.ts'
import { loadedOf } from './compiled.ts'
import { portOption } from './options.ts'
import { replayJson, replayText } from './replay-text.ts'
import { say, sayError, sayJson } from './say.ts'
import { logsOption, seenSource } from './seen-source.ts'
import type { SeenOptions } from './seen-source.ts'

interface ReplayOptions extends SeenOptions {
  readonly port?: number
  readonly json?: true
}

/** The administrator's alone decides nothing that a log would tell. */
function namesMacs({ policy }: CompiledPolicy): boolean {
  return [...policy.rules, ...policy.web.rules].some(({ from }) => from !== undefined && from.macs.length > 0)
}

async function replayAction(policy: string, options: ReplayOptions): Promise<void> {
  const compiled = (await loadedOf({ ...options, policy }))?.compiled
  if (compiled === undefined) return
  const { timezone } = compiled.policy.gateway
  const source = seenSource(options, timezone, Date.now())
  if (source === undefined) return
  let macs = 0
  const replay = new Replay(new Rejudge(compiled))
  const read = await source.each((seen) => {
    if (seen.mac !== undefined) macs += 1
    replay.add(seen)
  })
  if (!read) return
  if (namesMacs(compiled) && macs === 0) sayError('note: the policy names MACs and the log has none: rules by MAC match nobody here\n')
  const result = replay.result()
  if (options.json === true) sayJson(replayJson(result), 2)
  else say(replayText(result, timezone, compiled.policy.mode === 'observe'))
}

export function replayCommand(program: Command): void {
  program
    .command('replay')
    .argument('<policy>', 'the policy that decides anew, a file or a folder with one')
    .description('decide recorded requests anew by another policy, and tell which verdicts would flip')
    .option('--store <file>', 'the store of a gateway (its records, as long as it keeps them)')
    .option('--log <file>', "an event log or a Squid access log, what it was rotated to included (- for standard input); may be given more than once", logsOption)
    .option('--since <time>', 'only what came since: a time, or how long ago: 10m, 2h, 1d')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Each request is judged with what is on record of it: client, target, addresses, time. What is not on record cannot be judged: the type of a request's
body, what Squid cuts from a URL (its query, unless \`strip_query_terms off\`), and limits.

Examples:
  $ greengate replay new.yaml --log /var/log/greengate/events.jsonl --since 7d
  $ greengate replay office.yaml --log /var/log/squid/access.log`)
    .action(replayAction)
}
