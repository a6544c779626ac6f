// The commands as data for completion: read off the commands themselves, so that a new option completes without anybody thinking of it.
import type { Command, Option } from 'commander'

export interface OptionNode {
  /** `--json`; and `-f` where there is one */
  readonly names: readonly string[]
  readonly description: string
  readonly value: 'none' | 'file' | 'text'
  readonly choices: readonly string[]
}

export interface CommandNode {
  /** `firewall/apply`; empty: the program itself */
  readonly path: string
  readonly name: string
  readonly description: string
  readonly options: readonly OptionNode[]
  /** what may stand as an argument, where that is known */
  readonly choices: readonly string[]
  readonly files: boolean
  readonly commands: readonly CommandNode[]
}

const FILE = /file|dir|path|folder|^policy$/i

/** `--format <text|html>` names all that it takes. */
function wordsOf(flags: string): readonly string[] {
  const words = /[<[]([a-z-]+(?:\|[a-z-]+)+)[>\]]/.exec(flags)?.[1]?.split('|') ?? []
  return words.some((word) => FILE.test(word)) ? [] : words
}

function optionNode(option: Option): OptionNode {
  const names = [option.long, option.short].filter((each) => each !== undefined && each !== null)
  const takes = option.required || option.optional
  return { names, description: option.description, value: !takes ? 'none' : FILE.test(option.flags.replace(/^[^<[]*/, '')) ? 'file' : 'text', choices: option.argChoices ?? wordsOf(option.flags) }
}

export function completionTree(command: Command, path: readonly string[] = []): CommandNode {
  const args = command.registeredArguments
  const shown = command.createHelp().visibleCommands(command)
  return {
    path: path.join('/'), name: command.name(), description: command.description(),
    options: [...command.options.map(optionNode), { names: ['--help', '-h'], description: 'print help', value: 'none', choices: [] }],
    choices: args.flatMap(({ argChoices }) => argChoices ?? []),
    files: args.some((each) => FILE.test(each.name())),
    commands: command.commands.filter((each) => shown.includes(each)).map((each) => completionTree(each, [...path, each.name()])),
  }
}

/** The program first. */
export function everyCommand(tree: CommandNode): readonly CommandNode[] {
  return [tree, ...tree.commands.flatMap(everyCommand)]
}
