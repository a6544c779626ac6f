// `greengate reload`: asks the running gateway for its new policy and tells what it answers. Danger prevented: an admin who believes that the
// new rules hold because a signal was sent.
import type { Command } from 'commander'
import { askControl } from '../gateway/control.ts'
import type { ReloadAnswer } from '../gateway/control.ts'
import { EXIT } from './exit.ts'
import { PID_FILE, askGateway } from './ask-gateway.ts'
import { diagnosticJson, tellDiagnostics } from './report.ts'
import { say, sayError, sayJson } from './say.ts'

interface ReloadOptions {
  readonly pidFile?: string
  readonly json?: true
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
  const answer = await askGateway(options.pidFile, 'the reload failed', (socket) => askControl(socket, { command: 'reload' }))
  if (answer === undefined) return
  tell(answer, options.json === true)
  process.exitCode = answer.ok ? EXIT.ok : EXIT.policy
}

export function reloadCommand(program: Command): void {
  program
    .command('reload')
    .description('have the running gateway load its policy anew')
    .option('--pid-file <file>', PID_FILE)
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Prints the new generation once every worker has changed over. Exit code 4: the file has errors, they are printed, and the old policy stays in force.

Example:
  $ greengate reload
  generation 2 in force (5f2c8d1e90ab34cd)`)
    .action(reload)
}
