// `greengate lists [update]`: how old the lists are, how much is in them and how often they decided; and fetched now. The running gateway is asked, since it is the one
// that judges by them; without one, or with --policy, the files. Danger prevented: a list that nobody has fetched for a year.
import type { Command } from 'commander'
import { statSync } from 'node:fs'
import { askFigures, askLists, askUpdate } from '../gateway/control.ts'
import type { ListEnd } from '../gateway/list-update.ts'
import { settleList, takeBackList } from '../gateway/list-update.ts'
import { listFile, readState } from '../gateway/list-state.ts'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { readBounded } from '../gateway/read-bounded.ts'
import { updateLists } from '../gateway/update-lists.ts'
import { parsePolicy } from '../policy/parse.ts'
import { PID_FILE, askGateway } from './ask-gateway.ts'
import { momentText, spanText } from './amounts.ts'
import { EXIT, failure } from './exit.ts'
import { policyOption } from './options.ts'
import { withBar } from './progress.ts'
import { tellDiagnostics } from './report.ts'
import { say, sayError, sayJson } from './say.ts'
import { table } from './table.ts'

interface ListsOptions {
  readonly policy?: string
  readonly pidFile?: string
  readonly json?: true
}

interface Row {
  readonly list: string
  readonly file: string
  readonly entries: number
  /** of the running gateway */
  readonly hits?: number
  readonly url?: string
  readonly everyMs?: number
  readonly checkedAt?: number
  readonly changedAt?: number
  readonly nextAt?: number
  readonly problem?: string
}

async function ofGateway(pidFile: string | undefined): Promise<readonly Row[] | undefined> {
  return askGateway(pidFile, 'the gateway did not tell', async (socket) => {
    const [kept, { lists }] = await Promise.all([askLists(socket), askFigures(socket)])
    return kept.map((each) => {
      const figures = lists.find(({ list }) => list === each.list)
      return { ...each, entries: figures?.entries ?? 0, hits: figures?.hits ?? 0 }
    })
  })
}

function changed(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs
}

async function ofFiles(path: string): Promise<readonly Row[] | undefined> {
  const file = policyOption(path)
  if (file === undefined) return undefined
  const loaded = await withBar((step) => loadPolicy(file, machineNow(0), { step }))
  if (!loaded.ok) {
    tellDiagnostics(loaded.diagnostics)
    process.exitCode = EXIT.policy
    return undefined
  }
  return loaded.source.policy.lists.map((source) => {
    const of = listFile(source) ?? ''
    const state = readState(of)
    return {
      list: source.name, file: of, entries: loaded.source.lists.find(({ name }) => name === source.name)?.entries ?? 0,
      ...(source.fetch === undefined ? {} : source.fetch), ...(state === undefined ? {} : { checkedAt: state.checkedAt, changedAt: state.changedAt }),
    }
  })
}

function age(at: number | undefined): string {
  return at === undefined ? '-' : spanText(Math.max(0, Date.now() - at) / 1000)
}

async function show(options: ListsOptions): Promise<void> {
  const rows = options.policy === undefined ? await ofGateway(options.pidFile) : await ofFiles(options.policy)
  if (rows === undefined) return
  if (options.json === true) return sayJson({ lists: rows.map((row) => ({ ...row, fileChangedAt: changed(row.file) })) }, 2)
  if (rows.length === 0) return say('the policy has no lists\n')
  say(table(['list', 'entries', 'hits', 'age', 'asked', 'next', 'from'], rows.map((row) => [
    row.list, String(row.entries), row.hits === undefined ? '-' : String(row.hits), age(row.changedAt ?? changed(row.file)), row.url === undefined ? '-' : age(row.checkedAt),
    row.nextAt === undefined ? (row.everyMs === undefined ? '-' : `every ${spanText(row.everyMs / 1000)}`) : row.nextAt <= Date.now() ? 'now' : momentText(row.nextAt), row.url ?? row.file,
  ])))
  for (const { list, problem } of rows) if (problem !== undefined) sayError(`${list}: the last try failed, the list stays as it is: ${problem}\n`)
}

/** Without a gateway: into the files, held against the policy as a gateway would. */
async function updateFiles(path: string, names: readonly string[]): Promise<readonly ListEnd[] | undefined> {
  const file = policyOption(path)
  if (file === undefined) return undefined
  const { policy, diagnostics } = parsePolicy(await readBounded(file, 16 << 20).catch(() => ''), file)
  if (policy === undefined) {
    tellDiagnostics(diagnostics)
    process.exitCode = EXIT.policy
    return undefined
  }
  const machine = machineNow(policy.gateway.proxy.port)
  const wanted = policy.lists.filter(({ name, fetch }) => fetch !== undefined && (names.length === 0 || names.includes(name)))
  const unknown = names.filter((name) => !wanted.some((each) => each.name === name)).map((list): ListEnd => ({ list, result: 'failed', told: 'no list with `url` has this name' }))
  const ends = await updateLists({ policy, lists: [], blocks: policy.blocks.map(({ name }) => [name, []] as const), hash: '' }, machine, wanted.map(({ name }) => name))
  const fresh = wanted.filter(({ name }) => ends.some(({ list, result }) => list === name && result === 'new'))
  if (fresh.length === 0) return [...ends, ...unknown]
  const loaded = await withBar((step) => loadPolicy(file, machine, { step }))
  if (loaded.ok) for (const each of fresh) settleList(each)
  else tellDiagnostics(loaded.diagnostics)
  // where there was none before, the new one stays: the policy does not hold without it either
  const back = loaded.ok ? [] : fresh.filter(takeBackList).map(({ name }) => name)
  return [...ends.map((end): ListEnd => (back.includes(end.list) ? { ...end, result: 'failed', told: 'the policy does not hold with it, so the old list stays' } : end)), ...unknown]
}

async function update(names: readonly string[], options: ListsOptions): Promise<void> {
  const ends = options.policy === undefined
    ? await askGateway(options.pidFile, 'the update failed', async (socket) => (await askUpdate(socket, names)).lists)
    : await updateFiles(options.policy, names)
  if (ends === undefined) return
  const failed = ends.filter(({ result }) => result === 'failed')
  if (options.json === true) sayJson({ ok: failed.length === 0, lists: ends }, 2)
  else if (ends.length === 0) return failure('no list of the policy has a `url`', 'write it beside the file: `ads: { hosts: lists/ads, url: "https://...", every: 24h }`')
  else say(table(['list', 'result', ''], ends.map(({ list, result, told }) => [list, result, told])))
  if (failed.length > 0) process.exitCode = EXIT.failure
}

function options(command: Command): Command {
  return command
    .option('--policy <file|dir>', 'the files of this policy, in place of the running gateway')
    .option('--pid-file <file>', PID_FILE)
    .option('--json', 'as one JSON object')
}

export function listsCommand(program: Command): void {
  const lists = options(program.command('lists').description('tell age, entries and hits of the lists; `update` fetches them'))
    .addHelpText('after', '\nHits are requests that a rule decided because the list has them.\n\nExamples:\n  $ greengate lists\n  $ greengate lists update ads')
    .action(show)
  options(lists.command('update').argument('[list...]', 'these; none: each that has a `url`').description('fetch lists now, and have the gateway judge by them'))
    .addHelpText('after', '\nExit code 1: one of them could not be had; its old file stays, and in force.\n\nExample:\n  $ greengate lists update --policy office.yaml')
    .action(update)
}
