// `greengate import`: what another tool was told, as a policy, with a list of what could not come along. A kind of file is one entry of KINDS
// and one folder or file under src/import/. Danger prevented: a change of tools in which a rule is lost and nobody notices.
import { basename, resolve } from 'node:path'
import type { Command } from 'commander'
import { Argument, InvalidArgumentError } from 'commander'
import { importBlocklist } from '../import/blocklist.ts'
import type { Imported } from '../import/draft.ts'
import { policyText } from '../import/draft.ts'
import { importE2guardian } from '../import/e2guardian/e2guardian.ts'
import type { Shelf } from '../import/e2guardian/shelf.ts'
import { importHosts } from '../import/hosts.ts'
import { importShorewall } from '../import/shorewall/shorewall.ts'
import { importSquidGuard } from '../import/squidguard.ts'
import { importSquid } from '../import/squid/squid.ts'
import type { ImportFile, ImportProblem } from '../import/source.ts'
import { parsePolicy } from '../policy/parse.ts'
import { parseServiceLiteral, service } from '../policy/services.ts'
import { failure, usageError } from './exit.ts'
import { importIptables } from './import-iptables.ts'
import { readImportFiles } from './import-read.ts'
import { shelfBeside } from './import-shelf.ts'
import { findingsJson, tellFindings, tellProblem } from './import-tell.ts'
import { writeImport } from './import-write.ts'
import { tellDiagnostics } from './report.ts'
import { say, sayError, sayJson } from './say.ts'

export interface ImportOptions {
  readonly write?: string
  readonly force?: true
  readonly json?: true
  readonly services?: readonly string[]
  readonly policy?: string
}

interface Given {
  readonly files: readonly ImportFile[]
  readonly options: ImportOptions
  /** where each file stands, when nothing is written beside the policy */
  readonly paths: ReadonlyMap<string, string> | undefined
  /** what the files name */
  readonly shelf: Shelf
}

type Kind = (given: Given) => Imported | ImportProblem

const KINDS: Readonly<Record<string, Kind>> = {
  blocklist: ({ files, options, paths }) => importBlocklist(files, { services: options.services, ...(paths === undefined ? {} : { paths }) }),
  shorewall: ({ files }) => importShorewall(files),
  squid: ({ files }) => importSquid(files),
  squidguard: ({ files }) => importSquidGuard(files),
  e2guardian: ({ files, shelf }) => importE2guardian(files, shelf),
  hosts: ({ files, paths }) => importHosts(files, paths === undefined ? {} : { paths }),
}

/** The kind that makes no policy: what it reads is held beside one. */
const REPORTS = 'iptables'

/** Their policies name the file itself where none is written. */
const NAME_FILES: ReadonlySet<string> = new Set(['blocklist', 'hosts'])

function servicesOption(text: string): readonly string[] {
  const words = text.split(',').map((word) => word.trim())
  for (const word of words) if (service(word) === undefined && !parseServiceLiteral(word).ok) throw new InvalidArgumentError(`\`${word}\` is no service: write a name like msnp, or tcp/1863`)
  return words
}

/** What of the command line does not go together. */
function misfit(kind: string, options: ImportOptions): readonly [problem: string, hint: string] | undefined {
  if (options.services !== undefined && kind !== 'blocklist') return ['`--services` is for `import blocklist`', 'it says which port the lines without one block']
  if (options.force === true && options.write === undefined) return ['`--force` overwrites what `--write` would not', 'add `--write FILE`']
  if (kind === REPORTS && options.policy === undefined) return ['`import iptables` holds the rules beside a policy, and none is named', 'add `--policy FILE`']
  if (kind === REPORTS && options.write !== undefined) return ['`import iptables` makes no policy: it tells which rules the one that is there already implies', 'leave `--write` away']
  if (kind !== REPORTS && options.policy !== undefined) return ['`--policy` is for `import iptables`', 'the other kinds make a policy']
  return undefined
}

