// `greengate check`: everything that a load would say of a policy, and what only a reader of the whole can see (lint), without serving it.
import type { Command } from 'commander'
import { loadPolicy } from '../gateway/load.ts'
import type { Loaded } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { defaultPolicyFile, policyFiles } from '../gateway/policy-path.ts'
import { EXIT, usageError } from './exit.ts'
import { withBar } from './progress.ts'
import { countText, diagnosticJson, tellDiagnostics } from './report.ts'
import { say, sayJson } from './say.ts'

interface CheckOptions {
  readonly policy?: string
  readonly strict?: true
  readonly json?: true
}

interface Checked {
  readonly file: string
  readonly loaded: Loaded
  readonly errors: number
  readonly warnings: number
  readonly ok: boolean
}

async function checkFile(file: string, strict: boolean): Promise<Checked> {
  const loaded = await withBar((step) => loadPolicy(file, machineNow(0), { lint: true, step }))
  const errors = loaded.diagnostics.filter((each) => each.severity === 'error').length
  const warnings = loaded.diagnostics.length - errors
  return { file, loaded, errors, warnings, ok: errors === 0 && (!strict || warnings === 0) }
}

function counted(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`
}

function summary(checked: Checked): string {
  const { file, loaded, errors, warnings } = checked
  const found = countText(errors, warnings)
  if (!loaded.ok) return `${file}: ${found}`
  const { rules, web, tests, lists, mode } = loaded.source.policy
  const parts = [counted(rules.length, 'packet rule'), counted(web.rules.length, 'web rule')]
  if (lists.length > 0) parts.push(`${counted(lists.length, 'list')} of ${counted(loaded.source.lists.reduce((sum, each) => sum + each.entries, 0), 'entry').replace(/entrys$/, 'entries')}`)
  parts.push(tests.length === 0 ? 'no tests' : `${counted(tests.length, 'test')} passed`)
  if (mode === 'observe') parts.push('mode observe')
  return `${file}: ${found === '' ? 'ok' : found} (${parts.join(', ')})`
}

async function check(path: string | undefined, options: CheckOptions): Promise<void> {
  if (path !== undefined && options.policy !== undefined) return usageError('the policy is named twice', 'either `check FILE` or `check --policy FILE`')
  const wanted = path ?? options.policy ?? defaultPolicyFile()
  const files = policyFiles(wanted)
  if (files.length === 0) return usageError(`${wanted} holds no policy (*.yaml)`, 'name the file: `check FILE`')
  const all: Checked[] = []
  for (const file of files) all.push(await checkFile(file, options.strict === true))
  const ok = all.every((each) => each.ok)
  if (options.json === true) {
    const told = all.map((each) => ({
      file: each.file, ok: each.ok, errors: each.errors, warnings: each.warnings,
      ...(each.loaded.ok ? { hash: each.loaded.hash } : {}), diagnostics: each.loaded.diagnostics.map(diagnosticJson),
    }))
    sayJson({ ok, files: told }, 2)
  } else {
    for (const each of all) {
      tellDiagnostics(each.loaded.diagnostics)
      say(`${summary(each)}\n`)
    }
  }
  process.exitCode = ok ? EXIT.ok : EXIT.policy
}

export function checkCommand(program: Command): void {
  program
    .command('check')
    .argument('[file|dir]', 'the policy; of a folder each of its policies')
    .description('check a policy: its syntax, names, files, tests, and what in it cannot work as written')
    .option('--policy <file|dir>', 'the same as the argument')
    .option('--strict', 'warnings count as errors')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Exit code 0: clean; 4: there are errors, or with --strict warnings.

Example:
  $ greengate check policies/office.yaml
  policies/office.yaml: ok (2 packet rules, 3 web rules, 29 tests passed)`)
    .action(check)
}
