// `greengate reload`: asks the running gateway for its new policy and tells what it answers. Danger prevented: an admin who believes that the
// new rules hold because a signal was sent.
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { askControl, controlAnswers } from '../gateway/control.ts'
import type { ReloadAnswer } from '../gateway/control.ts'
import { defaultPidFiles, socketPath } from '../gateway/run-dir.ts'
import { EXIT, failure } from './exit.ts'
import { diagnosticJson, tellDiagnostics } from './report.ts'
import { say, sayError, sayJson } from './say.ts'

interface ReloadOptions {
  readonly pidFile?: string
  readonly json?: true
}

async function findPidFile(): Promise<string | undefined> {
  for (const file of defaultPidFiles()) if (existsSync(socketPath(file)) && (await controlAnswers(socketPath(file)))) return file
  return undefined
}

function tell(answer: ReloadAnswer, json: boolean): void {
  const { ok, generation, hash, diagnostics, notes } = answer
  if (json) {
    sayJson({ ok, generation, hash, diagnostics: diagnostics.map(diagnosticJson), notes })
    return
  }
  tellDiagnostics(diagnostics)
  for (const note of notes) sayError(`note: ${note}\n`)
  if (ok) say(`generation ${generation} in force (${hash})\n`)
  else sayError(`greengate: the new policy is not loaded, generation ${generation} (${hash}) stays in force\n`)
}

async function reload(options: ReloadOptions): Promise<void> {
  const file = options.pidFile ?? (await findPidFile())
  if (file === undefined) {
    return failure('no gateway answers', `looked beside ${defaultPidFiles().join(' and ')}; where it was started with --pid-file, say the same here`)
  }
  try {
    const answer = await askControl(socketPath(file), { command: 'reload' })
    tell(answer, options.json === true)
    process.exitCode = answer.ok ? EXIT.ok : EXIT.policy
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED') failure(`no gateway answers at ${socketPath(file)}`, 'is it running, and was it started with the same --pid-file?')
    else if (code === 'EACCES') failure(`not allowed to speak to the gateway at ${socketPath(file)}`, 'only the user that runs it, and root, may')
    else failure(`the reload failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

export function reloadCommand(program: Command): void {
  program
    .command('reload')
    .description('have the running gateway load its policy anew')
    .option('--pid-file <file>', 'of the gateway that is meant (default: where `serve` puts it, the first that answers)')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Prints the new generation once every worker has changed over. Exit code 4: the file has errors, they are printed, and the old policy stays in force.

Example:
  $ greengate reload
  generation 2 in force (5f2c8d1e90ab34cd)`)
    .action(reload)
}