async function importAction(kind: string, paths: readonly string[], options: ImportOptions): Promise<void> {
  const wrong = misfit(kind, options)
  if (wrong !== undefined) return usageError(...wrong)
  const names = NAME_FILES.has(kind)
  if (names && options.write === undefined && paths.includes('-')) return usageError('a policy cannot name what comes by standard input', 'add `--write FILE`: then a file of its own is written beside it')
  const read = await readImportFiles(kind, paths)
  if (!('files' in read)) return told(kind, options, read)
  if (kind === REPORTS) {
    const wrongFile = await importIptables(read.files, options.policy ?? '', options.json === true)
    return wrongFile === undefined ? undefined : told(kind, options, wrongFile)
  }
  const made = KINDS[kind]?.({ files: read.files, options, shelf: shelfBeside(paths), paths: names && options.write === undefined ? new Map(paths.map((path) => [path, resolve(path)])) : undefined })
  if (made === undefined || !('draft' in made)) return told(kind, options, made ?? { file: kind, message: 'nothing reads such files' })
  await finish(kind, options, made)
}

function told(kind: string, { json }: ImportOptions, problem: ImportProblem): void {
  process.exitCode = 1
  if (json === true) sayJson({ kind, ok: false, problem }, 2)
  else tellProblem(problem)
}

async function finish(kind: string, options: ImportOptions, made: Imported): Promise<void> {
  const text = policyText(made.draft)
  const checked = parsePolicy(text, options.write ?? 'policy.yaml')
  if (checked.policy === undefined) {
    tellDiagnostics(checked.diagnostics)
    return failure('the policy that was made does not hold, so nothing is written', 'this is a fault of the import: report it with the file')
  }
  let written: readonly string[] = []
  if (options.write !== undefined) {
    const end = await writeImport(options.write, text, made.files, options.force === true)
    if (!end.ok) return options.json === true ? told(kind, options, { file: options.write, message: end.message, ...(end.hint === undefined ? {} : { hint: end.hint }) }) : failure(end.message, end.hint)
    written = end.written
  }
  if (options.json === true) return sayJson({ kind, ok: true, carried: made.carried, ...(options.write === undefined ? { policy: text } : {}), written, ...findingsJson(made.findings) }, 2)
  tellFindings(kind, made, written)
  if (options.write === undefined && made.files.length > 0) sayError(`its ${made.files.length === 1 ? 'list is' : `${made.files.length} lists are`} written beside the policy with \`--write FILE\`\n`)
  if (options.write === undefined) say(text)
  else sayError(`next: greengate check ${basename(options.write) === options.write ? options.write : resolve(options.write)}\n`)
}

export function importCommand(program: Command): void {
  program
    // in backticks: who reads the imports of a file from its text takes the word before quotes for one
    .command(`import`)
    .addArgument(new Argument('<kind>', 'what the files are').choices([...Object.keys(KINDS), REPORTS]))
    .argument('<file...>', 'the files; of `shorewall`, `squid`, `squidguard` and `e2guardian` a folder too; - is standard input')
    .description('make a policy of the files of another tool; tells what could not be carried over')
    .option('--write <file>', 'write the policy there, and its lists beside it (default: print it)')
    .option('--force', 'overwrite what is there')
    .option('--services <list>', 'blocklist: what a line without a port blocks, like msnp or tcp/1863', servicesOption)
    .option('--policy <file|dir>', 'iptables: the policy beside which the rules are held')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Kinds:
  blocklist  the iptables article's files, \`ip\` or \`ip:port\` a line, under # headings
  shorewall  policy and rules; zones, interfaces, hosts, params where they are
  squid      squid.conf, what it includes, and the files that its acl lines name; or its folder
  squidguard squidGuard.conf: its sources, destinations, times and pass lines
  e2guardian e2guardian.conf or its folder: its lists, groups, hours, rooms and storyboards
  hosts      a hosts file that sends names to 0.0.0.0 or 127.0.0.1
  iptables   iptables-save, or a script of iptables lines: which of its rules the policy of --policy already implies, which not and why

The policy goes to standard output, what could not be carried over to standard error, each with file:line and what to do. Exit code 1:
nothing could be made of the files, and nothing is written.

Examples:
  $ greengate import blocklist ip_ports_blocked
  $ greengate import shorewall /etc/shorewall --write office.yaml
  $ iptables-save | greengate import iptables - --policy office.yaml`)
    .action(importAction)
}
