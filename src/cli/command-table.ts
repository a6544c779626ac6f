// Which commands a command line needs: a name and where it lives, loaded when it is asked for. Danger prevented: a `check` in a hook or a cron job that waits
// for the code of all the others.
import type { Command } from 'commander'

/** Adds a command; `args` is what stands behind its name. */
export type Adder = (to: Command, args: readonly string[]) => void | Promise<void>
export type CommandTable = readonly (readonly [name: string, load: () => Promise<Adder>])[]

/** No word of it can be a command's name, and nobody asks for help: options, and values behind options. */
function isOptionsAlone(table: CommandTable, args: readonly string[]): boolean {
  return args.length > 0 && args.every((arg, index) => arg.startsWith('-')
    ? arg !== '--help' && arg !== '-h'
    : args[index - 1]?.startsWith('-') === true && table.every(([name]) => name !== arg))
}

/** The one that is named, or none (`bare`: the options are the parent's own), or all: for help, for what is misspelt. */
export async function addCommands(to: Command, table: CommandTable, args: readonly string[], bare = false): Promise<void> {
  const named = table.filter(([name]) => name === args[0])
  if (named.length === 0 && bare && isOptionsAlone(table, args)) return
  const wanted = named.length === 0 ? table : named
  const adders = await Promise.all(wanted.map(([, load]) => load()))
  for (const add of adders) await add(to, args.slice(1))
}
