// The table of commands: argv in, exit code out. Danger prevented: an unknown word on the command line that is taken for something else.
import { Command, CommanderError } from 'commander'
import { checkCommand } from './check.ts'
import { EXIT } from './exit.ts'
import { completionCommand } from './completion.ts'
import { doctorCommand } from './doctor.ts'
import { envCommand } from './env.ts'
import { explainCommand } from './explain.ts'
import { firewallCommand } from './firewall.ts'
import { helpCommand } from './help.ts'
import { importCommand } from './import.ts'
import { learnCommand } from './learn.ts'
import { listsCommand } from './lists.ts'
import { logCommand } from './log.ts'
import { reloadCommand } from './reload.ts'
import { pacCommand } from './pac.ts'
import { rulesCommand } from './rules.ts'
import { replayCommand } from './replay.ts'
import { reportCommand } from './report-traffic.ts'
import { sayError } from './say.ts'
import { schemaCommand } from './schema.ts'
import { serveCommand } from './serve.ts'
import { statusCommand } from './status.ts'
import { suspectsCommand } from './suspects.ts'
import { topCommand } from './top.ts'
import { versionCommand, versionText } from './version.ts'

export { EXIT }

const COMMANDS = [
  serveCommand, checkCommand, explainCommand, firewallCommand, importCommand,
  logCommand,
  replayCommand, learnCommand, suspectsCommand,
  reportCommand, topCommand,
  reloadCommand, schemaCommand,
  statusCommand, listsCommand, rulesCommand,
  envCommand, pacCommand, doctorCommand, completionCommand,
  versionCommand, helpCommand,
]

function buildProgram(): Command {
  const program = new Command('greengate')
  program
    .description('an egress policy gateway: one policy file decides what leaves, through the proxy and through the firewall')
    .version(versionText(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    // else `firewall usage --policy` would be read as the option of `firewall`
    .enablePositionalOptions()
    .exitOverride()
    // what stands behind a command is the command's, down to a sub-command
    .enablePositionalOptions()
    .configureOutput({ outputError: (text) => sayError(text.replace(/^error: /, 'greengate: ')) })
    .showHelpAfterError('`greengate help` tells the commands; `greengate COMMAND --help` one of them with an example')
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .usage('COMMAND [options]')
  for (const add of COMMANDS) add(program)
  program.addHelpText('after', '\nExample:\n  $ greengate serve --port 8080\n  $ curl -x http://localhost:8080 http://example.com/')
  return program
}

/** A command sets `process.exitCode` where it is not 0; what commander refuses is an error of use. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const program = buildProgram()
  if (args.length === 0) {
    process.stderr.write(program.helpInformation())
    return EXIT.usage
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
  return Number(process.exitCode ?? EXIT.ok)
}
