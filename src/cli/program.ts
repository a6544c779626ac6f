// The table of commands: argv in, exit code out. Danger prevented: an unknown word on the command line that is taken for something else.
import { Command, CommanderError } from 'commander'
import { addCommands } from './command-table.ts'
import type { CommandTable } from './command-table.ts'
import { EXIT } from './exit.ts'
import { sayError, sayRaw } from './say.ts'
import { versionText } from './version.ts'

export { EXIT }

const COMMANDS: CommandTable = [
  ['serve', async () => (await import('./serve.ts')).serveCommand],
  ['check', async () => (await import('./check.ts')).checkCommand],
  ['explain', async () => (await import('./explain.ts')).explainCommand],
  ['firewall', async () => (await import('./firewall.ts')).firewallCommand],
  ['import', async () => (await import('./import.ts')).importCommand],
  ['log', async () => (await import('./log.ts')).logCommand],
  ['replay', async () => (await import('./replay.ts')).replayCommand],
  ['learn', async () => (await import('./learn.ts')).learnCommand],
  ['suspects', async () => (await import('./suspects.ts')).suspectsCommand],
  ['report', async () => (await import('./report-traffic.ts')).reportCommand],
  ['top', async () => (await import('./top.ts')).topCommand],
  ['reload', async () => (await import('./reload.ts')).reloadCommand],
  ['schema', async () => (await import('./schema.ts')).schemaCommand],
  ['status', async () => (await import('./status.ts')).statusCommand],
  ['lists', async () => (await import('./lists.ts')).listsCommand],
  ['rules', async () => (await import('./rules.ts')).rulesCommand],
  ['env', async () => (await import('./env.ts')).envCommand],
  ['pac', async () => (await import('./pac.ts')).pacCommand],
  ['doctor', async () => (await import('./doctor.ts')).doctorCommand],
  ['completion', async () => (await import('./completion.ts')).completionCommand],
  ['version', async () => (await import('./version.ts')).versionCommand],
  ['help', async () => (await import('./help.ts')).helpCommand],
]

/** With what these words need of it. */
export async function buildProgram(args: readonly string[]): Promise<Command> {
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
    .configureOutput({ writeOut: sayRaw, outputError: (text) => sayError(text.replace(/^error: /, 'greengate: ')) })
    .showHelpAfterError('`greengate help` tells the commands; `greengate COMMAND --help` one of them with an example')
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .usage('COMMAND [options]')
  // these tell of all commands
  await addCommands(program, COMMANDS, args[0] === 'help' || args[0] === 'completion' ? [] : args)
  program.addHelpText('after', '\nExample:\n  $ greengate serve --port 8080\n  $ curl -x http://localhost:8080 http://example.com/')
  return program
}

/** A command sets `process.exitCode` where it is not 0; what commander refuses is an error of use. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const program = await buildProgram(args)
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
