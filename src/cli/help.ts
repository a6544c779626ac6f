// `greengate help [COMMAND]`: the same text as `--help`, on standard output, for people who type it that way.
import type { Command } from 'commander'
import { usageError } from './exit.ts'

export function helpCommand(program: Command): void {
  program
    .command('help')
    .argument('[command]', 'the command to tell about')
    .description('tell the commands, or one of them with an example')
    .addHelpText('after', '\nExample:\n  $ greengate help explain')
    .action((name: string | undefined) => {
      if (name === undefined) {
        program.outputHelp()
        return
      }
      const command = program.commands.find((each) => each.name() === name)
      if (command === undefined) usageError(`unknown command \`${name}\``, '`greengate help` tells the commands')
      else command.outputHelp()
    })
}
